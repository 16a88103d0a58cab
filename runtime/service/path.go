package service

import (
	"net/url"
	"strings"
)

// pathOf is an operation's Path, taken apart.
type pathOf struct {
	method string
	steps  []string
	op     Operation
}

func newPath(op Operation) pathOf {
	method, path, ok := strings.Cut(op.Path, " ")
	if !ok || !strings.HasPrefix(path, "/") {
		panic("BUG: the path of " + op.Service + "." + op.Name + " is " + op.Path + "; write POST /path")
	}
	return pathOf{method, steps(path), op}
}

// steps cuts a path; a slash at its end makes no difference, because clients of one
// service are not of one mind about it (lambda's /functions and /functions/).
func steps(path string) []string {
	return strings.Split(strings.Trim(path, "/"), "/")
}

// FindPath returns the operation of a rest-json request by its method and escaped path,
// with the values of the path's labels. service "" looks at all services.
func (t *Table) FindPath(service, method, path string) (op Operation, labels map[string]string, ok bool) {
	asked := steps(path)
	for _, p := range t.paths {
		if p.method != method || service != "" && p.op.Service != service {
			continue
		}
		if labels, ok := p.match(asked); ok {
			return p.op, labels, true
		}
	}
	return Operation{}, nil, false
}

// match compares step by step; {Name} takes one step, {Name+} at the end all that follow.
func (p pathOf) match(asked []string) (labels map[string]string, ok bool) {
	labels = map[string]string{}
	for i, step := range p.steps {
		name, isLabel := strings.CutPrefix(step, "{")
		greedy := strings.HasSuffix(name, "+}")
		switch {
		case i >= len(asked):
			return nil, false
		case !isLabel && step != asked[i]:
			return nil, false
		case !isLabel:
			continue
		}
		text := asked[i]
		if greedy {
			text = strings.Join(asked[i:], "/")
		}
		value, err := url.PathUnescape(text)
		if err != nil || value == "" {
			return nil, false
		}
		labels[strings.TrimRight(name, "+}")] = value
		if greedy {
			return labels, true
		}
	}
	return labels, len(asked) == len(p.steps)
}

package awswire

import (
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// The bounds of a form's walk; the body's cap bounds its bytes. The largest form of
// AWS is PutMetricData, with less than 30,000 parameters in its 1 MB.
const (
	maxParams = 120_000
	maxSteps  = 16 // dots in a parameter's name
)

// Form is the parameters of a query request as a tree: "A.member.1.B" is four steps.
type Form struct {
	// Action is the operation, Version the API version that the client was made for.
	Action, Version string
	root            *formNode
}

type formNode struct {
	value    string
	has      bool
	children map[string]*formNode
}

// ParseForm reads application/x-www-form-urlencoded text.
func ParseForm(text string) (*Form, error) {
	f := &Form{root: &formNode{}}
	for n := 0; text != ""; n++ {
		if n == maxParams {
			return nil, malformedForm("the form has more than %d parameters", maxParams)
		}
		var pair string
		pair, text, _ = strings.Cut(text, "&")
		if pair == "" {
			continue
		}
		if err := f.add(pair); err != nil {
			return nil, err
		}
	}
	f.Action, f.Version = f.text("Action"), f.text("Version")
	return f, nil
}

func (f *Form) add(pair string) error {
	name, value, _ := strings.Cut(pair, "=")
	name, errName := url.QueryUnescape(name)
	value, errValue := url.QueryUnescape(value)
	if errName != nil || errValue != nil {
		return malformedForm("the parameter %s is not form-encoded", clip(pair))
	}
	node, steps := f.root, 0
	for step := range strings.SplitSeq(name, ".") {
		if steps++; steps > maxSteps {
			return malformedForm("the parameter %s has more than %d parts", clip(name), maxSteps)
		}
		node = node.step(step)
	}
	if node.has {
		return malformedForm("the parameter %s stands twice", clip(name))
	}
	node.value, node.has = value, true
	return nil
}

// step returns the child called name and makes it if it is not there.
func (n *formNode) step(name string) *formNode {
	if c, ok := n.children[name]; ok {
		return c
	}
	if n.children == nil {
		n.children = map[string]*formNode{}
	}
	c := &formNode{}
	n.children[name] = c
	return c
}

// Default sets a parameter that the form does not have.
func (f *Form) Default(name, value string) {
	if c := f.root.step(name); !c.has {
		c.value, c.has = value, true
	}
}

func (f *Form) text(name string) string {
	if c, ok := f.root.children[name]; ok {
		return c.value
	}
	return ""
}

// numbered returns the children called 1, 2, 3 … in that order, whatever is missing
// between them.
func (n *formNode) numbered() []*formNode {
	type item struct {
		at   int
		node *formNode
	}
	items := make([]item, 0, len(n.children))
	for name, c := range n.children {
		if at, err := strconv.Atoi(name); err == nil {
			items = append(items, item{at, c})
		}
	}
	slices.SortFunc(items, func(a, b item) int { return a.at - b.at })
	nodes := make([]*formNode, len(items))
	for i := range items {
		nodes[i] = items[i].node
	}
	return nodes
}

// Decode fills into, a pointer to a struct, from the form. ec2 chooses ec2-query.
func (f *Form) Decode(into any, ec2 bool) error {
	return formReader{ec2}.object(f.root, settle(reflect.ValueOf(into)), nil)
}

type formReader struct{ ec2 bool }

func (r formReader) object(n *formNode, into reflect.Value, at *path) error {
	for _, m := range planOf(into.Type()).members {
		name := m.query
		if r.ec2 {
			name = strings.ToUpper(name[:1]) + name[1:]
		}
		child, ok := n.children[name]
		if !ok {
			continue
		}
		if err := r.value(child, into.Field(m.index), m, &path{up: at, name: name}); err != nil {
			return err
		}
	}
	return nil
}

func (r formReader) value(n *formNode, into reflect.Value, m member, at *path) error {
	into = settle(into)
	if into.Type() == timeType || into.Type() == bytesType {
		return r.scalar(n, into, at)
	}
	switch into.Kind() {
	case reflect.Struct:
		return r.object(n, into, at)
	case reflect.Slice:
		return r.list(n, into, m, at)
	case reflect.Map:
		return r.dictionary(n, into, m, at)
	}
	return r.scalar(n, into, at)
}

func (formReader) scalar(n *formNode, into reflect.Value, at *path) error {
	if !n.has {
		return malformedForm("%s: write one value, not a structure", at.form())
	}
	if err := setText(into, n.value); err != nil {
		return malformedForm("%s: %v", at.form(), err)
	}
	return nil
}

func (r formReader) list(n *formNode, into reflect.Value, m member, at *path) error {
	if !m.flat && !r.ec2 {
		step := orElse(m.a, "member")
		n, at = n.step(step), &path{up: at, name: step}
	}
	items := n.numbered()
	if len(items) > maxItems {
		return tooMany(at)
	}
	into.Set(reflect.MakeSlice(into.Type(), len(items), len(items)))
	for i, item := range items {
		if err := r.value(item, into.Index(i), member{}, &path{up: at, index: i + 1}); err != nil {
			return err
		}
	}
	return nil
}

func (r formReader) dictionary(n *formNode, into reflect.Value, m member, at *path) error {
	if !m.flat {
		n, at = n.step("entry"), &path{up: at, name: "entry"}
	}
	entries := n.numbered()
	if len(entries) > maxItems {
		return tooMany(at)
	}
	into.Set(reflect.MakeMap(into.Type()))
	for i, entry := range entries {
		at := &path{up: at, index: i + 1}
		key, ok := entry.children[orElse(m.a, "key")]
		if !ok || !key.has {
			return malformedForm("%s has no %s", at.form(), orElse(m.a, "key"))
		}
		item := reflect.New(into.Type().Elem()).Elem()
		if value, ok := entry.children[orElse(m.b, "value")]; ok {
			if err := r.value(value, item, member{}, &path{up: at, name: orElse(m.b, "value")}); err != nil {
				return err
			}
		}
		into.SetMapIndex(reflect.ValueOf(key.value).Convert(into.Type().Key()), item)
	}
	return nil
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func malformedForm(format string, args ...any) *Error {
	e := serialization(format, args...)
	e.QueryCode = "MalformedQueryString"
	return e
}

package rulefile

import (
	"strconv"
	"time"

	"github.com/tocsin-engine/tocsin/rules/expression"
	"github.com/tocsin-engine/tocsin/rules/source"
	"github.com/tocsin-engine/tocsin/rules/transform"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// route reads one item of a rule's targets.
func (r *reading) route(v *source.Value, path string) (Route, bool) {
	switch v.Kind {
	case event.String:
		return Route{Target: v.Text}, true
	case event.Object:
		out := Route{Target: text(v, "target"), Retry: retry(v)}
		out.Input, out.HasInput = r.input(v, path)
		if m := v.Get("dead_letter"); m != nil {
			queue := deadLetterQueue(m)
			out.DeadLetter = &queue
		}
		return out, out.Target != ""
	}
	return Route{}, false
}

// retry reads how long a delivery is tried.
func retry(v *source.Value) *Retry {
	m := v.Get("retry")
	if m == nil || m.Kind != event.Object {
		return nil
	}
	out := &Retry{}
	if a := m.Get("attempts"); a != nil {
		if n, err := strconv.Atoi(a.Text); err == nil {
			out.Attempts = &n
		}
	}
	var within time.Duration
	if w, ok := parseDuration(text(m, "within")); ok {
		within = w
	}
	out.Within = within
	return out
}

// deadLetterQueue is the queue that a dead_letter names; "" is none.
func deadLetterQueue(v *source.Value) string {
	switch {
	case v == nil:
		return ""
	case v.Kind == event.Bool && v.Text == "true":
		return DefaultDeadLetter
	case v.Kind == event.String:
		return v.Text
	}
	return ""
}

// input reads the fields that shape what a target gets.
func (r *reading) input(v *source.Value, path string) (transform.Input, bool) {
	if r.twoInputs(v, path) {
		return transform.Input{}, false
	}
	if v.Get("input") != nil {
		p := r.formula(v, "input", path, expression.Input)
		if p == nil {
			return transform.Input{}, false
		}
		return transform.FromExpression(p), true
	}
	if m := v.Get("input_path"); m != nil && m.Kind == event.String {
		in, errs := transform.FromPath(m.Text)
		r.transformErrors(errs, nil, m, path, "input_path")
		return in, len(errs) == 0
	}
	return r.template(v, path)
}

// twoInputs reports ways to shape the input that exclude each other.
func (r *reading) twoInputs(v *source.Value, path string) bool {
	first := ""
	for _, m := range v.Members {
		way := m.Name
		switch way {
		case "input_paths":
			way = "input_template"
		case "input", "input_path", "input_template":
		default:
			continue
		}
		if first != "" && first != way {
			r.find(m.Pos, child(path, m.Name), "R016", "two fields say what the target gets: "+first+" and "+m.Name,
				"keep one of them", "input is an expression; input_path and input_template are EventBridge's")
			return true
		}
		first = way
	}
	return false
}

// template reads input_paths and input_template.
func (r *reading) template(v *source.Value, path string) (transform.Input, bool) {
	m := v.Get("input_template")
	paths := v.Get("input_paths")
	if m == nil || m.Kind != event.String {
		if paths != nil && m == nil {
			r.find(keyPos(v, "input_paths"), child(path, "input_paths"), "R016", "input_paths without an input_template", "add  input_template: …",
				"the template uses each path as <name>")
		}
		return transform.Input{}, false
	}
	named := map[string]string{}
	if paths != nil {
		for _, p := range paths.Members {
			named[p.Name] = p.Value.Text
		}
	}
	in, errs := transform.FromTemplate(named, m.Text)
	r.transformErrors(errs, paths, m, path, "input_template")
	return in, len(errs) == 0
}

// transformErrors adds the findings about an input's paths and its template.
func (r *reading) transformErrors(errs []transform.Error, paths, v *source.Value, path, name string) {
	for _, e := range errs {
		at, p := v, child(path, name)
		if e.Key != "" {
			p = child(child(path, "input_paths"), e.Key)
			if m := paths.Get(e.Key); m != nil {
				at = m
			}
		}
		r.find(r.doc.Locate(at, e.Offset, e.Length), p, e.Code, e.Message, e.Label, e.Help)
	}
}

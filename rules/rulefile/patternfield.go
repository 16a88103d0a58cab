package rulefile

import (
	"strings"

	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/rules/pattern"
	"github.com/tocsin-engine/tocsin/rules/source"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// pattern compiles a pattern, nil where it is wrong. P003 and P017 are of this package.
func (r *reading) pattern(v *source.Value, path string) *pattern.Pattern {
	p, errs := pattern.Compile(v)
	for _, e := range errs {
		r.find(e.Pos, child(path, e.Path), e.Code.Page(), e.Message, r.patternLabel(v, e), e.Help)
	}
	r.neverMatches(v, path)
	if len(errs) > 0 {
		return nil
	}
	return p
}

// patternLabel says what to write as YAML would have it, where rules/pattern says it as
// JSON.
func (r *reading) patternLabel(v *source.Value, e pattern.Error) string {
	switch {
	case e.Code == pattern.NotArray:
		if written := r.doc.Source(valueAt(v, e.Pos)); written != "" {
			return "write [" + written + "]"
		}
	case e.Code == pattern.NotObject && v.Kind == event.String && strings.HasPrefix(strings.TrimSpace(v.Text), "{"):
		return "leave the quotes, or the |, away: JSON is YAML too"
	}
	return e.Label
}

// valueAt is the innermost value in v that stands at a place, or v.
func valueAt(v *source.Value, at diag.Pos) *source.Value {
	found := v
	for _, m := range v.Members {
		if inner := valueAt(m.Value, at); inner.Pos == at {
			found = inner
		}
	}
	for _, it := range v.Items {
		if inner := valueAt(it, at); inner.Pos == at {
			found = inner
		}
	}
	return found
}

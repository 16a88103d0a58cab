package ruletest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tocsin-engine/tocsin/rules/pattern"
	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/runtime/explain"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// list writes names as the test file does.
func list(names []string) string { return "[" + strings.Join(names, ", ") + "]" }

// explain says why the rules that should have matched did not.
func (r *run) explain(want, got []string, ev event.Event) []explain.Verdict {
	var out []explain.Verdict
	for _, rule := range r.set.Rules {
		if slices.Contains(want, rule.Name) && !slices.Contains(got, rule.Name) {
			out = append(out, explain.Rule(rule, ev))
		}
	}
	return out
}

// compare holds what targets got against what they should have. The targets are an
// exact set: one that is not named got nothing.
func compare(what string, want map[string]rulefile.Want, got map[string][][]byte, fail func(Failure)) {
	targets := map[string]bool{}
	for name := range want {
		targets[name] = true
	}
	for name := range got {
		targets[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(targets)) {
		w, g := want[name], got[name]
		if w.Inputs == nil && w.Count == len(g) || w.Inputs != nil && equalInputs(w.Inputs, g) {
			continue
		}
		f := Failure{What: what + " " + name, Want: deliveries(w.Count), Got: deliveries(len(g))}
		if w.Inputs != nil {
			f.Want = inputs(w.Inputs)
		}
		if w.Inputs != nil || w.Count == 0 {
			f.Got = inputs(g)
		}
		fail(f)
	}
}

func deliveries(n int) string {
	if n == 1 {
		return "1 delivery"
	}
	return fmt.Sprintf("%d deliveries", n)
}

// inputs writes values one after the other, as a list.
func inputs(values [][]byte) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = string(v)
	}
	return list(texts)
}

func equalInputs(want, got [][]byte) bool {
	return slices.EqualFunc(want, got, func(w, g []byte) bool {
		if event.Check(g) != nil {
			// Lines of text, which a template makes; the test gives them as a string.
			g = event.AppendString(nil, string(g))
		}
		return equalJSON(w, g)
	})
}

// equalJSON compares two checked JSON values: members in any order, numbers by value.
func equalJSON(a, b event.Value) bool {
	if a.Kind() != b.Kind() {
		return false
	}
	switch a.Kind() {
	case event.Object:
		n := 0
		for name, m := range a.Members() {
			other := b.Get(name)
			if other == nil || !equalJSON(m, other) {
				return false
			}
			n++
		}
		for range b.Members() {
			n--
		}
		return n == 0
	case event.Array:
		return slices.EqualFunc(slices.Collect(a.Items()), slices.Collect(b.Items()), equalJSON)
	case event.String:
		x, _ := a.Text()
		y, _ := b.Text()
		return x == y
	case event.Number:
		return pattern.ParseNumber(a).Compare(pattern.ParseNumber(b)) == 0
	case event.Missing, event.Null, event.Bool:
	}
	return string(a) == string(b)
}

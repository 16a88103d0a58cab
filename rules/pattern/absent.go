package pattern

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// absentHint says how far the event goes along a path that it has no value at, and
// what it has where it ends.
func absentHint(v event.Value, path []string) string {
	here := []event.Value{v}
	for i, name := range path {
		objects := unfold(here, nil)
		if len(objects) == 0 {
			return fmt.Sprintf("%s is %s, not an object", strings.Join(path[:i], "."), here[0].Kind())
		}
		var next []event.Value
		var names []string
		for _, o := range objects {
			for n, m := range o.Members() {
				if n == name {
					next = append(next, m)
				} else if !slices.Contains(names, n) {
					names = append(names, n)
				}
			}
		}
		if len(next) == 0 {
			return missing(path[:i], name, names)
		}
		here = next
	}
	switch {
	case slices.ContainsFunc(here, func(v event.Value) bool { return v.Kind() == event.Object }):
		return "is an object; a pattern looks at values, write the names inside of it"
	case slices.ContainsFunc(here, func(v event.Value) bool { return v.Kind() == event.Array }):
		return "is a list without values"
	}
	return ""
}

// unfold replaces lists by their elements and keeps the objects.
func unfold(values, into []event.Value) []event.Value {
	for _, v := range values {
		switch v.Kind() {
		case event.Object:
			into = append(into, v)
		case event.Array:
			into = unfold(slices.Collect(v.Items()), into)
		}
	}
	return into
}

// missing names the nearest name that is there. Names of the envelope that people spell
// in the manner of expressions are told apart by more than two characters.
func missing(path []string, name string, names []string) string {
	full := strings.Join(append(slices.Clone(path), name), ".")
	near := diag.Nearest(name, names)
	for _, n := range names {
		if strings.EqualFold(n, name) || squash(n) == squash(name) {
			near = n
		}
	}
	if near == "" {
		return ""
	}
	return fmt.Sprintf("no %s; the event has %s", full, strings.Join(append(slices.Clone(path), near), "."))
}

func squash(name string) string {
	return strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(name))
}

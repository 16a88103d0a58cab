package pattern

import (
	"fmt"
	"slices"

	"github.com/tocsin-engine/tocsin/rules/source"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// nestable are the operators that may stand inside anything-but.
var nestable = []string{"prefix", "suffix", "wildcard", "equals-ignore-case"}

const anythingButHelp = `forms: {"anything-but": "x"}, 5, ["x", "y"], [5, 6], or {"prefix" | "suffix" | "wildcard" | "equals-ignore-case": …} inside`

// anythingBut compiles a value, a list of strings or of numbers, or a nested operator.
func (m matchers) anythingBut(v *source.Value, f *Field) {
	t := Test{Not: true}
	switch v.Kind {
	case event.Object:
		if !m.butNested(v, &t) {
			return
		}
	case event.Array:
		if !m.butList(v, &t) {
			return
		}
	case event.String, event.Number:
		o, ok := m.butValue(v)
		if !ok {
			return
		}
		t.Operands = []Operand{o}
	default:
		m.fail(BadAnythingBut, v.Pos, fmt.Sprintf("anything-but cannot exclude %s", compact(v)),
			"write a string, a number or a list of them", literalHelp(v))
		return
	}
	f.Tests = append(f.Tests, t)
}

func literalHelp(v *source.Value) string {
	switch v.Text {
	case "true":
		return "for everything but true among the literals write [false, null]"
	case "false":
		return "for everything but false among the literals write [true, null]"
	}
	return anythingButHelp
}

// butValue is an excluded string or number; unlike a plain value it stands for itself
// only, not for other spellings of an address.
func (m matchers) butValue(v *source.Value) (Operand, bool) {
	o := exact(v)
	o.Address = Operand{}.Address
	if v.Kind == event.Number && !o.Number.Finite() {
		m.fail(BadAnythingBut, v.Pos, v.Text+" is beyond the range of a double", "write a number between -1.7e308 and 1.7e308", "")
		return o, false
	}
	return o, true
}

func (m matchers) butList(v *source.Value, t *Test) bool {
	if len(v.Items) == 0 {
		m.fail(BadAnythingBut, v.Pos, "an empty list excludes nothing", `write ["value"], or {"exists": true} for any value`, "")
		return false
	}
	for _, item := range v.Items {
		if item.Kind != event.String && item.Kind != event.Number {
			m.fail(BadAnythingBut, item.Pos, "a list inside anything-but holds strings or numbers, not "+item.Kind.String(),
				"write a string or a number", anythingButHelp)
			return false
		}
		if item.Kind != v.Items[0].Kind {
			m.fail(BadAnythingBut, item.Pos, "a list inside anything-but holds only strings or only numbers",
				"write them all as "+plural(v.Items[0].Kind), "an event's field is rarely both")
			return false
		}
		o, ok := m.butValue(item)
		if !ok {
			return false
		}
		t.Operands = append(t.Operands, o)
	}
	return true
}

func plural(k event.Kind) string {
	if k == event.Number {
		return "numbers"
	}
	return "strings"
}

func (m matchers) butNested(v *source.Value, t *Test) bool {
	if len(v.Members) != 1 || !slices.Contains(nestable, v.Members[0].Name) {
		message := "one operator may stand inside anything-but"
		if len(v.Members) == 1 {
			message = fmt.Sprintf("%q may not stand inside anything-but", v.Members[0].Name)
		}
		m.fail(BadNesting, v.Pos, message, "write prefix, suffix, wildcard or equals-ignore-case", anythingButHelp)
		return false
	}
	op, operand := v.Members[0].Name, v.Members[0].Value
	t.Op = textOps[op]
	items := []*source.Value{operand}
	if operand.Kind == event.Array {
		if items = operand.Items; len(items) == 0 {
			m.fail(BadAnythingBut, operand.Pos, "an empty list excludes nothing", `write ["value"], or {"exists": true} for any value`, "")
			return false
		}
	}
	for _, item := range items {
		if item.Kind == event.Object {
			m.fail(BadNesting, item.Pos, fmt.Sprintf("nothing may be nested in the %q of anything-but", op), fmt.Sprintf(`write {%q: "…"}`, op), "")
			return false
		}
		if (t.Op == Prefix || t.Op == Suffix) && item.Kind == event.String && item.Text == "" {
			m.fail(BadAnythingBut, item.Pos, fmt.Sprintf("every string has the empty %s, so this excludes all strings", op), "write at least one character", "")
			return false
		}
		o, ok := m.operand(op, item)
		if !ok {
			return false
		}
		t.Operands = append(t.Operands, o)
	}
	return true
}

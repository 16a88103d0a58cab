package pattern

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/rules/source"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// compiler walks a pattern and gathers its conditions and everything wrong with it.
type compiler struct {
	p      *Pattern
	errors []Error
}

// place is where in the pattern the compiler is.
type place struct {
	text   string   // for the person: detail.$or[0].amount
	path   []string // for the event: detail, amount
	branch string   // the innermost $or member
	inOr   bool
}

func (p place) member(name string) place {
	p.text = join(p.text, name)
	p.path = append(slices.Clip(p.path), name)
	return p
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func (c *compiler) fail(code Code, path string, at diag.Pos, message, label, help string) {
	c.errors = append(c.errors, Error{Code: code, Path: path, Pos: at, Message: message, Label: label, Help: help})
}

// reserved are the names that may not be fields inside $or: a matcher's name there is
// most likely a list that was forgotten. It is AWS's list.
var reserved = []string{
	"exactly", "equals-ignore-case", "prefix", "suffix", "anything-but", "exists", "wildcard", "numeric", "cidr",
	"=", "<", "<=", ">", ">=", "regex", "not-wildcard", "not-equals-ignore-case", "date-after", "date-on-or-after",
	"date-before", "date-on-or-before", "in-date-range", "ip-address-in-range", "ip-address-not-in-range",
}

// object compiles the members of an object of the pattern.
func (c *compiler) object(v *source.Value, at place) group {
	var g group
	if len(v.Members) == 0 {
		c.fail(Empty, at.text, v.Pos, "an empty object says nothing", "name a field here",
			`{"exists": true} in a list is "any value": {"detail": {"id": [{"exists": true}]}}`)
	}
	seen := map[string]bool{}
	for _, m := range v.Members {
		if m.Name == "$or" {
			// Two $or groups in one object both apply, so the name may stand twice.
			g.ors = append(g.ors, c.or(m, at))
			continue
		}
		here := at.member(m.Name)
		if seen[m.Name] {
			c.fail(Duplicate, here.text, m.Pos, fmt.Sprintf("%q stands twice in this object", m.Name),
				"join the two lists into one", "EventBridge would silently use the last one only")
			continue
		}
		seen[m.Name] = true
		if at.inOr && slices.Contains(reserved, m.Name) {
			c.fail(BadOr, here.text, m.Pos, fmt.Sprintf("%q is a matcher's name, not a field, inside $or", m.Name),
				fmt.Sprintf(`write {"field": [{%q: …}]}`, m.Name), "")
			continue
		}
		c.field(m, here, &g)
	}
	return g
}

// field compiles one member: an object goes deeper, a list is a condition.
func (c *compiler) field(m source.Member, at place, g *group) {
	v := m.Value
	switch v.Kind {
	case event.Object:
		if op := loneMatcher(v); op != "" {
			c.fail(NotArray, at.text, v.Pos, fmt.Sprintf("the %q test must be inside a list", op),
				"write ["+compact(v)+"]", "a pattern field is always a list of alternatives, as in EventBridge")
			return
		}
		inner := c.object(v, at)
		g.conditions = append(g.conditions, inner.conditions...)
		g.ors = append(g.ors, inner.ors...)
	case event.Array:
		c.condition(v, at, g)
	default:
		c.fail(NotArray, at.text, v.Pos, fmt.Sprintf("%q is %s; a field's value is a list", m.Name, v.Kind),
			"write ["+compact(v)+"]", "a pattern field is always a list of alternatives, as in EventBridge")
	}
}

// loneMatcher recognises a matcher whose list was forgotten: its operand cannot be a
// field's list, so {"prefix": ["a"]} stays what it is, a field called prefix.
func loneMatcher(v *source.Value) string {
	if len(v.Members) != 1 {
		return ""
	}
	name, operand := v.Members[0].Name, v.Members[0].Value
	if !slices.Contains(operators, name) {
		return ""
	}
	switch {
	case name == "numeric" && operand.Kind == event.Array && len(operand.Items) > 1:
		first := operand.Items[0]
		if first.Kind == event.String && strings.Trim(first.Text, "<>=!") == "" {
			return name
		}
		return ""
	case operand.Kind == event.Array || operand.Kind == event.Object:
		return ""
	}
	return name
}

func compact(v *source.Value) string {
	const most = 60
	text := []rune(string(v.AppendJSON(nil)))
	if len(text) > most {
		return string(text[:most]) + "…"
	}
	return string(text)
}

func (c *compiler) condition(v *source.Value, at place, g *group) {
	if len(v.Items) == 0 {
		c.fail(Empty, at.text, v.Pos, "an empty list can never match", "write the values that should match",
			`for "any value" write [{"exists": true}], for "no value" [{"exists": false}]`)
		return
	}
	f := Field{Path: strings.Join(at.path, ".")}
	for i, item := range v.Items {
		m := matchers{c: c, path: fmt.Sprintf("%s[%d]", at.text, i)}
		m.add(item, &f)
	}
	g.conditions = append(g.conditions, len(c.p.conditions))
	c.p.conditions = append(c.p.conditions, condition{Field: f, want: string(v.AppendJSON(nil)), branch: at.branch})
}

// or compiles the members of a $or, each an object at the same place as its siblings.
func (c *compiler) or(m source.Member, at place) []group {
	text := join(at.text, "$or")
	if m.Value.Kind != event.Array {
		c.fail(BadOr, text, m.Value.Pos, "$or is "+m.Value.Kind.String(),
			`write "$or": [{…}, {…}]`, "$or is a list of objects of which one has to match")
		return nil
	}
	if n := len(m.Value.Items); n < 2 {
		c.fail(BadOr, text, m.Value.Pos, fmt.Sprintf("$or has %d of the at least 2 objects it needs", n),
			"add another object, or take its fields out of the $or", "")
	}
	var groups []group
	for i, item := range m.Value.Items {
		here := at
		here.text = fmt.Sprintf("%s[%d]", text, i)
		here.branch, here.inOr = here.text, true
		if item.Kind != event.Object || len(item.Members) == 0 {
			what := item.Kind.String()
			if item.Kind == event.Object {
				what = "an empty object"
			}
			c.fail(BadOr, here.text, item.Pos, "a member of $or is an object with fields, not "+what,
				`write {"field": ["value"]}`, "")
			continue
		}
		groups = append(groups, c.object(item, here))
	}
	return groups
}

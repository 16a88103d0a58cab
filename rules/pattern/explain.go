package pattern

import (
	"slices"
	"strings"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// Explanation says why an event matches a pattern or does not.
type Explanation struct {
	Matches bool
	// Conditions has one element for each list of matchers, in the order written.
	Conditions []Condition
	// Note is set when all conditions hold, each by itself, but not within the same
	// elements of the event's lists, or when that was not found out (ErrTangled).
	Note string
}

// Condition is one field of the pattern.
type Condition struct {
	// Path is the field: detail.amount.
	Path string
	// Branch is the $or member that the field stands in, as detail.$or[1]; "" for a
	// field that must hold in any case.
	Branch string
	// Want is the field's list of matchers as JSON.
	Want string
	// Got are the event's values at the path, as JSON; none if the field is absent.
	Got []string
	// Holds says whether the field holds by itself. If the pattern matches, all fields
	// of the alternative that matched hold.
	Holds bool
	// Hint says why it does not hold, if that can be guessed.
	Hint string
}

// Explain says which of the pattern's conditions hold for an event, which must have
// passed event.Check. It agrees with Match.
func (p *Pattern) Explain(ev []byte) Explanation {
	s := p.scan()
	x := scratches.Get().(*scratch)
	defer scratches.Put(x)
	x.leaves.Read(&s.paths, ev)
	matched := s.match(x)
	e := Explanation{Matches: matched >= 0}
	for i := range p.conditions {
		c := &p.conditions[i]
		e.Conditions = append(e.Conditions, s.explain(c, x, ev))
		if matched >= 0 && slices.Contains(p.alternatives[matched].Fields, &c.Field) {
			e.Conditions[i].Holds, e.Conditions[i].Hint = true, ""
		}
	}
	switch {
	case !e.Matches && x.undecided:
		e.Note = ErrTangled.Error()
	case !e.Matches && p.root.holds(e.Conditions):
		e.Note = "each condition holds, but not all of them in the same elements of the event's lists"
	}
	return e
}

// holds says whether the conditions of the object hold, looked at one by one.
func (g group) holds(conditions []Condition) bool {
	for _, i := range g.conditions {
		if !conditions[i].Holds {
			return false
		}
	}
	for _, or := range g.ors {
		if !slices.ContainsFunc(or, func(member group) bool { return member.holds(conditions) }) {
			return false
		}
	}
	return true
}

func (s *scan) explain(c *condition, x *scratch, ev []byte) Condition {
	out := Condition{Path: c.Path, Branch: c.branch, Want: c.want}
	path, _ := s.paths.Find(c.Path)
	located := Located{&c.Field, path}
	out.Holds, _ = located.Look(&x.leaves)
	var values []Value
	for leaf := x.leaves.First(path); leaf != nil; leaf = x.leaves.Next(leaf) {
		v := x.leaves.Value(leaf)
		values = append(values, *v)
		out.Got = append(out.Got, string(appendValue(nil, v)))
	}
	switch {
	case out.Holds:
	case len(values) == 0:
		out.Hint = absentHint(event.Value(ev), Segments(c.Path))
	default:
		out.Hint = c.hint(values)
	}
	return out
}

func appendValue(b []byte, v *Value) []byte {
	if v.Kind == event.String {
		return event.AppendString(b, string(v.Text))
	}
	return append(b, v.Text...)
}

// hint guesses why none of the values at the field's path satisfies it.
func (f *Field) hint(values []Value) string {
	if len(f.Tests) == 0 {
		return "the field is there, and it must be absent"
	}
	for i := range f.Tests {
		for j := range values {
			if h := f.Tests[i].hint(&values[j]); h != "" {
				return h
			}
		}
	}
	return ""
}

// hint guesses why a value does not satisfy a test that was perhaps meant to hold.
func (t *Test) hint(v *Value) string {
	switch {
	case t.Not:
		return "this value is excluded"
	case t.Op == Range && v.Kind == event.String:
		return "is a string, numeric needs a number (sent as text?)"
	case t.Op == Range && v.Kind == event.Number:
		return "is outside of the range"
	case t.Op == Block && v.Kind == event.String:
		if _, ok := ParseAddress(v.Text); !ok {
			return "is not an address"
		}
		return "is outside of the block"
	}
	for i := range t.Operands {
		if h := t.Operands[i].hint(t.Op, v); h != "" {
			return h
		}
	}
	return ""
}

func (o *Operand) hint(op Op, v *Value) string {
	if o.Kind != v.Kind {
		return kindHint(o, v)
	}
	if v.Kind != event.String {
		return ""
	}
	folded := *o
	folded.Text = Fold(o.Text)
	switch {
	case op == Equal && folded.holds(EqualFold, v):
		return "differs only in case; use equals-ignore-case"
	case op == Prefix && folded.holds(PrefixFold, v):
		return `differs only in case; use {"prefix": {"equals-ignore-case": …}}`
	case op == Suffix && folded.holds(SuffixFold, v):
		return `differs only in case; use {"suffix": {"equals-ignore-case": …}}`
	case op == Equal && strings.TrimSpace(string(v.Text)) == strings.TrimSpace(o.Text):
		return "differs only in the space around it"
	case op == Equal && strings.Contains(o.Text, "*") && looksLike(o.Text, v):
		return `in a plain value * is a star; use {"wildcard": …}`
	}
	return ""
}

func looksLike(text string, v *Value) bool {
	w, at := parseWildcard(text)
	return at < 0 && w.match(v.Text)
}

// kindHint explains a value of another kind with the same text, and operators of text
// that met a number.
func kindHint(o *Operand, v *Value) string {
	switch {
	case o.Kind == event.Number && v.Kind == event.String:
		if strings.TrimSpace(string(v.Text)) == o.Text {
			return "is a string, the pattern has a number; quote it in the pattern"
		}
	case o.Kind == event.String && v.Kind != event.String:
		if string(v.Text) == o.Text {
			return "is " + v.Kind.String() + ", the pattern has a string; take the quotes away in the pattern"
		}
		return "is " + v.Kind.String() + ", the pattern needs a string"
	}
	return ""
}

package matcher

import (
	"cmp"
	"slices"
	"sync/atomic"

	"github.com/tocsin-engine/tocsin/rules/pattern"
	"github.com/tocsin-engine/tocsin/rules/projection"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// entry is one rule in the index.
type entry struct {
	index int32 // the caller's number of the rule
	rule  Rule
	// goneAt is the version from which on the rule is removed; 0 while it is there.
	// Readers of older versions still see it.
	goneAt atomic.Uint64
}

func (e *entry) liveAt(version uint64) bool {
	gone := e.goneAt.Load()
	return gone == 0 || gone > version
}

// conjunction is one way in which a rule can match: an alternative of its pattern, a
// term of its expression, or both. What is needed of most rules stands in it and in its
// checks, next to each other: among 100,000 rules each pointer that is followed is a
// wait for memory.
type conjunction struct {
	entry *entry
	// checks are the pattern's fields, which hold in the same list elements, and after
	// them the expression's necessary conditions, each by itself.
	checks []check
	fields int32 // how many of checks are the pattern's
	index  int32 // the entry's
	// witness is the check that the conjunction hangs under plus 1, 0 before it is
	// chosen, -1 if there is none.
	witness int32
	// guard is a further value that is needed, of the check with the number guarded.
	guard   guard
	guarded int16
	// group is set if the rule has more than one conjunction; it numbers such rules of
	// a level from 1.
	group int32
	// exact says that the conditions decide the expression where their leaves are plain.
	exact   bool
	hasWhen bool
}

// check is one field and the number of its path.
type check struct {
	field *pattern.Field
	// text is what most fields ask for: one text, which a leaf has or begins or ends with.
	text string
	path int32
	how  how
}

// how a leaf is checked.
type how uint8

const (
	byField how = iota // the field says
	isText
	isLiteral // true, false or null
	hasPrefix
	hasSuffix
)

func (c *check) holds(leaf *projection.Leaf, leaves *pattern.Leaves) bool {
	text := leaf.Text
	switch c.how {
	case byField:
		return c.field.Holds(leaves.Value(leaf))
	case isText:
		return leaf.Kind == event.String && string(text) == c.text
	case isLiteral:
		return leaf.Kind != event.String && leaf.Kind != event.Number && string(text) == c.text
	case hasPrefix:
		return leaf.Kind == event.String && len(text) >= len(c.text) && string(text[:len(c.text)]) == c.text
	default:
		return leaf.Kind == event.String && len(text) >= len(c.text) && string(text[len(text)-len(c.text):]) == c.text
	}
}

// taker takes rules apart.
type taker struct {
	number func(path string) int32
	// texts has each exact text once, so that those that many rules share stay near. Nil
	// where a rule comes alone.
	texts map[string]string
	// checks is memory for those to come: one piece for many rules.
	checks []check
}

// conjunctions appends those of a rule.
func (t *taker) conjunctions(all []conjunction, e *entry) []conjunction {
	var when formula
	if e.rule.When != nil {
		when = conditionsOf(e.rule.When.Node())
	}
	c := conjunction{entry: e, index: e.index, hasWhen: e.rule.When != nil, exact: when.exact}
	if e.rule.Pattern == nil {
		for _, term := range when.terms {
			c.checks = t.take(nil, term)
			all = append(all, c)
		}
		return all
	}
	var conditions []*pattern.Field
	if len(when.terms) == 1 { // more would multiply with the alternatives
		conditions = when.terms[0]
	} else {
		c.exact = false
	}
	for _, a := range e.rule.Pattern.Alternatives() {
		c.checks, c.fields = t.take(a.Fields, conditions), int32(len(a.Fields))
		all = append(all, c)
	}
	return all
}

func (t *taker) take(fields, conditions []*pattern.Field) []check {
	n := len(fields) + len(conditions)
	if cap(t.checks)-len(t.checks) < n {
		t.checks = make([]check, 0, max(n, min(4096, 2*cap(t.checks))))
	}
	start := len(t.checks)
	t.append(fields)
	t.append(conditions)
	return t.checks[start : start+n : start+n]
}

// append appends the checks of fields, the quick ones first.
func (t *taker) append(fields []*pattern.Field) {
	start := len(t.checks)
	for _, f := range fields {
		t.checks = append(t.checks, t.check(f))
	}
	slices.SortStableFunc(t.checks[start:], func(a, b check) int { return cmp.Compare(a.price(), b.price()) })
}

// price is 0 for what is quick to check.
func (c *check) price() int {
	if c.how == byField {
		return 1
	}
	return 0
}

func (t *taker) check(f *pattern.Field) check {
	c := check{field: f, path: t.number(f.Path)}
	if c.how = howOf(f); c.how == byField {
		return c
	}
	c.text = f.Tests[0].Operands[0].Text
	if known, ok := t.texts[c.text]; ok {
		c.text = known
	} else if t.texts != nil {
		t.texts[c.text] = c.text
	}
	return c
}

func howOf(f *pattern.Field) how {
	if len(f.Tests) != 1 || f.MayBeAbsent || f.Tests[0].Not {
		return byField
	}
	switch t := &f.Tests[0]; t.Op {
	case pattern.Equal:
		switch o := &t.Operands[0]; {
		case o.Kind == event.Number, o.Address.IsValid():
		case o.Kind == event.String:
			return isText
		default:
			return isLiteral
		}
	case pattern.Prefix:
		return hasPrefix
	case pattern.Suffix:
		return hasSuffix
	}
	return byField
}

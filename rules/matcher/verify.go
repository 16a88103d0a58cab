package matcher

import (
	"github.com/tocsin-engine/tocsin/rules/pattern"
	"github.com/tocsin-engine/tocsin/rules/projection"
)

type answer uint8

const (
	no answer = iota
	yes
	unsure
)

// fieldsHold says whether a pattern's fields hold at once. It is unsure if they do not with
// the leaf by which the conjunction was found, but may with another one by which it will be
// found as well.
func (x *matching) fieldsHold(c *conjunction) answer {
	checks := c.checks[:c.fields]
	if int(c.witness) <= len(checks) && x.leaf != nil && x.leaf.Context != 0 {
		if holds, ok := x.holdsAround(x.leaf, checks); ok {
			return holds
		}
	}
	holds, decided := x.holdsAnywhere(checks)
	switch {
	case holds:
		return yes
	case !decided:
		x.failed = append(x.failed, RuleError{int(c.index), pattern.ErrTangled})
	}
	return no
}

// holdsAround says whether the fields hold together with a leaf in a list's element. If all
// of them stand in elements of that list or outside of lists, they have to be in the same
// element, whose leaves are next to each other; anything else is for the solver, and not
// ok. So a rule is tried once for each element that it may hold in, and no other element is
// looked at.
func (x *matching) holdsAround(leaf *projection.Leaf, checks []check) (holds answer, ok bool) {
	list := x.leaves.List(leaf.Path)
	if list <= 0 {
		return no, false
	}
	element := x.leaves.InElement(leaf)
	for i := range checks {
		c := &checks[i]
		switch {
		case x.leaves.First(c.path) == nil:
			if !c.field.MayBeAbsent {
				return no, true
			}
		case x.leaves.List(c.path) == 0: // below, once the others hold
		case x.leaves.List(c.path) != list:
			return no, false
		case !x.holdsIn(element, leaf.Context, c):
			return unsure, true
		}
	}
	for i := range checks {
		if c := &checks[i]; x.leaves.First(c.path) != nil && x.leaves.List(c.path) == 0 {
			if held, _ := x.look(c); !held {
				return no, true
			}
		}
	}
	return yes, true
}

// holdsIn says whether a field holds in one element of a list.
func (x *matching) holdsIn(element []projection.Leaf, context int32, c *check) bool {
	absent := true
	for i := range element {
		if leaf := &element[i]; leaf.Path == c.path && leaf.Context == context {
			if c.holds(leaf, &x.leaves) {
				return true
			}
			absent = false
		}
	}
	return absent && c.field.MayBeAbsent
}

// holdsAnywhere is pattern.Solver.Match: it decides by itself unless two fields have leaves
// inside of lists.
func (x *matching) holdsAnywhere(checks []check) (holds, decided bool) {
	scattered, all := 0, true
	for i := range checks {
		c := &checks[i]
		holds, inLists := x.look(c)
		if inLists {
			scattered++
		}
		if !holds {
			if !inLists || !c.field.MayBeAbsent {
				return false, true
			}
			all = false
		}
	}
	if scattered <= 1 {
		return all, true
	}
	x.located = x.located[:0]
	for i := range checks {
		x.located = append(x.located, pattern.Located{Field: checks[i].field, Path: checks[i].path})
	}
	holds = x.solver.Consistent(x.located, &x.leaves)
	return holds, x.solver.Decided()
}

// look is pattern.Located.Look.
func (x *matching) look(c *check) (holds, inLists bool) {
	leaf := x.leaves.First(c.path)
	if leaf == nil {
		return c.field.MayBeAbsent, false
	}
	for ; leaf != nil && !(holds && inLists); leaf = x.leaves.Next(leaf) {
		inLists = inLists || leaf.Context != 0
		holds = holds || c.holds(leaf, &x.leaves)
	}
	return holds, inLists
}

// conditionsHold says what the necessary conditions tell of the expression.
func (x *matching) conditionsHold(c *conjunction) answer {
	sure := c.exact
	for i := range c.checks[c.fields:] {
		check := &c.checks[int(c.fields)+i]
		leaf := x.leaves.First(check.path)
		if leaf == nil {
			return no
		}
		sure = sure && leaf.Plain && x.leaves.Next(leaf) == nil
		holds := false
		for ; leaf != nil && !holds; leaf = x.leaves.Next(leaf) {
			holds = check.holds(leaf, &x.leaves)
		}
		if !holds {
			return no
		}
	}
	if sure {
		return yes
	}
	return unsure
}

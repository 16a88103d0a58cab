package matcher

import (
	"sync/atomic"

	"github.com/tocsin-engine/tocsin/rules/pattern"
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
// term of its expression, or both.
type conjunction struct {
	entry *entry
	// group is set if the rule has more than one conjunction; it numbers such rules of
	// a level from 1.
	group int32
	// exact says that terms decide the expression where their leaves are plain.
	exact bool
	// fields are the pattern's; they hold in the same list elements.
	fields []pattern.Located
	// terms are the expression's necessary conditions, each by itself.
	terms []pattern.Located
}

// conjunctions takes a rule apart. number gives paths their numbers.
func (e *entry) conjunctions(number func(path string) int32) []conjunction {
	var when formula
	if e.rule.When != nil {
		when = conditionsOf(e.rule.When.Node())
	}
	var all []conjunction
	if e.rule.Pattern == nil {
		for _, term := range when.terms {
			all = append(all, conjunction{entry: e, terms: locate(term, number), exact: when.exact})
		}
		return all
	}
	for _, a := range e.rule.Pattern.Alternatives() {
		c := conjunction{entry: e, fields: a.Locate(number)}
		if len(when.terms) == 1 { // more would multiply with the alternatives
			c.terms, c.exact = locate(when.terms[0], number), when.exact
		}
		all = append(all, c)
	}
	return all
}

func locate(fields []*pattern.Field, number func(path string) int32) []pattern.Located {
	return pattern.Alternative{Fields: fields}.Locate(number)
}

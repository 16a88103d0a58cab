package matcher

import (
	"cmp"
	"slices"
)

// Advice is about a rule that the index cannot narrow down: it is tried on every event,
// or on every event that has some field.
type Advice struct {
	// Rule is the caller's number of the rule.
	Rule int
	// Message says why, Help what would change it.
	Message, Help string
}

// Advice lists the rules that cost time on events that have nothing to do with them.
func (m *Matcher) Advice() []Advice {
	var all []Advice
	m.each(func(c *conjunction) {
		if a, ok := c.advice(); ok {
			all = append(all, a)
		}
	})
	slices.SortStableFunc(all, func(a, b Advice) int { return cmp.Compare(a.Rule, b.Rule) })
	return slices.CompactFunc(all, func(a, b Advice) bool { return a.Rule == b.Rule })
}

// each calls f for every conjunction of a living rule, rule by rule.
func (m *Matcher) each(f func(c *conjunction)) {
	s := m.state.Load()
	for _, name := range sortedNames(s.buses) {
		for _, l := range s.buses[name].levels {
			for i := range l.conjunctions {
				if c := &l.conjunctions[i]; c.entry.liveAt(s.version) {
					f(c)
				}
			}
		}
	}
}

const help = `one exact value, prefix, suffix or range that must hold lets events without it pass by`

func (c *conjunction) advice() (Advice, bool) {
	a := Advice{Rule: int(c.index), Help: "add to the pattern a field that the events have: " + help}
	if c.entry.rule.Pattern == nil {
		a.Help = "add a comparison with a constant, joined by and: " + help
	}
	if c.witness > 0 {
		check := &c.checks[c.witness-1]
		if !likely(check.field.Tests) {
			return a, false
		}
		a.Message = "is tried on every event that has " + check.field.Path
		return a, true
	}
	a.Message = "is tried on every event: each of its conditions may hold of an absent field"
	if c.entry.rule.Pattern == nil {
		a.Message = "is evaluated on every event: nothing in its when compares a field with a constant and must hold"
	}
	return a, true
}

package matcher

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/expr-lang/expr/ast"

	"github.com/tocsin-engine/tocsin/rules/pattern"
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

const help = "an exact value, prefix, suffix or range that must hold lets other events pass by"

func (c *conjunction) advice() (Advice, bool) {
	a := Advice{Rule: int(c.index), Help: `add to the pattern a field that its events have, as "source": ["…"]: ` + help}
	when := c.entry.rule.Pattern == nil
	if when {
		a.Help = `write source == "…" and (…), or another comparison with a constant: ` + help
	}
	switch {
	case c.witness > 0 && !likely(c.checks[c.witness-1].field.Tests):
		return a, false
	case c.witness > 0:
		a.Message = "is tried on every event that has " + c.checks[c.witness-1].field.Path
	case when:
		a.Message = fmt.Sprintf("is evaluated on every event: %s does not say what value a field must have", obstacle(c.entry.rule.When.Node()))
	default:
		a.Message = "is tried on every event: each of its conditions may hold of an absent field"
	}
	return a, true
}

// obstacle is the part of an expression of which nothing is known: of alternatives, the
// one that spoils the others.
func obstacle(n ast.Node) string {
	if or, ok := n.(*ast.BinaryNode); ok && (or.Operator == "or" || or.Operator == "||") {
		if saysNothing(or.Left) {
			return obstacle(or.Left)
		}
		return obstacle(or.Right)
	}
	const most = 60
	text := []rune(n.String())
	if len(text) > most {
		text = append(text[:most-1], '…')
	}
	return string(text)
}

func saysNothing(n ast.Node) bool {
	return slices.ContainsFunc(conditionsOf(n).terms, func(term []*pattern.Field) bool { return len(term) == 0 })
}

package matcher

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/tocsin-engine/tocsin/rules/expression"
	"github.com/tocsin-engine/tocsin/rules/pattern"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// Rule is what the matcher needs of a rule. It has a Pattern, a When, or both; both
// must hold then.
type Rule struct {
	Name, Bus string
	Pattern   *pattern.Pattern
	When      *expression.Program
}

// Problem is a rule that cannot be used.
type Problem struct {
	// Rule is its index in the rules of New.
	Rule int
	// Code is "empty": the rule has neither a pattern nor a when.
	Code    string
	Message string
}

func (p Problem) Error() string { return fmt.Sprintf("matcher: rule %d: %s", p.Rule, p.Message) }

// RuleError is an expression that failed on an event, or pattern.ErrTangled: it was not
// found out whether the pattern matches. The rule did not match by it.
type RuleError struct {
	Rule int
	Err  error
}

func (e RuleError) Error() string { return fmt.Sprintf("matcher: rule %d: %v", e.Rule, e.Err) }

// Unwrap returns the error without the rule.
func (e RuleError) Unwrap() error { return e.Err }

// Matcher matches events against a set of rules. Match never waits, neither for other
// matches nor for changes; changes wait for each other.
type Matcher struct {
	state atomic.Pointer[state]

	changes sync.Mutex // held by what changes the rules
	entries []*entry   // by the caller's number; nil where there is none
}

// New makes a matcher of rules. A rule with a problem never matches; all other rules
// work.
func New(rules []Rule) (*Matcher, []Problem) {
	m := &Matcher{entries: make([]*entry, len(rules))}
	s := &state{version: 1, buses: map[string]*bus{}}
	var problems []Problem
	builders := map[string]*busBuilder{}
	for i, r := range rules {
		if r.empty() {
			problems = append(problems, Problem{i, "empty", "a rule has a pattern or a when"})
			continue
		}
		b := builders[r.Bus]
		if b == nil {
			b = newBusBuilder()
			builders[r.Bus] = b
		}
		m.entries[i] = &entry{index: int32(i), rule: r}
		b.add(m.entries[i])
	}
	for name, b := range builders {
		s.buses[name] = b.build()
	}
	m.state.Store(s)
	return m, problems
}

func (r Rule) empty() bool { return r.Pattern == nil && r.When == nil }

// Match calls hit once for every rule of the event's bus that the event matches, in no
// particular order; i is the rule's number: its index in the rules of New, or what Add
// returned. The errors are rules of which it is not known whether they match: they do not.
// An expression that cannot hold is not evaluated and so cannot fail.
func (m *Matcher) Match(ev event.Event, hit func(i int)) (errs []RuleError) {
	return m.match(ev, hit, nil)
}

// Trial is what is done with a rule that the index could not rule out.
type Trial uint8

const (
	// Verified: its fields were compared with the event's values.
	Verified Trial = iota
	// Evaluated: its expression was evaluated, which costs some fifty times as much.
	Evaluated
)

// MatchTried is Match that also tells what is done with which rule: that is what a rule
// costs.
func (m *Matcher) MatchTried(ev event.Event, hit func(i int), tried func(i int, t Trial)) (errs []RuleError) {
	return m.match(ev, hit, tried)
}

func (m *Matcher) match(ev event.Event, hit func(i int), tried func(i int, t Trial)) (errs []RuleError) {
	s := m.state.Load()
	b := s.buses[ev.Bus]
	if b == nil {
		return nil
	}
	x := matchings.Get().(*matching)
	x.version, x.report, x.tried = s.version, hit, tried
	x.run(b, ev.Raw())
	if len(x.failed) > 0 {
		errs, x.failed = slices.Clone(x.failed), x.failed[:0]
	}
	if len(x.unsure) > 0 {
		errs = append(errs, x.evaluate(ev)...)
	}
	x.report, x.tried, x.level, x.seen, x.leaf = nil, nil, nil, nil, nil
	matchings.Put(x)
	return errs
}

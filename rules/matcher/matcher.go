package matcher

import (
	"fmt"

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
	// Code is "empty" or "too_complex".
	Code    string
	Message string
}

func (p Problem) Error() string { return fmt.Sprintf("matcher: rule %d: %s", p.Rule, p.Message) }

// RuleError is an expression that failed on an event. The rule did not match.
type RuleError struct {
	Rule int
	Err  error
}

func (e RuleError) Error() string { return fmt.Sprintf("matcher: rule %d: %v", e.Rule, e.Err) }

// Unwrap returns the expression's error.
func (e RuleError) Unwrap() error { return e.Err }

// Matcher matches events against a set of rules.
type Matcher struct {
	rules []Rule
	buses map[string][]int
}

// New makes a matcher of rules. A rule with a problem never matches; all other rules
// work.
func New(rules []Rule) (*Matcher, []Problem) {
	m := &Matcher{rules: rules, buses: map[string][]int{}}
	var problems []Problem
	for i, r := range rules {
		if r.Pattern == nil && r.When == nil {
			problems = append(problems, Problem{i, "empty", "a rule has a pattern or a when"})
			continue
		}
		m.buses[r.Bus] = append(m.buses[r.Bus], i)
	}
	return m, problems
}

// Match calls hit once for every rule of the event's bus that the event matches, in no
// particular order; i is the rule's index in the rules of New. The errors are the
// expressions that failed, which is no match.
func (m *Matcher) Match(ev event.Event, hit func(i int)) (errs []RuleError) {
	var env *expression.Env
	for _, i := range m.buses[ev.Bus] {
		r := &m.rules[i]
		if r.Pattern != nil && !r.Pattern.Match(ev.Raw()) {
			continue
		}
		if r.When != nil {
			if env == nil {
				env = expression.NewEnv(ev)
			}
			env.SetRule(r.Name)
			switch ok, err := r.When.Bool(env); {
			case err != nil:
				errs = append(errs, RuleError{i, err})
				continue
			case !ok:
				continue
			}
		}
		hit(i)
	}
	return errs
}

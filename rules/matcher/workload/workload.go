package workload

import (
	"fmt"

	"github.com/tocsin-engine/tocsin/rules/expression"
	"github.com/tocsin-engine/tocsin/rules/matcher"
	"github.com/tocsin-engine/tocsin/rules/pattern"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// Workload is a kind of rules and the events that they are measured with.
type Workload struct {
	// Name is for people, Set for the names of benchmarks.
	Name, Set string
	// Sizes are the numbers of rules that the matcher's goals speak of.
	Sizes  []int
	Rules  func(n int) []Rule
	Events func(seed uint64, n int) []event.Event
	// Count is how many events are measured: so many that they are no longer in the
	// processor's nearest memory when their turn comes again.
	Count int
}

// All are the workloads that the matcher's goals are stated for.
var All = []Workload{
	{"one exact field", "one", []int{1, 10_000, 100_000}, One, CloudTrail, 5_000},
	{"five exact fields", "five", []int{1, 1_000, 10_000, 100_000}, Five, CloudTrail, 5_000},
	{"five, as expressions", "five-expressions", []int{10_000}, FiveExpressions, CloudTrail, 5_000},
	{"mixed, half expressions", "mixed", []int{10_000}, Mixed, CloudTrail, 5_000},
	{"infix wildcards", "infix", []int{1_000, 10_000}, Infix, CloudTrail, 5_000},
	{"prefixes", "prefix", []int{10_000}, Prefixes, CloudTrail, 5_000},
	{"suffixes", "suffix", []int{10_000}, Suffixes, CloudTrail, 5_000},
	{"numeric ranges", "range", []int{10_000}, Ranges, CloudTrail, 5_000},
	{"CIDR blocks", "cidr", []int{10_000}, CIDR, CloudTrail, 5_000},
	{"anything-but and exact", "anything-but", []int{10_000}, AnythingBut, CloudTrail, 5_000},
	{"lists of 12 objects", "points", []int{5, 1_000, 10_000}, Points, Lots, 5_000},
	{"lists of 500 objects", "long-lists", []int{1_000}, Points, LongLots, 200},
}

// ByName is the workload of that set.
func ByName(set string) Workload {
	for _, w := range All {
		if w.Set == set {
			return w
		}
	}
	panic("BUG: no workload is called " + set)
}

// Compile makes the matcher's rules of written ones.
func Compile(written []Rule) ([]matcher.Rule, error) {
	rules := make([]matcher.Rule, len(written))
	for i, w := range written {
		rules[i] = matcher.Rule{Name: w.Name, Bus: Bus}
		if w.Pattern != "" {
			p, errs := pattern.CompileJSON([]byte(w.Pattern))
			if len(errs) > 0 {
				return nil, fmt.Errorf("workload: rule %s: %w", w.Name, errs[0])
			}
			rules[i].Pattern = p
		}
		if w.When != "" {
			p, errs := expression.Compile(w.When, expression.When)
			if len(errs) > 0 {
				return nil, fmt.Errorf("workload: rule %s: %w", w.Name, errs[0])
			}
			rules[i].When = p
		}
	}
	return rules, nil
}

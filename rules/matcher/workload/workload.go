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
}

// All are the workloads that the matcher's goals are stated for.
var All = []Workload{
	{"one exact field", "one", []int{1, 10_000, 100_000}, One, CloudTrail},
	{"five exact fields", "five", []int{1, 1_000, 10_000, 100_000}, Five, CloudTrail},
	{"five, as expressions", "five-expressions", []int{10_000}, FiveExpressions, CloudTrail},
	{"mixed, half expressions", "mixed", []int{10_000}, Mixed, CloudTrail},
	{"infix wildcards", "infix", []int{1_000, 10_000}, Infix, CloudTrail},
	{"prefixes", "prefix", []int{10_000}, Prefixes, CloudTrail},
	{"suffixes", "suffix", []int{10_000}, Suffixes, CloudTrail},
	{"numeric ranges", "range", []int{10_000}, Ranges, CloudTrail},
	{"CIDR blocks", "cidr", []int{10_000}, CIDR, CloudTrail},
	{"anything-but and exact", "anything-but", []int{10_000}, AnythingBut, CloudTrail},
	{"lists of 12 objects", "points", []int{5, 1_000, 10_000}, Points, Lots},
	{"lists of 500 objects", "long-lists", []int{1_000}, Points, LongLots},
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

package bench

import (
	"fmt"
	"io"

	"github.com/tocsin-engine/tocsin/rules/expression"
	"github.com/tocsin-engine/tocsin/rules/matcher"
	"github.com/tocsin-engine/tocsin/rules/matcher/workload"
	"github.com/tocsin-engine/tocsin/rules/pattern"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// workloads are what the matcher's goals are stated for.
var workloads = []struct {
	name  string
	sizes []int
	rules func(n int) []workload.Rule
	lots  bool
}{
	{"one exact field", []int{1, 10_000, 100_000}, workload.One, false},
	{"five exact fields", []int{1, 1_000, 10_000, 100_000}, workload.Five, false},
	{"five, as expressions", []int{10_000}, workload.FiveExpressions, false},
	{"mixed, half expressions", []int{10_000}, workload.Mixed, false},
	{"infix wildcards", []int{1_000, 10_000}, workload.Infix, false},
	{"prefixes", []int{10_000}, workload.Prefixes, false},
	{"suffixes", []int{10_000}, workload.Suffixes, false},
	{"numeric ranges", []int{10_000}, workload.Ranges, false},
	{"CIDR blocks", []int{10_000}, workload.CIDR, false},
	{"anything-but and exact", []int{10_000}, workload.AnythingBut, false},
	{"lists of 12 objects", []int{5, 1_000}, workload.Points, true},
}

// workloadEvents is how many events there are of each kind.
const workloadEvents = 5_000

// Workloads measures the workloads and writes one table, a line as soon as it is known.
func Workloads(w io.Writer, o Options) error {
	calls, lots := workload.CloudTrail(1, workloadEvents), workload.Lots(1, workloadEvents)
	if _, err := fmt.Fprintf(w, "%-26s %8s %14s %11s %9s %9s %9s %8s\n",
		"rules", "number", "events/cpu-s", "× json.Valid", "allocs", "matches", "µs/rule", "B/rule"); err != nil {
		return err
	}
	for _, l := range workloads {
		events := calls
		if l.lots {
			events = lots
		}
		for _, n := range l.sizes {
			rules, err := compileAll(l.rules(n))
			if err != nil {
				return err
			}
			r := Run(rules, append([]event.Event(nil), events...), o)
			_, err = fmt.Fprintf(w, "%-26s %8d %14.0f %11.1f %9.2f %9.3f %9.1f %8.0f\n", l.name, n, r.EventsPerCPUSecond,
				r.EventsPerCPUSecond/r.JSONValidPerCPUSecond, r.AllocsPerEvent, float64(r.Matches)/float64(r.Events), r.LoadNsPerRule/1000, r.BytesPerRule)
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// compileAll compiles rules of our own; an error is a bug of the workload.
func compileAll(written []workload.Rule) ([]matcher.Rule, error) {
	rules := make([]matcher.Rule, len(written))
	for i, w := range written {
		rules[i] = matcher.Rule{Name: w.Name, Bus: workload.Bus}
		if w.Pattern != "" {
			p, errs := pattern.CompileJSON([]byte(w.Pattern))
			if len(errs) > 0 {
				return nil, fmt.Errorf("workload rule %s: %w", w.Name, errs[0])
			}
			rules[i].Pattern = p
		}
		if w.When != "" {
			p, errs := expression.Compile(w.When, expression.When)
			if len(errs) > 0 {
				return nil, fmt.Errorf("workload rule %s: %w", w.Name, errs[0])
			}
			rules[i].When = p
		}
	}
	return rules, nil
}

package matcher_test

import (
	"encoding/json"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/tocsin-engine/tocsin/rules/expression"
	"github.com/tocsin-engine/tocsin/rules/matcher"
	"github.com/tocsin-engine/tocsin/rules/matcher/workload"
	"github.com/tocsin-engine/tocsin/rules/pattern"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// compileRules makes the matcher's rules of a workload's.
func compileRules(t testing.TB, written []workload.Rule) []matcher.Rule {
	t.Helper()
	rules := make([]matcher.Rule, len(written))
	for i, w := range written {
		rules[i] = matcher.Rule{Name: w.Name, Bus: workload.Bus}
		if w.Pattern != "" {
			p, errs := pattern.CompileJSON([]byte(w.Pattern))
			if len(errs) > 0 {
				t.Fatalf("%s: %v", w.Pattern, errs)
			}
			rules[i].Pattern = p
		}
		if w.When != "" {
			p, errs := expression.Compile(w.When, expression.When)
			if len(errs) > 0 {
				t.Fatalf("%s: %v", w.When, errs)
			}
			rules[i].When = p
		}
	}
	return rules
}

// sets are the workloads by name, with the numbers of rules that are measured.
var sets = []struct {
	name  string
	sizes []int
	make  func(n int) []workload.Rule
	lots  bool
}{
	{"one", []int{1, 100_000}, workload.One, false},
	{"five", []int{1, 100, 1_000, 10_000, 100_000}, workload.Five, false},
	{"five-expressions", []int{1_000, 10_000}, workload.FiveExpressions, false},
	{"mixed", []int{10_000}, workload.Mixed, false},
	{"infix", []int{1_000, 10_000}, workload.Infix, false},
	{"prefix", []int{10_000}, workload.Prefixes, false},
	{"suffix", []int{10_000}, workload.Suffixes, false},
	{"range", []int{10_000}, workload.Ranges, false},
	{"cidr", []int{10_000}, workload.CIDR, false},
	{"anything-but", []int{10_000}, workload.AnythingBut, false},
	{"points", []int{5, 10_000}, workload.Points, true},
}

func BenchmarkMatch(b *testing.B) {
	calls, lots := workload.CloudTrail(1, 5000), workload.Lots(1, 5000)
	for _, s := range sets {
		events := calls
		if s.lots {
			events = lots
		}
		for _, n := range s.sizes {
			b.Run(fmt.Sprintf("set=%s/rules=%d", s.name, n), func(b *testing.B) {
				m := newMatcher(b, compileRules(b, s.make(n)))
				matches, i := 0, 0
				hit := func(int) { matches++ }
				b.ReportAllocs()
				start := cpu(b)
				for b.Loop() {
					m.Match(events[i%len(events)], hit)
					i++
				}
				perCPUSecond(b, start)
				b.ReportMetric(float64(matches)/float64(b.N), "matches/event")
			})
		}
		if s.name == "five" || s.lots {
			b.Run("set="+s.name+"/json.Valid", func(b *testing.B) { validate(b, events) })
		}
	}
}

// validate is the yardstick: what encoding/json needs to look at every byte once.
func validate(b *testing.B, events []event.Event) {
	i := 0
	start := cpu(b)
	for b.Loop() {
		json.Valid(events[i%len(events)].Raw())
		i++
	}
	perCPUSecond(b, start)
}

// cpu is the processor time that the process has used. A busy machine makes the clock
// lie; this stays true.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func perCPUSecond(b *testing.B, start time.Duration) {
	b.ReportMetric(float64(b.N)/(cpu(b)-start).Seconds(), "events/cpu-s")
}

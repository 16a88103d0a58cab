package matcher_test

import (
	"encoding/json"
	"fmt"
	"runtime"
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

// BenchmarkNew is a reload: rules are compiled, the index is made.
func BenchmarkNew(b *testing.B) {
	for _, s := range []struct {
		name  string
		rules int
		make  func(n int) []workload.Rule
	}{{"five", 10_000, workload.Five}, {"five", 100_000, workload.Five}, {"mixed", 10_000, workload.Mixed}} {
		b.Run(fmt.Sprintf("set=%s/rules=%d", s.name, s.rules), func(b *testing.B) {
			rules := compileRules(b, s.make(s.rules))
			start := cpu(b)
			for b.Loop() {
				matcher.New(rules)
			}
			b.ReportMetric(float64(cpu(b)-start)/float64(b.N)/float64(s.rules), "cpu-ns/rule")
			b.ReportMetric(heapOf(func() any { m, _ := matcher.New(rules); return m })/float64(s.rules), "B/rule")
		})
	}
}

// heapOf is what make's result holds of the heap.
func heapOf(make func() any) float64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	v := make()
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(v)
	return float64(after.HeapAlloc) - float64(before.HeapAlloc)
}

// BenchmarkChange replaces rules one by one while nothing else happens.
func BenchmarkChange(b *testing.B) {
	for _, n := range []int{1_000, 100_000} {
		b.Run(fmt.Sprintf("rules=%d", n), func(b *testing.B) {
			rules := compileRules(b, workload.Five(n))
			m := newMatcher(b, rules)
			i := 0
			start := cpu(b)
			for b.Loop() {
				if problem := m.Replace(i%n, rules[i*7%n]); problem != nil {
					b.Fatal(problem)
				}
				i++
			}
			b.ReportMetric(float64(cpu(b)-start)/float64(b.N), "cpu-ns/change")
		})
	}
}

// BenchmarkCores matches on all cores at once; the figure is events of all of them.
func BenchmarkCores(b *testing.B) {
	events := workload.CloudTrail(1, 5000)
	m := newMatcher(b, compileRules(b, workload.Five(10_000)))
	b.ResetTimer()
	start := cpu(b)
	b.RunParallel(func(pb *testing.PB) {
		i := 0
		for pb.Next() {
			m.Match(events[i%len(events)], func(int) {})
			i++
		}
	})
	perCPUSecond(b, start)
}

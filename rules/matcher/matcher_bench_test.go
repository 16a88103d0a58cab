package matcher_test

import (
	"encoding/json"
	"fmt"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/tocsin-engine/tocsin/rules/matcher"
	"github.com/tocsin-engine/tocsin/rules/matcher/workload"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// compileRules makes the matcher's rules of a workload's.
func compileRules(t testing.TB, written []workload.Rule) []matcher.Rule {
	t.Helper()
	rules, err := workload.Compile(written)
	if err != nil {
		t.Fatal(err)
	}
	return rules
}

func BenchmarkMatch(b *testing.B) {
	for _, w := range workload.All {
		events := w.Events(1, w.Count)
		for _, n := range w.Sizes {
			b.Run(fmt.Sprintf("set=%s/rules=%d", w.Set, n), func(b *testing.B) {
				m := newMatcher(b, compileRules(b, w.Rules(n)))
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
		b.Run("set="+w.Set+"/json.Valid", func(b *testing.B) { validate(b, events) })
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
		set   string
		rules int
	}{{"five", 10_000}, {"five", 100_000}, {"mixed", 10_000}} {
		b.Run(fmt.Sprintf("set=%s/rules=%d", s.set, s.rules), func(b *testing.B) {
			rules := compileRules(b, workload.ByName(s.set).Rules(s.rules))
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

package bench

import (
	"encoding/json"
	"math"
	"runtime"
	"time"

	"github.com/tocsin-engine/tocsin/rules/matcher"
	"github.com/tocsin-engine/tocsin/rules/matcher/workload"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// Options say how long to measure.
type Options struct {
	// Round is the processor time that one figure takes. Default: 1 s.
	Round time.Duration
	// Workloads are those that Workloads measures. Default: workload.All.
	Workloads []workload.Workload
	// Most bounds the rules of what is measured besides the workloads. Default: none.
	Most int
}

// size is n, or less for a short run.
func (o Options) size(n int) int {
	if o.Most > 0 {
		return min(n, o.Most)
	}
	return n
}

// Result is what was measured.
type Result struct {
	Rules  int `json:"rules"`
	Events int `json:"events"`
	// EventsPerCPUSecond and NsPerEvent say the same in two ways.
	EventsPerCPUSecond float64 `json:"events_per_cpu_second"`
	NsPerEvent         float64 `json:"ns_per_event"`
	AllocsPerEvent     float64 `json:"allocs_per_event"`
	// Matches counts the rules that matched when each event came once, Failed the
	// expressions that failed.
	Matches int `json:"matches"`
	Failed  int `json:"failed"`
	// JSONValidPerCPUSecond is encoding/json's Valid on the same events.
	JSONValidPerCPUSecond float64 `json:"json_valid_per_cpu_second"`
	// LoadNsPerRule and BytesPerRule are for making the index of compiled rules.
	LoadNsPerRule float64 `json:"load_ns_per_rule"`
	BytesPerRule  float64 `json:"bytes_per_rule"`
	// Expensive are the rules that cost most, at most ten.
	Expensive []Cost `json:"expensive"`
}

// rounds are measured one after the other, matching and json.Valid in turns, and the
// fastest of each counts: it is what the code takes, while the others also waited for a
// cache or a core that something else used.
const rounds = 10

// Run measures the rules on the events, of which there is at least one; their bus does
// not matter.
func Run(rules []matcher.Rule, events []event.Event, o Options) Result {
	if o.Round == 0 {
		o.Round = time.Second
	}
	for i := range rules {
		rules[i].Bus = event.DefaultBus
	}
	for i := range events {
		events[i] = events[i].On(event.DefaultBus, 0)
	}
	r := Result{Rules: len(rules), Events: len(events)}
	m := r.load(rules)
	r.Matches, r.Failed = pass(m, events)
	match, valid := math.Inf(1), math.Inf(1)
	for range rounds {
		match = min(match, measure(o.Round/rounds, events, func(ev event.Event) { m.Match(ev, ignore) }))
		valid = min(valid, measure(o.Round/rounds, events, func(ev event.Event) { json.Valid(ev.Raw()) }))
	}
	r.NsPerEvent = match
	r.EventsPerCPUSecond, r.JSONValidPerCPUSecond = 1e9/match, 1e9/valid
	r.AllocsPerEvent = allocations(m, events)
	r.Expensive = expensive(m, rules, events)
	return r
}

func ignore(int) {}

// load makes the index and measures that.
func (r *Result) load(rules []matcher.Rule) *matcher.Matcher {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	start := cpu()
	m, _ := matcher.New(rules)
	took := cpu() - start
	runtime.GC()
	runtime.ReadMemStats(&after)
	if n := float64(len(rules)); n > 0 {
		r.LoadNsPerRule = float64(took) / n
		r.BytesPerRule = max(0, float64(after.HeapAlloc)-float64(before.HeapAlloc)) / n
	}
	return m
}

func pass(m *matcher.Matcher, events []event.Event) (matches, failed int) {
	hit := func(int) { matches++ }
	for _, ev := range events {
		failed += len(m.Match(ev, hit))
	}
	return matches, failed
}

// measure calls f with one event after the other for at least the time, and returns the
// nanoseconds of an event.
func measure(least time.Duration, events []event.Event, f func(event.Event)) float64 {
	start, n := cpu(), 0
	for {
		for _, ev := range events {
			f(ev)
		}
		n += len(events)
		if took := cpu() - start; took >= least {
			return float64(took) / float64(n)
		}
	}
}

// allocations counts those of a pass over the events, after the first few passes have
// grown the memory that is used again.
func allocations(m *matcher.Matcher, events []event.Event) float64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	pass(m, events)
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / float64(len(events))
}

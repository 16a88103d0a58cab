package matcher_test

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tocsin-engine/tocsin/rules/matcher"
	"github.com/tocsin-engine/tocsin/rules/matcher/workload"
	"github.com/tocsin-engine/tocsin/rules/pattern"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// TestWorkloads: the index agrees with the oracle on what it is measured with, and the
// workloads are what their documentation says.
func TestWorkloads(t *testing.T) {
	calls := workload.CloudTrail(1, 20)
	size := 0
	for _, ev := range calls {
		size += len(ev.Raw())
	}
	if average := size / len(calls); average < 1500 || average > 1750 {
		t.Errorf("an event has %d bytes on average, want about 1,615", average)
	}
	if n := leavesOf(calls[0].Raw()); n != 44 {
		t.Errorf("an event has %d values, want 44", n)
	}
	for _, w := range workload.All {
		rules := compileRules(t, w.Rules(300))
		m := newMatcher(t, rules)
		for _, ev := range w.Events(1, 20) {
			agree(t, m, rules, ev)
		}
		if advice := m.Advice(); len(advice) > 0 {
			t.Errorf("%s: %+v", w.Name, advice)
		}
	}
}

func leavesOf(v event.Value) (n int) {
	switch v.Kind() {
	case event.Object:
		for _, m := range v.Members() {
			n += leavesOf(m)
		}
	case event.Array:
		for item := range v.Items() {
			n += leavesOf(item)
		}
	default:
		n = 1
	}
	return n
}

func TestMatchAllocatesNothing(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector makes pools forget")
	}
	for _, w := range workload.All {
		events := w.Events(1, 100)
		m := newMatcher(t, compileRules(t, w.Rules(500)))
		hits := 0
		hit := func(int) { hits++ }
		all := func() {
			for _, ev := range events {
				m.Match(ev, hit)
			}
		}
		all() // the memory of matching grows to its size
		if n := testing.AllocsPerRun(20, all); n != 0 {
			t.Errorf("%s: %v allocations in 100 events, want 0", w.Name, n)
		}
	}
}

// TestWorstCases: the largest events, one after the other, against rules that all want
// to look at them. The work is bounded by the size of the event, not by what stands in
// it; if it were not, this would not end.
func TestWorstCases(t *testing.T) {
	var members, elements []string
	for i := range 10_000 {
		members = append(members, fmt.Sprintf(`"name-%d":%d`, i, i))
	}
	for i := range 20_000 {
		elements = append(elements, fmt.Sprintf(`{"a":%d,"b":"x"}`, i%7))
	}
	deep := strings.Repeat(`{"a":[`, event.MaxDepth/2-2) + `"x"` + strings.Repeat(`]}`, event.MaxDepth/2-2)
	var rules []matcher.Rule
	add := func(p string) {
		rules = append(rules, matcher.Rule{Name: "p", Bus: event.DefaultBus, Pattern: compilePattern(t, p)})
	}
	for i := range 10 {
		add(fmt.Sprintf(`{"detail":{"wide":{"name-%d":[%d]}}}`, i*1000, i*1000))
		add(fmt.Sprintf(`{"detail":{"list":{"a":[%d],"b":["x"],"c":[{"exists":false}]}}}`, i))
		add(fmt.Sprintf(`{"detail":{"list":{"a":[%d],"b":["y"]}}}`, i))
		add(fmt.Sprintf(`{"detail":{"text":[{"wildcard":"*a*a*%d*"}]}}`, i))
	}
	add(`{"detail":{"tags":["t"],"list":{"a":[1],"b":["y"]}}}`)
	add(`{"detail":{` + strings.Repeat(`"a":{`, event.MaxDepth/2-2) + `"b":["x"]` + strings.Repeat(`}`, event.MaxDepth/2-2) + `}}`)
	m := newMatcher(t, rules)
	for name, detail := range map[string]string{
		"10,000 names":     `{"wide":{` + strings.Join(members, ",") + `}}`,
		"20,000 elements":  `{"list":[` + strings.Join(elements, ",") + `]}`,
		"depth":            deep,
		"one element":      `{"list":[{"a":[` + strings.Repeat("1,", 100_000) + `1],"b":"z"}]}`,
		"values outside":   `{"tags":["` + strings.Repeat(`n","`, 50_000) + `t"],"list":[` + strings.Join(elements, ",") + `]}`,
		"a long text":      `{"text":"` + strings.Repeat("a", 1<<20) + `"}`,
		"many short texts": `{"text":["` + strings.Repeat(`a","`, 50_000) + `"]}`,
		"many escapes":     `{"text":"` + strings.Repeat(`\u0061`, 50_000) + `"}`,
	} {
		t.Run(name, func(t *testing.T) { agree(t, m, rules, newEvent(t, detail)) })
	}
}

// TestTangled: a rule of which it is not found out whether it matches is an error, and does
// not keep other rules from matching.
func TestTangled(t *testing.T) {
	var elements, fields []string
	for i := range 9 {
		elements = append(elements, fmt.Sprintf(`{"f%d":1}`, i))
		fields = append(fields, fmt.Sprintf(`"f%d":[1]`, i))
	}
	// Eight spellings of one path give eight lists, of which each can give one field.
	detail := strings.ReplaceAll(`{"a":{"b":{"c":{"d":LIST},"c.d":LIST},"b.c":{"d":LIST},"b.c.d":LIST},"a.b":{"c":{"d":LIST},"c.d":LIST},"a.b.c":{"d":LIST},"a.b.c.d":LIST}`,
		"LIST", "["+strings.Join(elements, ",")+"]")
	rule := func(fields []string) matcher.Rule {
		return matcher.Rule{Name: "r", Bus: event.DefaultBus, Pattern: compilePattern(t, `{"detail":{"a":{"b":{"c":{"d":{`+strings.Join(fields, ",")+`}}}}}}`)}
	}
	m := newMatcher(t, []matcher.Rule{rule(fields), rule(fields[:8]), rule(fields[:1])})
	var hits []int
	errs := m.Match(newEvent(t, detail), func(i int) { hits = append(hits, i) })
	if slices.Sort(hits); !slices.Equal(hits, []int{1, 2}) || len(errs) != 1 || errs[0].Rule != 0 || !errors.Is(errs[0], pattern.ErrTangled) {
		t.Errorf("hits %v, errors %v", hits, errs)
	}
}

// TestChangeWhileMatching_hammer: readers see each rule once or not at all, and never an
// event that matches neither the old nor the new rule.
func TestChangeWhileMatching_hammer(t *testing.T) {
	pass := compilePattern(t, `{"source":["s"]}`)
	other := compilePattern(t, `{"detail":{"a":["x"]}}`)
	rules := make([]matcher.Rule, 50)
	for i := range rules {
		rules[i] = matcher.Rule{Name: "r", Bus: event.DefaultBus, Pattern: pass}
	}
	m := newMatcher(t, rules)
	ev := newEvent(t, `{"a":"x"}`)
	var readers sync.WaitGroup
	done := make(chan struct{})
	for range max(2, runtime.GOMAXPROCS(0)) {
		readers.Go(func() {
			for {
				var hits []int
				m.Match(ev, func(i int) { hits = append(hits, i) })
				slices.Sort(hits)
				if len(hits) != len(rules) || len(slices.Compact(hits)) != len(rules) {
					t.Errorf("%d rules match, want %d", len(hits), len(rules))
					return
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for i := range 2_000 {
		p := pass
		if i%2 == 0 {
			p = other
		}
		if problem := m.Replace(i%len(rules), matcher.Rule{Name: "r", Bus: event.DefaultBus, Pattern: p}); problem != nil {
			t.Error(problem)
		}
	}
	close(done)
	readers.Wait()
}

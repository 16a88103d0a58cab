package bench

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tocsin-engine/tocsin/rules/matcher"
	"github.com/tocsin-engine/tocsin/rules/matcher/workload"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// Scaling is what a second core brings: how many times as much as one does, for matching
// with one matcher, and for loops that share nothing at all and need no memory.
type Scaling struct {
	Match, Native float64
}

// scale measures with the clock, since a core that waits is what it is about. What the
// machine does besides falls on all four measurements alike, because they take turns.
func scale(m *matcher.Matcher, events []event.Event, o Options) Scaling {
	match := func(done *atomic.Bool) (n int) {
		for ; !done.Load(); n++ {
			m.Match(events[n%len(events)], ignore)
		}
		return n
	}
	native := func(done *atomic.Bool) (n int) {
		x := uint64(1)
		for ; !done.Load(); n++ {
			for range 500 {
				x = (x ^ x>>29) * 0xbf58476d1ce4e5b9
			}
		}
		return n + int(x&1)
	}
	var matches, natives []float64
	for range 3 * rounds {
		matches = append(matches, together(2, o.Round/8, match)/together(1, o.Round/8, match))
		natives = append(natives, together(2, o.Round/8, native)/together(1, o.Round/8, native))
	}
	return Scaling{Match: median(matches), Native: median(natives)}
}

// together runs n loops side by side for some time and returns how often they went round
// in a second.
func together(n int, d time.Duration, loop func(done *atomic.Bool) int) float64 {
	var done atomic.Bool
	var all atomic.Int64
	var loops sync.WaitGroup
	start := time.Now()
	for range n {
		loops.Go(func() { all.Add(int64(loop(&done))) })
	}
	timer := time.AfterFunc(d, func() { done.Store(true) })
	loops.Wait()
	timer.Stop()
	return float64(all.Load()) / time.Since(start).Seconds()
}

func median(figures []float64) float64 {
	slices.Sort(figures)
	return figures[len(figures)/2]
}

func (p *printer) scaling(o Options) {
	if runtime.GOMAXPROCS(0) < 2 {
		p.line("\ntwo cores: there is one")
		return
	}
	five := workload.ByName("five")
	rules, err := workload.Compile(five.Rules(o.size(10_000)))
	if err != nil {
		p.err = err
		return
	}
	m, _ := matcher.New(rules)
	s := scale(m, five.Events(1, five.Count), o)
	p.line("\ntwo cores match %.2f times as much as one; independent loops do %.2f times as much: %.2f", s.Match, s.Native, s.Match/s.Native)
}

package bench

import (
	"time"

	"github.com/tocsin-engine/tocsin/rules/matcher"
	"github.com/tocsin-engine/tocsin/rules/matcher/workload"
)

// Changes is the processor time of one change among many rules.
type Changes struct {
	Add, Replace, Remove time.Duration
}

// change adds as many rules as are given, one by one, to a matcher of them, replaces what
// was there and removes it again.
func change(rules []matcher.Rule) Changes {
	m, _ := matcher.New(rules)
	n := len(rules)
	each := func(f func(i int)) time.Duration {
		start := cpu()
		for i := range n {
			f(i)
		}
		return (cpu() - start) / time.Duration(n)
	}
	var c Changes
	c.Add = each(func(i int) { m.Add(rules[i]) })
	c.Replace = each(func(i int) { m.Replace(i, rules[n-1-i]) })
	c.Remove = each(func(i int) { m.Remove(n + i) })
	return c
}

// changes writes what changes cost, and what loading rules from their text costs.
func (p *printer) changes(o Options) {
	for _, n := range []int{1_000, 100_000} {
		rules, err := workload.Compile(workload.Five(o.size(n)))
		if err != nil {
			p.err = err
			return
		}
		c := change(rules)
		p.line("a change among %d rules: add %.1f µs, replace %.1f µs, remove %.1f µs", len(rules), micro(c.Add), micro(c.Replace), micro(c.Remove))
	}
	written := workload.Mixed(o.size(10_000))
	start := cpu()
	rules, err := workload.Compile(written)
	if err != nil {
		p.err = err
		return
	}
	compiled := cpu()
	matcher.New(rules)
	p.line("loading %d mixed rules: %d ms to compile them, %d ms to make the index", len(rules), (compiled - start).Milliseconds(), (cpu() - compiled).Milliseconds())
}

func micro(d time.Duration) float64 { return float64(d) / 1000 }

package matcher

import (
	"math"

	"github.com/tocsin-engine/tocsin/rules/pattern"
)

// choose finds the witness of a conjunction, the check under which it hangs in the index:
// every event that satisfies it meets one of the check's keys, and few others do. There is
// none if every field may be absent or nothing is known. It also chooses the guard.
func (c *chooser) choose(conj *conjunction) {
	conj.witness = -1
	least := 0.0
	for i := range conj.checks {
		if conj.checks[i].field.MayBeAbsent {
			continue
		}
		if cost := c.costOf(&conj.checks[i]); conj.witness < 0 || cost < least {
			least, conj.witness = cost, int32(i+1)
		}
	}
	c.guard(conj)
}

// witness collects the cheapest key of each test: any of them may be the one that holds.
// The keys are valid until the next call.
func (c *chooser) witness(f *check) []key {
	c.best = c.best[:0]
	for i := range f.field.Tests {
		c.best = append(c.best, c.cheapest(&f.field.Tests[i], f.path))
	}
	return c.best
}

// costOf is how likely an event meets the witness that a check would be.
func (c *chooser) costOf(f *check) (cost float64) {
	for i := range f.field.Tests {
		k := c.cheapest(&f.field.Tests[i], f.path)
		cost += c.cost(&k, f.path)
	}
	return cost
}

// cheapest is the key of a test that the fewest events meet.
func (c *chooser) cheapest(t *pattern.Test, path int32) key {
	c.keys = keysOf(c.keys[:0], t)
	best := 0
	if len(c.keys) > 1 {
		least := math.Inf(1)
		for k := range c.keys {
			if cost := c.cost(&c.keys[k], path); cost < least {
				best, least = k, cost
			}
		}
	}
	return c.keys[best]
}

package matcher

import (
	"math"

	"github.com/tocsin-engine/tocsin/rules/pattern"
)

// tally is what the rules say about one path: how many have a key of each form, and
// where their ranges lie. It stands in for what cannot be known, the events.
type tally struct {
	rules     [forms]int32
	low, high float64 // of the ranges with two ends
}

func (t *tally) add(k *key, n int32) {
	t.rules[k.form] += n
	if k.form == byRange && !math.IsInf(k.span.low, 0) && !math.IsInf(k.span.high, 0) {
		t.low, t.high = min(t.low, k.span.low), max(t.high, k.span.high)
	}
}

// cost guesses how likely an event meets the key. rules is how many rules have it: what
// is named often is taken to come often. A few imagined rules more keep the first ones
// from looking certain.
func (t *tally) cost(k *key, rules int32) float64 {
	const imagined = 20
	share := float64(rules+1) / float64(t.rules[k.form]+imagined)
	switch k.form {
	case byText, byAddress, byFolded:
		return share
	case byNumber:
		return 1.5 * share
	case byLiteral: // there are three of them
		return max(0.3, share)
	case byPrefix, byFoldedPrefix:
		return max(share, chance(len(k.text)))
	case bySuffix, byFoldedSuffix:
		return 1.2 * max(share, chance(len(k.text)))
	case byGram: // it may stand in many places
		return max(share, min(1, 20*chance(k.size)))
	case byRange:
		return t.rangeCost(k.span)
	case byBlock:
		return max(share, math.Exp2(-float64(k.net.Bits())/3))
	}
	return 1
}

// chance is how likely a text of n bytes stands at one place of another: letters are
// not random, so that each counts for less than it could.
func chance(n int) float64 { return math.Pow(8, -float64(n)) }

// rangeCost takes values to be spread over all that the path's ranges cover, if there
// are enough of them to tell.
func (t *tally) rangeCost(s span) float64 {
	const enough = 8
	width, all := s.high-s.low, t.high-t.low
	switch {
	case math.IsInf(width, 0):
		return 0.5
	case t.rules[byRange] < enough || !(all > 0):
		return 0.2
	}
	return max(width/all, 1e-4)
}

// chooser picks witnesses.
type chooser struct {
	rules   map[uint64]int32 // how many have a key, by its hash with the path
	tallies []tally          // by path
	// keys and best are memory that is used again.
	keys, best []key
}

// count adds the keys of a conjunction, n times.
func (c *chooser) count(conj *conjunction, n int32) {
	for i := range conj.checks {
		check := &conj.checks[i]
		for len(c.tallies) <= int(check.path) {
			c.tallies = append(c.tallies, tally{low: math.Inf(1), high: math.Inf(-1)})
		}
		for j := range check.field.Tests {
			c.keys = keysOf(c.keys[:0], &check.field.Tests[j])
			for k := range c.keys {
				c.tallies[check.path].add(&c.keys[k], n)
				h := c.keys[k].hash(check.path)
				if c.rules[h] += n; c.rules[h] <= 0 {
					delete(c.rules, h)
				}
			}
		}
	}
}

// cost is that of a test's key at a path.
func (c *chooser) cost(k *key, path int32) float64 {
	if int(path) >= len(c.tallies) {
		return 1
	}
	return c.tallies[path].cost(k, c.rules[k.hash(path)])
}

// likely says whether a test holds of nearly everything that is there.
func likely(tests []pattern.Test) bool {
	var keys []key
	for i := range tests {
		keys = keysOf(keys, &tests[i])
	}
	for i := range keys {
		if keys[i].form == byPresence {
			return true
		}
	}
	return false
}

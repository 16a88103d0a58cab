package matcher

// witness is where a conjunction hangs in the index: the keys of one of its fields, at
// least one of which is met by every event that satisfies it.
type witness struct {
	path int32
	keys []key
	cost float64
}

// choose finds the cheapest witness; ok is false if there is none, because every field
// may be absent or nothing is known. The keys are valid until the next call. A choice
// that was made before stands.
func (c *chooser) choose(conj *conjunction) (best witness, ok bool) {
	if conj.witness > 0 {
		return c.witness(&conj.checks[conj.witness-1]), true
	}
	if conj.witness < 0 {
		return witness{}, false
	}
	conj.witness = -1
	for i := range conj.checks {
		if conj.checks[i].field.MayBeAbsent {
			continue
		}
		if w := c.witness(&conj.checks[i]); !ok || w.cost < best.cost {
			best, ok, conj.witness = w, true, int32(i+1)
			c.best, c.other = c.other, c.best
		}
	}
	return best, ok
}

// witness collects the cheapest key of each test: any of them may be the one that
// holds.
func (c *chooser) witness(f *check) witness {
	w := witness{path: f.path, keys: c.other[:0]}
	for i := range f.field.Tests {
		c.keys = keysOf(c.keys[:0], &f.field.Tests[i])
		best, least := 0, 0.0
		for k := range c.keys {
			cost := c.cost(&c.keys[k], f.path)
			if k == 0 || cost < least {
				best, least = k, cost
			}
		}
		w.keys = append(w.keys, c.keys[best])
		w.cost += least
	}
	c.other = w.keys
	return w
}

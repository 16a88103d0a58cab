package matcher

import (
	"math"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// guard is a further exact value that a conjunction needs, besides its witness: the
// number of its bit in the event's values, 0 for none. Where many rules share a witness,
// or have a wide one, it turns away nearly all of the candidates that are none, before
// anything of them is looked at.
type guard uint16

// values are the exact values of an event that guards ask for: a set of bits, so that
// some that are not there seem to be, which verification decides.
type values [valuesSize / 64]uint64

const valuesSize = 1 << 12

func (v *values) has(g guard) bool { return v[g>>6]&(1<<(g&63)) != 0 }
func (v *values) add(g guard)      { v[g>>6] |= 1 << (g & 63) }

// guardOf is the bit of a value at a path, by its hash. The first one is left to mean that
// there is none.
func guardOf(path int32, hash uint64) guard {
	return max(1, guard((hash^uint64(path))*spread>>(64-12)))
}

// guard is the bit of a key, 0 if it is not an exact text or number.
func (k *key) guard(path int32) guard {
	switch k.form {
	case byText:
		return guardOf(path, textHash(k.text))
	case byNumber:
		return guardOf(path, numberHash(k.number))
	}
	return 0
}

// note adds the values of a path.
func (x *matching) note(path int32) {
	for leaf := x.leaves.First(path); leaf != nil; leaf = x.leaves.Next(leaf) {
		switch leaf.Kind {
		case event.String:
			x.values.add(guardOf(path, x.hash(leaf)))
		case event.Number:
			x.values.add(guardOf(path, numberHash(x.leaves.Value(leaf).Number())))
		}
	}
}

// enough is how many conjunctions there must be in a level: verifying a few costs less
// than noting an event's values.
const enough = 64

// useful is how likely the value of a guard may come at most: one that most events have
// turns nobody away.
const useful = 0.25

// guard picks the rarest exact value of a conjunction besides its witness.
func (c *chooser) guard(conj *conjunction) {
	least := useful
	for i := range conj.checks {
		check := &conj.checks[i]
		if i == int(conj.witness)-1 || i > math.MaxInt16 || check.field.MayBeAbsent || len(check.field.Tests) != 1 {
			continue
		}
		keys := keysOf(c.keys[:0], &check.field.Tests[0])
		if cost := c.cost(&keys[0], check.path); len(keys) == 1 && cost < least {
			if bit := keys[0].guard(check.path); bit != 0 {
				least, conj.guard, conj.guarded = cost, bit, int16(i)
			}
		}
		c.keys = keys
	}
}

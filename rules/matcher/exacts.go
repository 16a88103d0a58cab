package matcher

import (
	"hash/maphash"
	"math"
	"math/bits"

	"github.com/tocsin-engine/tocsin/rules/pattern"
)

// exacts finds exact values by their hash alone. The values themselves are not kept: two
// of the same hash share their conjunctions, and what is found is verified anyway. Among
// 100,000 texts a look-up so waits for memory once, where a map waits three times.
type exacts struct {
	slots []exactSlot // a power of two, at most half of them used
}

// exactSlot is free while its ref is 0.
type exactSlot struct {
	tag uint32 // the upper half of the hash; the lower one says where to look first
	ref ref
}

var seed = maphash.MakeSeed()

// textHash is what a text is entered under.
func textHash(text string) uint64 { return maphash.String(seed, text) }

// hashOf is the hash of an event's text.
func hashOf(text []byte) uint64 { return maphash.Bytes(seed, text) }

// numberHash is what a number is entered under. Some numbers that differ by less than a
// double can tell have the same.
func numberHash(n pattern.Number) uint64 {
	h := math.Float64bits(n.Float()) * spread
	return h ^ h>>32
}

// hashed is a conjunction that hangs under a value.
type hashed struct {
	hash        uint64
	conjunction int32
}

func newExacts(p *postings, all []hashed) *exacts {
	t := &exacts{slots: make([]exactSlot, 1<<bits.Len(uint(2*len(all)-1)))}
	for _, h := range all {
		s := t.slot(h.hash)
		s.tag, s.ref = uint32(h.hash>>32), p.add(s.ref, h.conjunction)
	}
	return t
}

// slot returns the hash's slot, or the free one where it would be.
func (t *exacts) slot(hash uint64) *exactSlot {
	mask := uint64(len(t.slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		if s := &t.slots[i]; s.ref == 0 || s.tag == uint32(hash>>32) {
			return s
		}
	}
}

func (t *exacts) find(hash uint64) ref { return t.slot(hash).ref }

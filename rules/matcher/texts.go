package matcher

import (
	"hash/maphash"
	"math/bits"
)

// texts finds exact texts by their hash alone. The texts themselves are not kept: two of
// the same hash share their conjunctions, and what is found is verified anyway. Among
// 100,000 texts a look-up so waits for memory once, where a map waits three times.
type texts struct {
	slots []textSlot // a power of two, at most half of them used
}

// textSlot is free while its ref is 0.
type textSlot struct {
	tag uint32 // the upper half of the hash; the lower one says where to look first
	ref ref
}

var seed = maphash.MakeSeed()

// textHash is what a text is entered under.
func textHash(text string) uint64 { return maphash.String(seed, text) }

// hashed is a conjunction that hangs under a text.
type hashed struct {
	hash        uint64
	conjunction int32
}

func newTexts(p *postings, all []hashed) *texts {
	t := &texts{slots: make([]textSlot, 1<<bits.Len(uint(2*len(all)-1)))}
	for _, h := range all {
		s := t.slot(h.hash)
		s.tag, s.ref = uint32(h.hash>>32), p.add(s.ref, h.conjunction)
	}
	return t
}

// slot returns the hash's slot, or the free one where it would be.
func (t *texts) slot(hash uint64) *textSlot {
	mask := uint64(len(t.slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		if s := &t.slots[i]; s.ref == 0 || s.tag == uint32(hash>>32) {
			return s
		}
	}
}

func (t *texts) find(text []byte) ref { return t.slot(maphash.Bytes(seed, text)).ref }

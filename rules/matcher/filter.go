package matcher

// bitFilter is a filter of bits: it says of most values that were not added that they were not. It
// has at least 16 bits for each value, so that it is wrong about one in sixteen.
type bitFilter struct {
	words []uint64
	shift uint
}

func newBits(values int) bitFilter {
	log := uint(9)
	for 1<<log < 16*values {
		log++
	}
	return bitFilter{make([]uint64, 1<<(log-6)), 64 - log}
}

func (b *bitFilter) add(v uint64) {
	h := b.hash(v)
	b.words[h>>6] |= 1 << (h & 63)
}

func (b *bitFilter) has(v uint64) bool {
	h := b.hash(v)
	return b.words[h>>6]&(1<<(h&63)) != 0
}

func (b *bitFilter) hash(v uint64) uint64 { return v * spread >> b.shift }

// spread is the golden ratio: multiplied by it, numbers that differ little differ much.
const spread = 0x9e3779b97f4a7c15

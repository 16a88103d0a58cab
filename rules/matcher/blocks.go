package matcher

import (
	"cmp"
	"encoding/binary"
	"net/netip"
	"slices"
)

// blocks finds all blocks of one family that an address lies in. Blocks are prefixes of
// bits, so this is prefixes over bits: a binary search and a climb through the blocks
// around. IPv4 and IPv6 have one each and never mix.
type blocks struct {
	starts []uint64 // the high half of each key's address: what is searched
	keys   []blockKey
}

type blockKey struct {
	high, low uint64
	parent    int32
	ref       ref
	bits      uint8
}

func newBlocks(refs map[netip.Prefix]ref) *blocks {
	b := &blocks{keys: make([]blockKey, 0, len(refs))}
	for net, r := range refs {
		high, low := addressBits(net.Addr())
		b.keys = append(b.keys, blockKey{high: high, low: low, bits: uint8(net.Bits()), ref: r})
	}
	slices.SortFunc(b.keys, func(x, y blockKey) int {
		return cmp.Or(cmp.Compare(x.high, y.high), cmp.Compare(x.low, y.low), cmp.Compare(x.bits, y.bits))
	})
	b.starts = make([]uint64, len(b.keys))
	for i := range b.keys {
		parent := int32(i - 1)
		for parent >= 0 && !b.keys[parent].holds(b.keys[i].high, b.keys[i].low) {
			parent = b.keys[parent].parent
		}
		b.keys[i].parent, b.starts[i] = parent, b.keys[i].high
	}
	return b
}

// addressBits are the bits of an address, from the highest on.
func addressBits(a netip.Addr) (high, low uint64) {
	if a.Is4() {
		b := a.As4()
		return uint64(binary.BigEndian.Uint32(b[:])) << 32, 0
	}
	b := a.As16()
	return binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])
}

func (k *blockKey) holds(high, low uint64) bool {
	if k.bits <= 64 {
		return (high^k.high)>>(64-k.bits) == 0
	}
	return high == k.high && (low^k.low)>>(128-k.bits) == 0
}

// find calls hit for each block that the address lies in.
func (b *blocks) find(a netip.Addr, hit func(ref)) {
	high, low := addressBits(a)
	from, to := 0, len(b.keys)
	for from < to {
		mid := int(uint(from+to) >> 1)
		if start := b.starts[mid]; start < high || start == high && b.keys[mid].low <= low {
			from = mid + 1
		} else {
			to = mid
		}
	}
	for i := int32(from - 1); i >= 0; i = b.keys[i].parent {
		if k := &b.keys[i]; k.holds(high, low) {
			hit(k.ref)
		}
	}
}

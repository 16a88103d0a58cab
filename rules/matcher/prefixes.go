package matcher

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strings"
)

// prefixes finds all keys that a text begins with. The keys are sorted; each knows the
// longest other key that it begins with. The keys that a text begins with are then the
// last key that is not greater than the text, or one of those that that one begins
// with: a binary search and a short climb, however many keys there are. Before that a
// filter of bits sends most texts away, by as many of their first bytes as all keys have.
type prefixes struct {
	heads  []uint64 // the first eight bytes of each key, as a big-endian number
	keys   []prefixKey
	mask   uint64 // of the bytes of a head that the filter knows
	filter bitFilter
}

type prefixKey struct {
	text   string
	parent int32 // index of the longest key that text begins with, or -1
	ref    ref
}

// newPrefixes makes the index of a map's keys, of which none is empty.
func newPrefixes(refs map[string]ref) *prefixes {
	p := &prefixes{keys: make([]prefixKey, 0, len(refs)), heads: make([]uint64, len(refs)), filter: newBits(len(refs))}
	shortest := 8
	for text, r := range refs {
		p.keys = append(p.keys, prefixKey{text: text, ref: r})
		shortest = min(shortest, len(text))
	}
	p.mask = ^uint64(0) << (64 - 8*shortest)
	slices.SortFunc(p.keys, func(a, b prefixKey) int { return cmp.Compare(a.text, b.text) })
	for i := range p.keys {
		k := &p.keys[i]
		p.heads[i] = headOf([]byte(k.text))
		p.filter.add(p.heads[i] & p.mask)
		k.parent = int32(i - 1)
		for k.parent >= 0 && !strings.HasPrefix(k.text, p.keys[k.parent].text) {
			k.parent = p.keys[k.parent].parent
		}
	}
	return p
}

// headOf are the first eight bytes of a text, with zeros after a shorter one. A text with
// zeros of its own can only look like a longer or shorter one, which the texts decide.
func headOf(text []byte) (head uint64) {
	if len(text) >= 8 {
		return binary.BigEndian.Uint64(text)
	}
	for i := range min(8, len(text)) {
		head |= uint64(text[i]) << (56 - 8*i)
	}
	return head
}

// find calls hit for each key that text begins with.
func (p *prefixes) find(text []byte, hit func(ref)) {
	head := headOf(text)
	if !p.filter.has(head & p.mask) {
		return
	}
	low, high := 0, len(p.keys) // keys[low-1] <= text < keys[high]
	for low < high {
		mid := int(uint(low+high) >> 1)
		if h := p.heads[mid]; h < head || h == head && p.keys[mid].text <= string(text) {
			low = mid + 1
		} else {
			high = mid
		}
	}
	for i := int32(low - 1); i >= 0; i = p.keys[i].parent {
		if k := &p.keys[i]; len(text) >= len(k.text) && string(text[:len(k.text)]) == k.text {
			hit(k.ref)
		}
	}
}

// reverse returns s back to front: a suffix is a prefix of that.
func reverse(b, s []byte) []byte {
	for i := len(s) - 1; i >= 0; i-- {
		b = append(b, s[i])
	}
	return b
}

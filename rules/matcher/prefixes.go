package matcher

import (
	"cmp"
	"slices"
	"strings"
)

// prefixes finds all keys that a text begins with. The keys are sorted; each knows the
// longest other key that it begins with. The keys that a text begins with are then the
// last key that is not greater than the text, or one of those that that one begins
// with: a binary search and a short climb, however many keys there are.
type prefixes struct {
	keys []prefixKey
}

type prefixKey struct {
	text   string
	head   uint64 // the first eight bytes as a big-endian number, for a faster search
	parent int32  // index of the longest key that text begins with, or -1
	ref    ref
}

// newPrefixes makes the index of a map's keys.
func newPrefixes(refs map[string]ref) *prefixes {
	p := &prefixes{keys: make([]prefixKey, 0, len(refs))}
	for text, r := range refs {
		p.keys = append(p.keys, prefixKey{text: text, head: headOf([]byte(text)), ref: r})
	}
	slices.SortFunc(p.keys, func(a, b prefixKey) int {
		return cmp.Or(cmp.Compare(a.head, b.head), cmp.Compare(a.text, b.text))
	})
	for i := range p.keys {
		parent := int32(i - 1)
		for parent >= 0 && !strings.HasPrefix(p.keys[i].text, p.keys[parent].text) {
			parent = p.keys[parent].parent
		}
		p.keys[i].parent = parent
	}
	return p
}

func headOf(text []byte) (head uint64) {
	for i := range min(8, len(text)) {
		head |= uint64(text[i]) << (56 - 8*i)
	}
	return head
}

// find calls hit for each key that text begins with.
func (p *prefixes) find(text []byte, hit func(ref)) {
	head := headOf(text)
	low, high := 0, len(p.keys) // keys[low-1] <= text < keys[high]
	for low < high {
		mid := int(uint(low+high) >> 1)
		if k := &p.keys[mid]; k.head < head || k.head == head && k.text <= string(text) {
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

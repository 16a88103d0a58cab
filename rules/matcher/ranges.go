package matcher

import (
	"cmp"
	"slices"
)

// span is a range of doubles, both ends included: rounding a range's ends to doubles and
// counting them in can only make it wider, and a wider range is verified anyway.
type span struct {
	low, high float64
}

// ranges finds all spans that hold a number. The spans are sorted by their low end and
// read as a balanced tree (the middle one is the root); each knows the highest end in
// its subtree, so a subtree that ends below the number is passed over.
type ranges struct {
	spans []rangeKey
}

type rangeKey struct {
	span
	highest float64
	ref     ref
}

func newRanges(refs map[span]ref) *ranges {
	r := &ranges{spans: make([]rangeKey, 0, len(refs))}
	for s, at := range refs {
		r.spans = append(r.spans, rangeKey{s, s.high, at})
	}
	slices.SortFunc(r.spans, func(a, b rangeKey) int {
		return cmp.Or(cmp.Compare(a.low, b.low), cmp.Compare(a.high, b.high))
	})
	raise(r.spans)
	return r
}

// raise sets highest in a subtree and returns it.
func raise(spans []rangeKey) float64 {
	mid := len(spans) / 2
	root := &spans[mid]
	if mid > 0 {
		root.highest = max(root.highest, raise(spans[:mid]))
	}
	if mid+1 < len(spans) {
		root.highest = max(root.highest, raise(spans[mid+1:]))
	}
	return root.highest
}

// find calls hit for each span that holds x.
func (r *ranges) find(x float64, hit func(ref)) { stab(r.spans, x, hit) }

func stab(spans []rangeKey, x float64, hit func(ref)) {
	for len(spans) > 0 {
		mid := len(spans) / 2
		root := &spans[mid]
		if root.highest < x {
			return
		}
		if x < root.low {
			spans = spans[:mid]
			continue
		}
		if x <= root.high {
			hit(root.ref)
		}
		stab(spans[:mid], x, hit)
		spans = spans[mid+1:]
	}
}

package matcher

import "slices"

// span is a range of doubles, both ends included: rounding a range's ends to doubles and
// counting them in can only make it wider, and a wider range is verified anyway.
type span struct {
	low, high float64
}

// ranges finds all spans that hold a number: a segment tree. The ends of all spans cut the
// numbers into pieces, an end or what lies between two. Over the pieces stands a binary
// tree, and a span hangs at the few nodes that together cover exactly its pieces. So a
// number is found by a binary search and a climb to the root, each node of which is a hit
// or empty, however the spans overlap.
type ranges struct {
	ends []float64
	// nodes is the tree: the children of node i are 2i and 2i+1, the pieces are the last
	// half.
	nodes []ref
}

func newRanges(p *postings, all []ranged) *ranges {
	r := &ranges{}
	for _, s := range all {
		r.ends = append(r.ends, s.low, s.high)
	}
	slices.Sort(r.ends)
	r.ends = slices.Compact(r.ends)
	r.nodes = make([]ref, 2*(2*len(r.ends)+1))
	for _, s := range all {
		if s.low <= s.high {
			r.add(p, s)
		}
	}
	return r
}

// ranged is a conjunction that hangs under a span.
type ranged struct {
	span
	conjunction int32
}

// add hangs a span at the nodes that cover it, from the pieces upwards.
func (r *ranges) add(p *postings, s ranged) {
	from, to := r.piece(s.low), r.piece(s.high)+1
	for ; from < to; from, to = from/2, to/2 {
		if from%2 == 1 {
			r.nodes[from] = p.add(r.nodes[from], s.conjunction)
			from++
		}
		if to%2 == 1 {
			to--
			r.nodes[to] = p.add(r.nodes[to], s.conjunction)
		}
	}
}

// piece is the node of the piece that x is in.
func (r *ranges) piece(x float64) int {
	from, to := 0, len(r.ends) // ends[from-1] < x <= ends[to]
	for from < to {
		if mid := (from + to) / 2; r.ends[mid] < x {
			from = mid + 1
		} else {
			to = mid
		}
	}
	piece := 2 * from
	if from < len(r.ends) && r.ends[from] == x {
		piece++
	}
	return len(r.nodes)/2 + piece
}

// find calls hit for each span that holds x.
func (r *ranges) find(x float64, hit func(ref)) {
	for i := r.piece(x); i > 0; i /= 2 {
		if r.nodes[i] != 0 {
			hit(r.nodes[i])
		}
	}
}

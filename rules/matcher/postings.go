package matcher

// ref is what an index holds for a key: nothing (0), one conjunction (its number plus
// 1), or a list of them (below 0). Most keys have one, so most lists are never made.
type ref int32

// postings holds the lists of one level.
type postings struct {
	lists [][]int32
}

// add returns r with one more conjunction.
func (p *postings) add(r ref, conjunction int32) ref {
	switch {
	case r == 0:
		return ref(conjunction + 1)
	case r > 0:
		p.lists = append(p.lists, []int32{int32(r) - 1, conjunction})
		return ref(-len(p.lists))
	}
	list := &p.lists[-r-1]
	if last := (*list)[len(*list)-1]; last != conjunction {
		*list = append(*list, conjunction)
	}
	return r
}

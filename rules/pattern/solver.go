package pattern

import "slices"

// Solver decides whether all fields of an alternative hold at once. It keeps its memory
// from one call to the next; the zero Solver is ready. It is not safe for concurrent
// use.
type Solver struct {
	leaves *Leaves
	fields []Located
	hits   []hit
	words  int
	arena  []uint64
	// absentable are the fields that may be absent.
	absentable set
	// tangled is set when two lists of one element both have leaves of one field, which
	// takes member names with dots (or a repeated name) in the event.
	tangled bool
	search
}

// hit is one leaf of one field.
type hit struct {
	context int32
	field   int32
	holds   bool
}

// Match says whether the fields hold in the leaves, which were read with the paths that
// the fields were located in.
func (s *Solver) Match(fields []Located, leaves *Leaves) bool {
	s.gaveUp = false
	scattered, all := 0, true
	for i := range fields {
		holds, inLists := fields[i].Look(leaves)
		if inLists {
			scattered++
		}
		if !holds {
			if !inLists || !fields[i].MayBeAbsent {
				return false
			}
			all = false // it may still be absent in the element that the others are in
		}
	}
	if scattered <= 1 { // nothing that could rule another field's element out
		return all
	}
	return s.Consistent(fields, leaves)
}

// Look says whether the field holds by itself, and whether it has leaves inside of
// lists, which other fields may rule out or be ruled out by.
func (f *Located) Look(leaves *Leaves) (holds, inLists bool) {
	leaf := leaves.First(f.Path)
	if leaf == nil {
		return f.MayBeAbsent, false
	}
	for ; leaf != nil; leaf = leaves.Next(leaf) {
		if leaf.Context != 0 {
			inLists = true
		}
		if !holds {
			holds = f.Holds(leaves.Value(leaf))
		}
	}
	return holds, inLists
}

// Decided says whether the last answer was found out; where it was not, it was no, and
// ErrTangled says why.
func (s *Solver) Decided() bool { return !s.gaveUp }

// Consistent looks for a choice of list elements in which all fields hold.
//
// The contexts of an event are a tree: an element is inside the element (or the event)
// that holds its list. To choose leaves that agree is to choose at most one element of
// each list, beginning at the root. What one list can contribute does not depend on
// what its neighbours contribute, because the leaves of a field are all below one of
// them; so every context is visited once and the work is linear in the leaves times
// their depth. Only tangled events break that; they are searched, within a bound.
func (s *Solver) Consistent(fields []Located, leaves *Leaves) bool {
	s.fields, s.leaves, s.tangled, s.gaveUp = fields, leaves, false, false
	s.words, s.arena = (len(fields)+63)/64, s.arena[:0]
	s.absentable = s.set(nil)
	need := s.set(nil)
	s.hits = s.hits[:0]
	for i := range fields {
		need.add(int32(i))
		if fields[i].MayBeAbsent {
			s.absentable.add(int32(i))
		}
		for leaf := leaves.First(fields[i].Path); leaf != nil; leaf = leaves.Next(leaf) {
			s.hits = append(s.hits, hit{leaf.Context, int32(i), fields[i].Holds(leaves.Value(leaf))})
		}
	}
	slices.SortFunc(s.hits, func(a, b hit) int { return int(a.context - b.context) })
	tied, absent := s.solve(0, s.hits, need, s.set(nil), s.set(nil))
	if s.tangled {
		return s.searchAll()
	}
	return tied || absent
}

// solve looks at one context and everything inside of it, whose leaves are hits.
//
// need are the fields that must hold or be absent here; optional hold further out
// already; blocked have a leaf further out, so they cannot be absent. tied: they can,
// with a leaf from here chosen, which ties the lists further out to this element.
// absent: they can because none of them has a leaf here.
func (s *Solver) solve(context int32, hits []hit, need, optional, blocked set) (tied, absent bool) {
	mark := len(s.arena)
	defer func() { s.arena = s.arena[:mark] }()

	own, here := s.set(nil), s.set(nil)
	for len(hits) > 0 && hits[0].context == context {
		here.add(hits[0].field)
		if hits[0].holds {
			own.add(hits[0].field)
		}
		hits = hits[1:]
	}
	tied = own.meets(need) || own.meets(optional)
	absent = !own.meets(need)
	rest := s.set(need).without(own)
	optional = s.set(optional).with(own)
	blocked = s.set(blocked).with(here)
	found, failed := s.set(nil), false // found have leaves further in
	for len(hits) > 0 {
		n := s.listEnd(context, hits)
		listed := s.set(nil)
		for _, h := range hits[:n] {
			listed.add(h.field)
		}
		s.tangled = s.tangled || listed.meets(found)
		found.with(listed)
		list := hits[:n]
		if hits = hits[n:]; failed {
			continue // only to see whether it is tangled
		}
		optional := s.set(optional).only(listed)
		if listed.only(rest); !listed.empty() {
			absent = false
		}
		if s.anyElement(context, list, listed, optional, blocked) {
			tied = true
		} else if !listed.empty() {
			failed = true
		}
	}
	if failed {
		return false, false
	}
	// What has no leaf at all must be allowed to be absent.
	if rest.without(found).meets(blocked) || !rest.without(s.absentable).empty() {
		return false, false
	}
	return tied, absent
}

// anyElement says whether one element of a list ties.
func (s *Solver) anyElement(context int32, hits []hit, need, optional, blocked set) bool {
	for len(hits) > 0 {
		element := s.below(context, hits[0].context)
		n := s.inside(element, hits)
		if tied, _ := s.solve(element, hits[:n], need, optional, blocked); tied {
			return true
		}
		hits = hits[n:]
	}
	return false
}

// listEnd says how many of hits are in the list that the first one is in.
func (s *Solver) listEnd(context int32, hits []hit) int {
	element := s.below(context, hits[0].context)
	list := s.leaves.Contexts[element].List
	n := 0
	for {
		n += s.inside(element, hits[n:])
		if n == len(hits) {
			return n
		}
		if element = s.below(context, hits[n].context); s.leaves.Contexts[element].List != list {
			return n
		}
	}
}

// below returns the element directly in context that holds inner.
func (s *Solver) below(context, inner int32) int32 {
	for s.leaves.Contexts[inner].Parent != context {
		inner = s.leaves.Contexts[inner].Parent
	}
	return inner
}

// inside says how many of hits, sorted, are within element.
func (s *Solver) inside(element int32, hits []hit) int {
	end := s.leaves.Contexts[element].End
	n := 0
	for n < len(hits) && hits[n].context < end {
		n++
	}
	return n
}

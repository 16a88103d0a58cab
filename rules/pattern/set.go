package pattern

// set is a set of field numbers; all sets of one Solver call are equally long.
type set []uint64

// set makes a copy of other, or an empty set, in the solver's memory.
func (s *Solver) set(other set) set {
	n := len(s.arena)
	for i := range s.words {
		var w uint64
		if other != nil {
			w = other[i]
		}
		s.arena = append(s.arena, w)
	}
	return s.arena[n:len(s.arena):len(s.arena)]
}

func (a set) add(i int32) { a[i/64] |= 1 << (i % 64) }

// with adds b to a, without takes it away, only leaves what is in both.
func (a set) with(b set) set {
	for i := range a {
		a[i] |= b[i]
	}
	return a
}

func (a set) without(b set) set {
	for i := range a {
		a[i] &^= b[i]
	}
	return a
}

func (a set) only(b set) set {
	for i := range a {
		a[i] &= b[i]
	}
	return a
}

func (a set) meets(b set) bool {
	for i := range a {
		if a[i]&b[i] != 0 {
			return true
		}
	}
	return false
}

func (a set) empty() bool {
	for _, w := range a {
		if w != 0 {
			return false
		}
	}
	return true
}

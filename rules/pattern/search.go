package pattern

import (
	"errors"
	"slices"
)

// ErrTangled means that it was not found out whether an event matches: names with dots put
// several of its lists at one path, so that each of them may give any of the fields, and
// there are too many ways to choose.
var ErrTangled = errors.New("pattern: the event's lists are tangled by names with dots; not decided within 10,000 steps")

// maxSteps bounds the search through a tangled event. To choose elements of tangled lists
// such that all fields hold is as hard as to satisfy a formula, so that there is an event
// for every bound; this one is beyond a dozen fields in a dozen lists that make sense.
const maxSteps = 10_000

// search is the memory of trying leaf after leaf for each field.
type search struct {
	// order has the fields with their hits, those with the fewest leaves that hold first:
	// what cannot be is found out soon.
	order []searched
	// chosen is the context of each field's leaf, -1 where none is chosen.
	chosen []int32
	steps  int
	gaveUp bool
}

type searched struct {
	field    int32
	holding  int
	from, to int // in hits
}

// searchAll is right for every event and slow for some, so that it is kept for the tangled
// ones.
func (s *Solver) searchAll() bool {
	slices.SortFunc(s.hits, func(a, b hit) int {
		if a.field != b.field {
			return int(a.field - b.field)
		}
		return int(a.context - b.context)
	})
	s.order, s.chosen, s.steps = s.order[:0], s.chosen[:0], 0
	at := 0
	for field := range int32(len(s.fields)) {
		f := searched{field: field, from: at}
		for ; at < len(s.hits) && s.hits[at].field == field; at++ {
			if s.hits[at].holds {
				f.holding++
			}
		}
		f.to = at
		s.order, s.chosen = append(s.order, f), append(s.chosen, -1)
	}
	slices.SortFunc(s.order, func(a, b searched) int { return a.holding - b.holding })
	return s.choose(0)
}

// choose finds leaves for the fields from number n of the order on.
func (s *Solver) choose(n int) bool {
	if n == len(s.order) {
		return s.absencesHold()
	}
	f := &s.order[n]
	last := int32(-1)
	for _, h := range s.hits[f.from:f.to] {
		if !h.holds || h.context == last || !s.agrees(h.context) {
			continue
		}
		last = h.context
		if s.try(h.context, n) {
			return true
		}
	}
	return s.fields[f.field].MayBeAbsent && s.try(-1, n)
}

func (s *Solver) try(context int32, n int) bool {
	if s.steps++; s.steps > maxSteps {
		s.gaveUp = true
		return false
	}
	chosen := &s.chosen[s.order[n].field]
	*chosen = context
	found := s.choose(n + 1)
	*chosen = -1
	return found
}

// agrees says whether a leaf's context agrees with all that are chosen.
func (s *Solver) agrees(context int32) bool {
	for _, c := range s.chosen {
		if c >= 0 && !s.leaves.Agree(c, context) {
			return false
		}
	}
	return true
}

func (s *Solver) absencesHold() bool {
	for _, h := range s.hits {
		if s.chosen[h.field] < 0 && s.agrees(h.context) {
			return false
		}
	}
	return true
}

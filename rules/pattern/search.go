package pattern

import "slices"

// maxSteps bounds the search through a tangled event. It is enough for a dozen fields
// with a dozen leaves each of which few hold; an event that needs more does not match.
const maxSteps = 100_000

// search tries leaf after leaf for each field. It is right for every event and slow for
// some, so that it is kept for the tangled ones.
func (s *Solver) search() bool {
	slices.SortStableFunc(s.hits, func(a, b hit) int { return int(a.field - b.field) })
	s.steps, s.chosen = 0, s.chosen[:0]
	return s.choose(0, s.hits)
}

// choose finds leaves for the fields from number field on, whose hits are the first of
// hits. A field that is to be absent gets the context -1.
func (s *Solver) choose(field int32, hits []hit) bool {
	if int(field) == len(s.fields) {
		return s.absencesHold()
	}
	n := 0
	for n < len(hits) && hits[n].field == field {
		n++
	}
	for _, h := range hits[:n] {
		if h.holds && s.agrees(h.context) && s.try(h.context, field, hits[n:]) {
			return true
		}
	}
	return s.fields[field].MayBeAbsent && s.try(-1, field, hits[n:])
}

func (s *Solver) try(context, field int32, hits []hit) bool {
	if s.steps++; s.steps > maxSteps {
		return false
	}
	s.chosen = append(s.chosen, context)
	found := s.choose(field+1, hits)
	s.chosen = s.chosen[:len(s.chosen)-1]
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

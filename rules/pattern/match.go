package pattern

import (
	"sync"

	"github.com/tocsin-engine/tocsin/rules/projection"
)

// scan is what matching one pattern alone needs.
type scan struct {
	paths        projection.Paths
	alternatives [][]Located
}

type scratch struct {
	leaves Leaves
	solver Solver
	// undecided is set if an alternative that did not hold may have.
	undecided bool
}

// scratches are shared by all patterns: each is some 30 KB.
var scratches = sync.Pool{New: func() any { return new(scratch) }}

func newScan(p *Pattern) *scan {
	s := &scan{}
	for _, a := range p.alternatives {
		s.alternatives = append(s.alternatives, a.Locate(s.paths.Add))
	}
	return s
}

// Match says whether the event matches. ev is the whole event as JSON and must have
// passed event.Check. An event of which it is not found out (ErrTangled) does not.
func (p *Pattern) Match(ev []byte) bool {
	s := p.scan()
	x := scratches.Get().(*scratch)
	defer scratches.Put(x)
	x.leaves.Read(&s.paths, ev)
	return s.match(x) >= 0
}

// match returns the number of the first alternative that holds, or -1.
func (s *scan) match(x *scratch) int {
	x.undecided = false
	for i, fields := range s.alternatives {
		if x.solver.Match(fields, &x.leaves) {
			return i
		}
		x.undecided = x.undecided || !x.solver.Decided()
	}
	return -1
}

// Located is a field together with the number of its path.
type Located struct {
	*Field
	Path int32
}

// Locate asks for the number of each field's path.
func (a Alternative) Locate(number func(path string) int32) []Located {
	located := make([]Located, len(a.Fields))
	for i, f := range a.Fields {
		located[i] = Located{f, number(f.Path)}
	}
	return located
}

package matcher

import (
	"math"
	"slices"
	"sync"

	"github.com/tocsin-engine/tocsin/rules/expression"
	"github.com/tocsin-engine/tocsin/rules/pattern"
	"github.com/tocsin-engine/tocsin/rules/projection"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// matching is one event on its way through a bus's rules, and the memory for that.
type matching struct {
	leaves pattern.Leaves
	solver pattern.Solver
	// folded and reversed are a leaf's text in the forms that are looked up.
	folded, reversed []byte
	// hit is try, made once: a method value allocates.
	hit func(ref)
	// values are what guards are compared with.
	values values
	// hashes are those of the leaves' texts, 0 where nobody asked yet: levels and guards
	// share them.
	hashes []uint64

	// stamps says what has been dealt with: conjunctions, and after them the rules that
	// have several. What is decided has the stamp of the event; what did not hold in the
	// element of a list in which it was found, but may in another one, the element's stamp.
	stamps                   [][]uint32
	eventStamp, elementStamp uint32
	lastStamp                uint32 // that was given

	leaf *projection.Leaf // by which conjunctions are found, nil for those found always

	version uint64
	gone    bool // some of the rules are removed
	level   *level
	seen    []uint32 // of the level
	report  func(i int)
	tried   func(i int, t Trial) // may be nil
	// located is a conjunction's fields as the solver wants them.
	located []pattern.Located
	// failed are the rules of which it was not found out whether they match.
	failed []RuleError
	// unsure are the rules whose expressions have to be evaluated.
	unsure []*entry
}

var matchings = sync.Pool{New: func() any {
	x := &matching{}
	x.hit = x.try
	return x
}}

// run matches an event with all levels of a bus, but for the rules that it leaves in
// unsure.
func (x *matching) run(b *bus, ev []byte) {
	x.leaves.Read(b.paths, ev)
	x.gone = b.gone > 0
	clear(x.values[:])
	x.hashes = x.hashes[:0]
	for i, l := range b.levels {
		x.nextStamp()
		x.enter(i, l)
		for j := range x.leaves.All {
			leaf := &x.leaves.All[j]
			if int(leaf.Path) < len(l.paths) {
				if p := l.paths[leaf.Path]; p != nil {
					x.leaf = leaf
					x.elementStamp = x.eventStamp + 1 + uint32(leaf.Context)
					p.find(x, leaf)
				}
			}
		}
		x.leaf = nil
		for _, n := range l.always {
			x.one(n)
		}
	}
}

// hash is that of a leaf's text.
func (x *matching) hash(leaf *projection.Leaf) uint64 {
	if len(x.hashes) == 0 {
		n := len(x.leaves.All)
		x.hashes = slices.Grow(x.hashes, n)[:n]
		clear(x.hashes)
	}
	h := &x.hashes[leaf.Index]
	if *h == 0 {
		*h = hashOf(leaf.Text)
	}
	return *h
}

// nextStamp begins an event in a level.
func (x *matching) nextStamp() {
	if x.lastStamp > math.MaxUint32-uint32(len(x.leaves.Contexts))-2 {
		clear(x.stamps) // old stamps would look new
		x.lastStamp = 0
	}
	x.eventStamp = x.lastStamp + 1
	x.elementStamp = x.eventStamp
	x.lastStamp = x.eventStamp + uint32(len(x.leaves.Contexts))
}

func (x *matching) enter(i int, l *level) {
	for len(x.stamps) <= i {
		x.stamps = append(x.stamps, nil)
	}
	if n := len(l.conjunctions) + l.groups + 1; len(x.stamps[i]) < n {
		x.stamps[i] = make([]uint32, n+n/4)
	}
	x.level, x.seen = l, x.stamps[i]
	for _, path := range l.guarded {
		x.note(path)
	}
}

// try verifies the conjunctions of r that were not tried yet.
func (x *matching) try(r ref) {
	switch {
	case r > 0:
		x.one(int32(r) - 1)
	case r < 0:
		for _, n := range x.level.lists[-r-1] {
			x.one(n)
		}
	}
}

func (x *matching) one(n int32) {
	if g := x.level.guards[n]; g != 0 && !x.values.has(g) || x.seen[n] == x.eventStamp || x.seen[n] == x.elementStamp {
		return
	}
	c := &x.level.conjunctions[n]
	group := len(x.level.conjunctions) + int(c.group)
	if c.group > 0 && x.seen[group] == x.eventStamp || x.gone && !c.entry.liveAt(x.version) {
		return
	}
	if x.tried != nil {
		x.tried(int(c.index), Verified)
	}
	holds := yes
	if c.fields > 0 {
		holds = x.fieldsHold(c)
	}
	if holds == unsure {
		x.seen[n] = x.elementStamp
		return
	}
	x.seen[n] = x.eventStamp
	if holds == yes && c.hasWhen {
		holds = x.conditionsHold(c)
	}
	if holds == no {
		return
	}
	x.seen[group] = x.eventStamp // whatever it says, it says it once
	if holds == unsure {
		x.unsure = append(x.unsure, c.entry)
		return
	}
	x.report(int(c.index))
}

// evaluate runs the expressions that are left, on one environment. An error is no match.
func (x *matching) evaluate(ev event.Event) (errs []RuleError) {
	env := expression.NewEnv(ev)
	for _, e := range x.unsure {
		if x.tried != nil {
			x.tried(int(e.index), Evaluated)
		}
		env.SetRule(e.rule.Name)
		ok, err := e.rule.When.Bool(env)
		if err != nil {
			errs = append(errs, RuleError{int(e.index), err})
		} else if ok {
			x.report(int(e.index))
		}
	}
	clear(x.unsure)
	x.unsure = x.unsure[:0]
	return errs
}

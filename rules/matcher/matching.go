package matcher

import (
	"sync"

	"github.com/tocsin-engine/tocsin/rules/expression"
	"github.com/tocsin-engine/tocsin/rules/pattern"
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

	// stamps has the number of the event for what has been dealt with: conjunctions,
	// and after them the rules that have several.
	stamps [][]uint32
	stamp  uint32

	version uint64
	gone    bool // some of the rules are removed
	level   *level
	seen    []uint32 // of the level
	report  func(i int)
	tried   func(i int, t Trial) // may be nil
	// located is a conjunction's fields as the solver wants them.
	located []pattern.Located
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
	x.nextStamp()
	for i, l := range b.levels {
		x.enter(i, l)
		for j := range x.leaves.All {
			leaf := &x.leaves.All[j]
			if int(leaf.Path) < len(l.paths) {
				if p := l.paths[leaf.Path]; p != nil {
					p.find(x, leaf)
				}
			}
		}
		for _, n := range l.always {
			x.one(n)
		}
	}
}

func (x *matching) nextStamp() {
	x.stamp++
	if x.stamp == 0 { // after four billion events old stamps would look new
		clear(x.stamps)
		x.stamp = 1
	}
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
		x.values.note(path, &x.leaves)
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
	if g := x.level.guards[n]; g != 0 && !x.values.has(g) || x.seen[n] == x.stamp {
		return
	}
	x.seen[n] = x.stamp
	c := &x.level.conjunctions[n]
	group := len(x.level.conjunctions) + int(c.group)
	if c.group > 0 && x.seen[group] == x.stamp || x.gone && !c.entry.liveAt(x.version) {
		return
	}
	if x.tried != nil {
		x.tried(int(c.index), Verified)
	}
	if c.fields > 0 && !x.fieldsHold(c.checks[:c.fields]) {
		return
	}
	if c.hasWhen {
		switch x.conditionsHold(c) {
		case no:
			return
		case unsure:
			x.seen[group] = x.stamp // whatever it says, it says it once
			x.unsure = append(x.unsure, c.entry)
			return
		}
	}
	x.seen[group] = x.stamp
	x.report(int(c.index))
}

// fieldsHold is pattern.Solver.Match: it decides by itself unless two fields have leaves
// inside of lists.
func (x *matching) fieldsHold(checks []check) bool {
	scattered, all := 0, true
	for i := range checks {
		c := &checks[i]
		holds, inLists := x.look(c)
		if inLists {
			scattered++
		}
		if !holds {
			if !inLists || !c.field.MayBeAbsent {
				return false
			}
			all = false
		}
	}
	if scattered <= 1 {
		return all
	}
	x.located = x.located[:0]
	for i := range checks {
		x.located = append(x.located, pattern.Located{Field: checks[i].field, Path: checks[i].path})
	}
	return x.solver.Consistent(x.located, &x.leaves)
}

// look is pattern.Located.Look.
func (x *matching) look(c *check) (holds, inLists bool) {
	leaf := x.leaves.First(c.path)
	if leaf == nil {
		return c.field.MayBeAbsent, false
	}
	for ; leaf != nil && !(holds && inLists); leaf = x.leaves.Next(leaf) {
		inLists = inLists || leaf.Context != 0
		holds = holds || c.holds(leaf, &x.leaves)
	}
	return holds, inLists
}

type answer uint8

const (
	no answer = iota
	yes
	unsure
)

// conditionsHold says what the necessary conditions tell of the expression.
func (x *matching) conditionsHold(c *conjunction) answer {
	sure := c.exact
	for i := range c.checks[c.fields:] {
		check := &c.checks[int(c.fields)+i]
		leaf := x.leaves.First(check.path)
		if leaf == nil {
			return no
		}
		sure = sure && leaf.Plain && x.leaves.Next(leaf) == nil
		holds := false
		for ; leaf != nil && !holds; leaf = x.leaves.Next(leaf) {
			holds = check.holds(leaf, &x.leaves)
		}
		if !holds {
			return no
		}
	}
	if sure {
		return yes
	}
	return unsure
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

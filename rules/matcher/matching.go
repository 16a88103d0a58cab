package matcher

import (
	"sync"

	"github.com/tocsin-engine/tocsin/rules/expression"
	"github.com/tocsin-engine/tocsin/rules/pattern"
	"github.com/tocsin-engine/tocsin/rules/projection"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// matching is one event on its way through a bus's rules, and the memory for that.
type matching struct {
	leaves projection.Leaves
	solver pattern.Solver
	// folded and reversed are a leaf's text in the forms that are looked up.
	folded, reversed []byte
	// hit is try, made once: a method value allocates.
	hit func(ref)

	// stamps has the number of the event for what has been dealt with: conjunctions,
	// and after them the rules that have several.
	stamps [][]uint32
	stamp  uint32

	event   event.Event
	env     *expression.Env
	version uint64
	level   *level
	seen    []uint32 // of the level
	report  func(i int)
	tried   func(i int) // may be nil
	errors  []RuleError
}

var matchings = sync.Pool{New: func() any {
	x := &matching{}
	x.hit = x.try
	return x
}}

// run matches the event with all levels of a bus.
func (x *matching) run(b *bus) {
	b.paths.Read(x.event.Raw(), &x.leaves)
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
	if x.seen[n] == x.stamp {
		return
	}
	x.seen[n] = x.stamp
	c := &x.level.conjunctions[n]
	group := len(x.level.conjunctions) + int(c.group)
	if c.group > 0 && x.seen[group] == x.stamp || !c.entry.liveAt(x.version) {
		return
	}
	if x.tried != nil {
		x.tried(int(c.entry.index))
	}
	if len(c.fields) > 0 && !x.solver.Match(c.fields, &x.leaves) {
		return
	}
	if c.entry.rule.When != nil {
		answer := x.decide(c)
		if answer == no {
			return
		}
		if answer == unsure {
			x.seen[group] = x.stamp // whatever it says, it says it once
			if !x.evaluate(c.entry) {
				return
			}
		}
	}
	x.seen[group] = x.stamp
	x.report(int(c.entry.index))
}

type answer uint8

const (
	no answer = iota
	yes
	unsure
)

// decide says what the expression's terms tell without evaluating it.
func (x *matching) decide(c *conjunction) answer {
	sure := c.exact
	for i := range c.terms {
		f := &c.terms[i]
		leaf := x.leaves.First(f.Path)
		if leaf == nil {
			return no
		}
		sure = sure && leaf.Plain && x.leaves.Next(leaf) == nil
		holds := false
		for ; leaf != nil && !holds; leaf = x.leaves.Next(leaf) {
			holds = f.Holds(&pattern.Value{Kind: leaf.Kind, Text: leaf.Text})
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

// evaluate runs the rule's expression. An error is no match.
func (x *matching) evaluate(e *entry) bool {
	if x.env == nil {
		x.env = expression.NewEnv(x.event)
	}
	x.env.SetRule(e.rule.Name)
	ok, err := e.rule.When.Bool(x.env)
	if err != nil {
		x.errors = append(x.errors, RuleError{int(e.index), err})
	}
	return ok && err == nil
}

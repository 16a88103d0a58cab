package matcher

import "slices"

// level is one immutable index over some of a bus's rules. A bus has a few of them, so
// that adding a rule does not rebuild all.
type level struct {
	postings
	// conjunctions of one rule stand together.
	conjunctions []conjunction
	// paths has the index of each path where something hangs, nil elsewhere.
	paths []*pathIndex
	// always are the conjunctions without a witness: they are tried on every event.
	always []int32
	groups int  // rules with more than one conjunction
	fresh  bool // there is no index: always has all
	// guards are those of the conjunctions, guarded the paths whose values they ask for.
	guards  []guard
	guarded []int32
}

// newLevel indexes conjunctions, which have been counted. It takes the slice.
func newLevel(conjunctions []conjunction, c *chooser) *level {
	l := newFresh(conjunctions, c)
	l.fresh, l.always = false, nil
	var builders []*pathBuilder
	for i := range conjunctions {
		conj := &conjunctions[i]
		if conj.witness < 0 {
			l.always = append(l.always, int32(i))
			continue
		}
		w := &conj.checks[conj.witness-1]
		for int(w.path) >= len(builders) {
			builders = append(builders, nil)
		}
		if builders[w.path] == nil {
			builders[w.path] = &pathBuilder{}
		}
		keys := c.witness(w)
		for k := range keys {
			builders[w.path].add(&l.postings, &keys[k], int32(i))
		}
		if len(conjunctions) >= enough {
			l.guard(i)
		}
	}
	l.paths = make([]*pathIndex, len(builders))
	for path, b := range builders {
		if b != nil {
			l.paths[path] = b.build(&l.postings)
		}
	}
	return l
}

// newFresh makes a level without an index: all conjunctions are tried on every event. Their
// witnesses and guards are chosen for the time when there is one.
func newFresh(conjunctions []conjunction, c *chooser) *level {
	l := &level{conjunctions: conjunctions, fresh: true, guards: make([]guard, len(conjunctions)), always: make([]int32, len(conjunctions))}
	for i := range conjunctions {
		l.always[i] = int32(i)
		l.number(i)
		if conjunctions[i].witness == 0 {
			c.choose(&conjunctions[i])
		}
	}
	return l
}

// guard puts the guard of a conjunction where it is asked for.
func (l *level) guard(i int) {
	c := &l.conjunctions[i]
	if c.guard == 0 {
		return
	}
	l.guards[i] = c.guard
	if path := c.checks[c.guarded].path; !slices.Contains(l.guarded, path) {
		l.guarded = append(l.guarded, path)
	}
}

// number sets the group of a conjunction: it has one if a neighbour is of the same rule.
func (l *level) number(i int) {
	c := &l.conjunctions[i]
	c.group = 0
	switch {
	case i > 0 && l.conjunctions[i-1].entry == c.entry:
		c.group = l.conjunctions[i-1].group
	case i+1 < len(l.conjunctions) && l.conjunctions[i+1].entry == c.entry:
		l.groups++
		c.group = int32(l.groups)
	}
}

// live appends the conjunctions whose rules are there at a version.
func (l *level) live(into []conjunction, version uint64) []conjunction {
	for i := range l.conjunctions {
		if l.conjunctions[i].entry.liveAt(version) {
			into = append(into, l.conjunctions[i])
		}
	}
	return into
}

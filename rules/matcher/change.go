package matcher

import (
	"maps"
	"math/bits"
	"slices"

	"github.com/tocsin-engine/tocsin/rules/projection"
)

// state is one version of all rules. It is never changed; a change makes the next one.
type state struct {
	version uint64
	buses   map[string]*bus
}

// bus is the rules of one bus: a large level, and before it smaller ones with what was
// added since.
type bus struct {
	paths  *projection.Paths
	levels []*level
	// chooser belongs to whoever changes the bus.
	chooser *chooser
	gone    int // conjunctions in levels whose rules are removed
}

// busBuilder makes the first version of a bus.
type busBuilder struct {
	paths        projection.Paths
	taker        taker
	chooser      chooser
	conjunctions []conjunction
}

func newBusBuilder() *busBuilder {
	b := &busBuilder{}
	known := map[string]int32{}
	b.taker = taker{texts: map[string]string{}, number: func(path string) int32 {
		n, ok := known[path]
		if !ok {
			n = b.paths.Add(path)
			known[path] = n
		}
		return n
	}}
	b.chooser.rules = map[uint64]int32{}
	return b
}

func (b *busBuilder) add(e *entry) {
	n := len(b.conjunctions)
	b.conjunctions = b.taker.conjunctions(b.conjunctions, e)
	for i := range b.conjunctions[n:] {
		b.chooser.count(&b.conjunctions[n+i], 1)
	}
}

func (b *busBuilder) build() *bus {
	levels := []*level{newLevel(b.conjunctions, &b.chooser)}
	return &bus{paths: &b.paths, chooser: &b.chooser, levels: levels}
}

// Add puts a further rule in and returns its number. Events that are being matched do
// not see it, later ones do.
func (m *Matcher) Add(r Rule) (int, *Problem) {
	m.changes.Lock()
	defer m.changes.Unlock()
	i := len(m.entries)
	if r.empty() {
		return 0, &Problem{i, "empty", "a rule has a pattern or a when"}
	}
	m.entries = append(m.entries, nil)
	m.change(i, &r)
	return i, nil
}

// Replace puts another rule in the place of rule i: every event sees either the old or
// the new one.
func (m *Matcher) Replace(i int, r Rule) *Problem {
	m.changes.Lock()
	defer m.changes.Unlock()
	if r.empty() {
		return &Problem{i, "empty", "a rule has a pattern or a when"}
	}
	m.change(i, &r)
	return nil
}

// Remove takes rule i out. Its number is not used again.
func (m *Matcher) Remove(i int) {
	m.changes.Lock()
	defer m.changes.Unlock()
	m.change(i, nil)
}

// change makes the version in which rule i is r, nil for none.
func (m *Matcher) change(i int, r *Rule) {
	old := m.state.Load()
	next := &state{version: old.version + 1, buses: maps.Clone(old.buses)}
	if e := m.entries[i]; e != nil {
		e.goneAt.Store(next.version)
		next.buses[e.rule.Bus] = next.buses[e.rule.Bus].without(e, next.version)
		m.entries[i] = nil
	}
	if r != nil {
		e := &entry{index: int32(i), rule: *r}
		b := next.buses[r.Bus]
		if b == nil {
			b = newBusBuilder().build()
		}
		next.buses[r.Bus] = b.with(e, next.version)
		m.entries[i] = e
	}
	m.state.Store(next)
}

// with returns the bus with one rule more.
//
// New rules are gathered in a level without an index, which is quick to copy. Once that
// is full it gets one, and several levels of one size are joined to a larger one: so a
// rule is moved a few times before it is at rest, and an event looks into few levels.
func (b *bus) with(e *entry, version uint64) *bus {
	next := *b
	t := taker{number: func(path string) int32 {
		n, ok := next.paths.Find(path)
		if !ok {
			next.paths, n = next.paths.With(path)
		}
		return n
	}}
	added := t.conjunctions(nil, e)
	for i := range added {
		b.chooser.count(&added[i], 1)
	}
	next.levels = slices.Clone(b.levels)
	if n := len(next.levels); n > 0 && next.levels[n-1].fresh {
		added = next.join(added, 1, version)
	}
	if len(added) <= mostFresh {
		next.levels = append(next.levels, newFresh(added, b.chooser))
		return &next
	}
	for {
		alike := next.alike(len(added))
		if alike < mostAlike {
			break
		}
		added = next.join(added, alike, version)
	}
	next.levels = append(next.levels, newLevel(added, b.chooser))
	return &next
}

const (
	// mostFresh is how many conjunctions are left without an index: trying that many one
	// by one costs an event about as much as a look into an index.
	mostFresh = 16
	// mostAlike is how many levels of one size there may be before a further one joins
	// them, each size being four times the one before.
	mostAlike = 3
)

// alike says how many of the last levels are not larger in kind than one of n conjunctions.
func (b *bus) alike(n int) (alike int) {
	for i := len(b.levels) - 1; i >= 0 && sizeClass(len(b.levels[i].conjunctions)) <= sizeClass(n); i-- {
		alike++
	}
	return alike
}

func sizeClass(n int) int { return bits.Len(uint(n)) / 2 }

// join takes the last n levels off and puts before the added conjunctions those that are
// still there.
func (b *bus) join(added []conjunction, n int, version uint64) []conjunction {
	var all []conjunction
	rest := len(b.levels) - n
	for _, l := range b.levels[rest:] {
		before := len(all)
		all = l.live(all, version)
		b.gone -= len(l.conjunctions) - (len(all) - before)
	}
	b.levels = b.levels[:rest]
	return append(all, added...)
}

// without returns the bus after a rule is gone. Its conjunctions stay where they are
// until there are more dead than living ones.
func (b *bus) without(e *entry, version uint64) *bus {
	next := *b
	t := taker{number: func(path string) int32 { n, _ := b.paths.Find(path); return n }}
	for _, c := range t.conjunctions(nil, e) {
		b.chooser.count(&c, -1)
		next.gone++
	}
	total := 0
	for _, l := range b.levels {
		total += len(l.conjunctions)
	}
	if 2*next.gone < total+64 {
		return &next
	}
	next.levels = slices.Clone(b.levels)
	all := next.join(nil, len(next.levels), version)
	next.levels = append(next.levels, newLevel(all, b.chooser))
	return &next
}

package matcher

import (
	"maps"
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
	// chooser and texts belong to whoever changes the bus.
	chooser *chooser
	texts   map[string]string
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
	b.taker = taker{number: b.paths.Add, paths: map[string]int32{}, texts: map[string]string{}}
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
	return &bus{paths: &b.paths, chooser: &b.chooser, texts: b.taker.texts, levels: levels}
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

// levelCaps are how many conjunctions the levels after the first may hold. Each is 16
// times the one after it, so that a rule is moved a few times before it is at rest, and
// an event looks into four levels at most.
var levelCaps = [...]int{4096, 256, 16}

// with returns the bus with one rule more. The new rule goes into the smallest level; one
// that is full is joined with the one before it.
func (b *bus) with(e *entry, version uint64) *bus {
	next := *b
	t := taker{texts: b.texts, paths: map[string]int32{}, number: func(path string) int32 {
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
	if n := len(next.levels); n > 0 && n <= len(levelCaps) && len(added) <= levelCaps[n-1] {
		next.levels = append(next.levels, newLevel(added, b.chooser))
		return &next
	}
	for i := len(next.levels) - 1; i >= 0; i-- {
		added = next.levels[i].live(added, version)
		next.levels = next.levels[:i]
		if i > 0 && len(added) <= levelCaps[i-1] {
			break
		}
	}
	next.levels = append(next.levels, newLevel(added, b.chooser))
	return &next
}

// without returns the bus after a rule is gone. Its conjunctions stay where they are
// until there are more dead than living ones.
func (b *bus) without(e *entry, version uint64) *bus {
	next := *b
	t := taker{texts: b.texts, paths: map[string]int32{}, number: func(path string) int32 { n, _ := b.paths.Find(path); return n }}
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
	var all []conjunction
	for _, l := range b.levels {
		all = l.live(all, version)
	}
	next.levels, next.gone = []*level{newLevel(all, b.chooser)}, 0
	return &next
}

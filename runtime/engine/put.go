package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/store"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// arrival is one submission on its way in.
type arrival struct {
	service.Submission
	from origin
	// matched are the active rules that want it, by their numbers, in the order of the
	// rule files; held are those that would, had they not matched a short while ago.
	matched []int
	held    []Held
	// archived are the archives that keep it.
	archived []store.Pair
	// cut says why it was not matched at all.
	cut string
	seq store.Seq
	// first is, for a duplicate, the id of the event that came first.
	first string
	// swap, if there is one, is committed with it, and gives version.
	swap    *store.Swap
	version uint64
	// position is its place in the batch that is being committed, -1 for none.
	position int
}

// origin is the rule and target that emitted an event; empty for one from a door.
type origin struct{ rule, target string }

// Held is a rule that did not match because of its once_per.
type Held struct {
	Rule string `json:"rule"`
	// Key is the value of the rule's key, Event the event that matched with it, Until
	// when the next may.
	Key   string    `json:"key"`
	Event string    `json:"event"`
	Until time.Time `json:"until"`
}

// Put takes events in: matches them, appends what some rule wants, and wakes the
// targets. An error means that the sender is to send all of them again.
func (e *Engine) Put(ctx context.Context, submissions []service.Submission) ([]service.Receipt, error) {
	rs, now := e.rules.Load(), e.config.Now()
	arrivals := make([]*arrival, len(submissions))
	for i, s := range submissions {
		arrivals[i] = e.arrive(rs, s, origin{})
	}
	if err := e.takeIn(ctx, rs, now, arrivals); err != nil {
		return nil, err
	}
	receipts := make([]service.Receipt, len(arrivals))
	for i, a := range arrivals {
		receipts[i] = e.receipt(rs, a)
	}
	return receipts, nil
}

// Match says which of the active rules match an event, without taking it in; only names
// those that may, nil means all. What once_per would hold back is among them.
func (e *Engine) Match(ev event.Event, only []string) []string {
	rs := e.rules.Load()
	a := arrival{}
	rs.matcher.Match(ev, func(i int) { a.matched = append(a.matched, i) })
	slices.Sort(a.matched)
	return slices.DeleteFunc(a.rules(rs), func(name string) bool { return only != nil && !slices.Contains(only, name) })
}

// takeIn commits arrivals and does what follows.
func (e *Engine) takeIn(ctx context.Context, rs *ruleset, now time.Time, arrivals []*arrival) error {
	for group := range chunks(rs, arrivals) {
		if err := e.commit(ctx, rs, now, group); err != nil {
			return err
		}
		e.tookIn(rs, now, group)
	}
	return nil
}

// arrive matches one submission, unless it has come round too often.
func (e *Engine) arrive(rs *ruleset, s service.Submission, from origin) *arrival {
	a := &arrival{Submission: s, from: from, position: -1}
	if s.Event.Hops > e.config.MaxHops {
		a.cut = fmt.Sprintf("%d targets stand between it and a client's event, at most %d may: rule %q and target %q seem to cause themselves",
			s.Event.Hops, e.config.MaxHops, from.rule, from.target)
		return a
	}
	if e.config.Archives != nil {
		a.archived = e.config.Archives.Want(s.Event)
	}
	hit := func(i int) {
		if s.Only == nil || slices.Contains(s.Only, rs.active[i].Name) {
			a.matched = append(a.matched, i)
		}
	}
	for _, failed := range rs.matcher.Match(s.Event, hit) {
		e.stats.whenError(rs.active[failed.Rule].Name, failed.Err)
	}
	slices.Sort(a.matched)
	return a
}

// chunks yields the arrivals in pieces that fit into one commit: each once_per rule
// that matches is a swap. Doors send less than one piece.
func chunks(rs *ruleset, arrivals []*arrival) func(yield func([]*arrival) bool) {
	return func(yield func([]*arrival) bool) {
		begin, swaps := 0, 0
		for i, a := range arrivals {
			n := 0
			for _, r := range a.matched {
				if rs.active[r].OncePer != nil {
					n++
				}
			}
			if swaps+n > store.MaxSwaps && i > begin {
				if !yield(arrivals[begin:i]) {
					return
				}
				begin, swaps = i, 0
			}
			swaps += n
		}
		if begin < len(arrivals) {
			yield(arrivals[begin:])
		}
	}
}

// contended bounds how often a commit is computed again: each time, another one that
// touched the same once_per keys has got through.
const contended = 100

// commit appends what is wanted, with the once_per keys that it takes.
func (e *Engine) commit(ctx context.Context, rs *ruleset, now time.Time, group []*arrival) error {
	for range contended {
		b, err := e.batch(ctx, rs, now, group)
		if err != nil {
			return err
		}
		if len(b.Entries)+len(b.Swaps) == 0 {
			return nil
		}
		r, err := e.config.Store.Append(ctx, b)
		if err != nil && !errors.Is(err, store.ErrDuplicate) && !errors.Is(err, store.ErrConflict) {
			return fmt.Errorf("engine: append: %w", err)
		}
		for _, a := range group {
			if a.position >= 0 && a.position < len(r.Seqs) {
				a.seq, a.first = r.Seqs[a.position], r.FirstIDs[a.position]
			}
			if a.swap != nil && err == nil {
				a.version = r.Versions[len(r.Versions)-1]
			}
		}
		if err == nil {
			e.remember(b, r)
			return nil
		}
	}
	return fmt.Errorf("engine: append: %w", store.ErrConflict)
}

// remember notes the keys of what was committed.
func (e *Engine) remember(b store.Batch, r store.Receipt) {
	keyed := make([]store.Entry, 0, len(b.Entries))
	for i, entry := range b.Entries {
		if entry.Key != "" && r.FirstIDs[i] == "" {
			keyed = append(keyed, entry)
		}
	}
	e.seen.add(keyed)
}

// batch is the commit of a group as things stand now.
func (e *Engine) batch(ctx context.Context, rs *ruleset, now time.Time, group []*arrival) (store.Batch, error) {
	b := store.Batch{Now: now}
	taken := onceKeys{}
	var seen map[string]string // of the request that the first key is of
	for _, a := range group {
		a.position = -1
		if a.first != "" || len(a.matched)+len(a.archived) == 0 {
			continue
		}
		if a.Key != "" {
			if seen == nil {
				seen = e.seen.request(a.Key, now)
			}
			if first, ok := seen[a.Key]; ok {
				a.first = first
				continue
			}
		}
		if err := e.holdBack(ctx, rs, now, a, taken); err != nil {
			return b, err
		}
		if a.first != "" {
			continue
		}
		pairs := append(a.pairs(rs), a.archived...)
		if len(pairs) == 0 {
			continue
		}
		entry := store.Entry{
			ID: a.Event.ID, Raw: a.Event.Raw(), Bus: a.Event.Bus, Hops: a.Event.Hops,
			Received: now, Pairs: pairs, Key: a.Key, Event: &a.Event,
		}
		if a.Key != "" {
			entry.KeyExpires = now.Add(e.config.KeyLife)
		}
		a.position = len(b.Entries)
		b.Entries = append(b.Entries, entry)
	}
	b.Swaps = taken.swaps()
	for _, a := range group {
		if a.swap != nil { // it is alone in its group
			b.Swaps = append(b.Swaps, *a.swap)
		}
	}
	return b, nil
}

func (a *arrival) isHeld(rule string) bool {
	return slices.ContainsFunc(a.held, func(h Held) bool { return h.Rule == rule })
}

// rules are the names of the rules that matched, without those held back.
func (a *arrival) rules(rs *ruleset) []string {
	names := []string{}
	for _, i := range a.matched {
		if name := rs.active[i].Name; !a.isHeld(name) {
			names = append(names, name)
		}
	}
	return names
}

// pairs are the deliveries that it makes.
func (a *arrival) pairs(rs *ruleset) []store.Pair {
	var pairs []store.Pair
	for _, i := range a.matched {
		if !a.isHeld(rs.active[i].Name) {
			pairs = append(pairs, rs.pairs[i]...)
		}
	}
	return pairs
}

func (e *Engine) receipt(rs *ruleset, a *arrival) service.Receipt {
	if a.first != "" {
		return service.Receipt{ID: a.first, Duplicate: true}
	}
	return service.Receipt{ID: a.Event.ID, Matched: a.rules(rs), Targets: len(a.pairs(rs))}
}

// tookIn does what follows a commit: counts, remembers, shows, and wakes the targets.
func (e *Engine) tookIn(rs *ruleset, now time.Time, group []*arrival) {
	var wake []string
	for _, a := range group {
		rules, pairs := a.rules(rs), a.pairs(rs)
		e.stats.received(a, rules, now)
		if a.first != "" {
			continue
		}
		if a.cut != "" {
			e.loops.say(e, a, now)
		}
		e.trails.add(a, rules, pairs, now)
		e.tail.publish(Item{At: now, Event: a.Event, Matched: rules, Cut: a.cut})
		for _, p := range pairs {
			if !slices.Contains(wake, p.Target) {
				wake = append(wake, p.Target)
			}
		}
	}
	if len(wake) > 0 {
		e.dispatch.Notify(wake...)
	}
}

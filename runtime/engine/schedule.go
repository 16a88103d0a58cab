package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/store"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// scheduleSpace is where the store keeps when each scheduled rule is due.
const scheduleSpace = "schedule"

// planned is when a rule is due next. With another expression it is planned anew.
type planned struct {
	Expression string    `json:"expression"`
	Zone       string    `json:"zone"`
	Due        time.Time `json:"due"` // zero: never again

	version uint64
}

func (p planned) swap(rule string) store.Swap {
	b, err := json.Marshal(p)
	if err != nil {
		panic("BUG: " + err.Error()) // texts and a time
	}
	return store.Swap{Space: scheduleSpace, Key: rule, Value: b, Version: p.version}
}

// plan finds out when the scheduled rules of a set are due: as the store remembers, or
// from now on. What it remembers of rules that are gone or disabled is forgotten, so
// that one which comes back begins anew. e.loading is held.
func (e *Engine) plan(ctx context.Context, rs *ruleset) (map[string]planned, error) {
	now := e.config.Now()
	kept, err := e.plannedBefore(ctx, now)
	if err != nil {
		return nil, fmt.Errorf("engine: when rules are due: %w", err)
	}
	plans := map[string]planned{}
	var swaps []store.Swap
	for _, r := range rs.active {
		if r.Schedule == nil {
			continue
		}
		before, known := kept[r.Name]
		delete(kept, r.Name)
		p := planned{Expression: r.Schedule.String(), Zone: r.Schedule.Zone(), Due: before.Due, version: before.version}
		if !known || before.Expression != p.Expression || before.Zone != p.Zone {
			p.Due = r.Schedule.Next(now)
			swaps = append(swaps, p.swap(r.Name))
		}
		plans[r.Name] = p
	}
	for rule, p := range kept {
		swaps = append(swaps, store.Swap{Space: scheduleSpace, Key: rule, Delete: true, Version: p.version})
	}
	for part := range slices.Chunk(swaps, store.MaxSwaps) {
		versions, err := e.config.Store.Apply(ctx, now, part...)
		if err != nil {
			return nil, fmt.Errorf("engine: when rules are due: %w", err)
		}
		for i, s := range part {
			if p, ok := plans[s.Key]; ok {
				p.version = versions[i]
				plans[s.Key] = p
			}
		}
	}
	return plans, nil
}

// plannedBefore reads what the store remembers.
func (e *Engine) plannedBefore(ctx context.Context, now time.Time) (map[string]planned, error) {
	kept := map[string]planned{}
	for after := ""; ; {
		items, err := e.config.Store.Scan(ctx, scheduleSpace, "", after, now, store.MaxSwaps)
		if err != nil {
			return nil, err
		}
		for _, i := range items {
			var p planned
			if err := json.Unmarshal(i.Value, &p); err != nil {
				e.log.Error("when a rule is due cannot be read any more, it is planned anew", "rule", i.Key, "error", err)
			}
			p.version = i.Version
			kept[i.Key], after = p, i.Key
		}
		if len(items) < store.MaxSwaps {
			return kept, nil
		}
	}
}

// Tick gives every scheduled rule that is due its event, once for each time it is due:
// the event and the next due time are one commit. Of several times that passed while
// nobody ticked, the last one counts and the others are logged. It returns the rules
// that got one, and when the next is due, zero for never.
func (e *Engine) Tick(ctx context.Context) (fired []string, next time.Time, err error) {
	e.loading.Lock()
	defer e.loading.Unlock()
	rs, now := e.rules.Load(), e.config.Now()
	for i, r := range rs.active {
		p, ok := e.plans[r.Name]
		if !ok {
			continue
		}
		if !p.Due.IsZero() && !p.Due.After(now) {
			if p, err = e.fire(ctx, rs, i, p, now); err != nil {
				return fired, now, err
			}
			fired = append(fired, r.Name)
		}
		next = sooner(next, p.Due)
	}
	return fired, next, nil
}

// fire makes the event of active rule i, for the last time that it was due.
func (e *Engine) fire(ctx context.Context, rs *ruleset, i int, p planned, now time.Time) (planned, error) {
	r := rs.active[i]
	at := r.Schedule.Latest(p.Due, now)
	if at.After(p.Due) {
		e.log.Warn("a schedule was missed, the last of the times counts", "rule", r.Name, "first", p.Due, "last", at)
	}
	ev, err := e.scheduledEvent(r, at)
	if err != nil {
		return p, err
	}
	p.Due = r.Schedule.Next(at)
	a := e.arrive(rs, service.Submission{Event: ev}, origin{})
	if !slices.Contains(a.matched, i) {
		a.matched = append(a.matched, i)
		slices.Sort(a.matched)
	}
	swap := p.swap(r.Name)
	a.swap = &swap
	if err := e.takeIn(ctx, rs, now, []*arrival{a}); err != nil {
		return p, err
	}
	p.version = a.version
	e.plans[r.Name] = p
	return p, nil
}

// scheduledEvent is the event that EventBridge makes.
func (e *Engine) scheduledEvent(r *rulefile.Rule, at time.Time) (event.Event, error) {
	return event.New(event.Fields{
		ID: e.config.NewID(), DetailType: "Scheduled Event", Source: "aws.events", Account: e.config.Account, Region: e.config.Region,
		Time: at, Resources: []string{e.ruleARN(r.Name, r.Bus)}, Detail: []byte("{}"),
	})
}

const (
	// lookAgain bounds how long Run waits for a due time, because a clock that is set
	// forward moves no timer.
	lookAgain = 5 * time.Second
	// tickPause is how long Run waits after a commit that failed.
	tickPause = time.Second
)

// runSchedules ticks until ctx ends.
func (e *Engine) runSchedules(ctx context.Context) {
	for {
		_, next, err := e.Tick(ctx)
		wait := lookAgain
		switch {
		case errors.Is(err, store.ErrClosed), ctx.Err() != nil:
			return
		case err != nil:
			e.log.Error("a scheduled rule got no event yet, will try again", "error", err)
			wait = tickPause
		case !next.IsZero():
			wait = min(wait, max(next.Sub(e.config.Now()), time.Millisecond))
		}
		select {
		case <-ctx.Done():
			return
		case <-e.replanned:
		case <-time.After(wait):
		}
	}
}

// sooner is the earlier of two times, where zero means never.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

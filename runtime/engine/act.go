package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/dispatch"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/store"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// Act takes events in and delivers them before it returns: one attempt each, also of
// what targets emit meanwhile. It is for a host whose sender sends again what failed, as
// Lambda's do, so nothing is appended to the log. The errors stand in the order of the
// submissions; nil means that everything was delivered that the event led to.
//
// Where the store is durable, it remembers what was delivered, so that a submission that
// comes again is delivered only to the targets that it did not reach.
func (e *Engine) Act(ctx context.Context, submissions []service.Submission) []error {
	a := &act{engine: e, rs: e.rules.Load(), failed: make([]error, len(submissions))}
	wave := make([]derived, len(submissions))
	for i, s := range submissions {
		wave[i] = derived{e.arrive(a.rs, s, origin{}), []int{i}}
	}
	for len(wave) > 0 {
		a.deliver(ctx, wave)
		wave = a.emitted
		a.emitted = nil
	}
	return a.failed
}

// act is one call of Act.
type act struct {
	engine *Engine
	rs     *ruleset

	mu sync.Mutex
	// failed is by submission.
	failed  []error
	emitted []derived
}

// derived is an event under way, with the submissions that led to it: they fail if it does.
type derived struct {
	*arrival
	roots []int
}

// pending is a delivery of a wave.
type pending struct {
	dispatch.Pending
	roots []int
}

func (a *act) fail(roots []int, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, i := range roots {
		a.failed[i] = errors.Join(a.failed[i], err)
	}
}

// deliver delivers a wave of events, target by target at the same time.
func (a *act) deliver(ctx context.Context, wave []derived) {
	e, now := a.engine, a.engine.config.Now()
	lanes := map[string][]pending{}
	for _, d := range wave {
		if err := a.hold(ctx, now, d.arrival); err != nil {
			a.fail(d.roots, err)
			continue
		}
		e.tookIn(a.rs, now, []*arrival{d.arrival})
		entry := store.Entry{ID: d.Event.ID, Raw: d.Event.Raw(), Bus: d.Event.Bus, Hops: d.Event.Hops, Received: now}
		for _, p := range d.pairs(a.rs) {
			entry.Pairs = []store.Pair{p}
			lanes[p.Target] = append(lanes[p.Target], pending{dispatch.Pending{Rule: p.Rule, Entry: entry}, d.roots})
		}
	}
	var targets sync.WaitGroup
	for name, lane := range lanes {
		targets.Go(func() { a.lane(ctx, name, lane) })
	}
	targets.Wait()
}

// lane delivers what one target gets of a wave.
func (a *act) lane(ctx context.Context, target string, lane []pending) {
	e := a.engine
	lane, err := a.undelivered(ctx, target, lane)
	if err != nil {
		for _, p := range lane {
			a.fail(p.roots, err)
		}
		return
	}
	batch := make([]dispatch.Pending, len(lane))
	for i, p := range lane {
		batch[i] = p.Pending
	}
	var done []pending
	for i, r := range e.dispatch.Attempt(context.WithValue(ctx, actKey{}, &emitter{a, lane}), target, batch) {
		if r.Kind != dispatch.Delivered {
			a.fail(lane[i].roots, fmt.Errorf("rule %q, target %q, event %s: %s: %s", r.Rule, target, r.Entry.ID, r.Code, r.Message))
			continue
		}
		done = append(done, lane[i])
	}
	a.remember(ctx, target, done)
}

// deliveredSpace is where a durable store keeps what Act delivered.
const deliveredSpace = "delivered"

func deliveredKey(target string, p pending) string { return p.Entry.ID + "/" + p.Rule + "/" + target }

// undelivered leaves out what an earlier call delivered.
func (a *act) undelivered(ctx context.Context, target string, lane []pending) ([]pending, error) {
	e := a.engine
	if !e.config.Store.Promises().Durable {
		return lane, nil
	}
	rest := lane[:0:0]
	for _, p := range lane {
		_, done, err := e.config.Store.Get(ctx, deliveredSpace, deliveredKey(target, p), e.config.Now())
		if err != nil {
			return lane, fmt.Errorf("what was delivered before could not be read: %w", err)
		}
		if !done {
			rest = append(rest, p)
		}
	}
	return rest, nil
}

// rememberWithin is how long remembering may take when the time of the deliveries is over;
// a host keeps more than that for its answer.
const rememberWithin = 100 * time.Millisecond

// remember notes what was delivered, also when the time is over by then: what was delivered
// last would be delivered again. Failing at that costs a second delivery at worst.
func (a *act) remember(ctx context.Context, target string, done []pending) {
	e := a.engine
	if !e.config.Store.Promises().Durable {
		return
	}
	now := e.config.Now()
	if deadline, ok := ctx.Deadline(); ctx.Err() != nil || ok && time.Until(deadline) < rememberWithin {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), rememberWithin)
		defer cancel()
	}
	for chunk := range slices.Chunk(done, store.MaxSwaps) {
		swaps := map[string]store.Swap{} // two events may have one id
		for _, p := range chunk {
			key := deliveredKey(target, p)
			swaps[key] = store.Swap{Space: deliveredSpace, Key: key, Version: store.AnyVersion, Expires: now.Add(e.config.Keep)}
		}
		if err := e.apply(ctx, now, swaps); err != nil {
			e.log.Warn("what was delivered could not be remembered; a retry delivers it again", "target", target, "error", err)
		}
	}
}

func (e *Engine) apply(ctx context.Context, now time.Time, swaps map[string]store.Swap) error {
	list := make([]store.Swap, 0, len(swaps))
	for _, s := range swaps {
		list = append(list, s)
	}
	_, err := e.config.Store.Apply(ctx, now, list...)
	return err
}

// hold takes the once_per keys of an event, or lets go of the rules whose keys others
// have. An event that comes again finds its own keys and keeps them.
func (a *act) hold(ctx context.Context, now time.Time, ev *arrival) error {
	e := a.engine
	for range contended {
		taken := onceKeys{}
		if err := e.holdBack(ctx, a.rs, now, ev, taken); err != nil {
			return err
		}
		ev.held = slices.DeleteFunc(ev.held, func(h Held) bool { return h.Event == ev.Event.ID })
		if len(taken) == 0 {
			return nil
		}
		_, err := e.config.Store.Apply(ctx, now, taken.swaps()...)
		if !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
	return fmt.Errorf("engine: once_per: %w", store.ErrConflict)
}

// actKey finds the emitter in the context of a target's call.
type actKey struct{}

// emitter takes the events that targets emit while Act delivers.
type emitter struct {
	act  *act
	lane []pending
}

// batchKey finds the deliveries of the call that is under way.
type batchKey struct{}

// emit keeps an event for the next wave. Which of a call's deliveries it comes of nobody
// can tell, so it comes of all of them.
func (m *emitter) emit(ctx context.Context, a *arrival) abi.Errno {
	if a.cut != "" {
		m.act.engine.tookIn(m.act.rs, m.act.engine.config.Now(), []*arrival{a})
		return abi.Denied
	}
	batch, _ := ctx.Value(batchKey{}).([]dispatch.Delivery)
	var roots []int
	for _, p := range m.lane {
		if batch == nil || slices.ContainsFunc(batch, func(d dispatch.Delivery) bool { return d.Rule == p.Rule && d.Event.ID == p.Entry.ID }) {
			roots = append(roots, p.roots...)
		}
	}
	slices.Sort(roots)
	m.act.mu.Lock()
	defer m.act.mu.Unlock()
	m.act.emitted = append(m.act.emitted, derived{a, slices.Compact(roots)})
	return 0
}

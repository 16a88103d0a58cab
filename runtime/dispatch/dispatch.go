package dispatch

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/tocsin-engine/tocsin/runtime/store"
)

// Config is what a Dispatcher works with.
type Config struct {
	Store store.Store
	// DeadLetters takes the dead letters that name a queue. With nil they are kept in
	// the store's list only.
	DeadLetters DeadLetterQueues
	// Now is the clock. Default: time.Now.
	Now func() time.Time
	// Observe hears of every attempt, in any order and from many goroutines; it must
	// return soon. Default: nobody hears.
	Observe func(Report)
	// Drain bounds how long Run goes on delivering after its context ended.
	// Default: 10 s.
	Drain time.Duration
	// Log is the logger. Default: none.
	Log hclog.Logger
}

// Dispatcher owns the lanes. Make one with New.
type Dispatcher struct {
	store   store.Store
	queues  DeadLetterQueues
	now     func() time.Time
	observe func(Report)
	drain   time.Duration
	log     hclog.Logger

	mu     sync.Mutex
	lanes  map[string]*lane
	ready  bool        // SetTargets was called: what is missing since is gone
	launch func(*lane) // while Run runs
}

// New makes a dispatcher that knows no targets yet; it delivers nothing before
// SetTargets says which there are.
func New(c Config) *Dispatcher {
	d := &Dispatcher{
		store: c.Store, queues: c.DeadLetters, now: c.Now, observe: c.Observe,
		drain: c.Drain, log: c.Log, lanes: map[string]*lane{},
	}
	if d.now == nil {
		d.now = time.Now
	}
	if d.observe == nil {
		d.observe = func(Report) {}
	}
	if d.drain == 0 {
		d.drain = 10 * time.Second
	}
	if d.log == nil {
		d.log = hclog.NewNullLogger()
	}
	return d
}

// SetTargets replaces all targets at once. Batches under way end with the spec they
// began with. What waits for a target that is not among them is dead-lettered with
// NO_RESOURCE.
func (d *Dispatcher) SetTargets(ctx context.Context, specs map[string]TargetSpec) error {
	for name, s := range specs {
		if err := s.check(name); err != nil {
			return err
		}
	}
	stats, err := d.store.Stats(ctx)
	if err != nil {
		return fmt.Errorf("dispatch: what waits in the store: %w", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ready = true
	for name, s := range specs {
		d.lane(name).setSpec(&s)
	}
	for _, waiting := range stats.Lanes {
		if !store.Reserved(waiting.Target) {
			d.lane(waiting.Target)
		}
	}
	for name, l := range d.lanes {
		if _, here := specs[name]; !here {
			l.setSpec(nil)
		}
		l.rouse()
	}
	return nil
}

// Notify says that the log holds something new for these targets.
func (d *Dispatcher) Notify(targets ...string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, name := range targets {
		d.lane(name).rouse()
	}
}

// lane returns a target's lane, made and set going at its first use. d.mu is held.
func (d *Dispatcher) lane(name string) *lane {
	l := d.lanes[name]
	if l == nil {
		l = newLane(d, name)
		d.lanes[name] = l
		if d.launch != nil {
			d.launch(l)
		}
	}
	return l
}

// all returns the lanes by name, none before SetTargets was called.
func (d *Dispatcher) all() []*lane {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.ready {
		return nil
	}
	var out []*lane
	for _, name := range slices.Sorted(maps.Keys(d.lanes)) {
		out = append(out, d.lanes[name])
	}
	return out
}

// Step delivers everything that is due now, lane by lane in the order of their names
// and one batch at a time, also what those deliveries add to the log. It says whether
// there was anything, and when the next retry is due (zero if none waits). It is for
// tests and virtual clocks, and not to be mixed with Run.
func (d *Dispatcher) Step(ctx context.Context) (worked bool, next time.Time, err error) {
	for {
		again := false
		next = time.Time{}
		for _, l := range d.all() {
			did, due, err := l.step(ctx)
			if err != nil {
				return worked, time.Time{}, err
			}
			again = again || did
			next = sooner(next, due)
		}
		worked = worked || again
		if !again {
			return worked, next, nil
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

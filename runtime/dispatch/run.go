package dispatch

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/store"
)

// Run delivers until ctx ends: one loop for every lane. Then it drains: what the log
// still holds is delivered, but no retry is waited for and nothing goes on beyond the
// drain bound. What is left stays in the store; Run logs how much.
func (d *Dispatcher) Run(ctx context.Context) error {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	var lanes sync.WaitGroup
	d.mu.Lock()
	d.launch = func(l *lane) { lanes.Go(func() { l.run(ctx, work) }) }
	for _, l := range d.lanes {
		d.launch(l)
	}
	d.mu.Unlock()

	<-ctx.Done()
	d.mu.Lock()
	d.launch = nil
	d.mu.Unlock()
	bound := time.AfterFunc(d.drain, cancel)
	defer bound.Stop()
	lanes.Wait()
	return d.sayLeft(context.WithoutCancel(ctx))
}

// sayLeft logs what a drained dispatcher leaves in the store.
func (d *Dispatcher) sayLeft(ctx context.Context) error {
	stats, err := d.store.Stats(ctx)
	if errors.Is(err, store.ErrClosed) {
		return nil
	}
	if err != nil {
		return err
	}
	left := slices.DeleteFunc(stats.Lanes, func(l store.Lane) bool { return store.Reserved(l.Target) })
	for _, l := range left {
		d.log.Warn("deliveries are left in the store", "target", l.Target,
			"unread", l.Unread, "retries", l.Retries, "store", d.store.Promises().Kind)
	}
	d.log.Info("dispatch has stopped", "targets_with_work_left", len(left))
	return nil
}

// run is the loop of a lane: until life ends it waits for work; from then on it does
// what is there, until work ends.
func (l *lane) run(life, work context.Context) {
	var batches sync.WaitGroup
	defer batches.Wait()
	for work.Err() == nil {
		idle := l.idle() // before take: what lands after it may leave room for more
		if life.Err() != nil {
			l.drain()
		}
		b, err := l.takeReady(work)
		switch {
		case err != nil:
			l.complain(l.d.now(), "the log could not be read, will try again", "error", err)
			if errors.Is(err, store.ErrClosed) || !pause(life, settlePause) {
				return
			}
		case b != nil:
			batches.Go(func() { l.settleUntil(work, b, l.deliver(work, b)) })
		case life.Err() != nil && idle:
			return
		default:
			l.wait(life, work)
		}
	}
}

// takeReady is take, once the targets are known.
func (l *lane) takeReady(ctx context.Context) (*batch, error) {
	l.d.mu.Lock()
	ready := l.d.ready
	l.d.mu.Unlock()
	if !ready {
		return nil, nil
	}
	return l.take(ctx)
}

// drain says that no batch waits to be filled any more.
func (l *lane) drain() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.draining = true
}

// idle says that nothing is under way.
func (l *lane) idle() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.flights) == 0
}

// wait returns when there may be something to do.
func (l *lane) wait(life, work context.Context) {
	alive, due := life.Done(), l.due()
	if life.Err() != nil {
		alive, due = nil, time.Time{} // draining: no retry is waited for
	}
	var timer <-chan time.Time
	if !due.IsZero() {
		t := time.NewTimer(max(due.Sub(l.d.now()), time.Millisecond))
		defer t.Stop()
		timer = t.C
	}
	select {
	case <-l.wake:
	case <-timer:
	case <-alive:
	case <-work.Done():
	}
}

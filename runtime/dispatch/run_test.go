package dispatch_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/dispatch"
	"github.com/tocsin-engine/tocsin/runtime/store"
	"github.com/tocsin-engine/tocsin/runtime/store/memory"
)

// running is a dispatcher at work inside a synctest bubble, whose clock is time itself.
type running struct {
	t      *testing.T
	store  store.Store
	d      *dispatch.Dispatcher
	cancel context.CancelFunc
	done   chan error
}

func startRun(t *testing.T, s store.Store, targets map[string]dispatch.TargetSpec) *running {
	t.Helper()
	r := &running{t: t, store: s, d: dispatch.New(dispatch.Config{Store: s}), done: make(chan error, 1)}
	if err := r.d.SetTargets(t.Context(), targets); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	go func() { r.done <- r.d.Run(ctx) }()
	return r
}

func (r *running) put(id string, targets ...string) {
	r.t.Helper()
	var pairs []store.Pair
	for _, name := range targets {
		pairs = append(pairs, pair("r", name))
	}
	putEvent(r.t, r.store, id, time.Now(), pairs...)
	r.d.Notify(targets...)
}

// pass lets the bubble's clock run, and then everybody do what is due.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// stop ends the run and says how long that took.
func (r *running) stop() time.Duration {
	r.t.Helper()
	began := time.Now()
	r.cancel()
	if err := <-r.done; err != nil {
		r.t.Error(err)
	}
	return time.Since(began)
}

func TestRunADayOfRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memory.New(memory.Config{})
		target := &runner{answer: fails("THROTTLING", true)}
		r := startRun(t, s, map[string]dispatch.TargetSpec{"t": {Runner: target, Routes: plain()}})
		r.put("e", "t")
		pass(25 * time.Hour)
		dead, err := s.DeadLetters(t.Context(), "t", 0, 10)
		if err != nil || len(dead) != 1 || dead[0].Exhausted == "" {
			t.Fatalf("dead letters %+v, %v; want one that is exhausted", dead, err)
		}
		if n := len(target.got()); n != dead[0].Attempts || n < 180 {
			t.Errorf("%d attempts, the dead letter says %d; want nearly 186", n, dead[0].Attempts)
		}
		r.stop()
	})
}

// slow is a target that takes its time, and counts what is under way.
type slow struct {
	takes         time.Duration
	now, most     atomic.Int64
	done          atomic.Int64
	ignoreContext bool
}

func (s *slow) Deliver(ctx context.Context, batch []dispatch.Delivery) []dispatch.Outcome {
	n := s.now.Add(1)
	defer s.now.Add(-1)
	for most := s.most.Load(); n > most && !s.most.CompareAndSwap(most, n); most = s.most.Load() {
	}
	out := make([]dispatch.Outcome, len(batch))
	ended := ctx.Done()
	if s.ignoreContext {
		ended = nil
	}
	select {
	case <-time.After(s.takes):
		for i := range out {
			out[i].OK = true
		}
		s.done.Add(int64(len(batch)))
	case <-ended:
		for i := range out {
			out[i] = dispatch.Outcome{Retry: true, Code: "TIMEOUT", Message: "it was stopped"}
		}
	}
	return out
}

func TestASlowTargetSlowsOnlyItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hangs, fast := &slow{takes: time.Hour}, &runner{}
		r := startRun(t, memory.New(memory.Config{}), map[string]dispatch.TargetSpec{
			"hangs": {Runner: hangs, Routes: plain(), Concurrency: 2, Batch: 1},
			"fast":  {Runner: fast, Routes: plain()},
		})
		for i := range 20 {
			r.put(fmt.Sprint("e", i), "hangs", "fast")
		}
		pass(time.Millisecond)
		if n := len(fast.got()); n != 20 {
			t.Errorf("the fast target got %d of 20 while the other one hangs", n)
		}
		if n := hangs.now.Load(); n != 2 {
			t.Errorf("%d batches are under way, want its concurrency", n)
		}
		pass(10 * time.Hour)
		if n := hangs.done.Load(); n != 20 {
			t.Errorf("the slow target got %d of 20 in ten times its hour", n)
		}
		if n := hangs.most.Load(); n != 2 {
			t.Errorf("up to %d batches were under way, want 2", n)
		}
		r.stop()
	})
}

// The cursor must not pass a batch that is under way, though later ones have ended: a
// crash then would lose it.
func TestTheCursorWaitsForTheSlowestBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memory.New(memory.Config{})
		target := &firstIsSlow{}
		r := startRun(t, s, map[string]dispatch.TargetSpec{"t": {Runner: target, Routes: plain(), Concurrency: 3, Batch: 1}})
		for i := range 5 {
			r.put(fmt.Sprint("e", i), "t")
		}
		pass(time.Minute)
		if n := target.done.Load(); n != 4 {
			t.Fatalf("%d deliveries are done, want the other four", n)
		}
		if cursor, _ := s.Cursor(t.Context(), "t"); cursor != 0 {
			t.Errorf("the cursor is at %d while the first entry is under way", cursor)
		}
		pass(time.Hour)
		if cursor, _ := s.Cursor(t.Context(), "t"); cursor != 5 {
			t.Errorf("the cursor is at %d after everything is done, want 5", cursor)
		}
		r.stop()
	})
}

type firstIsSlow struct{ done atomic.Int64 }

func (f *firstIsSlow) Deliver(_ context.Context, batch []dispatch.Delivery) []dispatch.Outcome {
	if batch[0].Event.ID == "e0" {
		time.Sleep(time.Hour)
	}
	f.done.Add(1)
	return []dispatch.Outcome{{OK: true}}
}

func TestDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memory.New(memory.Config{})
		busy := &slow{takes: time.Second}
		r := startRun(t, s, map[string]dispatch.TargetSpec{"t": {Runner: busy, Routes: plain(), Concurrency: 1, Batch: 1}})
		for i := range 4 {
			r.put(fmt.Sprint("e", i), "t")
		}
		if took := r.stop(); took > 4*time.Second {
			t.Errorf("it took %v to drain four seconds of work", took)
		}
		if n := busy.done.Load(); n != 4 {
			t.Errorf("%d of 4 were delivered before it stopped", n)
		}
	})
}

func TestDrainIsBoundedAndKeepsTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memory.New(memory.Config{})
		hangs, fails := &slow{takes: time.Hour}, &runner{answer: fails("X", true)}
		r := startRun(t, s, map[string]dispatch.TargetSpec{
			"hangs": {Runner: hangs, Routes: plain(), Concurrency: 1, Batch: 1},
			"fails": {Runner: fails, Routes: plain()},
		})
		for i := range 3 {
			r.put(fmt.Sprint("e", i), "hangs", "fails")
		}
		if took := r.stop(); took < 9*time.Second || took > 11*time.Second {
			t.Errorf("it took %v to stop, want the bound of 10 s", took)
		}
		stats, err := s.Stats(t.Context())
		if err != nil || len(stats.Lanes) != 2 {
			t.Fatalf("lanes %+v, %v", stats.Lanes, err)
		}
		for _, l := range stats.Lanes {
			if l.Unread+l.Retries != 3 {
				t.Errorf("of 3 deliveries to %s %d are left: the rest is lost", l.Target, l.Unread+l.Retries)
			}
		}
	})
}

func TestRunWaitsForTargetsAndPicksUpNewOnes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memory.New(memory.Config{})
		putEvent(t, s, "old", time.Now(), pair("r", "a"))
		a, b := &runner{}, &runner{}
		d := dispatch.New(dispatch.Config{Store: s})
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error)
		go func() { done <- d.Run(ctx) }()
		d.Notify("a")
		pass(time.Second)
		if len(a.got()) > 0 || len(mustDead(t, s)) > 0 {
			t.Error("something happened before the targets were known")
		}
		for _, targets := range []map[string]dispatch.TargetSpec{
			{"a": {Runner: a, Routes: plain()}},
			{"a": {Runner: a, Routes: plain()}, "b": {Runner: b, Routes: plain()}},
		} {
			if err := d.SetTargets(ctx, targets); err != nil {
				t.Fatal(err)
			}
		}
		putEvent(t, s, "new", time.Now(), pair("r", "a"), pair("r", "b"))
		d.Notify("a", "b")
		pass(time.Second)
		if len(a.got()) != 2 || len(b.got()) != 1 {
			t.Errorf("a got %v, b got %v", a.got(), b.got())
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func mustDead(t *testing.T, s store.Store) []store.DeadLetter {
	t.Helper()
	dead, err := s.DeadLetters(t.Context(), "", 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	return dead
}

// flaky is a store whose settlements and reads fail now and then.
type flaky struct {
	store.Store
	mu    sync.Mutex
	calls int
}

func (f *flaky) fail() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.calls++; f.calls%3 != 0 {
		return errors.New("the disk is full")
	}
	return nil
}

func (f *flaky) Settle(ctx context.Context, s store.Settlement) error {
	if err := f.fail(); err != nil {
		return err
	}
	return f.Store.Settle(ctx, s)
}

func (f *flaky) Read(ctx context.Context, target string, after store.Seq, n int) ([]store.Entry, error) {
	if err := f.fail(); err != nil {
		return nil, err
	}
	return f.Store.Read(ctx, target, after, n)
}

func TestAStoreThatFailsNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := &runner{answer: func(d dispatch.Delivery) dispatch.Outcome {
			return dispatch.Outcome{OK: d.Attempt > 1, Retry: true}
		}}
		s := &flaky{Store: memory.New(memory.Config{})}
		r := startRun(t, s, map[string]dispatch.TargetSpec{"t": {Runner: target, Routes: plain(), Batch: 1}})
		for i := range 10 {
			r.put(fmt.Sprint("e", i), "t")
		}
		pass(10 * time.Minute)
		delivered := map[string]bool{}
		for _, c := range target.all() {
			if c[0].Attempt > 1 {
				delivered[c[0].Event.ID] = true
			}
		}
		if stats, _ := s.Stats(t.Context()); len(delivered) != 10 || len(stats.Lanes) != 0 {
			t.Errorf("%d of 10 delivered, left %+v", len(delivered), stats.Lanes)
		}
		r.stop()
	})
}

func TestRunEndsWhenTheStoreIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memory.New(memory.Config{})
		r := startRun(t, s, map[string]dispatch.TargetSpec{"t": {Runner: &slow{takes: time.Second}, Routes: plain()}})
		r.put("e", "t")
		synctest.Wait()
		s.Close()
		pass(time.Minute)
		if took := r.stop(); took > time.Second {
			t.Errorf("it took %v to stop after the store was closed", took)
		}
	})
}

// TestRun_hammer holds the conservation law under everything at once: senders, a target
// that fails at random, reloads. What was accepted is delivered or dead, and nothing
// else is delivered.
func TestRun_hammer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const senders, each = 4, 200
		s := memory.New(memory.Config{})
		specs := map[string]dispatch.TargetSpec{}
		targets := map[string]*runner{}
		for _, name := range []string{"a", "b", "c"} {
			targets[name] = &runner{answer: func(d dispatch.Delivery) dispatch.Outcome {
				h := len(d.ID) + int(d.ID[len(d.ID)/2])*d.Attempt
				return dispatch.Outcome{OK: h%3 == 0, Retry: h%7 != 0, Code: "X"}
			}}
			specs[name] = dispatch.TargetSpec{Runner: targets[name], Concurrency: 3, Batch: 4,
				Routes: map[string]dispatch.Route{"r": {Retry: dispatch.RetryPolicy{Attempts: new(5)}}}}
		}
		r := startRun(t, s, specs)
		var wg sync.WaitGroup
		for w := range senders {
			wg.Go(func() {
				for i := range each {
					r.put(fmt.Sprintf("%d-%d", w, i), "a", "b", "c")
					if i%50 == 0 {
						if err := r.d.SetTargets(t.Context(), specs); err != nil {
							t.Error(err)
						}
					}
				}
			})
		}
		wg.Wait()
		pass(time.Hour)
		stats, _ := s.Stats(t.Context())
		if len(stats.Lanes) != 0 {
			t.Errorf("left: %+v", stats.Lanes)
		}
		outcomes := map[string]int{}
		dead, _ := s.DeadLetters(t.Context(), "", 0, 1<<20)
		for _, d := range dead {
			outcomes[d.Target+" "+d.Entry.ID]++
		}
		for name, target := range targets {
			for _, c := range target.all() {
				for _, d := range c {
					if target.answer(d).OK {
						outcomes[name+" "+d.Event.ID]++
					}
				}
			}
		}
		if len(outcomes) != senders*each*3 {
			t.Errorf("%d deliveries have an outcome, want %d", len(outcomes), senders*each*3)
		}
		for delivery, n := range outcomes {
			if n != 1 {
				t.Errorf("%s has %d outcomes, want one", delivery, n)
			}
		}
		r.stop()
	})
}

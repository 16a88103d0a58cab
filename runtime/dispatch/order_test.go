package dispatch_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/runtime/dispatch"
	"github.com/tocsin-engine/tocsin/runtime/store/memory"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// byKey orders events called "key-number" by their key; "free-1" has none.
func byKey(ev event.Event) (string, error) {
	key, _, _ := strings.Cut(ev.ID, "-")
	switch key {
	case "free":
		return "", nil
	case "broken":
		return "", errors.New("there is no key")
	}
	return key, nil
}

func orderedTarget(r dispatch.Runner, routes map[string]dispatch.Route) map[string]dispatch.TargetSpec {
	return map[string]dispatch.TargetSpec{"t": {Runner: r, Routes: routes, OrderBy: byKey, Batch: 4, Concurrency: 3}}
}

// TestOrderBlocksOnlyItsKey: while the first of a key fails, the others of the key wait
// and those of other keys go on.
func TestOrderBlocksOnlyItsKey(t *testing.T) {
	sick := true
	r := &runner{answer: func(d dispatch.Delivery) dispatch.Outcome {
		return dispatch.Outcome{OK: !sick || d.Event.ID != "a-1", Retry: true, Code: "X"}
	}}
	w := newWorld(t, orderedTarget(r, plain()))
	for _, id := range []string{"a-1", "a-2", "b-1", "free-1", "a-3", "b-2"} {
		w.put(id, pair("r", "t"))
	}
	w.step()
	if diff := cmp.Diff([]string{"a-1/1", "b-1/1", "free-1/1", "b-2/1"}, r.got()); diff != "" {
		t.Errorf("while a-1 fails (-want +got):\n%s", diff)
	}
	w.put("a-4", pair("r", "t"))
	w.now = w.step() // a-1 again
	w.now = w.step()
	sick = false
	w.play(time.Hour)
	got := r.got()
	if diff := cmp.Diff([]string{"a-1/2", "a-1/3", "a-2/1", "a-3/1", "a-4/1"}, got[4:]); diff != "" {
		t.Errorf("after a-1 is well (-want +got):\n%s", diff)
	}
	if stats, _ := w.store.Stats(context.Background()); len(stats.Lanes) > 0 {
		t.Errorf("something is left: %+v", stats.Lanes)
	}
}

// TestOrderAndDeath: a dead delivery makes room for the next of its key, also while its
// dead-letter queue does not take it; and the age of one that waited begins with its
// first attempt.
func TestOrderAndDeath(t *testing.T) {
	r := &runner{answer: fails("X", true)}
	one := 1
	w := newWorld(t, orderedTarget(r, map[string]dispatch.Route{"r": {DeadLetter: "q", Retry: dispatch.RetryPolicy{Attempts: &one, Within: time.Minute}}}))
	w.queues.err = errors.New("full")
	w.put("a-1", pair("r", "t"))
	w.put("a-2", pair("r", "t"))
	w.put("broken-1", pair("r", "t"))
	w.play(time.Minute)
	if diff := cmp.Diff([]string{"a-1/1", "a-1/2", "a-2/1", "a-2/2"}, r.got()); diff != "" {
		t.Errorf("attempts (-want +got):\n%s", diff)
	}
	stats, err := w.store.Stats(t.Context())
	if err != nil || len(stats.Lanes) != 1 || stats.Lanes[0].Dying != 3 {
		t.Errorf("stats %+v, %v; want three that wait for their queue", stats, err)
	}
	w.queues.err = nil
	w.play(time.Hour)
	if diff := cmp.Diff([]string{"q broken-1 ORDER_ERROR", "q a-1 X", "q a-2 X"}, w.queues.sent); diff != "" {
		t.Errorf("dead letters (-want +got):\n%s", diff)
	}
}

// TestOrderAnyhow: with random failures, many batches at once and restarts, the
// deliveries of one key are made one after the other in the order of the log, and all
// of them.
func TestOrderAnyhow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memory.New(memory.Config{})
		w := &witness{t: t, random: rand.New(rand.NewPCG(3, 4)), flying: map[string]bool{}, last: map[string]int{}}
		n, random := map[string]int{}, rand.New(rand.NewPCG(5, 6))
		const events = 600
		for i := 0; i < events; {
			r := startRun(t, s, orderedTarget(w, plain()))
			for range 200 {
				key := fmt.Sprint("k", random.IntN(7))
				n[key]++
				r.put(fmt.Sprintf("%s-%d", key, n[key]), "t")
				i++
			}
			time.Sleep(time.Second) // of the bubble
			r.stop()
		}
		r := startRun(t, s, orderedTarget(w, plain()))
		pass(3 * time.Hour)
		r.stop()
		if w.done != events {
			t.Errorf("%d deliveries were made, want %d", w.done, events)
		}
	})
}

// witness fails at random and looks at the order.
type witness struct {
	t      *testing.T
	mu     sync.Mutex
	random *rand.Rand
	flying map[string]bool
	last   map[string]int
	done   int
}

func (w *witness) Deliver(_ context.Context, batch []dispatch.Delivery) []dispatch.Outcome {
	out := make([]dispatch.Outcome, len(batch))
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, d := range batch {
		key, _, _ := strings.Cut(d.Event.ID, "-")
		if w.flying[key] {
			w.t.Errorf("two deliveries of %s are under way", key)
		}
		w.flying[key] = true
	}
	w.mu.Unlock()
	time.Sleep(10 * time.Millisecond) // of the bubble, so that others come in between
	w.mu.Lock()
	for i, d := range batch {
		key, number, _ := strings.Cut(d.Event.ID, "-")
		delete(w.flying, key)
		if out[i] = (dispatch.Outcome{OK: w.random.IntN(4) > 0, Retry: true}); !out[i].OK {
			continue
		}
		if want := fmt.Sprint(w.last[key] + 1); number != want {
			w.t.Errorf("%s was delivered, want %s-%s", d.Event.ID, key, want)
		}
		w.last[key]++
		w.done++
	}
	return out
}

// TestOrderManyOfFewKeys: keys with more than is read ahead do not keep others waiting.
func TestOrderManyOfFewKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memory.New(memory.Config{})
		slow := make(chan struct{})
		r := &runner{answer: func(d dispatch.Delivery) dispatch.Outcome { return dispatch.Outcome{OK: true} }}
		blocked := blockFirst{r, slow}
		run := startRun(t, s, orderedTarget(blocked, plain()))
		for i := range 2500 {
			run.put(fmt.Sprintf("hot-%d", i), "t")
		}
		run.put("other-1", "t")
		synctest.Wait()
		if diff := cmp.Diff([]string{"other-1/1"}, r.got()); diff != "" {
			t.Errorf("while hot-0 hangs (-want +got):\n%s", diff)
		}
		close(slow)
		pass(time.Minute)
		got := r.got()
		for i, id := range got[1:] {
			if id != fmt.Sprintf("hot-%d/1", i) {
				t.Fatalf("delivery %d is %s", i, id)
			}
		}
		if len(got) != 2501 {
			t.Errorf("%d deliveries, want 2501", len(got))
		}
		run.stop()
	})
}

// blockFirst hangs on hot-0.
type blockFirst struct {
	*runner
	until chan struct{}
}

func (b blockFirst) Deliver(ctx context.Context, batch []dispatch.Delivery) []dispatch.Outcome {
	if batch[0].Event.ID == "hot-0" {
		<-b.until
	}
	return b.runner.Deliver(ctx, batch)
}

// TestWindow: a batch that is not full waits for its window, a full one does not, a
// drained one neither; and what waits is not lost.
func TestWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memory.New(memory.Config{})
		r := &runner{}
		specs := map[string]dispatch.TargetSpec{"t": {Runner: r, Routes: plain(), Batch: 3, Window: 5 * time.Second}}
		run := startRun(t, s, specs)
		sizes := func(want ...int) {
			t.Helper()
			var got []int
			for _, c := range r.all() {
				got = append(got, len(c))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("batches (-want +got):\n%s", diff)
			}
		}
		run.put("1", "t")
		pass(3 * time.Second)
		run.put("2", "t")
		pass(1999 * time.Millisecond)
		sizes()
		pass(time.Millisecond)
		sizes(2)
		for i := range 4 {
			run.put(fmt.Sprint("3", i), "t")
		}
		synctest.Wait()
		sizes(2, 3)
		if took := run.stop(); took > time.Second {
			t.Errorf("the drain took %s", took)
		}
		sizes(2, 3, 1)
	})
}

func TestRedrive(t *testing.T) {
	r := &runner{answer: fails("X", false)}
	w := newWorld(t, orderedTarget(r, plain()))
	for _, id := range []string{"a-1", "a-2", "b-1"} {
		w.put(id, pair("r", "t"))
	}
	w.step()
	dead := w.deadLetters()
	r.answer = func(d dispatch.Delivery) dispatch.Outcome {
		return dispatch.Outcome{OK: d.Event.ID != "a-2", Code: "Y"}
	}
	w.now = w.now.Add(48 * time.Hour) // older than any retry policy
	dead = append(dead, dead[2])
	dead[2].ID, dead[2].Target = 99, "gone"
	if err := w.Redrive(t.Context(), dead); err != nil {
		t.Fatal(err)
	}
	w.step()
	if diff := cmp.Diff([]string{"a-1/1", "b-1/1", "a-2/1"}, r.got()[3:]); diff != "" {
		t.Errorf("redriven (-want +got):\n%s", diff)
	}
	var left []string
	for _, d := range w.deadLetters() {
		left = append(left, d.Target+" "+d.Entry.ID+" "+d.Code)
	}
	if diff := cmp.Diff([]string{"gone a-2 NO_RESOURCE", "t a-2 Y"}, left); diff != "" {
		t.Errorf("dead letters after it (-want +got):\n%s", diff)
	}
}

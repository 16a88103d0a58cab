package engine_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/runtime/dispatch"
	"github.com/tocsin-engine/tocsin/runtime/engine"
	"github.com/tocsin-engine/tocsin/runtime/sandbox"
	"github.com/tocsin-engine/tocsin/runtime/store/sqlite"
)

// TestARestartGoesOnWhereItStopped holds what a person expects of a durable store: a
// delivery that waits, a key that was taken and an idempotency key outlive the process.
func TestARestartGoesOnWhereItStopped(t *testing.T) {
	dir := t.TempDir()
	life := func(now time.Time, live func(w *world)) {
		t.Helper()
		s, err := sqlite.Open(t.Context(), dir, sqlite.Config{})
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}()
		w := newWorldWith(t, once, engine.Config{Store: s})
		w.now = now
		live(w)
	}
	ev := newEvent(t, "e1", "shop", `{"group":"a"}`)
	life(start, func(w *world) {
		w.plugins.act = func(context.Context, sandbox.Capabilities, string, dispatch.Delivery) dispatch.Outcome {
			return dispatch.Outcome{Retry: true, Code: "BUSY"}
		}
		w.put(ev, "key")
	})
	life(start.Add(10*time.Minute), func(w *world) {
		if f := w.fate("e1"); f.State != engine.StateRetrying || f.Deliveries[0].Attempts != 1 {
			t.Errorf("before the second attempt: %+v", f)
		}
		if r := w.put(ev, "key"); !r.Duplicate || r.ID != "e1" {
			t.Errorf("the sender's retry: %+v", r)
		}
		if f := w.fate("e1"); f.State != engine.StateDelivered {
			t.Errorf("after the second attempt: %+v", f)
		}
		if r := w.send("e2", "shop", `{"group":"a"}`); len(r.Matched) != 0 {
			t.Errorf("the same group within its hour matched: %+v", r)
		}
		if diff := cmp.Diff(map[string][]string{"tell": {"e1"}}, w.plugins.got); diff != "" {
			t.Error(diff)
		}
	})
	life(start.Add(time.Hour), func(w *world) {
		if r := w.send("e3", "shop", `{"group":"a"}`); len(r.Matched) != 1 {
			t.Errorf("the same group after its hour: %+v", r)
		}
	})
}

package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/runtime/dispatch"
	"github.com/tocsin-engine/tocsin/runtime/engine"
	"github.com/tocsin-engine/tocsin/runtime/sandbox"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/store"
	"github.com/tocsin-engine/tocsin/runtime/store/memory"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

const relay = `
version: 1
rules:
  - name: first
    pattern: {source: [shop]}
    targets: [relay]
  - name: second
    pattern: {source: [derived]}
    targets: [last]
targets:
  - {name: relay, plugin: log}
  - {name: last, plugin: log, batch: 2}
`

func (w *world) act(evs ...event.Event) []string {
	w.t.Helper()
	var in []service.Submission
	for _, ev := range evs {
		in = append(in, service.Submission{Event: ev})
	}
	var out []string
	for _, err := range w.Act(context.Background(), in) {
		out = append(out, fmt.Sprint(err))
	}
	return out
}

// derive emits an event for each that it gets.
func derive(ctx context.Context, host sandbox.Capabilities, target string, d dispatch.Delivery) dispatch.Outcome {
	if target == "relay" {
		scope := sandbox.Scope{Target: target, Rule: d.Rule, Bus: d.Event.Bus, Hops: d.Event.Hops}
		if errno := host.Emit(ctx, scope, []byte(`{"id":"of-`+d.Event.ID+`","source":"derived","detail-type":"T"}`)); errno != 0 {
			return dispatch.Outcome{Code: fmt.Sprint("ERRNO_", errno)}
		}
	}
	return dispatch.Outcome{OK: true}
}

func TestActDeliversWhatTargetsEmit(t *testing.T) {
	w := newWorld(t, relay)
	w.plugins.act = derive
	got := w.act(newEvent(t, "e1", "shop", `{}`), newEvent(t, "e2", "other", `{}`), newEvent(t, "e3", "shop", `{}`))
	if diff := cmp.Diff([]string{"<nil>", "<nil>", "<nil>"}, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string][]string{"relay": {"e1", "e3"}, "last": {"of-e1", "of-e3"}}, w.plugins.got); diff != "" {
		t.Error(diff)
	}
	if s := w.Stats(); s.Received != 5 || s.Unmatched != 1 || s.Rules["second"].Matched != 2 {
		t.Errorf("stats %+v", s)
	}
	waiting, err := w.store.Stats(context.Background())
	if err != nil || waiting.Entries != 0 {
		t.Errorf("the log holds %d entries, %v", waiting.Entries, err)
	}
}

func TestActSaysWhichSubmissionFailed(t *testing.T) {
	w := newWorld(t, relay)
	w.plugins.act = func(ctx context.Context, host sandbox.Capabilities, target string, d dispatch.Delivery) dispatch.Outcome {
		if d.Event.ID == "e2" {
			return dispatch.Outcome{Retry: true, Code: "BUSY", Message: "come again"}
		}
		return dispatch.Outcome{OK: true}
	}
	got := w.act(newEvent(t, "e1", "shop", `{}`), newEvent(t, "e2", "shop", `{}`))
	want := []string{"<nil>", `rule "first", target "relay", event e2: BUSY: come again`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// What a submission led to fails the submission, wherever it happened.
func TestActFailsTheRootOfAFailure(t *testing.T) {
	w := newWorld(t, relay)
	w.plugins.act = func(ctx context.Context, host sandbox.Capabilities, target string, d dispatch.Delivery) dispatch.Outcome {
		if target == "last" {
			return dispatch.Outcome{Code: "GONE", Message: "no such queue"}
		}
		return derive(ctx, host, target, d)
	}
	got := w.act(newEvent(t, "e1", "shop", `{}`), newEvent(t, "e2", "other", `{}`))
	if !strings.Contains(got[0], `target "last", event of-e1: GONE: no such queue`) || got[1] != "<nil>" {
		t.Error(got)
	}
}

func TestActStopsALoop(t *testing.T) {
	w := newWorldWith(t, strings.Replace(relay, "derived", "shop", 1), engine.Config{MaxHops: 2})
	w.plugins.act = func(ctx context.Context, host sandbox.Capabilities, target string, d dispatch.Delivery) dispatch.Outcome {
		scope := sandbox.Scope{Target: target, Rule: d.Rule, Bus: d.Event.Bus, Hops: d.Event.Hops}
		errno := host.Emit(ctx, scope, []byte(`{"source":"shop","detail-type":"T"}`))
		return dispatch.Outcome{OK: errno == 0, Code: fmt.Sprint("ERRNO_", errno)}
	}
	if got := w.act(newEvent(t, "e1", "shop", `{}`)); !strings.Contains(got[0], "ERRNO_") {
		t.Error(got)
	}
	if s := w.Stats(); s.LoopsCut == 0 {
		t.Errorf("stats %+v", s)
	}
}

func TestActGivesUpAtTheDeadline(t *testing.T) {
	w := newWorld(t, relay)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	errs := w.Act(ctx, []service.Submission{{Event: newEvent(t, "e1", "shop", `{}`)}})
	if errs[0] == nil || !strings.Contains(errs[0].Error(), dispatch.Expired) || len(w.plugins.got) != 0 {
		t.Error(errs, w.plugins.got)
	}
}

func TestActHandsOnWhatTargetsEmit(t *testing.T) {
	var handed []string
	refuse := false
	w := newWorldWith(t, relay, engine.Config{Emit: func(_ context.Context, ev event.Event) error {
		if refuse {
			return errors.New("no such bus")
		}
		handed = append(handed, ev.ID)
		return nil
	}})
	w.plugins.act = derive
	if got := w.act(newEvent(t, "e1", "shop", `{}`)); got[0] != "<nil>" {
		t.Error(got)
	}
	if diff := cmp.Diff([]string{"of-e1"}, handed); diff != "" || w.plugins.got["last"] != nil {
		t.Errorf("%s, and matched here: %v", diff, w.plugins.got["last"])
	}
	refuse = true
	if got := w.act(newEvent(t, "e2", "shop", `{}`)); !strings.Contains(got[0], "ERRNO_") {
		t.Errorf("the target was not told: %v", got)
	}
}

// remembering is a store in memory that is said to be kept.
type remembering struct{ store.Store }

func (remembering) Promises() store.Promises { return store.Promises{Kind: "test", Durable: true} }

func TestActRemembersWhatItDelivered(t *testing.T) {
	w := newWorldWith(t, strings.Replace(relay, "targets: [relay]", "targets: [relay, last]", 1),
		engine.Config{Store: remembering{memory.New(memory.Config{})}})
	fail := true
	w.plugins.act = func(_ context.Context, _ sandbox.Capabilities, target string, d dispatch.Delivery) dispatch.Outcome {
		return dispatch.Outcome{OK: target == "last" || !fail, Retry: true}
	}
	ev := newEvent(t, "e1", "shop", `{}`)
	if got := w.act(ev); got[0] == "<nil>" {
		t.Error("the failure was not told")
	}
	fail = false
	if got := w.act(ev); got[0] != "<nil>" {
		t.Error(got)
	}
	if diff := cmp.Diff(map[string][]string{"relay": {"e1", "e1"}, "last": {"e1"}}, w.plugins.got); diff != "" {
		t.Error(diff)
	}
}

// strict is a remembering store that does nothing for a context that has ended.
type strict struct{ remembering }

func (s strict) Apply(ctx context.Context, now time.Time, swaps ...store.Swap) ([]uint64, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return s.remembering.Apply(ctx, now, swaps...)
}

func TestActRemembersWhatItDeliveredLast(t *testing.T) {
	w := newWorldWith(t, relay, engine.Config{Store: strict{remembering{memory.New(memory.Config{})}}})
	ctx, end := context.WithCancel(context.Background())
	w.plugins.act = func(context.Context, sandbox.Capabilities, string, dispatch.Delivery) dispatch.Outcome {
		end() // the time is over when it is delivered
		return dispatch.Outcome{OK: true}
	}
	ev := []service.Submission{{Event: newEvent(t, "e1", "shop", `{}`)}}
	w.Act(ctx, ev)
	if errs := w.Act(context.Background(), ev); errs[0] != nil {
		t.Error(errs)
	}
	if n := len(w.plugins.got["relay"]); n != 1 {
		t.Errorf("delivered %d times", n)
	}
}

func TestActOncePer(t *testing.T) {
	w := newWorld(t, once)
	group := func(id string) event.Event { return newEvent(t, id, "shop", `{"group":"a"}`) }
	for _, id := range []string{"e1", "e2", "e1"} { // e1 comes again: its sender retries
		if got := w.act(group(id)); got[0] != "<nil>" {
			t.Fatal(got)
		}
	}
	if diff := cmp.Diff([]string{"e1", "e1"}, w.plugins.got["tell"]); diff != "" {
		t.Error(diff)
	}
	w.now = w.now.Add(time.Hour)
	w.act(group("e3"))
	if n := len(w.plugins.got["tell"]); n != 3 {
		t.Errorf("delivered %d times, want 3", n)
	}
}

package engine_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
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

const watched = `
version: 1
rules:
  - {name: order, pattern: {source: [shop]}, targets: [works, {target: broken, dead_letter: lost}]}
  - {name: watch, pattern: {source: [tocsin.metrics], detail: {namespace: [AWS/Events]}}, targets: [watcher]}
targets:
  - {name: works, plugin: log}
  - {name: broken, plugin: log}
  - {name: watcher, plugin: log}
`

// noQueue takes no dead letter.
type noQueue struct{}

func (noQueue) Send(context.Context, string, store.DeadLetter) error { return fmt.Errorf("it is full") }

// TestOwnMetrics: a minute's counts come as events that rules can match, and do not
// cause themselves.
func TestOwnMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &plugins{act: func(_ context.Context, _ sandbox.Capabilities, target string, _ dispatch.Delivery) dispatch.Outcome {
			return dispatch.Outcome{OK: target == "works", Code: "X"}
		}}
		e, err := engine.New(engine.Config{Store: memory.New(memory.Config{}), Plugins: p, DeadLetters: noQueue{}, Rehearsal: true})
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Load(t.Context(), set(t, watched)); err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- e.Run(ctx) }()
		for i := range 3 {
			if _, err := e.Put(ctx, []service.Submission{{Event: newEvent(t, fmt.Sprint(i), "shop", "{}")}}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := e.Put(ctx, []service.Submission{{Event: newEvent(t, "x", "nobody", "{}")}}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute + time.Second) // of the bubble
		synctest.Wait()
		got := ownEvents(e.Recent(100))
		// A dead letter is offered to its queue at once, and again after 1, 2, 4, 8, 16 and 32 s.
		want := []string{
			"IngestionToInvocationStartLatency order", "Invocations order 3", "InvocationsFailedToBeSentToDlq order 21",
			"MatchedEvents default 3", "TriggeredRules order 3",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the minute's metrics (-want +got):\n%s", diff)
		}
		time.Sleep(5 * time.Minute) // of the bubble
		synctest.Wait()
		for _, late := range ownEvents(e.Recent(100))[len(want):] {
			if late != "InvocationsFailedToBeSentToDlq order 3" {
				t.Errorf("in a quiet minute came %s", late)
			}
		}
		if n := e.Stats().Unmatched; n != 1 {
			t.Errorf("%d events were unmatched, want 1", n)
		}
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// ownEvents are the engine's own metrics among events, oldest first and sorted within a
// time: name, dimension, value.
func ownEvents(recent []engine.Recent) (out []string) {
	slices.Reverse(recent)
	for _, r := range recent {
		if r.Event.Source != "tocsin.metrics" {
			continue
		}
		detail := event.Value(r.Event.Detail())
		name, _ := detail.Get("name").Text()
		dimensions := detail.Get("dimensions")
		of, ok := dimensions.Get("RuleName").Text()
		if !ok {
			of, _ = dimensions.Get("EventBusName").Text()
		}
		line := name + " " + of
		if v := detail.Get("value"); v != nil {
			line += " " + string(v)
		}
		out = append(out, line)
	}
	slices.Sort(out[:min(5, len(out))])
	return out
}

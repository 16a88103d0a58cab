package local_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/runtime/dispatch"
	"github.com/tocsin-engine/tocsin/runtime/engine"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/service/local"
	"github.com/tocsin-engine/tocsin/runtime/store/memory"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// rude fails every delivery with a reason that no queue takes as it is.
type rude struct{}

func (rude) Digest(context.Context, rulefile.Target, *rulefile.Plugin) (string, error) {
	return "", nil
}

func (rude) Open(context.Context, rulefile.Target, *rulefile.Plugin, engine.Host) (engine.Runner, error) {
	return rude{}, nil
}

func (rude) Close() error { return nil }

func (rude) Deliver(_ context.Context, ds []dispatch.Delivery) []dispatch.Outcome {
	out := make([]dispatch.Outcome, len(ds))
	for i := range out {
		out[i] = dispatch.Outcome{Code: "RUDE", Message: "\x00\x1b[31m\xff" + strings.Repeat("ü", 2<<20)}
	}
	return out
}

// Neither what a plugin says nor what an event holds keeps a dead letter from its queue.
func TestEveryDeadLetterIsTaken(t *testing.T) {
	for _, queue := range []string{"lost", "lost.fifo"} {
		t.Run(queue, func(t *testing.T) {
			now := func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }
			st := memory.New(memory.Config{})
			e, err := engine.New(engine.Config{Store: st, Plugins: rude{}, Now: now, Rehearsal: true})
			if err != nil {
				t.Fatal(err)
			}
			w := &world{Engine: e, t: t, table: service.NewTable(local.Operations(st, now, nil))}
			e.SetServices(w.table)
			w.load("{version: 1, rules: [{name: r, pattern: {source: [shop]}, targets: [t]}], targets: [{name: t, plugin: log, dead_letter: " + queue + "}]}")
			w.put("e1")
			ev, err := event.New(event.Fields{ID: "e2", DetailType: "Order", Source: "shop", Account: "1", Region: "r", Detail: []byte("{\"a\":\"\uFFFE\uFFFF\"}")})
			if err != nil {
				t.Fatal(err)
			}
			w.submit(service.Submission{Event: ev})
			got := w.receive(queue, 2)
			if !strings.Contains(got.Messages[1].Body, `{"a":"\uFFFE\uFFFF"}`) {
				t.Errorf("body %s", got.Messages[1].Body)
			}
			if reason := got.Messages[0].MessageAttributes["ERROR_MESSAGE"].StringValue; len(reason) > 1024 || !strings.HasPrefix(reason, "  [31m?ü") {
				t.Errorf("reason of %d bytes: %.20q", len(reason), reason)
			}
		})
	}
}

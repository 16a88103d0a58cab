package ruletest

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/runtime/dispatch"
	"github.com/tocsin-engine/tocsin/runtime/engine"
	"github.com/tocsin-engine/tocsin/runtime/store"
	"github.com/tocsin-engine/tocsin/runtime/store/memory"
)

// Account and Region stand in events of tests that have none.
const (
	Account = "123456789012"
	Region  = "us-east-1"
)

// world is one test's engine, clock and recorders.
type world struct {
	engine  *engine.Engine
	store   *memory.Store
	now     time.Time
	ids     int
	respond map[string][]rulefile.Response
	// fired are the rules whose schedule was due.
	fired []string
	// got is what each target has taken, as JSON.
	got map[string][][]byte
}

func newWorld(ctx context.Context, set *rulefile.Set, t rulefile.Test) (*world, error) {
	w := &world{store: memory.New(memory.Config{}), now: t.Start, respond: maps.Clone(t.Respond), got: map[string][][]byte{}}
	var err error
	w.engine, err = engine.New(engine.Config{
		Store: w.store, Plugins: recorders{w}, DeadLetters: taker{}, Rehearsal: true, Account: Account, Region: Region,
		Now: func() time.Time { return w.now }, NewID: w.newID,
	})
	if err != nil {
		return nil, err
	}
	return w, w.engine.Load(ctx, set)
}

func (w *world) close() {
	_, _ = w.engine.Close(), w.store.Close() // recorders and memory have nothing to say
}

// newID counts, so that every run of a test has the same ids.
func (w *world) newID() string {
	w.ids++
	return fmt.Sprintf("00000000-0000-4000-8000-%012d", w.ids)
}

// until moves the clock, stopping wherever a retry, a batch or a schedule is due. The
// schedules of the moment it ends at fire too.
func (w *world) until(ctx context.Context, end time.Time) error {
	for {
		fired, scheduled, err := w.engine.Tick(ctx)
		if err != nil {
			return err
		}
		w.fired = append(w.fired, fired...)
		_, next, err := w.engine.Step(ctx)
		if err != nil {
			return err
		}
		if next.IsZero() || !scheduled.IsZero() && scheduled.Before(next) {
			next = scheduled
		}
		if next.IsZero() || next.After(end) {
			if end.After(w.now) {
				w.now = end
			}
			return nil
		}
		w.now = next
	}
}

// settle does what is due now; with all, also what will be, until nothing is. A schedule
// is always due again: only until looks at them.
func (w *world) settle(ctx context.Context, all bool) error {
	for {
		_, next, err := w.engine.Step(ctx)
		if err != nil || !all || next.IsZero() {
			return err
		}
		w.now = next
	}
}

// dead is what each target has given up.
func (w *world) dead(ctx context.Context) (map[string][][]byte, error) {
	letters, err := w.store.DeadLetters(ctx, "", 0, 1<<30)
	dead := map[string][][]byte{}
	for _, d := range letters {
		dead[d.Target] = append(dead[d.Target], d.Entry.Raw)
	}
	return dead, err
}

// recorders stand in the places of the plugins.
type recorders struct{ w *world }

func (r recorders) Digest(context.Context, rulefile.Target, *rulefile.Plugin) (string, error) {
	return "", nil
}

func (r recorders) Open(_ context.Context, t rulefile.Target, _ *rulefile.Plugin, _ engine.Host) (engine.Runner, error) {
	return &recorder{r.w, t.Name}, nil
}

// recorder answers a target's deliveries by its script. Step calls it from one
// goroutine.
type recorder struct {
	w    *world
	name string
}

func (r *recorder) Close() error { return nil }

func (r *recorder) Deliver(_ context.Context, batch []dispatch.Delivery) []dispatch.Outcome {
	out := make([]dispatch.Outcome, len(batch))
	for i, d := range batch {
		switch r.next() {
		case rulefile.Again:
			out[i] = dispatch.Outcome{Retry: true, Code: "TEST", Message: "the test responds retry"}
		case rulefile.Fail:
			out[i] = dispatch.Outcome{Code: "TEST", Message: "the test responds fail"}
		default:
			input := d.Input
			if input == nil {
				input = d.Event.Raw()
			}
			r.w.got[r.name] = append(r.w.got[r.name], input)
			out[i] = dispatch.Outcome{OK: true}
		}
	}
	return out
}

func (r *recorder) next() rulefile.Response {
	script := r.w.respond[r.name]
	if len(script) == 0 {
		return rulefile.OK
	}
	r.w.respond[r.name] = script[1:]
	return script[0]
}

// taker takes every dead letter: a test reads them in the store's list.
type taker struct{}

func (taker) Send(context.Context, string, store.DeadLetter) error { return nil }

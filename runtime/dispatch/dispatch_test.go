package dispatch_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/runtime/dispatch"
	"github.com/tocsin-engine/tocsin/runtime/store"
	"github.com/tocsin-engine/tocsin/runtime/store/memory"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// runner is a target made of one function, which keeps what it was given.
type runner struct {
	mu     sync.Mutex
	calls  [][]dispatch.Delivery
	answer func(dispatch.Delivery) dispatch.Outcome
}

func (r *runner) Deliver(_ context.Context, batch []dispatch.Delivery) []dispatch.Outcome {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, slices.Clone(batch))
	out := make([]dispatch.Outcome, len(batch))
	for i, d := range batch {
		out[i] = dispatch.Outcome{OK: true}
		if r.answer != nil {
			out[i] = r.answer(d)
		}
	}
	return out
}

// all are the batches that the target was given.
func (r *runner) all() [][]dispatch.Delivery {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.calls)
}

// got lists what the target was given, as "event/attempt".
func (r *runner) got() []string {
	var out []string
	for _, c := range r.all() {
		for _, d := range c {
			out = append(out, fmt.Sprintf("%s/%d", d.Event.ID, d.Attempt))
		}
	}
	return out
}

func fails(code string, retry bool) func(dispatch.Delivery) dispatch.Outcome {
	return func(dispatch.Delivery) dispatch.Outcome {
		return dispatch.Outcome{Retry: retry, Code: code, Message: "it said " + code}
	}
}

// queues is a dead-letter queue that can be out of order.
type queues struct {
	mu   sync.Mutex
	err  error
	sent []string
}

func (q *queues) Send(_ context.Context, queue string, d store.DeadLetter) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err == nil {
		q.sent = append(q.sent, queue+" "+d.Entry.ID+" "+d.Code)
	}
	return q.err
}

// world is a dispatcher on a memory store and a clock that only the test moves.
type world struct {
	t       *testing.T
	now     time.Time
	store   store.Store
	queues  queues
	reports []string
	*dispatch.Dispatcher
}

func newWorld(t *testing.T, targets map[string]dispatch.TargetSpec) *world {
	w := &world{t: t, now: start, store: memory.New(memory.Config{})}
	w.Dispatcher = dispatch.New(dispatch.Config{
		Store: w.store, DeadLetters: &w.queues, Now: func() time.Time { return w.now },
		Observe: func(r dispatch.Report) {
			w.reports = append(w.reports, fmt.Sprintf("%s %s %s/%d", r.Kind, r.Target, r.Entry.ID, r.Attempt))
		},
	})
	w.set(targets)
	return w
}

func (w *world) set(targets map[string]dispatch.TargetSpec) {
	w.t.Helper()
	if err := w.SetTargets(context.Background(), targets); err != nil {
		w.t.Fatal(err)
	}
}

// put appends an event with pairs written "rule>target".
func (w *world) put(id string, pairs ...store.Pair) {
	w.t.Helper()
	putEvent(w.t, w.store, id, w.now, pairs...)
	for _, p := range pairs {
		w.Notify(p.Target)
	}
}

func putEvent(t testing.TB, s store.Store, id string, now time.Time, pairs ...store.Pair) {
	t.Helper()
	ev, err := event.New(event.Fields{ID: id, DetailType: "T", Source: "s", Account: "123456789012", Region: "eu-west-1", Time: now})
	if err != nil {
		t.Fatal(err)
	}
	e := store.Entry{ID: id, Raw: ev.Raw(), Bus: "default", Received: now, Pairs: pairs}
	if _, err := s.Append(context.Background(), store.Batch{Now: now, Entries: []store.Entry{e}}); err != nil {
		t.Fatal(err)
	}
}

func (w *world) step() (next time.Time) {
	w.t.Helper()
	_, next, err := w.Step(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	return next
}

// play steps from one due time to the next until nothing waits, or the bound is over.
func (w *world) play(bound time.Duration) {
	w.t.Helper()
	end := w.now.Add(bound)
	for {
		next := w.step()
		if next.IsZero() || next.After(end) {
			w.now = end
			return
		}
		w.now = next
	}
}

func (w *world) deadLetters() []store.DeadLetter {
	w.t.Helper()
	dead, err := w.store.DeadLetters(context.Background(), "", 0, 1000)
	if err != nil {
		w.t.Fatal(err)
	}
	return dead
}

func target(r dispatch.Runner, routes map[string]dispatch.Route) map[string]dispatch.TargetSpec {
	return map[string]dispatch.TargetSpec{"t": {Runner: r, Routes: routes}}
}

func plain() map[string]dispatch.Route { return map[string]dispatch.Route{"r": {}} }

func pair(rule, target string) store.Pair { return store.Pair{Rule: rule, Target: target} }

func TestDeliversEveryPairOnce(t *testing.T) {
	a, b := &runner{}, &runner{}
	w := newWorld(t, map[string]dispatch.TargetSpec{
		"a": {Runner: a, Routes: map[string]dispatch.Route{"r": {}, "q": {}}, Batch: 2},
		"b": {Runner: b, Routes: plain()},
	})
	for i := range 5 {
		w.put(fmt.Sprint("e", i), pair("r", "a"), pair("r", "b"))
	}
	w.put("two-rules", pair("r", "a"), pair("q", "a"))
	w.step()
	want := []string{"e0/1", "e1/1", "e2/1", "e3/1", "e4/1"}
	if diff := cmp.Diff(append(want, "two-rules/1", "two-rules/1"), a.got()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want, b.got()); diff != "" {
		t.Error(diff)
	}
	for _, c := range a.calls {
		if len(c) > 2 {
			t.Errorf("a batch of %d, want at most 2", len(c))
		}
	}
	if stats, _ := w.store.Stats(context.Background()); len(stats.Lanes) > 0 {
		t.Errorf("something is left: %+v", stats.Lanes)
	}
	if worked, _, _ := w.Step(context.Background()); worked {
		t.Error("a second step found work")
	}
}

func TestDeliveryIDsAreStableAndDifferent(t *testing.T) {
	r := &runner{answer: func(d dispatch.Delivery) dispatch.Outcome {
		return dispatch.Outcome{OK: d.Attempt == 2, Retry: true}
	}}
	w := newWorld(t, target(r, map[string]dispatch.Route{"r": {}, "q": {}}))
	w.put("same", pair("r", "t"), pair("q", "t"))
	w.put("same", pair("r", "t"))
	w.play(time.Hour)
	seen := map[string]int{}
	for _, c := range r.calls {
		for _, d := range c {
			seen[d.ID]++
		}
	}
	if len(seen) != 3 {
		t.Errorf("%d ids for 3 deliveries: %v", len(seen), seen)
	}
	for id, n := range seen {
		if n != 2 {
			t.Errorf("delivery %s was tried %d times, want 2", id, n)
		}
	}
}

func TestRetriesUntilAttemptsAreUsedUp(t *testing.T) {
	for _, tc := range []struct {
		name      string
		policy    dispatch.RetryPolicy
		attempts  int
		exhausted string
	}{
		{"no retries", dispatch.RetryPolicy{Attempts: new(0)}, 1, dispatch.ByAttempts},
		{"three retries", dispatch.RetryPolicy{Attempts: new(3)}, 4, dispatch.ByAttempts},
		{"a minute", dispatch.RetryPolicy{Within: time.Minute}, 7, dispatch.ByAge},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := &runner{answer: fails("THROTTLING", true)}
			w := newWorld(t, target(r, map[string]dispatch.Route{"r": {Retry: tc.policy}}))
			w.put("e", pair("r", "t"))
			w.play(48 * time.Hour)
			dead := w.deadLetters()
			if len(dead) != 1 {
				t.Fatalf("%d dead letters, want 1", len(dead))
			}
			d := dead[0]
			want := store.Death{Code: "THROTTLING", Message: "it said THROTTLING", Exhausted: tc.exhausted, Attempts: tc.attempts, Died: d.Died}
			if diff := cmp.Diff(want, d.Death); diff != "" {
				t.Error(diff)
			}
			if n := len(r.got()); n != tc.attempts {
				t.Errorf("%d attempts were made, want %d", n, tc.attempts)
			}
			if tc.exhausted == dispatch.ByAge && !d.Died.Equal(start.Add(time.Minute)) {
				t.Errorf("died after %v, want its whole minute to be used", d.Died.Sub(start))
			}
		})
	}
}

func TestEventBridgesDay(t *testing.T) {
	r := &runner{answer: fails("THROTTLING", true)}
	w := newWorld(t, target(r, plain()))
	w.put("e", pair("r", "t"))
	w.play(48 * time.Hour)
	d := w.deadLetters()[0]
	if d.Attempts < 180 || d.Attempts > 186 {
		t.Errorf("%d attempts in a day, want nearly all of 1 + 185", d.Attempts)
	}
	if age := d.Died.Sub(start); age < 22*time.Hour || age > 24*time.Hour {
		t.Errorf("gave up after %v, want nearly the whole day and not more", age)
	}
}

func TestPermanentFailureDiesAtOnce(t *testing.T) {
	r := &runner{answer: fails("NO_PERMISSIONS", false)}
	w := newWorld(t, target(r, map[string]dispatch.Route{"r": {DeadLetter: "lost"}}))
	w.put("e", pair("r", "t"))
	if next := w.step(); !next.IsZero() {
		t.Errorf("another attempt is due at %v", next)
	}
	d := w.deadLetters()[0]
	if diff := cmp.Diff(store.Death{Code: "NO_PERMISSIONS", Message: "it said NO_PERMISSIONS", Attempts: 1, Died: start}, d.Death); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"lost e NO_PERMISSIONS"}, w.queues.sent); diff != "" {
		t.Error(diff)
	}
}

func TestPartialFailureOfABatch(t *testing.T) {
	r := &runner{answer: func(d dispatch.Delivery) dispatch.Outcome {
		return dispatch.Outcome{OK: d.Event.ID != "bad" || d.Attempt == 2, Retry: true}
	}}
	w := newWorld(t, target(r, plain()))
	w.put("good", pair("r", "t"))
	w.put("bad", pair("r", "t"))
	w.put("fine", pair("r", "t"))
	w.play(time.Hour)
	if diff := cmp.Diff([]string{"good/1", "bad/1", "fine/1", "bad/2"}, r.got()); diff != "" {
		t.Error(diff)
	}
	want := []string{"delivered t good/1", "retried t bad/1", "delivered t fine/1", "delivered t bad/2"}
	if diff := cmp.Diff(want, w.reports); diff != "" {
		t.Error(diff)
	}
}

func TestGoneRuleAndGoneTarget(t *testing.T) {
	r := &runner{}
	w := newWorld(t, map[string]dispatch.TargetSpec{
		"t":    {Runner: r, Routes: plain(), DeadLetter: "lost"},
		"gone": {Runner: r, Routes: plain()},
	})
	w.put("e", pair("old-rule", "t"), pair("r", "gone"), pair("r", "never-was"))
	w.set(map[string]dispatch.TargetSpec{"t": {Runner: r, Routes: plain(), DeadLetter: "lost"}})
	w.step()
	var got []string
	for _, d := range w.deadLetters() {
		got = append(got, fmt.Sprintf("%s>%s %s %d: %s", d.Rule, d.Target, d.Code, d.Attempts, d.Message))
	}
	slices.Sort(got)
	want := []string{
		`old-rule>t NO_RESOURCE 0: there is no rule "old-rule" with target "t" any more`,
		`r>gone NO_RESOURCE 0: there is no target "gone" any more`,
		`r>never-was NO_RESOURCE 0: there is no target "never-was" any more`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"lost e NO_RESOURCE"}, w.queues.sent); diff != "" {
		t.Error(diff)
	}
	if len(r.calls) > 0 {
		t.Error("a target was called")
	}
}

func TestWorkFromBeforeARestart(t *testing.T) {
	s := memory.New(memory.Config{})
	putEvent(t, s, "old", start, pair("r", "t"), pair("r", "gone"))
	r := &runner{}
	d := dispatch.New(dispatch.Config{Store: s, Now: func() time.Time { return start }})
	if worked, _, err := d.Step(context.Background()); worked || err != nil {
		t.Fatalf("Step before SetTargets = %v, %v; it cannot know what is gone", worked, err)
	}
	if err := d.SetTargets(context.Background(), target(r, plain())); err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.Step(context.Background()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"old/1"}, r.got()); diff != "" {
		t.Error(diff)
	}
	if dead, _ := s.DeadLetters(context.Background(), "gone", 0, 10); len(dead) != 1 {
		t.Errorf("%d dead letters of the target that is gone, want 1", len(dead))
	}
}

func TestFailingDeadLetterQueueKeepsTheDelivery(t *testing.T) {
	r := &runner{answer: fails("X", false)}
	w := newWorld(t, target(r, map[string]dispatch.Route{"r": {DeadLetter: "lost"}}))
	w.queues.err = errors.New("the queue is full")
	w.put("e", pair("r", "t"))
	w.play(2 * time.Hour)
	if n := len(r.got()); n != 1 {
		t.Errorf("the target was called %d times, want once: it had said no", n)
	}
	if len(w.deadLetters()) > 0 {
		t.Error("it stands among the dead letters though its queue did not take it")
	}
	stats, _ := w.store.Stats(context.Background())
	if diff := cmp.Diff([]store.Lane{{Target: "t", Cursor: 1, Retries: 1, Dying: 1}}, stats.Lanes); diff != "" {
		t.Error(diff)
	}
	if n := len(w.reports); n < 10 || n > 30 {
		t.Errorf("offered %d times in two hours, want a delay that grows to minutes", n)
	}
	w.queues.err = nil
	w.play(time.Hour)
	if diff := cmp.Diff([]string{"lost e X"}, w.queues.sent); diff != "" {
		t.Error(diff)
	}
	if dead := w.deadLetters(); len(dead) != 1 || dead[0].Attempts != 1 || !dead[0].Died.Equal(start) {
		t.Errorf("dead letters %+v, want the one of the first attempt", dead)
	}
}

func TestPanicAndNonsenseCostOnlyTheBatch(t *testing.T) {
	healthy := &runner{}
	w := newWorld(t, map[string]dispatch.TargetSpec{
		"panics":   {Runner: broken{func([]dispatch.Delivery) []dispatch.Outcome { panic("boom") }}, Routes: plain()},
		"nonsense": {Runner: broken{func([]dispatch.Delivery) []dispatch.Outcome { return nil }}, Routes: plain()},
		"healthy":  {Runner: healthy, Routes: plain()},
	})
	w.put("e", pair("r", "panics"), pair("r", "nonsense"), pair("r", "healthy"))
	w.step()
	if diff := cmp.Diff([]string{"e/1"}, healthy.got()); diff != "" {
		t.Error(diff)
	}
	want := []string{"delivered healthy e/1", "retried nonsense e/1", "retried panics e/1"}
	if diff := cmp.Diff(want, w.reports); diff != "" {
		t.Error(diff)
	}
}

type broken struct {
	deliver func([]dispatch.Delivery) []dispatch.Outcome
}

func (b broken) Deliver(_ context.Context, d []dispatch.Delivery) []dispatch.Outcome {
	return b.deliver(d)
}

func TestShape(t *testing.T) {
	r := &runner{}
	w := newWorld(t, target(r, map[string]dispatch.Route{
		"shaped": {Shape: func(e event.Event, _ store.Entry) ([]byte, error) { return []byte(`"` + e.ID + `"`), nil }},
		"whole":  {},
		"fails":  {Shape: func(event.Event, store.Entry) ([]byte, error) { return nil, errors.New("cannot fetch b from nil") }},
	}))
	w.put("e", pair("shaped", "t"), pair("whole", "t"), pair("fails", "t"))
	w.step()
	got := map[string]string{}
	for _, c := range r.calls {
		for _, d := range c {
			got[d.Rule] = string(d.Input)
		}
	}
	if diff := cmp.Diff(map[string]string{"shaped": `"e"`, "whole": ""}, got); diff != "" {
		t.Error(diff)
	}
	d := w.deadLetters()[0]
	if d.Code != dispatch.InputError || d.Message != "cannot fetch b from nil" || d.Attempts != 0 {
		t.Errorf("dead letter %+v, want INPUT_ERROR with the reason", d.Death)
	}
}

func TestNewEntriesAndRetriesTakeTurns(t *testing.T) {
	r := &runner{answer: func(d dispatch.Delivery) dispatch.Outcome {
		return dispatch.Outcome{OK: d.Attempt > 1, Retry: true}
	}}
	spec := target(r, plain())
	s := spec["t"]
	s.Batch = 1
	spec["t"] = s
	w := newWorld(t, spec)
	for i := range 3 {
		w.put(fmt.Sprint("old", i), pair("r", "t"))
	}
	w.step()
	w.now = w.now.Add(time.Minute)
	for i := range 3 {
		w.put(fmt.Sprint("new", i), pair("r", "t"))
	}
	w.step()
	got := r.got()[3:]
	for i := range 3 {
		if old := got[2*i][:3] == "old"; i > 0 && old == (got[2*i-1][:3] == "old") {
			t.Errorf("one kind starves the other: %v", got)
			break
		}
	}
}

func TestSetTargetsRefusesWhatCannotBe(t *testing.T) {
	for name, spec := range map[string]dispatch.TargetSpec{
		"no runner":         {},
		"negative batch":    {Runner: &runner{}, Batch: -1},
		"too many attempts": {Runner: &runner{}, Routes: map[string]dispatch.Route{"r": {Retry: dispatch.RetryPolicy{Attempts: new(186)}}}},
		"too short":         {Runner: &runner{}, Routes: map[string]dispatch.Route{"r": {Retry: dispatch.RetryPolicy{Within: time.Second}}}},
		"too long":          {Runner: &runner{}, Routes: map[string]dispatch.Route{"r": {Retry: dispatch.RetryPolicy{Within: 25 * time.Hour}}}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			if err := w.SetTargets(context.Background(), map[string]dispatch.TargetSpec{"t": spec}); err == nil {
				t.Error("SetTargets took it")
			}
		})
	}
}

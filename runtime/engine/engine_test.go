package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/runtime/dispatch"
	"github.com/tocsin-engine/tocsin/runtime/engine"
	"github.com/tocsin-engine/tocsin/runtime/sandbox"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/store"
	"github.com/tocsin-engine/tocsin/runtime/store/memory"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// plugins makes targets that keep what they get.
type plugins struct {
	mu     sync.Mutex
	opened []string
	closed []string
	got    map[string][]string
	// refuse names targets that cannot be opened; digest is that of every module.
	refuse map[string]error
	digest string
	// act is what a target does with a delivery, if it has more to do.
	act func(ctx context.Context, host sandbox.Capabilities, target string, d dispatch.Delivery) dispatch.Outcome
}

func (p *plugins) Digest(context.Context, rulefile.Target, *rulefile.Plugin) (string, error) {
	return p.digest, nil
}

func (p *plugins) Open(_ context.Context, t rulefile.Target, _ *rulefile.Plugin, host engine.Host) (engine.Runner, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.refuse[t.Name]; err != nil {
		return nil, err
	}
	p.opened = append(p.opened, t.Name)
	return &recorder{p, t.Name, host}, nil
}

// openedSince is what was opened after the first n, in the order of names: targets are
// opened side by side.
func (p *plugins) openedSince(n int) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Sorted(slices.Values(p.opened[n:]))
}

type recorder struct {
	p    *plugins
	name string
	host sandbox.Capabilities
}

func (r *recorder) Close() error {
	r.p.mu.Lock()
	defer r.p.mu.Unlock()
	r.p.closed = append(r.p.closed, r.name)
	return nil
}

func (r *recorder) Deliver(ctx context.Context, batch []dispatch.Delivery) []dispatch.Outcome {
	var out []dispatch.Outcome
	for _, d := range batch {
		r.p.mu.Lock()
		if r.p.got == nil {
			r.p.got = map[string][]string{}
		}
		text := d.Event.ID
		if d.Input != nil {
			text += " " + string(d.Input)
		}
		r.p.got[r.name] = append(r.p.got[r.name], text)
		r.p.mu.Unlock()
		o := dispatch.Outcome{OK: true}
		if r.p.act != nil {
			o = r.p.act(ctx, r.host, r.name, d)
		}
		out = append(out, o)
	}
	return out
}

// world is an engine on a memory store and a clock that only the test moves.
type world struct {
	*engine.Engine
	t       *testing.T
	now     time.Time
	store   store.Store
	plugins *plugins
	n       atomic.Int64
}

func newWorld(t *testing.T, rules string) *world { return newWorldWith(t, rules, engine.Config{}) }

func newWorldWith(t *testing.T, rules string, c engine.Config) *world {
	t.Helper()
	w := &world{t: t, now: start, plugins: &plugins{}}
	if c.Store == nil {
		c.Store = memory.New(memory.Config{})
	}
	w.store = c.Store
	c.Plugins, c.Rehearsal = w.plugins, true
	c.Now = func() time.Time { return w.now }
	c.NewID = func() string { return fmt.Sprint("new-", w.n.Add(1)) }
	var err error
	if w.Engine, err = engine.New(c); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	w.load(rules)
	return w
}

// set reads a rule file, which must be without findings.
func set(t testing.TB, rules string) *rulefile.Set {
	t.Helper()
	s, findings := rulefile.Load([]rulefile.File{{Name: "rules.yaml", Data: []byte(rules)}}, rulefile.Options{Durable: true})
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	return s
}

func (w *world) load(rules string) {
	w.t.Helper()
	if err := w.Load(context.Background(), set(w.t, rules)); err != nil {
		w.t.Fatal(err)
	}
}

func newEvent(t testing.TB, id, source, detail string) event.Event {
	t.Helper()
	ev, err := event.New(event.Fields{ID: id, DetailType: "T", Source: source, Account: "123456789012",
		Region: "eu-west-1", Time: start, Detail: []byte(detail)})
	if err != nil {
		t.Fatal(err)
	}
	return ev
}

// put puts one event and does all that follows at this moment.
func (w *world) put(ev event.Event, key string) service.Receipt {
	w.t.Helper()
	r, err := w.Put(context.Background(), []service.Submission{{Event: ev, Key: key}})
	if err != nil {
		w.t.Fatal(err)
	}
	w.step()
	return r[0]
}

func (w *world) send(id, source, detail string) service.Receipt {
	w.t.Helper()
	return w.put(newEvent(w.t, id, source, detail), "")
}

func (w *world) step() time.Time {
	w.t.Helper()
	_, next, err := w.Step(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	return next
}

func (w *world) fate(id string) engine.Fate {
	w.t.Helper()
	f, err := w.Fate(context.Background(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return f
}

const orders = `
version: 1
rules:
  - name: big
    pattern: {source: [shop], detail: {amount: [{numeric: [">=", 1000]}]}}
    targets: [tell, {target: shape, input: detail.id}]
  - name: foreign
    pattern: {source: [shop]}
    when: detail.country != "DE"
    targets: [tell]
  - name: silent
    pattern: {source: [quiet]}
  - name: off
    state: disabled
    pattern: {source: [shop]}
    targets: [unused]
targets:
  - {name: tell, plugin: log}
  - {name: shape, plugin: log}
  - {name: unused, plugin: log}
`

func TestPutMatchesAndDelivers(t *testing.T) {
	w := newWorld(t, orders)
	got := w.send("e1", "shop", `{"id":"A-17","amount":1250,"country":"US"}`)
	want := service.Receipt{ID: "e1", Matched: []string{"big", "foreign"}, Targets: 3}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string][]string{"tell": {"e1", "e1"}, "shape": {`e1 "A-17"`}}, w.plugins.got); diff != "" {
		t.Error(diff)
	}
	f := w.fate("e1")
	if f.State != engine.StateDelivered || len(f.Deliveries) != 3 || len(f.Deliveries[0].History) != 1 {
		t.Errorf("fate %+v, want three deliveries made", f)
	}
	if diff := cmp.Diff([]string{"shape", "tell"}, w.plugins.openedSince(0)); diff != "" {
		t.Errorf("only targets that an enabled rule reaches are opened: %s", diff)
	}
}

func TestUnmatchedCostsNoEntryAndIsRemembered(t *testing.T) {
	w := newWorldWith(t, orders, engine.Config{Recent: 2})
	if r := w.send("e1", "other", `{}`); len(r.Matched) != 0 || r.ID != "e1" {
		t.Errorf("receipt %+v", r)
	}
	w.send("e2", "quiet", `{}`)
	for id, state := range map[string]string{"e1": engine.StateUnmatched, "e2": engine.StateMatched, "never": engine.StateNotKept} {
		if f := w.fate(id); f.State != state || f.Reason == "" {
			t.Errorf("fate of %s is %q (%s), want %q with a reason", id, f.State, f.Reason, state)
		}
	}
	if s, _ := w.store.Stats(context.Background()); s.Entries != 0 {
		t.Errorf("%d entries in the store, want none", s.Entries)
	}
	w.send("e3", "other", `{}`)
	if f := w.fate("e1"); f.State != engine.StateNotKept {
		t.Errorf("fate of an event that left the ring: %q", f.State)
	}
	recent := w.Recent(10)
	if len(recent) != 2 || recent[0].Event.ID != "e3" || recent[1].Event.ID != "e2" {
		t.Errorf("recent %v, want the last two, newest first", recent)
	}
	s := w.Stats()
	if s.Received != 3 || s.Matched != 1 || s.Unmatched != 2 {
		t.Errorf("stats %+v", s)
	}
	wantTypes := []engine.TypeStats{{Source: "other", DetailType: "T", Count: 2, Last: start}}
	if diff := cmp.Diff(wantTypes, s.UnmatchedTypes); diff != "" {
		t.Error(diff)
	}
}

func TestRunTimeErrorsAreNoMatchAndCounted(t *testing.T) {
	w := newWorld(t, `
version: 1
rules:
  - {name: breaks, when: int(detail.text) > 3, targets: [tell]}
targets: [{name: tell, plugin: log}]
`)
	if r := w.send("e1", "shop", `{"text":"many"}`); len(r.Matched) != 0 {
		t.Errorf("it matched: %+v", r)
	}
	rule := w.Stats().Rules["breaks"]
	if rule.WhenErrors != 1 || !strings.Contains(rule.LastError, "many") {
		t.Errorf("rule stats %+v, want the error counted", rule)
	}
}

func TestIdempotencyKey(t *testing.T) {
	w := newWorldWith(t, orders, engine.Config{KeyLife: time.Minute})
	detail := `{"id":"x","amount":1,"country":"US"}`
	w.put(newEvent(t, "e1", "shop", detail), "key")
	got := w.put(newEvent(t, "e2", "shop", detail), "key")
	if diff := cmp.Diff(service.Receipt{ID: "e1", Duplicate: true}, got); diff != "" {
		t.Error(diff)
	}
	w.now = w.now.Add(time.Minute)
	if got := w.put(newEvent(t, "e3", "shop", detail), "key"); got.Duplicate {
		t.Error("the key did not expire")
	}
	if diff := cmp.Diff([]string{"e1", "e3"}, w.plugins.got["tell"]); diff != "" {
		t.Error(diff)
	}
	if s := w.Stats(); s.Duplicates != 1 || s.Received != 3 || s.Matched != 2 {
		t.Errorf("stats %+v", s)
	}
}

const once = `
version: 1
rules:
  - name: once
    pattern: {source: [shop]}
    once_per: {key: detail.group, every: 1h}
    targets: [tell]
targets: [{name: tell, plugin: log}]
`

func TestOncePer(t *testing.T) {
	w := newWorld(t, once)
	for _, step := range []struct {
		minute  int
		group   string
		matched int
	}{{0, `"a"`, 1}, {10, `"a"`, 0}, {10, `"b"`, 1}, {59, `"a"`, 0}, {60, `"a"`, 1}, {61, `"a"`, 0}, {61, "null", 0}} {
		w.now = start.Add(time.Duration(step.minute) * time.Minute)
		id := fmt.Sprintf("%s@%d", step.group, step.minute)
		r := w.send(id, "shop", `{"group":`+step.group+`}`)
		if len(r.Matched) != step.matched {
			t.Errorf("%s matched %v, want %d", id, r.Matched, step.matched)
		}
		if f := w.fate(id); step.matched == 0 && f.State != engine.StateHeld {
			t.Errorf("fate of %s is %q, want held", id, f.State)
		}
	}
	if held := w.fate(`"a"@10`).Held; len(held) != 1 || held[0].Event != `"a"@0` || !held[0].Until.Equal(start.Add(time.Hour)) {
		t.Errorf("held %+v, want it to name the event that matched", held)
	}
	s := w.Stats().Rules["once"]
	if s.Matched != 3 || s.Held != 4 || s.WhenErrors != 1 {
		t.Errorf("rule stats %+v", s)
	}
}

func TestOncePerWithinOneBatch(t *testing.T) {
	w := newWorld(t, once)
	var batch []service.Submission
	for i := range 250 {
		batch = append(batch, service.Submission{Event: newEvent(t, fmt.Sprint("e", i), "shop", fmt.Sprintf(`{"group":"%d"}`, i/2))})
	}
	receipts, err := w.Put(context.Background(), batch)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range receipts {
		if want := 1 - i%2; len(r.Matched) != want {
			t.Errorf("event %d matched %v, want %d", i, r.Matched, want)
		}
	}
}

func TestOncePerAndDuplicates(t *testing.T) {
	w := newWorld(t, once)
	first := service.Submission{Event: newEvent(t, "e1", "shop", `{"group":"a"}`), Key: "k1"}
	w.put(first.Event, first.Key)
	w.now = w.now.Add(2 * time.Hour)
	again := service.Submission{Event: newEvent(t, "e2", "shop", `{"group":"b"}`), Key: "k2"}
	w.put(again.Event, again.Key)
	// The whole batch is sent again because its answer was lost, with one more event.
	w.now = w.now.Add(time.Minute)
	retry := again
	retry.Event = newEvent(t, "e3", "shop", `{"group":"c"}`)
	receipts, err := w.Put(context.Background(), []service.Submission{retry,
		{Event: newEvent(t, "e4", "shop", `{"group":"d"}`), Key: "k4"}})
	if err != nil {
		t.Fatal(err)
	}
	if !receipts[0].Duplicate || receipts[0].ID != "e2" {
		t.Errorf("the retried event: %+v", receipts[0])
	}
	if receipts[1].Duplicate || len(receipts[1].Matched) != 1 {
		t.Errorf("the new event: %+v", receipts[1])
	}
	if r := w.send("e5", "shop", `{"group":"c"}`); len(r.Matched) != 1 {
		t.Error("a duplicate took a key of once_per")
	}
}

func TestOncePerNeedsADurableStore(t *testing.T) {
	e, err := engine.New(engine.Config{Store: memory.New(memory.Config{}), Plugins: &plugins{}})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Load(context.Background(), set(t, once)); !errors.Is(err, engine.ErrNeedsDurable) || !strings.Contains(err.Error(), "memory") {
		t.Errorf("Load = %v, want ErrNeedsDurable, and which store it is", err)
	}
}

func TestFullStoreThrottles(t *testing.T) {
	w := newWorldWith(t, orders, engine.Config{Store: memory.New(memory.Config{LogBytes: 100})})
	ev := newEvent(t, "e1", "shop", `{"country":"US"}`)
	if _, err := w.Put(context.Background(), []service.Submission{{Event: ev}}); !errors.Is(err, store.ErrFull) {
		t.Errorf("Put = %v, want ErrFull", err)
	}
	if f := w.fate("e1"); f.State != engine.StateNotKept {
		t.Errorf("an event that was not taken has fate %q", f.State)
	}
}

const loop = `
version: 1
rules:
  - name: again
    pattern: {source: [shop]}
    targets: [emitter]
targets: [{name: emitter, plugin: log}]
`

func TestALoopIsCutVisibly(t *testing.T) {
	w := newWorldWith(t, loop, engine.Config{MaxHops: 3})
	w.plugins.act = func(_ context.Context, host sandbox.Capabilities, target string, d dispatch.Delivery) dispatch.Outcome {
		scope := sandbox.Scope{Target: target, Rule: d.Rule, Bus: d.Event.Bus, Hops: d.Event.Hops}
		errno := host.Emit(context.Background(), scope, []byte(`{"source":"shop","detail-type":"T"}`))
		return dispatch.Outcome{OK: errno == 0, Code: fmt.Sprint("ERRNO_", errno)}
	}
	w.send("e1", "shop", `{}`)
	if diff := cmp.Diff([]string{"e1", "new-1", "new-2", "new-3"}, w.plugins.got["emitter"]); diff != "" {
		t.Error(diff)
	}
	f := w.fate("new-4")
	if f.State != engine.StateCut || f.Hops != 4 || !strings.Contains(f.Reason, `rule "again"`) {
		t.Errorf("fate of the event that was cut: %+v", f)
	}
	s := w.Stats()
	if s.LoopsCut != 1 || s.Rules["again"].LoopsCut != 1 || s.Received != 5 {
		t.Errorf("stats %+v", s)
	}
	if f := w.fate("new-3"); f.State != engine.StateDead {
		t.Errorf("the delivery whose event was refused: %+v", f)
	}
}

func TestFateOfFailures(t *testing.T) {
	w := newWorld(t, loop)
	answer := dispatch.Outcome{Retry: true, Code: "THROTTLING", Message: "later"}
	w.plugins.act = func(context.Context, sandbox.Capabilities, string, dispatch.Delivery) dispatch.Outcome { return answer }
	w.send("e1", "shop", `{}`)
	f := w.fate("e1")
	if f.State != engine.StateRetrying || f.Deliveries[0].Attempts != 1 || f.Deliveries[0].Code != "THROTTLING" || f.Deliveries[0].Next.IsZero() {
		t.Errorf("after one failure: %+v", f)
	}
	w.now = w.now.Add(time.Minute)
	answer = dispatch.Outcome{Code: "NO_PERMISSIONS", Message: "never"}
	w.step()
	f = w.fate("e1")
	if d := f.Deliveries[0]; f.State != engine.StateDead || d.Attempts != 2 || d.Message != "never" || len(d.History) != 2 {
		t.Errorf("after a permanent one: %+v", f)
	}
	if s := w.Stats().Targets["emitter"]; s.Retried != 1 || s.Dead != 1 || s.LastError != "NO_PERMISSIONS: never" {
		t.Errorf("stats %+v", s)
	}
}

func TestLoadIsAllOrNothing(t *testing.T) {
	w := newWorld(t, orders)
	w.plugins.refuse = map[string]error{"bad": errors.New("config.url is missing")}
	err := w.Load(context.Background(), set(t, `
version: 1
rules:
  - {name: new, pattern: {source: [shop]}, targets: [good, bad]}
targets:
  - {name: good, plugin: log}
  - {name: bad, plugin: log}
`))
	if err == nil || !strings.Contains(err.Error(), `target "bad": config.url is missing`) {
		t.Fatalf("Load = %v, want the target's own words", err)
	}
	if r := w.send("e1", "shop", `{"amount":1250,"country":"US"}`); len(r.Matched) != 2 {
		t.Errorf("the old rules are not in force: %+v", r)
	}
}

func TestReloadKeepsWhatDidNotChange(t *testing.T) {
	w := newWorld(t, orders)
	w.load(orders)
	w.load(strings.Replace(orders, "{name: shape, plugin: log}", "{name: shape, plugin: log, config: {a: 1}}", 1))
	if diff := cmp.Diff([]string{"shape"}, w.plugins.openedSince(2)); diff != "" {
		t.Error(diff)
	}
	w.plugins.digest = "another module"
	w.load(orders)
	if diff := cmp.Diff([]string{"shape", "tell"}, w.plugins.openedSince(3)); diff != "" {
		t.Error(diff)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if len(w.plugins.closed) != len(w.plugins.opened) {
		t.Errorf("opened %v, closed %v", w.plugins.opened, w.plugins.closed)
	}
}

func TestATargetOfADisabledRuleOpensWhenNeeded(t *testing.T) {
	w := newWorld(t, loop)
	if _, err := w.Put(context.Background(), []service.Submission{{Event: newEvent(t, "e1", "shop", "{}")}}); err != nil {
		t.Fatal(err)
	}
	w.load(strings.Replace(loop, "- name: again", "- name: again\n    state: disabled", 1))
	w.step()
	if diff := cmp.Diff([]string{"e1"}, w.plugins.got["emitter"]); diff != "" {
		t.Errorf("what was accepted before is still delivered: %s", diff)
	}
	if r := w.send("e2", "shop", "{}"); len(r.Matched) > 0 {
		t.Error("a disabled rule matched")
	}
}

func TestTail(t *testing.T) {
	w := newWorld(t, loop)
	sub := w.Subscribe(2)
	w.send("e1", "shop", "{}")
	w.send("e2", "other", "{}")
	sub.Close()
	sub.Close()
	var got []string
	for item := range sub.C {
		if item.Report != nil {
			got = append(got, item.Report.Kind.String()+" "+item.Report.Target)
		} else {
			got = append(got, fmt.Sprint(item.Event.ID, item.Matched))
		}
	}
	if diff := cmp.Diff([]string{"e1[again]", "delivered emitter"}, got); diff != "" {
		t.Error(diff)
	}
	if sub.Missed() != 1 {
		t.Errorf("%d missed, want 1", sub.Missed())
	}
	w.send("e3", "shop", "{}") // nobody listens any more
}

func TestStatusIsJSON(t *testing.T) {
	w := newWorld(t, orders)
	w.send("e1", "shop", `{"amount":1250,"country":"US"}`)
	s, err := w.Status(context.Background())
	if err != nil || s.Rules != 4 || s.Enabled != 3 || s.Targets != 3 || s.Store.Kind != "memory" {
		t.Errorf("Status = %+v, %v", s, err)
	}
	for _, v := range []any{s, w.Stats(), w.fate("e1")} {
		if _, err := json.Marshal(v); err != nil {
			t.Error(err)
		}
	}
}

package archive_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/runtime/archive"
	"github.com/tocsin-engine/tocsin/runtime/dispatch"
	"github.com/tocsin-engine/tocsin/runtime/engine"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/store"
	"github.com/tocsin-engine/tocsin/runtime/store/memory"
	"github.com/tocsin-engine/tocsin/runtime/store/sqlite"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

const rules = `version: 1
rules:
  - {name: order, pattern: {source: [shop]}, targets: [ship]}
  - {name: again, pattern: {source: [shop], replay-name: [{exists: true}]}, targets: [audit]}
targets:
  - {name: ship, plugin: log}
  - {name: audit, plugin: log}
`

const archives = rules + `archives:
  - {name: orders, pattern: {source: [shop]}, retention_days: 2}
  - {name: all}
`

// targets keep the ids of the events that they get.
type targets map[string][]string

func (t targets) Digest(context.Context, rulefile.Target, *rulefile.Plugin) (string, error) {
	return "", nil
}

func (t targets) Open(_ context.Context, def rulefile.Target, _ *rulefile.Plugin, _ engine.Host) (engine.Runner, error) {
	return recorder{t, def.Name}, nil
}

type recorder struct {
	t    targets
	name string
}

func (r recorder) Close() error { return nil }

func (r recorder) Deliver(_ context.Context, batch []dispatch.Delivery) []dispatch.Outcome {
	out := make([]dispatch.Outcome, len(batch))
	for i, d := range batch {
		text := d.Event.ID
		if name, ok := event.Value(d.Event.Raw()).Get("replay-name").Text(); ok {
			text += "@" + name
		}
		r.t[r.name] = append(r.t[r.name], text)
		out[i].OK = true
	}
	return out
}

// world is an engine with archives on a clock that only the test moves.
type world struct {
	*archive.Archives
	t      *testing.T
	engine *engine.Engine
	store  store.Store
	now    time.Time
	got    targets
}

func newWorld(t *testing.T, st store.Store, now time.Time, rules string) *world {
	t.Helper()
	w := &world{t: t, store: st, now: now, got: targets{}}
	clock := func() time.Time { return w.now }
	w.Archives = archive.New(archive.Config{Store: st, Rehearsal: true, Now: clock})
	var err error
	w.engine, err = engine.New(engine.Config{Store: st, Plugins: w.got, Archives: w.Archives, Rehearsal: true, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.engine.Close(); err != nil {
			t.Error(err)
		}
	})
	w.load(rules)
	return w
}

func (w *world) load(rules string) {
	w.t.Helper()
	set, findings := rulefile.Load([]rulefile.File{{Name: "r.yaml", Data: []byte(rules)}}, rulefile.Options{Durable: true})
	for _, f := range findings {
		w.t.Error(f.Error())
	}
	if err := w.engine.Load(w.t.Context(), set); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) put(id, source string) {
	w.t.Helper()
	ev, err := event.New(event.Fields{ID: id, DetailType: "T", Source: source, Account: "123456789012", Region: "eu-west-1", Time: w.now, Detail: []byte("{}")})
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.engine.Put(w.t.Context(), []service.Submission{{Event: ev}}); err != nil {
		w.t.Fatal(err)
	}
}

// settle makes all deliveries and returns what the targets got since the last time.
func (w *world) settle() targets {
	w.t.Helper()
	if _, _, err := w.engine.Step(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	got := targets{}
	for name, ids := range w.got {
		got[name] = ids
		delete(w.got, name)
	}
	return got
}

func (w *world) steps(n int) {
	w.t.Helper()
	for range n {
		if _, err := w.Step(w.t.Context(), w.engine); err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *world) count(name string) archive.Count {
	w.t.Helper()
	a, err := w.Get(w.t.Context(), name)
	if err != nil {
		w.t.Fatal(err)
	}
	n, err := w.Count(w.t.Context(), a)
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

func (w *world) wantCounts(want map[string]int64) {
	w.t.Helper()
	got := map[string]int64{}
	for name := range want {
		got[name] = w.count(name).Events
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.t.Errorf("events in the archives (-want +got):\n%s", diff)
	}
}

func TestArchivesKeepWhatTheyWant(t *testing.T) {
	w := newWorld(t, memory.New(memory.Config{}), start, archives)
	w.put("1", "shop")
	w.put("2", "other")
	w.put("3", "shop")
	w.wantCounts(map[string]int64{"orders": 2, "all": 3})
	if diff := cmp.Diff(targets{"ship": {"1", "3"}}, w.settle()); diff != "" {
		t.Errorf("deliveries (-want +got):\n%s", diff)
	}
	f, err := w.engine.Fate(t.Context(), "2")
	if err != nil || f.State != engine.StateUnmatched || !cmp.Equal(f.Archived, []string{"all"}) {
		t.Errorf("the fate of 2 is %+v, %v", f, err)
	}
	status, err := w.engine.Status(t.Context())
	if err != nil || len(status.Kept.Lanes) > 0 {
		t.Errorf("lanes %+v, %v; want none of the archives", status.Kept.Lanes, err)
	}
	w.load(rules) // without archives
	w.put("4", "shop")
	w.wantCounts(map[string]int64{"orders": 2, "all": 3})
	if a, _ := w.Get(t.Context(), "all"); a.State != archive.Disabled {
		t.Errorf("an archive that is in no rule file is %s", a.State)
	}
	w.load(archives)
	if err := w.Delete(t.Context(), "all"); !errors.Is(err, archive.ErrRuleFile) {
		t.Errorf("Delete of one in a rule file = %v", err)
	}
	w.load(rules)
	w.now = w.now.Add(time.Second)
	if err := w.Delete(t.Context(), "all"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Create(t.Context(), archive.Archive{Name: "all", Bus: "default"}); err != nil {
		t.Fatal(err)
	}
	w.put("5", "shop")
	w.wantCounts(map[string]int64{"orders": 2, "all": 1})
}

func TestRetention(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		st := memory.New(memory.Config{})
		w := newWorld(t, st, now, archives)
		for day := range 4 {
			w.now = now.AddDate(0, 0, day)
			w.put(fmt.Sprint(day), "shop")
		}
		w.settle()
		w.now = w.now.Add(time.Hour)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			w.Run(ctx, w.engine)
			close(done)
		}()
		synctest.Wait()
		w.wantCounts(map[string]int64{"orders": 2, "all": 4})
		stop()
		<-done
		if size := w.count("orders").Bytes; size != w.count("all").Bytes/2 {
			t.Errorf("%d bytes in orders, %d in all", size, w.count("all").Bytes)
		}
		if err := st.Trim(t.Context(), w.now); err != nil {
			t.Fatal(err)
		}
		w.wantCounts(map[string]int64{"orders": 2, "all": 4})
	})
}

// TestReplay: the events of the window, in the order in which they came, for the rules
// that were named, and not into the archive again.
func TestReplay(t *testing.T) {
	w := newWorld(t, memory.New(memory.Config{}), start, archives)
	for minute := range 5 {
		w.now = start.Add(time.Duration(minute) * time.Minute)
		w.put(fmt.Sprint(minute), "shop")
	}
	w.now = start.Add(time.Hour)
	w.settle()
	r, err := w.Start(t.Context(), archive.Replay{Name: "r1", Archive: "orders", From: start.Add(time.Minute), To: start.Add(4 * time.Minute)})
	if err != nil || r.State != archive.Starting {
		t.Fatalf("Start = %+v, %v", r, err)
	}
	w.steps(1)
	want := targets{"ship": {"1@r1", "2@r1", "3@r1"}, "audit": {"1@r1", "2@r1", "3@r1"}}
	if diff := cmp.Diff(want, w.settle()); diff != "" {
		t.Errorf("deliveries (-want +got):\n%s", diff)
	}
	w.wantCounts(map[string]int64{"orders": 5, "all": 5})
	r, err = w.Replay(t.Context(), "r1")
	if err != nil || r.State != archive.Completed || r.Events != 3 || !r.LastEvent.Equal(start.Add(3*time.Minute).Truncate(time.Second)) || r.Ended.IsZero() {
		t.Errorf("the replay is %+v, %v", r, err)
	}
	if _, err := w.Start(t.Context(), archive.Replay{Name: "r2", Archive: "all", To: w.now, Rules: []string{"again"}}); err != nil {
		t.Fatal(err)
	}
	w.steps(1)
	if diff := cmp.Diff(targets{"audit": {"0@r2", "1@r2", "2@r2", "3@r2", "4@r2"}}, w.settle()); diff != "" {
		t.Errorf("deliveries to one rule (-want +got):\n%s", diff)
	}
}

// TestReplayOverARestart: a replay goes on where it was, without loss and, within the
// life of a key, without repetition.
func TestReplayOverARestart(t *testing.T) {
	dir := t.TempDir()
	const n = 1250
	life := func(live func(w *world)) {
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
		live(newWorld(t, s, start, archives))
	}
	var want []string
	life(func(w *world) {
		for i := range n {
			w.put(fmt.Sprint(i), "shop")
			want = append(want, fmt.Sprintf("%d@r", i))
		}
		w.settle()
		w.now = start.Add(time.Second)
		if _, err := w.Start(t.Context(), archive.Replay{Name: "r", Archive: "orders", From: start, To: w.now}); err != nil {
			t.Fatal(err)
		}
		w.steps(1)
		// The next step is committed and not remembered, as by a crash in between.
		if _, err := w.Step(t.Context(), forgetful{w}); err == nil {
			t.Error("the step that crashes did not")
		}
	})
	life(func(w *world) {
		if r, _ := w.Replay(t.Context(), "r"); r.State != archive.Running || r.Events != 500 {
			t.Errorf("after the restart the replay is %+v", r)
		}
		w.steps(3)
		if diff := cmp.Diff(targets{"ship": want, "audit": want}, w.settle()); diff != "" {
			t.Errorf("deliveries (-want +got):\n%s", diff)
		}
	})
}

// forgetful takes events in, and then says that it failed.
type forgetful struct{ w *world }

func (f forgetful) Put(ctx context.Context, s []service.Submission) ([]service.Receipt, error) {
	if _, err := f.w.engine.Put(ctx, s); err != nil {
		return nil, err
	}
	return nil, errors.New("the process ended")
}

func TestReplaysAreBounded(t *testing.T) {
	w := newWorld(t, memory.New(memory.Config{}), start, archives)
	begin := func(name string) error {
		_, err := w.Start(t.Context(), archive.Replay{Name: name, Archive: "all", To: start})
		return err
	}
	if err := begin("first"); err != nil {
		t.Fatal(err)
	}
	if err := begin("first"); !errors.Is(err, archive.ErrExists) {
		t.Errorf("a second one of the name: %v", err)
	}
	for i := 1; i < archive.MaxReplays; i++ {
		if err := begin(fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := begin("more"); !errors.Is(err, archive.ErrTooMany) {
		t.Errorf("one too many: %v", err)
	}
	if r, err := w.Cancel(t.Context(), "first"); err != nil || r.State != archive.Cancelling {
		t.Errorf("Cancel = %+v, %v", r, err)
	}
	w.steps(1)
	if r, _ := w.Replay(t.Context(), "first"); r.State != archive.Cancelled || r.Events != 0 {
		t.Errorf("the cancelled one is %+v", r)
	}
	if _, err := w.Cancel(t.Context(), "first"); !errors.Is(err, archive.ErrOver) {
		t.Errorf("Cancel of one that is over: %v", err)
	}
	if err := begin("more"); err != nil {
		t.Errorf("after all were over: %v", err)
	}
	w.now = start.AddDate(0, 0, 91)
	if _, err := w.Replay(t.Context(), "first"); !errors.Is(err, archive.ErrNotFound) {
		t.Errorf("after 91 days it is still there: %v", err)
	}
}

func TestAStoreThatForgetsHasNoArchives(t *testing.T) {
	a := archive.New(archive.Config{Store: memory.New(memory.Config{})})
	if _, err := a.Create(t.Context(), archive.Archive{Name: "a", Bus: "default"}); !errors.Is(err, archive.ErrNeedsDurable) {
		t.Errorf("Create = %v", err)
	}
}

// TestArchivesOnDisk: what an archive keeps outlives the trimming of the log and a
// restart; what a deleted one kept does not, and the log goes on.
func TestArchivesOnDisk(t *testing.T) {
	dir := t.TempDir()
	life := func(now time.Time, rules string, live func(w *world)) {
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
		live(newWorld(t, s, now, rules))
	}
	entries := func(w *world) int {
		stats, err := w.store.Stats(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return stats.Entries
	}
	life(start, archives, func(w *world) {
		for hour := range 5 {
			w.now = start.Add(time.Duration(hour) * time.Hour)
			w.put(fmt.Sprint("a", hour), "shop")
			w.put(fmt.Sprint("b", hour), "other")
		}
		w.settle()
	})
	later := start.AddDate(0, 0, 30)
	life(later, archives, func(w *world) {
		if err := w.store.Trim(t.Context(), later); err != nil {
			t.Fatal(err)
		}
		w.wantCounts(map[string]int64{"orders": 5, "all": 10})
		w.put("c", "other")
	})
	life(later.Add(time.Hour), rules, func(w *world) {
		for _, name := range []string{"all", "orders"} {
			if err := w.Delete(t.Context(), name); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.store.Trim(t.Context(), w.now.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		if n := entries(w); n != 0 {
			t.Errorf("%d entries are left after all archives were deleted", n)
		}
	})
	life(later.Add(2*time.Hour), archives, func(w *world) {
		w.put("d", "shop")
		w.wantCounts(map[string]int64{"orders": 1, "all": 1})
		if diff := cmp.Diff(targets{"ship": {"d"}}, w.settle()); diff != "" {
			t.Errorf("deliveries (-want +got):\n%s", diff)
		}
	})
}

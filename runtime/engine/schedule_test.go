package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/runtime/engine"
	"github.com/tocsin-engine/tocsin/runtime/store"
	"github.com/tocsin-engine/tocsin/runtime/store/memory"
	"github.com/tocsin-engine/tocsin/runtime/store/sqlite"
)

const nightly = `
version: 1
rules:
  - {name: often, schedule: rate(5 minutes), targets: [work]}
  - {name: morning, schedule: "cron(0 8 * * ? *)", timezone: Europe/Berlin, targets: [{target: work, input: '"morning " + string(time)'}]}
  - {name: late, schedule: rate(1 day), state: disabled, targets: [work]}
  - {name: watcher, pattern: {source: [aws.events], resources: [{suffix: rule/morning}]}, targets: [watch]}
targets:
  - {name: work, plugin: log}
  - {name: watch, plugin: log}
`

// tick makes what is due, delivers it, and returns the rules that got an event.
func (w *world) tick() (fired []string, next time.Time) {
	w.t.Helper()
	fired, next, err := w.Tick(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	w.step()
	return fired, next
}

func (w *world) wantTick(now time.Time, fired string, next time.Time) {
	w.t.Helper()
	w.now = now
	got, gotNext := w.tick()
	if strings.Join(got, " ") != fired || !gotNext.Equal(next) {
		w.t.Errorf("at %s: %v fired, next %s; want %q, next %s", now, got, gotNext, fired, next)
	}
}

func TestScheduledRulesGetTheirEvents(t *testing.T) {
	w := newWorld(t, nightly) // at 03:04:05
	w.wantTick(start, "", start.Add(5*time.Minute))
	w.wantTick(start.Add(5*time.Minute), "often", start.Add(10*time.Minute))
	w.wantTick(start.Add(5*time.Minute), "", start.Add(10*time.Minute))
	recent := w.Recent(1)[0].Event
	var got map[string]any
	if err := json.Unmarshal(recent.Raw(), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"version": "0", "id": "new-1", "detail-type": "Scheduled Event", "source": "aws.events", "account": "000000000000",
		"time": "2026-01-02T03:09:05Z", "region": "us-east-1", "detail": map[string]any{},
		"resources": []any{"arn:aws:events:us-east-1:000000000000:rule/often"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the event (-want +got):\n%s", diff)
	}
	seven := time.Date(2026, 1, 2, 7, 0, 0, 0, time.UTC) // 8 in Berlin
	w.wantTick(seven, "often morning", time.Date(2026, 1, 2, 7, 4, 5, 0, time.UTC))
	wantGot := map[string][]string{"work": {"new-1", "new-2", `new-3 "morning 2026-01-02T07:00:00Z"`}, "watch": {"new-3"}}
	if diff := cmp.Diff(wantGot, w.plugins.got); diff != "" {
		t.Errorf("deliveries (-want +got):\n%s", diff)
	}
	if counts := w.Stats().Rules["morning"]; counts.Matched != 1 {
		t.Errorf("the rule's counts are %+v", counts)
	}
}

// TestSchedulesOverARestart: a due time is made up for once, the last one; a rule that
// was changed, or away, begins anew.
func TestSchedulesOverARestart(t *testing.T) {
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
		w := newWorldWith(t, rules, engine.Config{Store: s})
		w.now = now
		live(w)
	}
	rule := func(schedule string) string {
		return fmt.Sprintf("version: 1\nrules: [{name: r, schedule: %s}]\n", schedule)
	}
	life(start, rule("rate(5 minutes)"), func(w *world) {
		w.wantTick(start.Add(5*time.Minute), "r", start.Add(10*time.Minute))
	})
	life(start.Add(6*time.Minute), rule("rate(5 minutes)"), func(w *world) {
		w.wantTick(start.Add(6*time.Minute), "", start.Add(10*time.Minute))
	})
	life(start.Add(61*time.Minute), rule("rate(5 minutes)"), func(w *world) {
		w.wantTick(start.Add(61*time.Minute), "r", start.Add(65*time.Minute))
		if at := w.Recent(1)[0].Event.Time; !at.Equal(start.Add(60 * time.Minute)) {
			t.Errorf("the event is of %s, want the last time that was missed", at)
		}
		w.wantTick(start.Add(61*time.Minute), "", start.Add(65*time.Minute))
		w.load(rule("rate(1 hour)"))
		w.wantTick(start.Add(61*time.Minute), "", start.Add(121*time.Minute))
	})
	life(start.Add(70*time.Minute), "version: 1\nrules: []\n", func(w *world) {
		w.load(rule("rate(1 hour)"))
		w.wantTick(start.Add(121*time.Minute), "", start.Add(130*time.Minute))
	})
}

// TestAFullStoreDelaysASchedule: what could not be committed is made up for, once.
func TestAFullStoreDelaysASchedule(t *testing.T) {
	full := &fullStore{Store: memory.New(memory.Config{})}
	w := newWorldWith(t, "version: 1\nrules: [{name: r, schedule: rate(1 minute), targets: [t]}]\ntargets: [{name: t, plugin: log}]\n", engine.Config{Store: full})
	full.full = true
	w.now = start.Add(time.Minute)
	if _, _, err := w.Tick(t.Context()); err == nil {
		t.Error("a full store gave no error")
	}
	full.full = false
	w.wantTick(start.Add(90*time.Second), "r", start.Add(2*time.Minute))
	if n := len(w.plugins.got["t"]); n != 1 {
		t.Errorf("%d deliveries, want 1", n)
	}
}

type fullStore struct {
	store.Store
	full bool
}

func (s *fullStore) Append(ctx context.Context, b store.Batch) (store.Receipt, error) {
	if s.full {
		return store.Receipt{}, store.ErrFull
	}
	return s.Store.Append(ctx, b)
}

// TestRunSchedules: Run ticks by itself, and a reload is noticed.
func TestRunSchedules(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, err := engine.New(engine.Config{Store: memory.New(memory.Config{}), Plugins: &plugins{}, Rehearsal: true})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- e.Run(ctx) }()
		load := func(schedule string) {
			if err := e.Load(ctx, set(t, "version: 1\nrules: [{name: r, schedule: "+schedule+"}]\n")); err != nil {
				t.Error(err)
			}
		}
		load("rate(1 day)")
		time.Sleep(24*time.Hour + time.Second) // of the bubble
		load("rate(1 minute)")
		time.Sleep(10 * time.Minute) // of the bubble
		synctest.Wait()
		if n := e.Stats().Rules["r"].Matched; n != 11 {
			t.Errorf("the rule got %d events in a day and ten minutes, want 11", n)
		}
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

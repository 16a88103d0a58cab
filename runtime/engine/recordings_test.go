package engine_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/runtime/engine"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/recording"
	"github.com/tocsin-engine/tocsin/runtime/store/sqlite"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

const recorded = `version: 1
rules:
  - {name: r, pattern: {source: [shop]}, targets: [plain, all]}
targets:
  - {name: plain, plugin: log}
  - {name: all, plugin: log, record: true}
`

// recordingOf is a recording of a call with these deliveries, of which some failed.
func recordingOf(target, message string, ids, failed []string) *recording.Recording {
	sum := strings.Repeat("ab", 32)
	r := &recording.Recording{V: 1, Module: sum, Target: target, Delivery: ids[0], Config: recording.Text("{}"), End: recording.End{Memory: sum, Stderr: recording.Text(message)}}
	for _, id := range ids {
		r.Records = append(r.Records, recording.Record{ID: id, Event: recording.Text("{}")})
	}
	for _, id := range failed {
		r.End.Failures = append(r.End.Failures, abi.Failure{ID: id})
	}
	return r
}

func ids(ids ...string) []string { return ids }

// message finds a recording again, by what was put into it.
func (w *world) message(id string) string {
	w.t.Helper()
	text, others, err := w.Recording(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	if text == nil {
		return strings.Join(append([]string{"none"}, others...), " ")
	}
	r, err := recording.Parse(text)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(r.End.Stderr)
}

// kept counts the items of both spaces of a target.
func (w *world) kept(target string) (failed, all int) {
	w.t.Helper()
	count := func(space string) int {
		items, err := w.store.Scan(w.t.Context(), space+target, "", "", w.now, 5000)
		if err != nil {
			w.t.Fatal(err)
		}
		return len(items)
	}
	return count("recordings/failed/"), count("recordings/all/")
}

// TestRecordings: what failed is kept, the last attempt of it, and what did not only where
// the rule file says so.
func TestRecordings(t *testing.T) {
	w := newWorld(t, recorded)
	keep := func(r *recording.Recording) {
		w.now = w.now.Add(time.Second)
		w.Recorded(t.Context(), r)
	}
	keep(recordingOf("plain", "first", ids("e1/1/r/plain"), ids("e1/1/r/plain")))
	keep(recordingOf("plain", "second", ids("e1/1/r/plain"), ids("e1/1/r/plain")))
	keep(recordingOf("plain", "fine", ids("e2/2/r/plain"), nil))
	keep(recordingOf("plain", "batch", ids("e3/3/r/plain", "e4/4/r/plain", "e5/5/r/plain"), ids("e4/4/r/plain", "e5/5/r/plain")))
	keep(recordingOf("plain", "alone", ids("e4/4/r/plain"), ids("e4/4/r/plain")))
	keep(recordingOf("all", "failed", ids("e1/1/r/all"), ids("e1/1/r/all")))
	keep(recordingOf("all", "mixed", ids("e6/6/r/all", "e7/7/r/all"), ids("e7/7/r/all")))
	keep(recordingOf("all", "at last", ids("e7/7/r/all"), nil))
	for id, want := range map[string]string{
		"e1/1/r/plain": "second", "e2/2/r/plain": "none", "e3/3/r/plain": "none", "e4/4/r/plain": "alone", "e5/5/r/plain": "batch",
		"e6/6/r/all": "mixed", "e7/7/r/all": "at last",
		"e5": "batch", "e1": "none e1/1/r/all e1/1/r/plain", "e": "none", "e1/1/r/gone": "none", "": "none",
	} {
		if got := w.message(id); got != want {
			t.Errorf("%q is %s, want %s", id, got, want)
		}
	}
}

// TestRecordingsAreBounded by number, by size and by age, over a restart too.
func TestRecordingsAreBounded(t *testing.T) {
	dir := t.TempDir()
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
		live(newWorldWith(t, recorded, engine.Config{Store: s}))
	}
	fail := func(w *world, from, to int) {
		for n := from; n < to; n++ {
			w.now = w.now.Add(time.Second)
			id := fmt.Sprintf("e%d/%d/r/plain", n, n)
			w.Recorded(t.Context(), recordingOf("plain", id, ids(id), ids(id)))
		}
	}
	life(func(w *world) { fail(w, 0, 70) })
	life(func(w *world) {
		w.now = start.Add(time.Hour)
		fail(w, 70, 140)
		if failed, _ := w.kept("plain"); failed != 100 {
			t.Errorf("%d recordings are kept, want 100", failed)
		}
		if diff := cmp.Diff([]string{"none", "e40/40/r/plain"}, []string{w.message("e39"), w.message("e40/40/r/plain")}); diff != "" {
			t.Errorf("the oldest one (-want +got):\n%s", diff)
		}
		var large string // not to be compressed
		for n := range uint64(3000) {
			large += fmt.Sprintf("%x", n*0x9E3779B97F4A7C15)
		}
		for n := range 400 {
			id := fmt.Sprintf("f%d/%d/r/all", n, n)
			w.Recorded(t.Context(), recordingOf("all", large, ids(id), nil))
		}
		if _, all := w.kept("all"); all < 160 || all > 180 { // of 49 KiB
			t.Errorf("%d recordings are kept in 8 MiB", all)
		}
		w.now = w.now.Add(15 * 24 * time.Hour)
		if failed, all := w.kept("plain"); failed+all != 0 || w.message("e139") != "none" {
			t.Errorf("%d recordings are older than dead letters get", failed+all)
		}
	})
}

// TestRecordingsOfManyDeliveries: a call with more deliveries than are kept.
func TestRecordingsOfManyDeliveries(t *testing.T) {
	w := newWorld(t, recorded)
	var all []string
	for n := range 1000 {
		all = append(all, fmt.Sprintf("e%d/%d/r/plain", n, n))
	}
	w.Recorded(t.Context(), recordingOf("plain", "many", all, all))
	w.Recorded(t.Context(), recordingOf("plain", "one", all[999:], all[999:]))
	if failed, _ := w.kept("plain"); failed != 100 || w.message("e98") != "many" || w.message("e999") != "one" {
		t.Errorf("%d kept, %s, %s", failed, w.message("e98"), w.message("e999"))
	}
}

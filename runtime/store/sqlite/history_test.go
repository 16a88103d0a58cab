package sqlite

import (
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/store"
)

// history is what a store was told over some random time, and what it must therefore
// answer: the ledgers that a damaged store is held against.
type history struct {
	random *rand.Rand
	now    time.Time
	events map[string][]byte          // by id
	wanted map[string]map[string]bool // by target, the ids
	done   map[string]map[string]bool // delivered or dead and forgotten
	state  map[string]string
	keys   map[string]string
}

// targets of a history: one keeps up, one lags, one stands still and one fails a lot.
var historyTargets = []string{"ahead", "behind", "still", "failing"}

func newHistory(seed uint64) *history {
	h := &history{random: rand.New(rand.NewPCG(seed, 6)), now: now, events: map[string][]byte{}, wanted: map[string]map[string]bool{},
		done: map[string]map[string]bool{}, state: map[string]string{}, keys: map[string]string{}}
	for _, name := range historyTargets {
		h.wanted[name], h.done[name] = map[string]bool{}, map[string]bool{}
	}
	return h
}

// goOn makes random steps.
func (h *history) goOn(t *testing.T, s *Store, steps int) {
	t.Helper()
	for range steps {
		var err error
		switch h.random.IntN(10) {
		case 0, 1, 2, 3:
			err = h.put(t, s)
		case 4, 5, 6:
			err = h.deliver(t, s, historyTargets[h.random.IntN(len(historyTargets))], 1+h.random.IntN(30))
		case 7, 8:
			err = h.swap(t, s)
		case 9:
			switch h.random.IntN(6) {
			case 0:
				h.now = h.now.Add(time.Duration(h.random.IntN(90)) * time.Minute)
			case 1:
				err = s.commit(t.Context(), &op{appends: true, do: func(t *tx) error { t.s.checkpoint(); return nil }})
			case 2:
				err = s.Trim(t.Context(), h.now.Add(-2*time.Hour))
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func (h *history) put(t *testing.T, s *Store) error {
	b := store.Batch{Now: h.now}
	sizes := []int{10, 300, 1500, 30_000}
	size := sizes[h.random.IntN(len(sizes))]
	for range 1 + h.random.IntN(20) {
		n := len(h.events)
		e := store.Entry{ID: fmt.Sprintf("event-%d", n), Bus: "default", Received: h.now,
			Raw: fmt.Appendf(nil, `{"n":%d,"pad":%q}`, n, strings.Repeat(fmt.Sprint(n), size/4))}
		for _, target := range historyTargets {
			if h.random.IntN(3) > 0 {
				e.Pairs = append(e.Pairs, store.Pair{Rule: "r", Target: target})
				h.wanted[target][e.ID] = true
			}
		}
		if h.random.IntN(3) == 0 {
			e.Key, e.KeyExpires = "key-"+e.ID, h.now.Add(100*time.Hour)
			h.keys[e.Key] = e.ID
		}
		h.events[e.ID] = e.Raw
		b.Entries = append(b.Entries, e)
	}
	if h.random.IntN(4) == 0 {
		key, value := fmt.Sprint("once", h.random.IntN(20)), fmt.Sprint(len(h.events))
		b.Swaps = []store.Swap{{Space: "once", Key: key, Value: []byte(value), Version: store.AnyVersion}}
		h.state["once/"+key] = value
	}
	_, err := s.Append(t.Context(), b)
	return err
}

// deliver settles some of what a target has yet to read, and its retries.
func (h *history) deliver(t *testing.T, s *Store, target string, n int) error {
	if target == "still" {
		return nil
	}
	if target == "behind" {
		n = 1 + n/8
	}
	cursor, err := s.Cursor(t.Context(), target)
	if err != nil {
		return err
	}
	entries, err := s.Read(t.Context(), target, cursor, n)
	if err != nil || len(entries) == 0 {
		return err
	}
	set := store.Settlement{Target: target, Cursor: entries[len(entries)-1].Seq}
	for _, e := range entries {
		id := store.RetryID{Seq: e.Seq, Rule: "r"}
		dice := h.random.IntN(10)
		switch {
		case target == "failing" && dice < 5:
			set.Retry = append(set.Retry, store.Retry{RetryID: id, Entry: e, Attempts: 1, Due: h.now, Since: h.now, Message: strings.Repeat("no ", 20)})
		case target == "failing" && dice < 7:
			set.Dead = append(set.Dead, store.DeadLetter{Rule: "r", Entry: e, Death: store.Death{Code: "X", Died: h.now.Add(1000 * time.Hour)}})
		default:
			h.done[target][e.ID] = true
		}
	}
	due, _, err := s.Due(t.Context(), target, h.now, n/2)
	if err != nil {
		return err
	}
	for _, r := range due {
		set.Done = append(set.Done, r.RetryID)
		h.done[target][r.Entry.ID] = true
	}
	return s.Settle(t.Context(), set)
}

func (h *history) swap(t *testing.T, s *Store) error {
	var swaps []store.Swap
	for n := range 1 + h.random.IntN(5) {
		key := fmt.Sprint("k", n, "-", h.random.IntN(60))
		w := store.Swap{Space: "s", Key: key, Version: store.AnyVersion, Value: []byte(strings.Repeat(key, h.random.IntN(150)))}
		if w.Delete = h.random.IntN(3) == 0; w.Delete {
			w.Value = nil
			delete(h.state, "s/"+key)
		} else {
			h.state["s/"+key] = string(w.Value)
		}
		swaps = append(swaps, w)
	}
	_, err := s.Apply(t.Context(), h.now, swaps...)
	return err
}

// held says what a store answers that is not what the history tells.
type held struct {
	// lost are deliveries that nobody will make, wrong are answers that nobody gave.
	lost, wrong []string
	// state is how many values and keys are others.
	state []string
}

// hold drains a store and holds its answers against the history.
func (h *history) hold(t *testing.T, s *Store) (out held, err error) {
	fates := map[string]map[string]bool{}
	note := func(target string, e store.Entry) {
		if e.Raw == nil {
			return // told
		}
		if string(h.events[e.ID]) != string(e.Raw) {
			out.wrong = append(out.wrong, target+" gets "+e.ID)
		}
		fates[target][e.ID] = true
	}
	for _, target := range historyTargets {
		fates[target] = maps.Clone(h.done[target])
		for {
			at, err := s.Cursor(t.Context(), target)
			if err != nil {
				return out, fmt.Errorf("cursor: %w", err)
			}
			entries, err := s.Read(t.Context(), target, at, 10)
			if err != nil {
				return out, fmt.Errorf("read: %w", err)
			}
			if len(entries) == 0 {
				break
			}
			for _, e := range entries {
				note(target, e)
			}
			if err := s.Settle(t.Context(), store.Settlement{Target: target, Cursor: entries[len(entries)-1].Seq}); err != nil {
				return out, fmt.Errorf("settle: %w", err)
			}
		}
		due, _, err := s.Due(t.Context(), target, h.now.AddDate(1, 0, 0), 1<<20)
		if err != nil {
			return out, fmt.Errorf("due: %w", err)
		}
		for _, r := range due {
			note(target, r.Entry)
		}
	}
	dead, err := s.DeadLetters(t.Context(), "", 0, 1<<20)
	if err != nil {
		return out, fmt.Errorf("dead: %w", err)
	}
	for _, d := range dead {
		if fates[d.Target] != nil {
			note(d.Target, d.Entry)
		}
	}
	for _, target := range historyTargets {
		for id := range h.wanted[target] {
			if !fates[target][id] {
				out.lost = append(out.lost, target+" "+id)
			}
		}
	}
	err = h.holdState(t, s, &out)
	return out, err
}

func (h *history) holdState(t *testing.T, s *Store, out *held) error {
	have := map[string]string{}
	for _, space := range []string{"s", "once"} {
		items, err := s.Scan(t.Context(), space, "", "", h.now, 1<<20)
		if err != nil {
			return fmt.Errorf("scan: %w", err)
		}
		for _, i := range items {
			have[space+"/"+i.Key] = string(i.Value)
		}
	}
	for key, value := range h.state {
		if have[key] != value {
			out.state = append(out.state, fmt.Sprintf("%s is %.20q, not %.20q", key, have[key], value))
		}
	}
	for key := range have {
		if _, ok := h.state[key]; !ok {
			out.state = append(out.state, "there is "+key)
		}
	}
	keys := slices.Sorted(maps.Keys(h.keys))
	b := store.Batch{Now: h.now}
	for _, key := range keys {
		b.Entries = append(b.Entries, store.Entry{ID: "again", Raw: []byte("{}"), Key: key, KeyExpires: h.now.Add(time.Hour)})
	}
	r, err := s.Append(t.Context(), b)
	if err != nil {
		return fmt.Errorf("append: %w", err)
	}
	for i, key := range keys {
		if r.FirstIDs[i] != h.keys[key] {
			out.state = append(out.state, fmt.Sprintf("%s is of %q, not of %q", key, r.FirstIDs[i], h.keys[key]))
		}
	}
	return nil
}

// everyFile are the files of a store with everything that SQLite keeps beside them.
func everyFile(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "lock" || d.Name() == "reserve" {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err == nil {
			out[name], err = os.ReadFile(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

package sqlite

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/runtime/store"
)

// fill writes something of every kind: two files of events, of which one is sealed,
// targets that are behind and one that is not, retries, dead letters, keys, state, and
// state that changed with an event.
func fill(t *testing.T, s *Store) {
	t.Helper()
	for n := range 40 {
		at := now.Add(time.Duration(n/20) * time.Hour)
		e := store.Entry{ID: fmt.Sprint("event-", n), Raw: fmt.Appendf(nil, `{"n":%d,"pad":%q}`, n, strings.Repeat("x", 700)), Bus: "default", Received: at,
			Pairs: []store.Pair{{Rule: "r", Target: "done"}, {Rule: "r", Target: "behind"}}, Key: fmt.Sprint("key-", n), KeyExpires: at.Add(9 * time.Hour)}
		b := store.Batch{Now: at, Entries: []store.Entry{e}}
		if n%10 == 0 {
			b.Swaps = []store.Swap{{Space: "once", Key: fmt.Sprint(n), Value: []byte("taken")}}
		}
		if _, err := s.Append(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		swap := store.Swap{Space: "s", Key: fmt.Sprintf("k%02d", n), Value: []byte(strings.Repeat(fmt.Sprint(n), 100))}
		if _, err := s.Apply(t.Context(), at, swap); err != nil {
			t.Fatal(err)
		}
		set := store.Settlement{Target: "done", Cursor: store.Seq(n + 1)}
		if n%4 == 0 {
			set.Retry = []store.Retry{{RetryID: store.RetryID{Seq: store.Seq(n + 1), Rule: "r"}, Attempts: n, Due: now, Since: now}}
		}
		if n%5 == 0 {
			e.Seq = store.Seq(n + 1)
			set.Dead = []store.DeadLetter{{Rule: "r", Entry: e, Death: store.Death{Code: "X", Died: now}}}
		}
		if err := s.Settle(t.Context(), set); err != nil {
			t.Fatal(err)
		}
	}
}

// answers asks a store for everything that it knows.
func answers(t *testing.T, s *Store) map[string]string {
	t.Helper()
	ctx, out := t.Context(), map[string]string{}
	note := func(what string, value any, err error) { out[what] = fmt.Sprintf("%+v %v", value, err) }
	for _, target := range []string{"done", "behind", "none"} {
		cursor, err := s.Cursor(ctx, target)
		note("cursor of "+target, cursor, err)
		entries, err := s.Read(ctx, target, cursor, 100)
		note("unread by "+target, entries, err)
		due, next, err := s.Due(ctx, target, now, 100)
		note("due for "+target, fmt.Sprint(due, next), err)
	}
	for n := range 40 {
		e, ok, err := s.Lookup(ctx, fmt.Sprint("event-", n))
		note(fmt.Sprint("event ", n), fmt.Sprint(e, ok), err)
	}
	dead, err := s.DeadLetters(ctx, "", 0, 100)
	note("dead letters", dead, err)
	for _, space := range []string{"s", "once"} {
		items, err := s.Scan(ctx, space, "", "", now, 100)
		note("state "+space, items, err)
	}
	stats, err := s.Stats(ctx)
	stats.Bytes, stats.Damaged, stats.SetAside = 0, 0, 0
	note("stats", stats, err)
	again := store.Batch{Now: now.Add(2 * time.Hour)}
	for n := range 40 {
		again.Entries = append(again.Entries, store.Entry{ID: fmt.Sprint("event-", n), Key: fmt.Sprint("key-", n), Raw: []byte("{}")})
	}
	r, err := s.Append(ctx, again)
	note("first of each key", r.FirstIDs, err)
	return out
}

// files are the store's, by their names in the directory.
func files(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, "-shm") || d.Name() == "lock" || d.Name() == "reserve" {
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

func lay(t *testing.T, content map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, b := range content {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// damaged opens files of which one is damaged, and fails the test if any answer is
// another one and nothing was said.
func damaged(t *testing.T, what string, content map[string][]byte, want map[string]string) {
	t.Helper()
	s, err := Open(t.Context(), lay(t, content), Config{})
	if err != nil {
		t.Errorf("%s: the store does not open: %v", what, err)
		return
	}
	defer s.Close() //nolint:errcheck // it may be damaged
	got := answers(t, s)
	if diff := cmp.Diff(want, got); diff != "" && s.damaged.Load() == 0 {
		t.Errorf("%s: nothing was said, and the answers are others:\n%.2000s", what, diff)
	}
	for n := range 40 { // what is there is what was written
		what := fmt.Sprint("event ", n)
		if got[what] != want[what] && !strings.Contains(got[what], "false") && !strings.Contains(got[what], "[]") {
			t.Errorf("%s: %s is %s", what, what, got[what])
		}
	}
}

// TestFlippedBits flips bits on every page of every file of a store that was closed, and
// in the write-ahead logs of one that was killed. TOCSIN_FLIPS says how many a page; make
// soak asks for many.
func TestFlippedBits(t *testing.T) {
	flips, logStep := 1, 24
	if n, err := strconv.Atoi(os.Getenv("TOCSIN_FLIPS")); err == nil {
		flips, logStep = n, 1
	}
	dir := t.TempDir()
	s := openFaulty(t, dir, Config{})
	fill(t, s)
	killed := files(t, dir)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	closed := files(t, dir)
	random := rand.New(rand.NewPCG(1, 6))
	done := 0
	for state, content := range map[string]map[string][]byte{"closed": closed, "killed": killed} {
		s := openFaulty(t, lay(t, content), Config{})
		want := answers(t, s)
		s.Close()
		for name, b := range content {
			step := eventsPage
			if strings.HasPrefix(name, File) {
				step = statePage
			}
			if state == "killed" {
				if !strings.HasSuffix(name, "-wal") {
					continue
				}
				step *= logStep
			}
			size := len(b)
			for from := 0; from < size; from += step {
				for range flips {
					at, bit := from+random.IntN(min(step, size-from)), random.IntN(8)
					broken := append([]byte(nil), b...)
					broken[at] ^= 1 << bit
					content[name] = broken
					damaged(t, fmt.Sprintf("%s, bit %d of byte %d of %s", state, bit, at, name), content, want)
					done++
				}
			}
			content[name] = b
		}
	}
	t.Logf("%d bits flipped", done)
}

// TestFlippedHeaders flips every bit of what SQLite believes without a checksum.
func TestFlippedHeaders(t *testing.T) {
	dir := t.TempDir()
	s := openFaulty(t, dir, Config{})
	fill(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	content := files(t, dir)
	s = openFaulty(t, lay(t, content), Config{})
	want := answers(t, s)
	s.Close()
	for name, b := range content {
		for _, at := range []int{0, 16, 18, 20, 24, 27} {
			broken := append([]byte(nil), b...)
			broken[at] ^= 1 << (at % 8)
			content[name] = broken
			damaged(t, fmt.Sprintf("byte %d of %s", at, name), content, want)
		}
		content[name] = b
	}
}

// TestTruncatedTails cuts every file.
func TestTruncatedTails(t *testing.T) {
	dir := t.TempDir()
	s := openFaulty(t, dir, Config{})
	fill(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	content := files(t, dir)
	s = openFaulty(t, lay(t, content), Config{})
	want := answers(t, s)
	s.Close()
	for name, b := range content {
		for _, n := range []int{0, len(b) / 2, len(b) - 1} {
			content[name] = b[:n]
			damaged(t, fmt.Sprintf("%s cut to %d of %d bytes", name, n, len(b)), content, want)
		}
		content[name] = b
	}
}

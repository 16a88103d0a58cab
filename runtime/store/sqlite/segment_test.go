package sqlite

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/tocsin-engine/tocsin/runtime/store"
)

func logFileNames(t *testing.T, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, Folder, "*.db"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range names {
		names[i] = filepath.Base(names[i])
	}
	return names
}

func putAt(t *testing.T, s *Store, id string, at time.Time, target string) store.Seq {
	t.Helper()
	r, err := s.Append(t.Context(), store.Batch{Now: at, Entries: []store.Entry{{ID: id, Raw: []byte("{}"), Received: at, Pairs: []store.Pair{{Rule: "r", Target: target}}}}})
	if err != nil {
		t.Fatal(err)
	}
	return r.Seqs[0]
}

// TestAFileAnHour: events go to a file for each hour; a clock that is put back goes on in
// the newest; a file is deleted when its hour is old and nobody needs it any more.
func TestAFileAnHour(t *testing.T) {
	dir := t.TempDir()
	s := openFaulty(t, dir, Config{})
	for n, hours := range []int{0, 0, 1, 3, 2, 3} {
		putAt(t, s, fmt.Sprint("e", n), now.Add(time.Duration(hours)*time.Hour), "t")
	}
	want := []string{"2026010203-000000000001.db", "2026010204-000000000003.db", "2026010206-000000000004.db"}
	if got := logFileNames(t, dir); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("the files are %v, want %v", got, want)
	}
	for range 2 { // the second time after a restart
		if got := read(t, s, "t"); strings.Join(got, " ") != "e0 e1 e2 e3 e4 e5" {
			t.Errorf("the log over its files: %v", got)
		}
		if e, ok, err := s.Lookup(t.Context(), "e2"); !ok || err != nil || e.Seq != 3 {
			t.Errorf("an event in an older file: %+v, %v, %v", e, ok, err)
		}
		if seq, err := s.Seek(t.Context(), now.Add(time.Hour)); seq != 2 || err != nil {
			t.Errorf("received from the second hour on: after %d, %v; want 2", seq, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = openFaulty(t, dir, Config{})
	}
	later := now.Add(100 * time.Hour)
	if err := s.Trim(t.Context(), later); err != nil {
		t.Fatal(err)
	}
	if got := logFileNames(t, dir); len(got) != 3 {
		t.Errorf("files that are unread were deleted: %v are left", got)
	}
	retry := store.Retry{RetryID: store.RetryID{Seq: 3, Rule: "r"}, Due: later}
	if err := s.Settle(t.Context(), store.Settlement{Target: "t", Cursor: 5, Retry: []store.Retry{retry}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Trim(t.Context(), later); err != nil {
		t.Fatal(err)
	}
	if got := logFileNames(t, dir); fmt.Sprint(got) != fmt.Sprint(want[1:]) {
		t.Errorf("the files are %v; want those of a retry and of what is unread, %v", got, want[1:])
	}
	if seq := putAt(t, s, "new", now.Add(3*time.Hour), "t"); seq != 7 {
		t.Errorf("the next place is %d, want 7", seq)
	}
}

// TestKeysOverFiles: an idempotency key holds over the turn of the hour, and a restart.
func TestKeysOverFiles(t *testing.T) {
	dir := t.TempDir()
	s := openFaulty(t, dir, Config{})
	send := func(id string, at time.Time) string {
		t.Helper()
		r, err := s.Append(t.Context(), store.Batch{Now: at, Entries: []store.Entry{{ID: id, Key: "k", KeyExpires: at.Add(15 * time.Minute), Raw: []byte("{}")}}})
		if err != nil {
			t.Fatal(err)
		}
		return r.FirstIDs[0]
	}
	end := now.Truncate(time.Hour).Add(time.Hour)
	send("first", end.Add(-time.Minute))
	putAt(t, s, "turn", end, "t")
	if got := send("again", end.Add(time.Minute)); got != "first" {
		t.Errorf("in the next hour the key is that of %q, want first", got)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openFaulty(t, dir, Config{})
	if got := send("again", end.Add(2*time.Minute)); got != "first" {
		t.Errorf("after a restart the key is that of %q, want first", got)
	}
	if got := send("later", end.Add(15*time.Minute)); got != "" {
		t.Errorf("an expired key is still that of %q", got)
	}
}

// TestALaggingTargetReadsAnIndex: what it reads must not grow with what others want.
func TestALaggingTargetReadsAnIndex(t *testing.T) {
	s := openFaulty(t, t.TempDir(), Config{})
	putAt(t, s, "e", now, "t")
	var plan []string
	err := s.all()[0].reader().with(t.Context(), func(c *conn) error {
		return c.query("EXPLAIN QUERY PLAN "+readWanted, []any{"t", 0, 10}, func(r *sqlite3.Stmt) error {
			plan = append(plan, r.ColumnText(3))
			return nil
		})
	})
	text := strings.Join(plan, "\n")
	if err != nil || strings.Contains(text, "SCAN") || strings.Contains(text, "TEMP B-TREE") {
		t.Errorf("the plan is %v:\n%s", err, text)
	}
}

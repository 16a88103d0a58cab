package sqlite

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/tocsin-engine/tocsin/runtime/store"
)

// threeOfFour appends events in commits of four; t wants all but every fourth, u wants
// those only.
func threeOfFour(t *testing.T, s *Store, commits int) {
	t.Helper()
	for n := range commits {
		b := store.Batch{Now: now}
		for i := range 4 {
			target := "t"
			if (n+i)%4 == 3 {
				target = "u"
			}
			b.Entries = append(b.Entries, store.Entry{ID: fmt.Sprint("e", 4*n+i), Raw: []byte("{}"), Received: now, Pairs: []store.Pair{{Rule: "r", Target: target}}})
		}
		if _, err := s.Append(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
}

// fromFile reads what a target wants from the file, however recent it is.
func fromFile(t *testing.T, s *Store, target string, after store.Seq, n int) (places []store.Seq) {
	t.Helper()
	for {
		got, err := s.readSegment(t.Context(), s.all()[0], target, after, n)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) == 0 {
			return places
		}
		for _, e := range got {
			places = append(places, e.Seq)
		}
		after = places[len(places)-1]
	}
}

// TestRuns: a target reads the same from the file however much it asks for at once, from
// wherever it begins, and what waits is counted.
func TestRuns(t *testing.T) {
	s := openFaulty(t, t.TempDir(), Config{})
	threeOfFour(t, s, 6)
	all := map[string][]store.Seq{}
	for seq := store.Seq(1); seq <= 24; seq++ {
		target := "t"
		if n := int(seq - 1); (n/4+n%4)%4 == 3 {
			target = "u"
		}
		all[target] = append(all[target], seq)
	}
	for target, want := range all {
		for from := range want {
			after := want[from] - 1
			for n := 1; n <= 10; n += 3 {
				if got := fromFile(t, s, target, after, n); fmt.Sprint(got) != fmt.Sprint(want[from:]) {
					t.Errorf("%s after %d, %d at once: %v, want %v", target, after, n, got, want[from:])
				}
			}
			if err := s.Settle(t.Context(), store.Settlement{Target: target, Cursor: after}); err != nil {
				t.Fatal(err)
			}
			st, err := s.Stats(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range st.Lanes {
				if l.Target == target && l.Unread != len(want)-from {
					t.Errorf("%s has %d unread after %d, want %d", target, l.Unread, after, len(want)-from)
				}
			}
		}
	}
}

// TestRunsWithoutEntries: a place whose entry is gone is given as a damaged one, in the
// middle of a run, at its ends, and where nothing of it is left.
func TestRunsWithoutEntries(t *testing.T) {
	s := openFaulty(t, t.TempDir(), Config{})
	threeOfFour(t, s, 6)
	want := fromFile(t, s, "t", 0, 100)
	inFile(t, s, "DELETE FROM entries WHERE seq IN (1, 6, 7, 9, 10, 11, 12, 13, 24)")
	for n := 1; n <= 20; n++ {
		if got := fromFile(t, s, "t", 0, n); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%d at once: %v, want %v", n, got, want)
		}
	}
	got, err := s.readSegment(t.Context(), s.all()[0], "t", 0, 3)
	if err != nil || !strings.HasPrefix(got[0].ID, "damaged-") || got[1].ID != "e1" {
		t.Errorf("%+v (%v), want a damaged one and e1", got, err)
	}
}

// inFile changes a file of events behind the store's back.
func inFile(t *testing.T, s *Store, text string) {
	t.Helper()
	c, err := sqlite3.Open(s.all()[0].path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Exec(text); err != nil {
		t.Fatal(err)
	}
}

// TestUpgrade opens a file of events as the first version wrote it: while it is the one
// that is written, and when it is sealed.
func TestUpgrade(t *testing.T) {
	dir := t.TempDir()
	s := openFaulty(t, dir, Config{})
	threeOfFour(t, s, 3)
	keys := store.Batch{Now: now}
	for _, key := range []string{"put/1", "put/2", "k"} {
		keys.Entries = append(keys.Entries, store.Entry{ID: "of " + key, Raw: []byte("{}"), Key: key, KeyExpires: now.Add(time.Hour)})
	}
	if _, err := s.Append(t.Context(), keys); err != nil {
		t.Fatal(err)
	}
	for _, written := range []bool{true, false} {
		inFile(t, s, `CREATE TABLE old (tid, seq);
			INSERT INTO old SELECT w.tid, e.seq FROM wants w JOIN entries e ON e.seq BETWEEN w.seq - w.run AND w.seq;
			DELETE FROM wants; ALTER TABLE wants DROP COLUMN run;
			INSERT INTO wants SELECT * FROM old; DROP TABLE old; PRAGMA user_version = 1;
			DELETE FROM keys; INSERT INTO keys VALUES ('put/1', 'of put/1', 9e18), ('put/2', 'of put/2', 9e18), ('k', 'of k', 9e18)`)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = openFaulty(t, dir, Config{})
		if got := fromFile(t, s, "t", 0, 100); fmt.Sprint(got) != "[1 2 3 5 6 8 9 11 12]" {
			t.Errorf("while it is written, %v: t reads %v", written, got)
		}
		if v, err := fileVersion(s.all()[0].path); v != eventsVersion || err != nil {
			t.Errorf("while it is written, %v: the file has version %d (%v)", written, v, err)
		}
		r, err := s.Append(t.Context(), keys)
		if err != nil || fmt.Sprint(r.FirstIDs) != "[of put/1 of put/2 of k]" {
			t.Errorf("while it is written, %v: the keys are held by %v (%v)", written, r.FirstIDs, err)
		}
		putAt(t, s, "next", now.Add(time.Hour), "t")
	}
}

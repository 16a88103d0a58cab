package sqlite_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/tocsin-engine/tocsin/runtime/store"
	"github.com/tocsin-engine/tocsin/runtime/store/sqlite"
	"github.com/tocsin-engine/tocsin/runtime/store/storetest"
)

// TestMigrate opens what a tocsin of schema 1 has left: testdata/schema1.db was written
// by one, with three events, a retry, a dead letter and a value.
func TestMigrate(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	file, err := os.ReadFile("testdata/schema1.db")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, sqlite.File), file, 0o600); err != nil {
		t.Fatal(err)
	}
	brokeOff := filepath.Join(dir, sqlite.Folder, "2026010203-000000000001.db")
	if err := os.MkdirAll(filepath.Dir(brokeOff), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(brokeOff, []byte("half of a migration"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir)
	for range 2 { // the second time it is of the new schema
		check(t, s)
		s = reopen(t, s, dir)
	}
	r, err := s.Append(ctx, store.Batch{Now: storetest.Start, Entries: []store.Entry{entry("a2", "t"), {ID: "d", Key: "key of a"}}})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "the idempotency key", []string{"", "a"}, r.FirstIDs)
	if r.Seqs[0] != 4 {
		t.Errorf("the next place is %d, want 4", r.Seqs[0])
	}
	if v, err := s.Apply(ctx, storetest.Start, store.Swap{Space: "s", Key: "new", Value: []byte("v")}); err != nil || v[0] <= 1 {
		t.Errorf("version %v came after 1 (%v)", v, err)
	}
	c, err := sqlite3.Open(filepath.Join(dir, sqlite.File))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	version, _, err := c.Prepare("PRAGMA user_version")
	if err != nil || !version.Step() || version.ColumnInt(0) != 3 {
		t.Errorf("bus.db does not refuse an older program: %v, %d", err, version.ColumnInt(0))
	}
}

func check(t *testing.T, s *sqlite.Store) {
	t.Helper()
	ctx := t.Context()
	if cursor, err := s.Cursor(ctx, "t"); cursor != 2 || err != nil {
		t.Errorf("cursor %d, %v", cursor, err)
	}
	for target, want := range map[string]string{"t": `{"id":"c"}`, "u": `{"id":"a"}`} {
		cursor, _ := s.Cursor(ctx, target)
		unread, err := s.Read(ctx, target, cursor, 10)
		if err != nil || len(unread) != 1 || string(unread[0].Raw) != want || unread[0].Hops != 2 {
			t.Errorf("unread by %s: %+v, %v", target, unread, err)
		}
	}
	due, _, err := s.Due(ctx, "t", storetest.Start.Add(time.Minute), 10)
	if err != nil || len(due) != 1 || due[0].Attempts != 3 || due[0].Entry.ID != "a" || string(due[0].Entry.Raw) != `{"id":"a"}` {
		t.Errorf("retries: %+v, %v", due, err)
	}
	dead, err := s.DeadLetters(ctx, "t", 0, 10)
	if err != nil || len(dead) != 1 || dead[0].ID != 1 || dead[0].Entry.ID != "b" || dead[0].Code != "X" {
		t.Errorf("dead letters: %+v, %v", dead, err)
	}
	item, ok, err := s.Get(ctx, "s", "k", storetest.Start)
	if err != nil || !ok || string(item.Value) != "v" || item.Version != 1 {
		t.Errorf("state: %+v, %v, %v", item, ok, err)
	}
	if stats, err := s.Stats(ctx); err != nil || stats.Entries != 3 || stats.Damaged > 0 {
		t.Errorf("stats: %+v, %v", stats, err)
	}
}

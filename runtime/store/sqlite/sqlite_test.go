package sqlite_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/ncruces/go-sqlite3"

	"github.com/tocsin-engine/tocsin/runtime/store"
	"github.com/tocsin-engine/tocsin/runtime/store/sqlite"
	"github.com/tocsin-engine/tocsin/runtime/store/storetest"
)

func open(t testing.TB, dir string) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(context.Background(), dir, sqlite.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// reopen closes a store and opens it again, as a restart does.
func reopen(t testing.TB, s *sqlite.Store, dir string) *sqlite.Store {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return open(t, dir)
}

func TestConformance(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store { return open(t, t.TempDir()) })
}

func entry(id string, targets ...string) store.Entry {
	e := store.Entry{ID: id, Raw: []byte(`{"id":"` + id + `"}`), Bus: "default", Hops: 2, Received: storetest.Start,
		Key: "key of " + id, KeyExpires: storetest.Start.Add(time.Hour)}
	for _, name := range targets {
		e.Pairs = append(e.Pairs, store.Pair{Rule: "r", Target: name})
	}
	return e
}

func TestEverythingSurvivesARestart(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	s := open(t, dir)
	entries := []store.Entry{entry("a", "t", "u"), entry("b", "t"), entry("c", "t")}
	b := store.Batch{Now: storetest.Start, Entries: entries, Swaps: []store.Swap{{Space: "s", Key: "k", Value: []byte("v")}}}
	r, err := s.Append(ctx, b)
	if err != nil {
		t.Fatal(err)
	}
	for i := range entries {
		entries[i].Seq = r.Seqs[i]
		entries[i].Key, entries[i].KeyExpires = "", time.Time{} // a reader has no use for them
	}
	retry := store.Retry{RetryID: store.RetryID{Seq: r.Seqs[0], Rule: "r"}, Target: "t", Entry: entries[0], Attempts: 3,
		Due: storetest.Start.Add(time.Minute), Since: storetest.Start, Code: "X", Message: "m",
		Death: &store.Death{Code: "X", Message: "m", Exhausted: "e", Attempts: 3, Died: storetest.Start}}
	letter := store.DeadLetter{Target: "t", Rule: "r", Entry: entries[1], Death: *retry.Death}
	set := store.Settlement{Target: "t", Cursor: r.Seqs[1], Retry: []store.Retry{retry}, Dead: []store.DeadLetter{letter}}
	if err := s.Settle(ctx, set); err != nil {
		t.Fatal(err)
	}
	before, err := s.Stats(ctx)
	if err != nil {
		t.Fatal(err)
	}
	s = reopen(t, s, dir)
	after, err := s.Stats(ctx)
	if err != nil {
		t.Fatal(err)
	}
	before.Bytes, after.Bytes = 0, 0
	same(t, "stats", before, after)
	cursor, _ := s.Cursor(ctx, "t")
	same(t, "cursor", r.Seqs[1], cursor)
	unread, _ := s.Read(ctx, "t", cursor, 10)
	same(t, "unread", entries[2:], unread)
	due, _, _ := s.Due(ctx, "t", retry.Due, 10)
	same(t, "retries", []store.Retry{retry}, due)
	dead, _ := s.DeadLetters(ctx, "", 0, 10)
	letter.ID = 1
	same(t, "dead letters", []store.DeadLetter{letter}, dead)
	item, _, _ := s.Get(ctx, "s", "k", storetest.Start)
	same(t, "state", store.Item{Key: "k", Value: []byte("v"), Version: r.Versions[0]}, item)
	again, err := s.Append(ctx, store.Batch{Now: storetest.Start, Entries: []store.Entry{entry("a2", "t"), {ID: "d", Key: "key of a"}}})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "the idempotency key", []string{"", "a"}, again.FirstIDs)
	if again.Seqs[0] <= r.Seqs[2] {
		t.Errorf("place %d was given after %d", again.Seqs[0], r.Seqs[2])
	}
}

func same[T any](t testing.TB, what string, want, got T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestNothingComesBackAfterARestart(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	s := open(t, dir)
	put := func(version uint64) uint64 {
		t.Helper()
		v, err := s.Apply(ctx, storetest.Start, store.Swap{Space: "s", Key: "k", Value: []byte("v"), Version: version})
		if err != nil {
			t.Fatal(err)
		}
		return v[0]
	}
	first := put(0)
	if _, err := s.Apply(ctx, storetest.Start, store.Swap{Space: "s", Key: "k", Delete: true, Version: first}); err != nil {
		t.Fatal(err)
	}
	r, err := s.Append(ctx, store.Batch{Now: storetest.Start, Entries: []store.Entry{entry("a")}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Trim(ctx, storetest.Start.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, ok, _ := s.Lookup(ctx, "a"); ok {
		t.Fatal("the entry was not trimmed")
	}
	s = reopen(t, s, dir)
	if second := put(0); second <= first {
		t.Errorf("version %d came after %d", second, first)
	}
	r2, err := s.Append(ctx, store.Batch{Now: storetest.Start, Entries: []store.Entry{entry("b")}})
	if err != nil || r2.Seqs[0] <= r.Seqs[0] {
		t.Errorf("place %v came after %v (%v)", r2.Seqs, r.Seqs, err)
	}
}

func TestOneProcessAtATime(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	if _, err := sqlite.Open(t.Context(), dir, sqlite.Config{}); err == nil || !strings.Contains(err.Error(), "another tocsin is using "+dir) {
		t.Errorf("the second Open = %v", err)
	}
	reopen(t, s, dir)
}

func TestAFileOfANewerProgramIsRefused(t *testing.T) {
	dir := t.TempDir()
	if err := open(t, dir).Close(); err != nil {
		t.Fatal(err)
	}
	edit(t, dir, "PRAGMA user_version = 99")
	if _, err := sqlite.Open(t.Context(), dir, sqlite.Config{}); err == nil || !strings.Contains(err.Error(), "newer tocsin (schema 99") {
		t.Errorf("Open = %v", err)
	}
}

// edit changes a closed store's file behind its back.
func edit(t testing.TB, dir, statement string) {
	t.Helper()
	c, err := sqlite3.Open(filepath.Join(dir, sqlite.File))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Exec(statement); err != nil {
		t.Fatal(err)
	}
}

func TestTheFileIsThePersonsOwn(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "data")
	open(t, dir)
	for _, name := range []string{sqlite.File, "lock", sqlite.File + "-wal"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s can be read by others: %v", name, info.Mode())
		}
	}
}

func TestLambdaHasNoDisk(t *testing.T) {
	t.Setenv("AWS_LAMBDA_FUNCTION_NAME", "f")
	if _, err := sqlite.Open(t.Context(), t.TempDir(), sqlite.Config{}); err == nil {
		t.Error("Open was taken in a Lambda function")
	}
}

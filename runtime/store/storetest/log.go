package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/store"
)

func appendAndRead(t *testing.T, s store.Store) {
	ab := entry("one", "a", "b")
	ab.Pairs = append(ab.Pairs, store.Pair{Rule: "q", Target: "a"})
	seqs := mustAppend(t, s, ab, entry("two", "b"), entry("three", "a"), entry("nobody's"))
	for i := range seqs {
		if seqs[i] == 0 || i > 0 && seqs[i] <= seqs[i-1] {
			t.Fatalf("places %v, want growing ones from 1", seqs)
		}
	}
	got := mustRead(t, s, "a", 0, 10)
	ab.Seq = seqs[0]
	same(t, "entries of a", []string{"one", "three"}, ids(got))
	same(t, "the first entry", ab, got[0])
	same(t, "entries of b", []string{"one", "two"}, ids(mustRead(t, s, "b", 0, 10)))
	same(t, "at most n", []string{"one"}, ids(mustRead(t, s, "b", 0, 1)))
	same(t, "after a place", []string{"two"}, ids(mustRead(t, s, "b", seqs[0], 10)))
	same(t, "after a place of another target", []string{"three"}, ids(mustRead(t, s, "a", seqs[1], 10)))
	same(t, "after the last", nil, ids(mustRead(t, s, "b", seqs[3], 10)))
	same(t, "a target nobody named", nil, ids(mustRead(t, s, "c", 0, 10)))
	more := mustAppend(t, s, entry("four", "a"))
	if more[0] <= seqs[3] {
		t.Errorf("a later batch got place %d, after %d", more[0], seqs[3])
	}
	same(t, "what came since", []string{"four"}, ids(mustRead(t, s, "a", seqs[2], 10)))
}

func batchIsAtomic(t *testing.T, s store.Store) {
	stored := mustApply(t, s, Start, store.Swap{Space: "alarms", Key: "a", Value: []byte("OK")})[0]
	swap := func(version uint64) store.Swap {
		return store.Swap{Space: "alarms", Key: "a", Value: []byte("ALARM"), Version: version}
	}
	fine := store.Swap{Space: "alarms", Key: "b", Value: []byte("ALARM")}
	b := store.Batch{Now: Start, Entries: []store.Entry{entry("change", "t")}, Swaps: []store.Swap{fine, swap(stored + 1)}}
	if _, err := s.Append(t.Context(), b); !errors.Is(err, store.ErrConflict) {
		t.Fatalf("Append with a stale version = %v, want ErrConflict", err)
	}
	same(t, "entries after the conflict", nil, ids(mustRead(t, s, "t", 0, 10)))
	if _, ok, _ := s.Get(t.Context(), "alarms", "b", Start); ok {
		t.Error("a swap of the batch that failed was written")
	}
	b.Swaps[1] = swap(stored)
	r, err := s.Append(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "entries after the commit", []string{"change"}, ids(mustRead(t, s, "t", 0, 10)))
	item, _, _ := s.Get(t.Context(), "alarms", "a", Start)
	same(t, "the state", "ALARM", string(item.Value))
	if len(r.Versions) != 2 || item.Version != r.Versions[1] || item.Version == stored {
		t.Errorf("the receipt's versions are %v, the item has %d (before: %d)", r.Versions, item.Version, stored)
	}
	if _, err := s.Append(t.Context(), store.Batch{Now: Start, Swaps: []store.Swap{swap(stored)}}); !errors.Is(err, store.ErrConflict) {
		t.Errorf("a batch of swaps alone, stale = %v, want ErrConflict", err)
	}
}

func keyed(id, key string, expires time.Time) store.Entry {
	e := entry(id, "t")
	e.Key, e.KeyExpires = key, expires
	return e
}

func idempotencyKeys(t *testing.T, s store.Store) { keysNamed(t, s, "ka", "kb", "kd") }

func keysOfOneRequest(t *testing.T, s store.Store) {
	keysNamed(t, s, "put/k/1", "put/k/2", "put/k/3")
	r, err := s.Append(t.Context(), store.Batch{Now: at(0), Entries: []store.Entry{
		keyed("e1", "put/k/", at(300)), keyed("e2", "put/k", at(300)), keyed("e3", "put/k/01", at(300)), keyed("e4", "put/k/11", at(300))}})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "first ids of similar keys", []string{"", "", "", ""}, r.FirstIDs)
}

// keysNamed is about three keys, whatever they are.
func keysNamed(t *testing.T, s store.Store, ka, kb, kd string) {
	t.Helper()
	add := func(now time.Time, entries ...store.Entry) store.Receipt {
		t.Helper()
		r, err := s.Append(t.Context(), store.Batch{Now: now, Entries: entries})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	first := add(at(0), keyed("a1", ka, at(300)), keyed("b1", kb, at(600)))
	same(t, "first ids of new entries", []string{"", ""}, first.FirstIDs)
	again := add(at(299), keyed("a2", ka, at(599)), entry("c1", "t"), keyed("b2", kb, at(899)))
	same(t, "first ids of a repeated batch", []string{"a1", "", "b1"}, again.FirstIDs)
	if again.Seqs[0] != 0 || again.Seqs[1] == 0 || again.Seqs[2] != 0 {
		t.Errorf("places of a repeated batch %v, want one only for the new entry", again.Seqs)
	}
	same(t, "the log", []string{"a1", "b1", "c1"}, ids(mustRead(t, s, "t", 0, 10)))
	later := add(at(300), keyed("a3", ka, at(600)), keyed("b3", kb, at(900)))
	same(t, "first ids when one key has expired", []string{"", "b1"}, later.FirstIDs)
	twice := add(at(0), keyed("d1", kd, at(300)), keyed("d2", kd, at(300)))
	same(t, "a key twice in one batch", []string{"", "d1"}, twice.FirstIDs)
	mustSettle(t, s, store.Settlement{Target: "t", Cursor: again.Seqs[1]})
	same(t, "a key outlives its entry's delivery", []string{"b1"}, add(at(400), keyed("b4", kb, at(900))).FirstIDs)
}

func duplicatesBesideSwaps(t *testing.T, s store.Store) {
	mustAppend(t, s, keyed("a1", "ka", at(300)))
	b := store.Batch{
		Now: at(1), Entries: []store.Entry{keyed("a2", "ka", at(300)), entry("b", "t")},
		Swaps: []store.Swap{{Space: "s", Key: "k", Value: []byte("v")}},
	}
	r, err := s.Append(t.Context(), b)
	if !errors.Is(err, store.ErrDuplicate) {
		t.Fatalf("Append = %v, want ErrDuplicate", err)
	}
	same(t, "the receipt", []string{"a1", ""}, r.FirstIDs)
	same(t, "the log", []string{"a1"}, ids(mustRead(t, s, "t", 0, 10)))
	if _, ok, _ := s.Get(t.Context(), "s", "k", Start); ok {
		t.Error("a swap was written")
	}
	b.Entries = b.Entries[1:]
	if _, err := s.Append(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	same(t, "the log without the duplicate", []string{"a1", "b"}, ids(mustRead(t, s, "t", 0, 10)))
}

func lookup(t *testing.T, s store.Store) {
	seqs := mustAppend(t, s, entry("x", "t"), entry("twice", "t"), entry("twice", "u"))
	e, ok, err := s.Lookup(t.Context(), "twice")
	if err != nil || !ok || e.Seq != seqs[2] {
		t.Errorf("Lookup = %+v, %v, %v; want the newer entry, %d", e, ok, err, seqs[2])
	}
	mustSettle(t, s, store.Settlement{Target: "t", Cursor: seqs[1]})
	if e, ok, _ := s.Lookup(t.Context(), "x"); !ok || e.ID != "x" {
		t.Error("an entry was forgotten when it was delivered, with room to spare")
	}
	if _, ok, err := s.Lookup(t.Context(), "y"); ok || err != nil {
		t.Errorf("Lookup of an unknown id = %v, %v", ok, err)
	}
}

func trim(t *testing.T, s store.Store) {
	entries := make([]store.Entry, 0, 4)
	for i := range cap(entries) {
		e := entry(fmt.Sprint("e", i), "t")
		e.Received = at(i)
		entries = append(entries, e)
	}
	entries[1].Pairs = append(entries[1].Pairs, store.Pair{Rule: "r", Target: "slow"})
	seqs := mustAppend(t, s, entries...)
	mustSettle(t, s, store.Settlement{
		Target: "t", Cursor: seqs[3],
		Retry: []store.Retry{{RetryID: store.RetryID{Seq: seqs[2], Rule: "r"}, Entry: entries[2], Attempts: 1, Due: at(9)}},
		Dead: []store.DeadLetter{
			{Rule: "r", Entry: entries[0], Death: store.Death{Died: at(1)}},
			{Rule: "r", Entry: entries[1], Death: store.Death{Died: at(4)}},
		},
	})
	if err := s.Trim(t.Context(), at(3)); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"e1", "e2", "e3"} {
		if _, ok, _ := s.Lookup(t.Context(), id); !ok {
			t.Errorf("%s was dropped, it is needed or new", id)
		}
	}
	dead, _ := s.DeadLetters(t.Context(), "", 0, 10)
	if len(dead) != 1 || dead[0].Entry.ID != "e1" {
		t.Errorf("dead letters %v, want the newer one", dead)
	}
	same(t, "what is unread stays", []string{"e1"}, ids(mustRead(t, s, "slow", 0, 10)))
	mustSettle(t, s, store.Settlement{Target: "slow", Cursor: seqs[1]})
	mustSettle(t, s, store.Settlement{Target: "t", Done: []store.RetryID{{Seq: seqs[2], Rule: "r"}}})
	if err := s.Trim(t.Context(), Start.Add(24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if n := mustStats(t, s).Entries; n != 0 {
		t.Errorf("%d entries are kept that are old and settled", n)
	}
}

func seek(t *testing.T, s store.Store) {
	for i, id := range []string{"one", "two", "three"} {
		e := entry(id, "t")
		e.Received = at(10 * i)
		mustAppend(t, s, e)
	}
	for _, tc := range []struct {
		at   int
		want []string
	}{{-1, []string{"one", "two", "three"}}, {0, []string{"one", "two", "three"}}, {1, []string{"two", "three"}}, {20, []string{"three"}}, {21, nil}} {
		seq, err := s.Seek(t.Context(), at(tc.at))
		if err != nil {
			t.Fatal(err)
		}
		same(t, fmt.Sprintf("received from second %d on", tc.at), tc.want, ids(mustRead(t, s, "t", seq, 10)))
	}
}

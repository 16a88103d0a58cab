// Package storetest is what every store must pass: a store's own test calls Run.
//
// The tests know only the interfaces and their words. What a store does after a crash
// is not theirs; a durable store tests that beside them.
package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tocsin-engine/tocsin/runtime/store"
)

// Run tests a store. open makes an empty one and closes it when the test ends.
func Run(t *testing.T, open func(t *testing.T) store.Store) {
	for _, tc := range []struct {
		name string
		test func(*testing.T, store.Store)
	}{
		{"promises", promises},
		{"append and read", appendAndRead},
		{"a batch is all or nothing", batchIsAtomic},
		{"idempotency keys", idempotencyKeys},
		{"idempotency keys of one request", keysOfOneRequest},
		{"duplicates beside swaps", duplicatesBesideSwaps},
		{"lookup", lookup},
		{"seek", seek},
		{"cursor", cursor},
		{"retries", retries},
		{"due order", dueOrder},
		{"order keys", orderKeys},
		{"order keys in any order", orderKeysAnyhow},
		{"dead letters", deadLetters},
		{"failures of an entry", failures},
		{"trim", trim},
		{"stats", stats},
		{"a cancelled call writes nothing", cancelled},
		{"closed", closed},
		{"hammer: appends and readers", hammerLog},
		{"hammer: one winner per key", hammerKeys},
	} {
		t.Run(tc.name, func(t *testing.T) { tc.test(t, open(t)) })
	}
	RunState(t, open)
}

// RunState runs the tests of a store's state alone, for stores whose log is another's.
func RunState(t *testing.T, open func(t *testing.T) store.Store) {
	for _, tc := range []struct {
		name string
		test func(*testing.T, store.Store)
	}{
		{"state", state},
		{"state conflicts", stateConflicts},
		{"state expires", stateExpires},
		{"versions never come back", versions},
		{"scan", scan},
		{"swaps that cannot be", badSwaps},
		{"hammer: one winner per swap", hammerSwaps},
	} {
		t.Run(tc.name, func(t *testing.T) { tc.test(t, open(t)) })
	}
}

// Start is when the tests begin.
var Start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func at(seconds int) time.Time { return Start.Add(time.Duration(seconds) * time.Second) }

// entry makes an entry for targets, all of rule "r".
func entry(id string, targets ...string) store.Entry {
	e := store.Entry{ID: id, Raw: fmt.Appendf(nil, `{"id":%q}`, id), Bus: "default", Hops: 1, Received: Start}
	for _, t := range targets {
		e.Pairs = append(e.Pairs, store.Pair{Rule: "r", Target: t})
	}
	return e
}

func mustAppend(t testing.TB, s store.Store, entries ...store.Entry) []store.Seq {
	t.Helper()
	r, err := s.Append(t.Context(), store.Batch{Now: Start, Entries: entries})
	if err != nil {
		t.Fatal(err)
	}
	return r.Seqs
}

func mustRead(t testing.TB, s store.Store, target string, after store.Seq, n int) []store.Entry {
	t.Helper()
	entries, err := s.Read(t.Context(), target, after, n)
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

func mustSettle(t testing.TB, s store.Store, set store.Settlement) {
	t.Helper()
	if err := s.Settle(t.Context(), set); err != nil {
		t.Fatal(err)
	}
}

func mustApply(t testing.TB, s store.Store, now time.Time, swaps ...store.Swap) []uint64 {
	t.Helper()
	versions, err := s.Apply(t.Context(), now, swaps...)
	if err != nil {
		t.Fatal(err)
	}
	return versions
}

func mustStats(t testing.TB, s store.Store) store.Stats {
	t.Helper()
	st, err := s.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// same fails the test if two values differ; times are compared as instants.
func same[T any](t testing.TB, what string, want, got T) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func ids(entries []store.Entry) []string {
	out := make([]string, 0, len(entries))
	for _, e := range entries {
		out = append(out, e.ID)
	}
	return out
}

func promises(t *testing.T, s store.Store) {
	p := s.Promises()
	if p.Kind == "" {
		t.Error("a store has a name")
	}
	if !p.Durable && p.Warning == "" {
		t.Error("a store that is not durable says so to people")
	}
}

func cancelled(t *testing.T, s store.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Append(ctx, store.Batch{Now: Start, Entries: []store.Entry{entry("e", "t")}}); err == nil {
		t.Error("Append under a cancelled context gave no error")
	}
	if _, err := s.Apply(ctx, Start, store.Swap{Space: "s", Key: "k"}); err == nil {
		t.Error("Apply under a cancelled context gave no error")
	}
	same(t, "what was written", []store.Entry{}, mustRead(t, s, "t", 0, 10))
}

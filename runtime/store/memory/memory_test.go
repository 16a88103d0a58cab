package memory_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/store"
	"github.com/tocsin-engine/tocsin/runtime/store/memory"
	"github.com/tocsin-engine/tocsin/runtime/store/storetest"
)

func TestConformance(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store {
		s := memory.New(memory.Config{})
		t.Cleanup(func() { s.Close() })
		return s
	})
}

// event is an entry of about a kilobyte.
func event(id string, targets ...string) store.Entry {
	e := store.Entry{ID: id, Raw: make([]byte, 1000), Received: storetest.Start}
	for _, t := range targets {
		e.Pairs = append(e.Pairs, store.Pair{Rule: "r", Target: t})
	}
	return e
}

func appendOne(t *testing.T, s store.Store, e store.Entry) (store.Seq, error) {
	t.Helper()
	r, err := s.Append(t.Context(), store.Batch{Now: storetest.Start, Entries: []store.Entry{e}})
	if err != nil {
		return 0, err
	}
	return r.Seqs[0], nil
}

// fill appends until the store is full and returns the last place.
func fill(t *testing.T, s store.Store, targets ...string) (last store.Seq, n int) {
	t.Helper()
	for n = 0; n < 1000; n++ {
		seq, err := appendOne(t, s, event(fmt.Sprint("e", n), targets...))
		if errors.Is(err, store.ErrFull) {
			return last, n
		}
		if err != nil {
			t.Fatal(err)
		}
		last = seq
	}
	t.Fatal("it is never full")
	return 0, 0
}

func TestFullUntilSomethingIsSettled(t *testing.T) {
	s := memory.New(memory.Config{LogBytes: 20_000})
	last, n := fill(t, s, "t")
	if n < 10 {
		t.Fatalf("only %d entries of a kilobyte in 20 kB", n)
	}
	stats, _ := s.Stats(t.Context())
	if stats.Bytes > 20_000 || stats.Entries != n {
		t.Errorf("stats %+v of %d entries in 20,000 bytes", stats, n)
	}
	if _, ok, _ := s.Lookup(t.Context(), "e0"); !ok {
		t.Error("an entry that is not delivered was dropped")
	}
	if err := s.Settle(t.Context(), store.Settlement{Target: "t", Cursor: last}); err != nil {
		t.Fatal(err)
	}
	if _, err := appendOne(t, s, event("new", "t")); err != nil {
		t.Errorf("Append after everything was settled: %v", err)
	}
	if _, ok, _ := s.Lookup(t.Context(), "e0"); ok {
		t.Error("the oldest settled entry was not dropped for the new one")
	}
	if _, ok, _ := s.Lookup(t.Context(), fmt.Sprint("e", n-1)); !ok {
		t.Error("more was dropped than room was needed")
	}
}

func TestARetryHoldsItsEntry(t *testing.T) {
	s := memory.New(memory.Config{LogBytes: 20_000})
	last, _ := fill(t, s, "t")
	e, _, _ := s.Lookup(t.Context(), "e0")
	id := store.RetryID{Seq: e.Seq, Rule: "r"}
	for attempt := range 3 {
		r := store.Retry{RetryID: id, Entry: e, Attempts: attempt + 1, Due: storetest.Start}
		if err := s.Settle(t.Context(), store.Settlement{Target: "t", Cursor: last, Retry: []store.Retry{r}}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 100 {
		seq, err := appendOne(t, s, event(fmt.Sprint("f", i), "t"))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Settle(t.Context(), store.Settlement{Target: "t", Cursor: seq}); err != nil {
			t.Fatal(err)
		}
	}
	if _, ok, _ := s.Lookup(t.Context(), "e0"); !ok {
		t.Fatal("the entry of a retry was dropped")
	}
	if err := s.Settle(t.Context(), store.Settlement{Target: "t", Done: []store.RetryID{id}}); err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		if _, err := appendOne(t, s, event(fmt.Sprint("g", i))); err != nil {
			t.Fatal(err)
		}
	}
	if _, ok, _ := s.Lookup(t.Context(), "e0"); ok {
		t.Error("the entry stays though its retry is done")
	}
}

func TestKeysTakeRoomUntilTheyExpire(t *testing.T) {
	s := memory.New(memory.Config{LogBytes: 20_000})
	keyed := func(i int) store.Batch {
		e := store.Entry{ID: "e", Key: fmt.Sprint("key", i), KeyExpires: storetest.Start.AddDate(0, 0, 1)}
		return store.Batch{Now: storetest.Start, Entries: []store.Entry{e}}
	}
	var err error
	i := 0
	for ; err == nil && i < 1000; i++ {
		_, err = s.Append(t.Context(), keyed(i))
	}
	if !errors.Is(err, store.ErrFull) {
		t.Fatalf("%d keys in 20,000 bytes: %v", i, err)
	}
	b := keyed(i)
	b.Now = storetest.Start.AddDate(0, 0, 1)
	if _, err := s.Append(t.Context(), b); err != nil {
		t.Errorf("Append when all keys have expired: %v", err)
	}
}

func TestFullState(t *testing.T) {
	s := memory.New(memory.Config{StateBytes: 10_000})
	put := func(key string, version uint64, size int) error {
		_, err := s.Apply(t.Context(), storetest.Start, store.Swap{Space: "s", Key: key, Value: make([]byte, size), Version: version})
		return err
	}
	if err := put("big", 0, 9_000); err != nil {
		t.Fatal(err)
	}
	if err := put("more", 0, 1_000); !errors.Is(err, store.ErrFull) {
		t.Errorf("beyond the bound: %v, want ErrFull", err)
	}
	if err := put("big", store.AnyVersion, 9_001); err != nil {
		t.Errorf("replacing a value in a store that is nearly full: %v", err)
	}
	if err := put("big", store.AnyVersion, 100); err != nil {
		t.Fatal(err)
	}
	if err := put("more", 0, 1_000); err != nil {
		t.Errorf("after room was made: %v", err)
	}
}

func TestWhatExpiredGivesRoom(t *testing.T) {
	s := memory.New(memory.Config{StateBytes: 10_000})
	put := func(key string, seconds int) error {
		now := storetest.Start.Add(time.Duration(seconds) * time.Second)
		_, err := s.Apply(t.Context(), now, store.Swap{Space: "s", Key: key, Value: make([]byte, 6_000), Expires: now.Add(10 * time.Second)})
		return err
	}
	if err := put("a", 0); err != nil {
		t.Fatal(err)
	}
	if err := put("b", 9); !errors.Is(err, store.ErrFull) {
		t.Errorf("before the first has expired: %v, want ErrFull", err)
	}
	if err := put("b", 10); err != nil {
		t.Errorf("after the first has expired: %v", err)
	}
}

func TestDeadLettersHaveTheirOwnBound(t *testing.T) {
	s := memory.New(memory.Config{DeadLetterBytes: 10_000})
	for i := range 100 {
		d := store.DeadLetter{Rule: "r", Entry: event(fmt.Sprint("e", i))}
		if err := s.Settle(t.Context(), store.Settlement{Target: "t", Dead: []store.DeadLetter{d}}); err != nil {
			t.Fatal(err)
		}
	}
	stats, _ := s.Stats(t.Context())
	if stats.DeadLetters == 0 || stats.DeadLetters+int(stats.DeadLettersLost) != 100 || stats.Bytes > 10_000 {
		t.Errorf("stats %+v, want the newest in 10,000 bytes and the rest counted", stats)
	}
	dead, _ := s.DeadLetters(t.Context(), "", 0, 200)
	if dead[len(dead)-1].Entry.ID != "e99" {
		t.Error("the newest dead letter is not there")
	}
}

package storetest

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tocsin-engine/tocsin/runtime/store"
)

const (
	workers = 8
	rounds  = 50
)

// together runs f in several goroutines and waits for them.
func together(f func(worker int)) {
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() { f(w) })
	}
	wg.Wait()
}

// hammerLog appends from all sides while each target reads to the end: every reader
// sees every entry once, in the order of the log.
func hammerLog(t *testing.T, s store.Store) {
	targets := []string{"a", "b", "c"}
	var done atomic.Bool
	var readers sync.WaitGroup
	for _, target := range targets {
		readers.Go(func() { follow(t, s, target, &done) })
	}
	together(func(w int) {
		for i := range rounds {
			b := store.Batch{Now: Start, Entries: []store.Entry{
				entry(fmt.Sprintf("%d-%d-x", w, i), targets...), entry(fmt.Sprintf("%d-%d-y", w, i), targets...),
			}}
			if _, err := s.Append(t.Context(), b); err != nil {
				t.Error(err)
			}
		}
	})
	done.Store(true)
	readers.Wait()
}

// follow reads and settles what comes for one target, until the writers are done and
// nothing is left.
func follow(t *testing.T, s store.Store, target string, done *atomic.Bool) {
	seen, at := map[string]bool{}, store.Seq(0)
	for {
		last := done.Load()
		entries, err := s.Read(t.Context(), target, at, 7)
		if err != nil {
			t.Error(err)
			return
		}
		for _, e := range entries {
			if seen[e.ID] || e.Seq <= at {
				t.Errorf("%s read %s (place %d) after place %d, before: %v", target, e.ID, e.Seq, at, seen[e.ID])
				return
			}
			seen[e.ID], at = true, e.Seq
		}
		if err := s.Settle(t.Context(), store.Settlement{Target: target, Cursor: at}); err != nil {
			t.Error(err)
			return
		}
		if last && len(entries) == 0 {
			break
		}
	}
	if len(seen) != workers*rounds*2 {
		t.Errorf("%s read %d entries, want %d", target, len(seen), workers*rounds*2)
	}
}

// hammerSwaps counts up one value by compare-and-swap: no update is lost.
func hammerSwaps(t *testing.T, s store.Store) {
	together(func(int) {
		for done := 0; done < rounds; {
			item, _, err := s.Get(t.Context(), "s", "counter", Start)
			if err != nil {
				t.Error(err)
				return
			}
			n, err := strconv.Atoi("0" + string(item.Value))
			if err != nil {
				t.Error(err)
				return
			}
			_, err = s.Apply(t.Context(), Start, store.Swap{Space: "s", Key: "counter", Value: fmt.Append(nil, n+1), Version: item.Version})
			switch {
			case err == nil:
				done++
			case !errors.Is(err, store.ErrConflict):
				t.Error(err)
				return
			}
		}
	})
	v, _ := get(t, s, "s", "counter", Start)
	same(t, "the counter", fmt.Sprint(workers*rounds), v)
}

// hammered is one of the keys that are hammered on: half of them are of one request.
func hammered(i int) string {
	if i%2 == 0 {
		return fmt.Sprint("k/", i)
	}
	return fmt.Sprint("k", i)
}

// hammerKeys appends the same keys from all sides: each is written once, and everybody
// is told the same first id.
func hammerKeys(t *testing.T, s store.Store) {
	var firsts [rounds]sync.Map
	together(func(w int) {
		for i := range rounds {
			id := fmt.Sprintf("%d-%d", w, i)
			r, err := s.Append(t.Context(), store.Batch{Now: Start, Entries: []store.Entry{keyed(id, hammered(i), at(300))}})
			if err != nil {
				t.Error(err)
				return
			}
			if r.FirstIDs[0] != "" {
				id = r.FirstIDs[0]
			}
			firsts[i].Store(id, true)
		}
	})
	for i := range firsts {
		n := 0
		firsts[i].Range(func(any, any) bool { n++; return true })
		if n != 1 {
			t.Errorf("key k%d has %d first ids, want one", i, n)
		}
	}
	if n := len(mustRead(t, s, "t", 0, 10*rounds)); n != rounds {
		t.Errorf("the log has %d entries, want %d", n, rounds)
	}
}

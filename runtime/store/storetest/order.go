package storetest

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tocsin-engine/tocsin/runtime/store"
)

// orderKeys: of the retries with one key only the first in the log is there for Due.
func orderKeys(t *testing.T, s store.Store) {
	entries := []store.Entry{entry("a", "t"), entry("b", "t"), entry("c", "t"), entry("d", "t")}
	for i, seq := range mustAppend(t, s, entries...) {
		entries[i].Seq = seq
	}
	ordered := func(i int, key string, due int) store.Retry {
		r := retry(entries[i], "r", i, at(due))
		r.OrderKey = key
		return r
	}
	a, b, c, d := ordered(0, "k", 20), ordered(1, "k", 0), ordered(2, "l", 5), ordered(3, "k", 1)
	mustSettle(t, s, store.Settlement{Target: "t", Cursor: d.Seq, Retry: []store.Retry{d, b, c, a}})
	counts, err := s.OrderKeys(t.Context(), "t")
	if err != nil {
		t.Fatal(err)
	}
	same(t, "order keys", map[string]int{"k": 3, "l": 1}, counts)
	due, next := mustDue(t, s, at(5), 10)
	same(t, "while the first of k is not due", []store.Retry{c}, due)
	if !next.Equal(at(20)) {
		t.Errorf("next = %v, want when the first of k is due", next)
	}
	due, _ = mustDue(t, s, at(99), 10)
	same(t, "once it is", []store.Retry{c, a}, due)
	mustSettle(t, s, store.Settlement{Target: "t", Done: []store.RetryID{a.RetryID}})
	due, _ = mustDue(t, s, at(5), 10)
	same(t, "the second of k moves up", []store.Retry{b, c}, due)
	mustSettle(t, s, store.Settlement{Target: "t", Retry: []store.Retry{a}, Done: []store.RetryID{c.RetryID}})
	due, next = mustDue(t, s, at(5), 10)
	if len(due) > 0 || !next.Equal(at(20)) {
		t.Errorf("with an earlier one before it: %v, next %v", due, next)
	}
	mustSettle(t, s, store.Settlement{Target: "t", Done: []store.RetryID{a.RetryID, b.RetryID, d.RetryID}})
	if counts, err = s.OrderKeys(t.Context(), "t"); err != nil || len(counts) > 0 {
		t.Errorf("order keys after all are done: %v, %v", counts, err)
	}
}

// orderKeysAnyhow puts and removes at random and compares with what the words of Due say.
func orderKeysAnyhow(t *testing.T, s store.Store) {
	random := rand.New(rand.NewPCG(1, 2))
	var entries []store.Entry
	for i := range 12 {
		e := entry(fmt.Sprint(i), "t")
		e.Seq = mustAppend(t, s, e)[0]
		entries = append(entries, e)
	}
	kept := map[store.RetryID]store.Retry{}
	for range 300 {
		r := retry(entries[random.IntN(len(entries))], "r", 1, at(random.IntN(5)))
		r.OrderKey = []string{"", "k", "l"}[random.IntN(3)]
		if random.IntN(2) == 0 {
			kept[r.RetryID] = r
			mustSettle(t, s, store.Settlement{Target: "t", Retry: []store.Retry{r}})
		} else {
			delete(kept, r.RetryID)
			mustSettle(t, s, store.Settlement{Target: "t", Done: []store.RetryID{r.RetryID}})
		}
		first := map[string]store.Seq{}
		for _, r := range kept {
			if at, ok := first[r.OrderKey]; !ok || r.Seq < at {
				first[r.OrderKey] = r.Seq
			}
		}
		var want []store.Retry
		for _, r := range kept {
			if r.OrderKey == "" || first[r.OrderKey] == r.Seq {
				want = append(want, r)
			}
		}
		slices.SortFunc(want, func(a, b store.Retry) int { return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.Seq, b.Seq)) })
		due, _ := mustDue(t, s, at(9), 99)
		same(t, "due", want, due)
	}
}

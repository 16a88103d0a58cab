package storetest

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/store"
)

func cursor(t *testing.T, s store.Store) {
	want := func(target string, seq store.Seq) {
		t.Helper()
		got, err := s.Cursor(t.Context(), target)
		if err != nil || got != seq {
			t.Errorf("Cursor(%s) = %d, %v; want %d", target, got, err, seq)
		}
	}
	seqs := mustAppend(t, s, entry("a", "t", "u"), entry("b", "t", "u"))
	want("t", 0)
	mustSettle(t, s, store.Settlement{Target: "t", Cursor: seqs[0]})
	want("t", seqs[0])
	want("u", 0)
	mustSettle(t, s, store.Settlement{Target: "t"})
	want("t", seqs[0])
	mustSettle(t, s, store.Settlement{Target: "t", Cursor: seqs[1]})
	mustSettle(t, s, store.Settlement{Target: "t", Cursor: seqs[0]}) // never back
	want("t", seqs[1])
	same(t, "the other target's entries", []string{"a", "b"}, ids(mustRead(t, s, "u", 0, 10)))
	mustAppend(t, s, entry("c", "t"))
	same(t, "entries after the cursor", []string{"c"}, ids(mustRead(t, s, "t", seqs[1], 10)))
}

func retry(e store.Entry, rule string, attempts int, due time.Time) store.Retry {
	return store.Retry{
		RetryID: store.RetryID{Seq: e.Seq, Rule: rule}, Target: "t", Entry: e, Attempts: attempts,
		Due: due, Since: e.Received, Code: "X", Message: "it said X",
	}
}

func mustDue(t testing.TB, s store.Store, now time.Time, n int) ([]store.Retry, time.Time) {
	t.Helper()
	due, next, err := s.Due(t.Context(), "t", now, n)
	if err != nil {
		t.Fatal(err)
	}
	return due, next
}

func retries(t *testing.T, s store.Store) {
	e := entry("e", "t", "u")
	e.Seq = mustAppend(t, s, e)[0]
	first := retry(e, "r", 1, at(10))
	mustSettle(t, s, store.Settlement{Target: "t", Cursor: e.Seq, Retry: []store.Retry{first}})
	due, next := mustDue(t, s, at(9), 10)
	if len(due) != 0 || !next.Equal(at(10)) {
		t.Errorf("a second early: %v, next %v", due, next)
	}
	due, next = mustDue(t, s, at(10), 10)
	same(t, "due", []store.Retry{first}, due)
	if !next.IsZero() {
		t.Errorf("next = %v with nothing after it", next)
	}
	if due, _ = mustDue(t, s, at(10), 10); len(due) != 1 {
		t.Error("Due took the retry away; only Settle does")
	}
	second := retry(e, "r", 2, at(30))
	second.Death = &store.Death{Code: "X", Message: "m", Exhausted: "MaximumRetryAttempts", Attempts: 2, Died: at(10)}
	mustSettle(t, s, store.Settlement{Target: "t", Retry: []store.Retry{second}})
	due, _ = mustDue(t, s, at(30), 10)
	same(t, "the retry that replaced it", []store.Retry{second}, due)
	if due, _, _ := s.Due(t.Context(), "u", at(99), 10); len(due) > 0 {
		t.Error("another target has it too")
	}
	mustSettle(t, s, store.Settlement{Target: "t", Done: []store.RetryID{{Seq: e.Seq, Rule: "other"}, second.RetryID}})
	due, next = mustDue(t, s, at(99), 10)
	if len(due) > 0 || !next.IsZero() {
		t.Errorf("after it is done: %v, %v", due, next)
	}
}

func dueOrder(t *testing.T, s store.Store) {
	entries := make([]store.Entry, 0, 12)
	for i := range cap(entries) {
		entries = append(entries, entry(fmt.Sprint("e", i), "t"))
	}
	seqs := mustAppend(t, s, entries...)
	all := make([]store.Retry, 0, 2*len(entries))
	for i, e := range entries {
		e.Seq = seqs[i]
		for _, rule := range []string{"b", "a"} {
			all = append(all, retry(e, rule, 1, at((i*7)%5)))
		}
	}
	mustSettle(t, s, store.Settlement{Target: "t", Cursor: seqs[11], Retry: all})
	slices.SortFunc(all, func(a, b store.Retry) int {
		return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.Rule, b.Rule))
	})
	for _, n := range []int{1, 5, len(all), 99} {
		for now := -1; now <= 5; now++ {
			k := 0
			for k < len(all) && k < n && !all[k].Due.After(at(now)) {
				k++
			}
			next := time.Time{}
			if k < len(all) {
				next = all[k].Due
			}
			due, gotNext := mustDue(t, s, at(now), n)
			same(t, fmt.Sprintf("the first %d due at %d s", n, now), all[:k], due)
			if !gotNext.Equal(next) {
				t.Errorf("next after the first %d at %d s = %v, want %v", n, now, gotNext, next)
			}
		}
	}
}

func letter(e store.Entry, target, rule string, died time.Time) store.DeadLetter {
	return store.DeadLetter{
		Target: target, Rule: rule, Entry: e,
		Death: store.Death{Code: "C", Message: "m", Exhausted: "x", Attempts: 3, Died: died},
	}
}

func deadLetters(t *testing.T, s store.Store) {
	list := func(target string, after store.DeadLetterID, n int) (out []store.DeadLetter, rules []string) {
		t.Helper()
		out, err := s.DeadLetters(t.Context(), target, after, n)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range out {
			rules = append(rules, d.Rule)
		}
		return out, rules
	}
	e := entry("e", "t", "u")
	e.Seq = mustAppend(t, s, e)[0]
	mustSettle(t, s, store.Settlement{Target: "t", Cursor: e.Seq, Dead: []store.DeadLetter{letter(e, "t", "1", at(1)), letter(e, "t", "2", at(2))}})
	mustSettle(t, s, store.Settlement{Target: "u", Cursor: e.Seq, Dead: []store.DeadLetter{letter(e, "u", "3", at(3))}})
	mustSettle(t, s, store.Settlement{Target: "t", Dead: []store.DeadLetter{letter(e, "t", "4", at(4))}})
	all, rules := list("", 0, 10)
	same(t, "all dead letters", []string{"1", "2", "3", "4"}, rules)
	want := letter(e, "t", "2", at(2))
	want.ID = all[1].ID
	same(t, "one dead letter", want, all[1])
	if all[0].ID == 0 {
		t.Error("the first dead letter has no id")
	}
	_, rules = list("t", 0, 2)
	same(t, "a page of one target", []string{"1", "2"}, rules)
	_, rules = list("t", all[1].ID, 2)
	same(t, "the next page", []string{"4"}, rules)
	back := retry(e, "2", 0, at(9))
	mustSettle(t, s, store.Settlement{Target: "t", Forget: []store.DeadLetterID{all[1].ID}, Retry: []store.Retry{back}})
	_, rules = list("", 0, 10)
	same(t, "after a redrive", []string{"1", "3", "4"}, rules)
	due, _ := mustDue(t, s, at(9), 10)
	same(t, "the redriven delivery", []store.Retry{back}, due)
}

func failures(t *testing.T, s store.Store) {
	a, b := entry("a", "t", "u"), entry("b", "t")
	seqs := mustAppend(t, s, a, b)
	a.Seq, b.Seq = seqs[0], seqs[1]
	mustSettle(t, s, store.Settlement{
		Target: "t", Cursor: b.Seq,
		Retry: []store.Retry{retry(a, "q", 1, at(5)), retry(a, "p", 2, at(6)), retry(b, "p", 1, at(7))},
	})
	mustSettle(t, s, store.Settlement{Target: "u", Cursor: b.Seq, Dead: []store.DeadLetter{letter(a, "u", "p", at(1))}})
	gotRetries, gotDead, err := s.Failures(t.Context(), a.Seq)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "retries", []store.Retry{retry(a, "p", 2, at(6)), retry(a, "q", 1, at(5))}, gotRetries)
	if len(gotDead) != 1 || gotDead[0].Target != "u" || gotDead[0].Entry.Seq != a.Seq {
		t.Errorf("dead letters %+v, want that of u", gotDead)
	}
	gotRetries, gotDead, _ = s.Failures(t.Context(), b.Seq+1)
	if len(gotRetries)+len(gotDead) > 0 {
		t.Error("an entry that is not there has failures")
	}
}

func stats(t *testing.T, s store.Store) {
	same(t, "an empty store's lanes", []store.Lane{}, mustStats(t, s).Lanes)
	a, b := entry("a", "t", "u"), entry("b", "t", "v")
	seqs := mustAppend(t, s, a, b)
	a.Seq, b.Seq = seqs[0], seqs[1]
	dying := retry(a, "r", 1, at(5))
	dying.Death = &store.Death{Code: "X", Attempts: 1, Died: at(1)}
	mustSettle(t, s, store.Settlement{Target: "t", Cursor: a.Seq, Retry: []store.Retry{dying}})
	mustSettle(t, s, store.Settlement{Target: "u", Cursor: a.Seq})
	mustSettle(t, s, store.Settlement{Target: "w", Dead: []store.DeadLetter{letter(a, "w", "r", at(1))}})
	got := mustStats(t, s)
	same(t, "lanes", []store.Lane{
		{Target: "t", Cursor: a.Seq, Unread: 1, Retries: 1, Dying: 1},
		{Target: "v", Unread: 1},
	}, got.Lanes)
	if got.Entries != 2 || got.DeadLetters != 1 || got.Bytes <= 0 {
		t.Errorf("stats %+v, want 2 entries, 1 dead letter and some bytes", got)
	}
}

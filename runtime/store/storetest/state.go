package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/store"
)

// get returns an item's value and version, "" and 0 if there is none.
func get(t testing.TB, s store.Store, space, key string, now time.Time) (string, uint64) {
	t.Helper()
	item, ok, err := s.Get(t.Context(), space, key, now)
	if err != nil {
		t.Fatal(err)
	}
	if ok != (item.Version != 0) {
		t.Errorf("Get(%s, %s): ok is %v, the version %d", space, key, ok, item.Version)
	}
	return string(item.Value), item.Version
}

func state(t *testing.T, s store.Store) {
	if v, version := get(t, s, "s", "k", Start); v != "" || version != 0 {
		t.Errorf("an empty store has %q, version %d", v, version)
	}
	versions := mustApply(t, s, Start,
		store.Swap{Space: "s", Key: "k", Value: []byte("one")},
		store.Swap{Space: "other", Key: "k", Value: []byte("two")},
		store.Swap{Space: "s", Key: "empty", Value: []byte{}},
	)
	for i, want := range []struct{ space, key, value string }{{"s", "k", "one"}, {"other", "k", "two"}, {"s", "empty", ""}} {
		if v, version := get(t, s, want.space, want.key, Start); v != want.value || version != versions[i] || version == 0 {
			t.Errorf("%s/%s = %q, version %d; want %q, version %d", want.space, want.key, v, version, want.value, versions[i])
		}
	}
	versions = mustApply(t, s, Start,
		store.Swap{Space: "s", Key: "k", Value: []byte("three"), Version: versions[0]},
		store.Swap{Space: "other", Key: "k", Delete: true, Version: versions[1]},
	)
	if v, version := get(t, s, "s", "k", Start); v != "three" || version != versions[0] {
		t.Errorf("after a swap: %q, version %d of %v", v, version, versions)
	}
	if v, _ := get(t, s, "other", "k", Start); v != "" || versions[1] != 0 {
		t.Errorf("after a removal: %q, version %d", v, versions[1])
	}
	mustApply(t, s, Start, store.Swap{Space: "s", Key: "k", Value: []byte("four"), Version: store.AnyVersion},
		store.Swap{Space: "s", Key: "new", Value: []byte("five"), Version: store.AnyVersion},
		store.Swap{Space: "s", Key: "never", Delete: true, Version: store.AnyVersion})
	if v, _ := get(t, s, "s", "k", Start); v != "four" {
		t.Errorf("after writing over it: %q", v)
	}
	if v, _ := get(t, s, "s", "new", Start); v != "five" {
		t.Errorf("AnyVersion where there is nothing: %q", v)
	}
}

func stateConflicts(t *testing.T, s store.Store) {
	version := mustApply(t, s, Start, store.Swap{Space: "s", Key: "k", Value: []byte("v")})[0]
	for name, w := range map[string]store.Swap{
		"write as though there were none":  {Key: "k", Value: []byte("x")},
		"write with a stale version":       {Key: "k", Value: []byte("x"), Version: version + 1},
		"remove with a stale version":      {Key: "k", Delete: true, Version: version + 1},
		"write as though there were one":   {Key: "none", Value: []byte("x"), Version: version},
		"remove as though there were none": {Key: "k", Delete: true},
	} {
		w.Space = "s"
		fine := store.Swap{Space: "s", Key: "beside", Value: []byte("x"), Version: store.AnyVersion}
		if _, err := s.Apply(t.Context(), Start, fine, w); !errors.Is(err, store.ErrConflict) {
			t.Errorf("%s: %v, want ErrConflict", name, err)
		}
	}
	if v, now := get(t, s, "s", "k", Start); v != "v" || now != version {
		t.Errorf("a conflict changed the item to %q, version %d", v, now)
	}
	if _, ok := get(t, s, "s", "beside", Start); ok != 0 {
		t.Error("a swap beside a conflict was written")
	}
}

func stateExpires(t *testing.T, s store.Store) {
	put := func(now, expires time.Time, version uint64) error {
		_, err := s.Apply(t.Context(), now, store.Swap{Space: "s", Key: "k", Value: []byte("v"), Expires: expires, Version: version})
		return err
	}
	if err := put(at(0), at(10), 0); err != nil {
		t.Fatal(err)
	}
	item, ok, _ := s.Get(t.Context(), "s", "k", at(9))
	if !ok || !item.Expires.Equal(at(10)) {
		t.Errorf("before it expires: %+v, %v", item, ok)
	}
	if items, _ := s.Scan(t.Context(), "s", "", "", at(9), 10); len(items) != 1 {
		t.Error("Scan leaves it out before it expires")
	}
	if _, ok, _ := s.Get(t.Context(), "s", "k", at(10)); ok {
		t.Error("Get returns it when it has expired")
	}
	if items, _ := s.Scan(t.Context(), "s", "", "", at(10), 10); len(items) != 0 {
		t.Error("Scan returns it when it has expired")
	}
	if err := put(at(9), at(20), 0); !errors.Is(err, store.ErrConflict) {
		t.Errorf("a write as though there were none, before it expires: %v, want ErrConflict", err)
	}
	if err := put(at(10), at(20), item.Version); !errors.Is(err, store.ErrConflict) {
		t.Errorf("a write over what has expired: %v, want ErrConflict", err)
	}
	if err := put(at(10), at(20), 0); err != nil {
		t.Errorf("a write as though there were none, when it has expired: %v", err)
	}
	if _, ok, _ := s.Get(t.Context(), "s", "k", at(15)); !ok {
		t.Error("the second life ended with the first one's time")
	}
	_, version := get(t, s, "s", "k", at(15))
	if _, err := s.Apply(t.Context(), at(15), store.Swap{Space: "s", Key: "k", Value: []byte("w"), Version: version}); err != nil {
		t.Fatal(err)
	}
	if _, ok, _ := s.Get(t.Context(), "s", "k", at(999)); !ok {
		t.Error("a swap without an end kept the old one's")
	}
}

func versions(t *testing.T, s store.Store) {
	seen := map[uint64]bool{}
	for range 5 {
		v := mustApply(t, s, Start, store.Swap{Space: "s", Key: "k", Value: []byte("same")})[0]
		for range 3 {
			if seen[v] {
				t.Fatalf("version %d came back", v)
			}
			seen[v] = true
			v = mustApply(t, s, Start, store.Swap{Space: "s", Key: "k", Value: []byte("same"), Version: v})[0]
		}
		mustApply(t, s, Start, store.Swap{Space: "s", Key: "k", Delete: true, Version: v})
	}
}

func scan(t *testing.T, s store.Store) {
	keys := append(make([]string, 0, 67), "Q/1", "q", "q0", "r/1", "q/é", "q/\xf0\x9f\x94\x94", "a")
	for i := range 60 {
		keys = append(keys, fmt.Sprintf("q/%d", (i*37)%60))
	}
	for i, k := range keys {
		mustApply(t, s, Start, store.Swap{Space: "s", Key: k, Value: []byte(k)})
		if i%5 == 0 {
			mustApply(t, s, Start, store.Swap{Space: "s2", Key: k, Value: []byte("other space")})
		}
	}
	slices.Sort(keys)
	for _, prefix := range []string{"", "q", "q/", "q/1", "none", "q/\xc3"} {
		for _, after := range []string{"", "q/3", "q/30", "q/999", "zzz"} {
			for _, n := range []int{0, 1, 7, 100} {
				var want []string
				for _, k := range keys {
					if len(want) < n && strings.HasPrefix(k, prefix) && k > after {
						want = append(want, k)
					}
				}
				items, err := s.Scan(t.Context(), "s", prefix, after, Start, n)
				if err != nil {
					t.Fatal(err)
				}
				got := make([]string, 0, len(items))
				for _, i := range items {
					if string(i.Value) != i.Key {
						t.Errorf("item %q has value %q", i.Key, i.Value)
					}
					got = append(got, i.Key)
				}
				same(t, fmt.Sprintf("Scan(prefix %q, after %q, %d)", prefix, after, n), want, got)
			}
		}
	}
}

func badSwaps(t *testing.T, s store.Store) {
	w := store.Swap{Space: "s", Key: "k", Value: []byte("v"), Version: store.AnyVersion}
	if _, err := s.Apply(t.Context(), Start, w, w); err == nil {
		t.Error("two swaps of one key in one commit were taken")
	}
	many := make([]store.Swap, store.MaxSwaps+1)
	for i := range many {
		many[i] = store.Swap{Space: "s", Key: fmt.Sprint(i), Value: []byte("v")}
	}
	if _, err := s.Apply(t.Context(), Start, many...); err == nil {
		t.Errorf("%d swaps in one commit were taken", len(many))
	}
	if items, _ := s.Scan(t.Context(), "s", "", "", Start, 10); len(items) > 0 {
		t.Errorf("something was written: %v", items)
	}
	mustApply(t, s, Start, many[:store.MaxSwaps]...)
	if got := mustApply(t, s, Start); len(got) != 0 {
		t.Errorf("a commit of nothing gave versions %v", got)
	}
}

func closed(t *testing.T, s store.Store) {
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, appendErr := s.Append(t.Context(), store.Batch{Now: Start, Entries: []store.Entry{entry("e", "t")}})
	_, readErr := s.Read(t.Context(), "t", 0, 1)
	_, _, getErr := s.Get(t.Context(), "s", "k", Start)
	_, applyErr := s.Apply(t.Context(), Start, store.Swap{Space: "s", Key: "k"})
	for name, err := range map[string]error{
		"Append": appendErr, "Read": readErr, "Get": getErr, "Apply": applyErr,
		"Settle": s.Settle(t.Context(), store.Settlement{Target: "t"}),
	} {
		if !errors.Is(err, store.ErrClosed) {
			t.Errorf("%s on a closed store = %v, want ErrClosed", name, err)
		}
	}
}

package sqlite

import (
	"errors"
	"testing"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/store"
)

// TestOneRefusalCostsNobodyElseAnything puts a conflict into the middle of a group.
func TestOneRefusalCostsNobodyElseAnything(t *testing.T) {
	s, err := Open(t.Context(), t.TempDir(), Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var group []*op
	for _, w := range []store.Swap{
		{Space: "s", Key: "a", Value: []byte("1")},
		{Space: "s", Key: "a", Value: []byte("2")},
		{Space: "s", Key: "b", Value: []byte("3")},
	} {
		group = append(group, &op{durable: true, done: make(chan error, 1), do: func(t *tx) error {
			if err := t.check(time.Unix(1, 0), []store.Swap{w}); err != nil {
				return err
			}
			_, err := t.swap([]store.Swap{w})
			return err
		}})
	}
	done := make(chan bool)
	s.ops <- &op{done: make(chan error, 1), do: func(*tx) error { <-done; return nil }} // the writer is busy
	for _, o := range group {
		s.ops <- o
	}
	close(done)
	for i, want := range []error{nil, store.ErrConflict, nil} {
		if err := <-group[i].done; !errors.Is(err, want) {
			t.Errorf("operation %d: %v, want %v", i, err, want)
		}
	}
	items, err := s.Scan(t.Context(), "s", "", "", time.Unix(1, 0), 10)
	if err != nil || len(items) != 2 || string(items[0].Value) != "1" || string(items[1].Value) != "3" {
		t.Errorf("stored: %v, %v", items, err)
	}
}

func FuzzPairs(f *testing.F) {
	f.Add([]byte{})
	f.Add(encodePairs(nil))
	f.Add(encodePairs([]store.Pair{{Rule: "r", Target: "t"}, {Rule: "", Target: "ü"}}))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
	f.Fuzz(func(t *testing.T, b []byte) {
		pairs, err := readPairs(b)
		if err != nil {
			return
		}
		again, err := readPairs(encodePairs(pairs))
		if err != nil || len(again) != len(pairs) {
			t.Fatalf("written and read again: %v, %v; want %v", again, err, pairs)
		}
		for i := range pairs {
			if again[i] != pairs[i] {
				t.Fatalf("pair %d is %v, want %v", i, again[i], pairs[i])
			}
		}
	})
}

package service

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/store"
)

// State is a service's own part of the store: JSON values under one space. Writes are
// prepared as swaps and applied together, so that what belongs together changes at once.
type State struct {
	store store.State
	space string
	now   func() time.Time
}

// NewState returns the part of st that is called space.
func NewState(st store.State, space string, now func() time.Time) State {
	return State{store: st, space: space, now: now}
}

// Stored is one value with what is needed to change it.
type Stored[T any] struct {
	Key   string
	Value T
	// Version is 0 when nothing is stored.
	Version uint64
}

// Exists says whether the value was there.
func (s Stored[T]) Exists() bool { return s.Version != 0 }

// Get reads one value.
func Get[T any](ctx context.Context, s State, key string) (Stored[T], error) {
	item, ok, err := s.store.Get(ctx, s.space, key, s.now())
	if err != nil || !ok {
		return Stored[T]{Key: key}, err
	}
	return decode[T](s, item)
}

// List reads up to n values whose key begins with prefix and is greater than after, in
// key order.
func List[T any](ctx context.Context, s State, prefix, after string, n int) ([]Stored[T], error) {
	items, err := s.store.Scan(ctx, s.space, prefix, after, s.now(), n)
	if err != nil {
		return nil, err
	}
	out := make([]Stored[T], len(items))
	for i, item := range items {
		if out[i], err = decode[T](s, item); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Clear removes every value whose key begins with prefix, some at a time: one huge
// commit would hold up everybody else.
func (s State) Clear(ctx context.Context, prefix string) error {
	for {
		items, err := s.store.Scan(ctx, s.space, prefix, "", s.now(), store.MaxSwaps)
		if err != nil || len(items) == 0 {
			return err
		}
		swaps := make([]store.Swap, len(items))
		for i, item := range items {
			swaps[i] = s.Drop(item.Key, store.AnyVersion)
		}
		if err := s.Apply(ctx, swaps...); err != nil {
			return err
		}
	}
}

// All calls each for every value whose key begins with prefix, in key order, until it
// returns false. It reads page values at once.
func All[T any](ctx context.Context, s State, prefix string, page int, each func(Stored[T]) bool) error {
	after := ""
	for {
		got, err := List[T](ctx, s, prefix, after, page)
		if err != nil {
			return err
		}
		for _, g := range got {
			if !each(g) {
				return nil
			}
		}
		if len(got) < page {
			return nil
		}
		after = got[len(got)-1].Key
	}
}

func decode[T any](s State, item store.Item) (Stored[T], error) {
	out := Stored[T]{Key: item.Key, Version: item.Version}
	if err := json.Unmarshal(item.Value, &out.Value); err != nil {
		return out, fmt.Errorf("service: read %s/%s: %w", s.space, item.Key, err)
	}
	return out, nil
}

// Put is the swap that writes value if the stored version is still version. A zero
// expires means never.
func (s State) Put(key string, value any, version uint64, expires time.Time) store.Swap {
	b, err := json.Marshal(value)
	if err != nil {
		panic("BUG: " + err.Error()) // values are plain structs of this tree
	}
	return store.Swap{Space: s.space, Key: key, Value: b, Version: version, Expires: expires}
}

// Drop is the swap that removes a value if its version is still version.
func (s State) Drop(key string, version uint64) store.Swap {
	return store.Swap{Space: s.space, Key: key, Delete: true, Version: version}
}

// Apply commits all swaps or none.
func (s State) Apply(ctx context.Context, swaps ...store.Swap) error {
	_, err := s.store.Apply(ctx, s.now(), swaps...)
	return err
}

// contended bounds Retry: somebody else has made progress each time it goes round.
const contended = 100

// Retry calls change again as long as it returns store.ErrConflict, so change must read
// what it bases its swaps on. The pauses grow, so that many writers of one key make room
// for each other.
func (s State) Retry(ctx context.Context, change func() error) error {
	for n := range contended {
		err := change()
		if !errors.Is(err, store.ErrConflict) {
			return err
		}
		pause := time.NewTimer(rand.N(time.Duration(n+1) * 100 * time.Microsecond))
		select {
		case <-ctx.Done():
			pause.Stop()
			return ctx.Err()
		case <-pause.C:
		}
	}
	return &Error{Code: "ServiceUnavailable", Status: 503, Retry: true,
		Message: "too many changes at once; try again"}
}

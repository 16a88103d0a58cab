package memory

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/store"
)

// state holds the versioned values.
type state struct {
	spaces  map[string]*space
	version uint64 // of the last write; one counter for all keys, so that none comes back
	expiry  expiries[address]
	bytes   int64
}

type space struct {
	items map[string]store.Item
	keys  sortedList
}

type address struct{ space, key string }

func newState() state { return state{spaces: map[string]*space{}} }

// Get returns one value.
func (s *Store) Get(ctx context.Context, space, key string, now time.Time) (store.Item, bool, error) {
	if err := s.enter(ctx); err != nil {
		return store.Item{}, false, err
	}
	defer s.mu.Unlock()
	i, ok := s.state.get(space, key, now)
	return i, ok, nil
}

// Apply commits all swaps or none.
func (s *Store) Apply(ctx context.Context, now time.Time, swaps ...store.Swap) ([]uint64, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	if err := s.state.check(now, swaps, s.config.StateBytes); err != nil {
		return nil, err
	}
	return s.state.write(swaps), nil
}

// Scan returns items of a space in key order.
func (s *Store) Scan(ctx context.Context, space, prefix, after string, now time.Time, n int) ([]store.Item, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	sp := s.state.spaces[space]
	if sp == nil {
		return nil, nil
	}
	var out []store.Item
	for key := range sp.keys.from(max(prefix, after)) {
		if len(out) == n || !strings.HasPrefix(key, prefix) {
			break
		}
		if item := sp.items[key]; key != after && live(item, now) {
			out = append(out, item)
		}
	}
	return out, nil
}

func (st *state) get(space, key string, now time.Time) (store.Item, bool) {
	if sp := st.spaces[space]; sp != nil {
		if item, ok := sp.items[key]; ok && live(item, now) {
			return item, true
		}
	}
	return store.Item{}, false
}

func live(i store.Item, now time.Time) bool { return i.Expires.IsZero() || i.Expires.After(now) }

// check says whether the swaps can be written, and drops what has expired.
func (st *state) check(now time.Time, swaps []store.Swap, limit int64) error {
	if len(swaps) > store.MaxSwaps {
		return fmt.Errorf("memory: %d swaps in one commit, at most %d", len(swaps), store.MaxSwaps)
	}
	st.expire(now)
	seen := make(map[address]bool, len(swaps))
	grow := int64(0)
	for _, w := range swaps {
		at := address{w.Space, w.Key}
		if seen[at] {
			return fmt.Errorf("memory: two swaps of %q in %q in one commit", w.Key, w.Space)
		}
		seen[at] = true
		old, _ := st.get(w.Space, w.Key, now)
		if w.Version != store.AnyVersion && w.Version != old.Version {
			return store.ErrConflict
		}
		grow -= itemSize(old)
		if !w.Delete {
			grow += itemSize(store.Item{Key: w.Key, Value: w.Value, Version: 1})
		}
	}
	if grow > 0 && st.bytes+grow > limit {
		return store.ErrFull
	}
	return nil
}

// write does what check allowed.
func (st *state) write(swaps []store.Swap) []uint64 {
	versions := make([]uint64, len(swaps))
	for i, w := range swaps {
		if w.Delete {
			st.remove(address{w.Space, w.Key})
			continue
		}
		st.version++
		versions[i] = st.version
		st.put(w.Space, store.Item{Key: w.Key, Value: w.Value, Version: st.version, Expires: w.Expires})
	}
	return versions
}

func (st *state) put(name string, item store.Item) {
	sp := st.spaces[name]
	if sp == nil {
		sp = &space{items: map[string]store.Item{}}
		st.spaces[name] = sp
	}
	old, ok := sp.items[item.Key]
	if !ok {
		sp.keys.insert(item.Key)
	}
	st.bytes += itemSize(item) - itemSize(old)
	sp.items[item.Key] = item
	st.expiry.add(address{name, item.Key}, item.Expires)
}

func (st *state) remove(at address) {
	sp := st.spaces[at.space]
	if sp == nil {
		return
	}
	old, ok := sp.items[at.key]
	if !ok {
		return
	}
	st.bytes -= itemSize(old)
	delete(sp.items, at.key)
	sp.keys.remove(at.key)
	if len(sp.items) == 0 {
		delete(st.spaces, at.space)
	}
}

// expire removes what ended by now.
func (st *state) expire(now time.Time) {
	for at := range st.expiry.due(now) {
		if sp := st.spaces[at.space]; sp != nil {
			if item, ok := sp.items[at.key]; ok && !live(item, now) {
				st.remove(at)
			}
		}
	}
}

// itemSize is what an item costs, the index roughly counted; the zero Item costs nothing.
func itemSize(i store.Item) int64 {
	if i.Version == 0 {
		return 0
	}
	return int64(160 + 2*len(i.Key) + len(i.Value))
}

package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/sandbox"
	"github.com/tocsin-engine/tocsin/runtime/store"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// kvOverhead is what a key costs of the quota besides its bytes and its value's.
const kvOverhead = 32

// kvPage is how many keys kv_list answers at most.
const kvPage = 1000

// kvUsage remembers about how much each target's space holds. It only grows between two
// countings, so a quota is passed by nobody; values that expired are noticed when it
// seems used up.
type kvUsage struct {
	mu   sync.Mutex
	used map[string]int64
}

// KV is the key-value space of a target. Each target has its own.
func (e *Engine) KV(ctx context.Context, s sandbox.Scope, function string, r abi.KVRequest) ([]byte, abi.Errno) {
	space, now := "kv/"+s.Target, e.config.Now()
	if function == abi.KVList {
		return e.kvList(ctx, space, r.Prefix, now)
	}
	if len(r.Key) == 0 || len(r.Key) > 512 {
		return nil, abi.BadRequest
	}
	item, found, err := e.config.Store.Get(ctx, space, r.Key, now)
	if err != nil {
		return nil, e.kvErrno(s, err)
	}
	swap := store.Swap{Space: space, Key: r.Key, Value: r.Value, Version: store.AnyVersion}
	if r.TTLMS > 0 {
		swap.Expires = now.Add(time.Duration(r.TTLMS) * time.Millisecond)
	}
	switch function {
	case abi.KVGet:
		if !found {
			return nil, abi.NotFound
		}
		return item.Value, 0
	case abi.KVDelete:
		swap.Delete, swap.Value = true, nil
	case abi.KVCAS:
		if found != (r.Old != nil) || found && !bytes.Equal(item.Value, r.Old) {
			return nil, abi.Conflict
		}
		swap.Version = item.Version
	}
	if !swap.Delete && !e.kvRoom(ctx, space, s.Grants.KV, kvCost(r.Key, r.Value), kvCostOf(item, found), now) {
		return nil, abi.TooLarge
	}
	if _, err := e.config.Store.Apply(ctx, now, swap); err != nil {
		return nil, e.kvErrno(s, err)
	}
	return nil, 0
}

func kvCost(key string, value []byte) int64 { return int64(kvOverhead + len(key) + len(value)) }

func kvCostOf(i store.Item, found bool) int64 {
	if !found {
		return 0
	}
	return kvCost(i.Key, i.Value)
}

// kvRoom takes room for a value that replaces an old one, if the quota has it.
func (e *Engine) kvRoom(ctx context.Context, space string, quota, cost, old int64, now time.Time) bool {
	u := &e.kv
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.used == nil {
		u.used = map[string]int64{}
	}
	used, known := u.used[space]
	if !known || used+cost-old > quota {
		used = e.kvCount(ctx, space, now)
	}
	if used+cost-old > quota {
		u.used[space] = used
		return false
	}
	u.used[space] = used + max(0, cost-old)
	return true
}

// kvCount adds up what a space holds.
func (e *Engine) kvCount(ctx context.Context, space string, now time.Time) (used int64) {
	after := ""
	for {
		items, err := e.config.Store.Scan(ctx, space, "", after, now, kvPage)
		if err != nil {
			return used // the write that follows will say so
		}
		for _, i := range items {
			used += kvCost(i.Key, i.Value)
			after = i.Key
		}
		if len(items) < kvPage {
			return used
		}
	}
}

func (e *Engine) kvList(ctx context.Context, space, prefix string, now time.Time) ([]byte, abi.Errno) {
	items, err := e.config.Store.Scan(ctx, space, prefix, "", now, kvPage)
	if err != nil {
		return nil, e.kvErrno(sandbox.Scope{Target: space}, err)
	}
	keys := abi.KVKeys{Keys: []string{}}
	for _, i := range items {
		keys.Keys = append(keys.Keys, i.Key)
	}
	b, err := json.Marshal(keys)
	if err != nil {
		panic("BUG: " + err.Error()) // a list of strings
	}
	return b, 0
}

func (e *Engine) kvErrno(s sandbox.Scope, err error) abi.Errno {
	switch {
	case errors.Is(err, store.ErrConflict):
		return abi.Conflict
	case errors.Is(err, store.ErrFull):
		return abi.Busy
	}
	e.log.Error("a plugin's key-value space could not be used", "target", s.Target, "error", err)
	return abi.Unavailable
}

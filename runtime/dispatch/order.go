package dispatch

import (
	"context"
	"slices"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/store"
)

// order is what a lane remembers to keep deliveries in order, and to fill batches.
//
// Deliveries that share a key are under way one at a time, and in log order. When one
// fails, those that come after it are parked: kept as retries that the store holds back
// until the first of them is gone. So a delivery that fails blocks its key, for as long
// as it is tried, and no other; one that is dead and waits for its dead-letter queue
// blocks none. A crash repeats deliveries, in order.
type order struct {
	// flying are the keys with a delivery under way.
	flying map[string]bool
	// kept counts the retries in the store by key.
	kept map[string]int
	// ahead are deliveries that were read and wait, in log order: for their key, or for
	// the batch to fill. The cursor stays before them.
	ahead []item
	// ripe is when the batch that fills has waited long enough, zero if none does.
	ripe time.Time
}

// readAhead is how many deliveries are read ahead for keys that are not busy, at least,
// and how many are parked at once.
const readAhead = 1000

// takeAhead is takeNew for a lane with order or a window.
func (l *lane) takeAhead(ctx context.Context) ([]item, error) {
	o := &l.order
	for {
		if !l.fills() {
			if items := o.choose(l.spec.batch()); len(items) > 0 {
				return items, nil
			}
			if len(o.ahead) >= max(readAhead, 2*l.spec.batch()) {
				// A few busy keys have filled it; those of others are in the log behind them.
				return o.park(), nil
			}
		}
		read, err := l.readLog(ctx)
		if err != nil || len(read) == 0 {
			return nil, err
		}
		o.ahead = append(o.ahead, read...)
	}
}

// fills says whether the batch still waits for more.
func (l *lane) fills() bool {
	o := &l.order
	o.ripe = time.Time{}
	if len(o.ahead) == 0 || len(o.ahead) >= l.spec.batch() || l.spec.window() == 0 || l.draining {
		return false
	}
	if at := o.ahead[0].entry.Received.Add(l.spec.window()); at.After(l.d.now()) {
		o.ripe = at
		return true
	}
	return false
}

// choose takes up to n deliveries that may be made now, or must be parked: those without
// a key, the first of each key that is not busy, and those whose key has retries.
func (o *order) choose(n int) []item {
	var chosen []item
	busy := map[string]bool{}
	o.ahead = slices.DeleteFunc(o.ahead, func(it item) bool {
		if len(chosen) == n || it.key != "" && (busy[it.key] || o.flying[it.key]) {
			busy[it.key] = it.key != ""
			return false
		}
		if it.key != "" {
			it.parked = o.kept[it.key] > 0
			busy[it.key] = !it.parked
		}
		chosen = append(chosen, it)
		return true
	})
	return chosen
}

// park takes the first of what was read ahead, to be kept as retries. Those of their
// keys that stay behind follow them, because their keys now have retries.
func (o *order) park() []item {
	n := min(readAhead, len(o.ahead))
	parked := slices.Clone(o.ahead[:n])
	o.ahead = slices.Delete(o.ahead, 0, n)
	for i := range parked {
		parked[i].parked = true
	}
	return parked
}

// forget drops what was read ahead from a place on: it will be read again.
func (o *order) forget(from store.Seq) {
	o.ahead = slices.DeleteFunc(o.ahead, func(it item) bool { return it.Seq >= from })
}

// settled notes what a settlement did to the retries of a delivery's key.
func (o *order) settled(it item, after *store.Retry) {
	if it.retry != nil && it.key != "" {
		if o.kept[it.key]--; o.kept[it.key] == 0 {
			delete(o.kept, it.key)
		}
	}
	o.keep(after)
}

// keep notes a retry that the store has got.
func (o *order) keep(r *store.Retry) {
	if r == nil || r.OrderKey == "" {
		return
	}
	if o.kept == nil {
		o.kept = map[string]int{}
	}
	o.kept[r.OrderKey]++
}

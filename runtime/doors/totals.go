package doors

import (
	"sync"
	"time"

	"github.com/tocsin-engine/tocsin/ingest/metrics"
	"github.com/tocsin-engine/tocsin/ingest/otlp"
)

// maxTotals bounds the bytes of each half of the running totals.
const maxTotals = 32 << 20

// totals remembers the last point of each series of running totals, so that the next one
// becomes what came in between. It keeps two halves: the young one takes every series
// that is seen; when it is full it becomes the old one, and what the old one still held,
// series that have long been silent, is forgotten.
type totals struct {
	mu         sync.Mutex
	young, old map[otlp.Key]*otlp.Total
	bytes      int // of the young ones
	most       int
	// watching is since when no series was forgotten.
	watching time.Time
}

func newTotals(now time.Time) *totals {
	return &totals{young: map[otlp.Key]*otlp.Total{}, most: maxTotals, watching: now}
}

// advance is one step of one series, which can be undone. The zero advance is none.
type advance struct {
	t             *totals
	key           otlp.Key
	before, after *otlp.Total
}

// advance makes data of what came to a series since its last point.
func (t *totals) advance(r *otlp.Running, now time.Time) ([]metrics.Datum, advance) {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := r.Key()
	before := t.young[key]
	if before == nil {
		before = t.old[key]
	}
	data, after := r.Since(before, t.watching)
	if after == before {
		return data, advance{}
	}
	t.put(key, after, now)
	return data, advance{t, key, before, after}
}

// put remembers a series.
func (t *totals) put(key otlp.Key, total *otlp.Total, now time.Time) {
	if last, ok := t.young[key]; ok {
		t.bytes -= last.Size()
	} else if t.bytes+total.Size() > t.most {
		if len(t.old) > 0 {
			t.watching = now
		}
		t.young, t.old, t.bytes = map[otlp.Key]*otlp.Total{}, t.young, 0
	}
	t.young[key] = total
	t.bytes += total.Size()
}

// undo puts the series back, unless it has moved on further.
func (a advance) undo() {
	if a.t == nil {
		return
	}
	a.t.mu.Lock()
	defer a.t.mu.Unlock()
	if a.t.young[a.key] != a.after {
		return
	}
	a.t.bytes -= a.after.Size()
	delete(a.t.young, a.key)
	if a.before != nil {
		a.t.young[a.key] = a.before
		a.t.bytes += a.before.Size()
	}
}

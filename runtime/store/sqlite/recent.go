package sqlite

import (
	"slices"
	"sync"

	"github.com/tocsin-engine/tocsin/runtime/store"
)

// recent is the end of the log in memory: a target that keeps up needs no disk to read
// what was committed a moment ago.
type recent struct {
	limit int

	mu      sync.RWMutex
	entries []store.Entry // without a gap
	bytes   int
}

// add takes entries that were committed.
func (r *recent) add(entries []store.Entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range entries {
		if n := len(r.entries); n > 0 && r.entries[n-1].Seq+1 != e.Seq {
			r.entries, r.bytes = nil, 0
		}
		r.entries = append(r.entries, e)
		r.bytes += len(e.Raw)
	}
	drop := 0
	for r.bytes > r.limit {
		r.bytes -= len(r.entries[drop].Raw)
		drop++
	}
	clear(r.entries[:drop]) // their bytes are not held any more
	r.entries = r.entries[drop:]
}

// read answers for a target that has read all that is older; ok is false for others.
func (r *recent) read(target string, after store.Seq, n int) (out []store.Entry, ok bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if len(r.entries) == 0 || after+1 < r.entries[0].Seq {
		return nil, false
	}
	skip := min(int(after+1-r.entries[0].Seq), len(r.entries))
	for _, e := range r.entries[skip:] {
		if len(out) == n {
			break
		}
		if slices.ContainsFunc(e.Pairs, func(p store.Pair) bool { return p.Target == target }) {
			out = append(out, e)
		}
	}
	return out, true
}

// forget drops what is not in the log any more, up to a place.
func (r *recent) forget(last store.Seq) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.entries) > 0 && r.entries[0].Seq <= last {
		r.bytes -= len(r.entries[0].Raw)
		r.entries = r.entries[1:]
	}
}

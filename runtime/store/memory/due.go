package memory

import (
	"cmp"
	"container/heap"
	"iter"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/store"
)

// dueHeap orders a lane's retries by due time, then Seq, then rule.
type dueHeap struct{ h retryHeap }

func (d *dueHeap) push(r *retry)   { heap.Push(&d.h, r) }
func (d *dueHeap) remove(r *retry) { heap.Remove(&d.h, r.index) }

// first returns up to n retries due at now, and when the first after these is due.
func (d *dueHeap) first(now time.Time, n int) (due []store.Retry, next time.Time, err error) {
	var taken []*retry
	for len(taken) < n && len(d.h) > 0 && !d.h[0].Due.After(now) {
		r := heap.Pop(&d.h).(*retry)
		taken = append(taken, r)
		due = append(due, r.Retry)
	}
	if len(d.h) > 0 {
		next = d.h[0].Due
	}
	for _, r := range taken {
		heap.Push(&d.h, r)
	}
	return due, next, nil
}

type retryHeap []*retry

func (h retryHeap) Len() int { return len(h) }

func (h retryHeap) Less(i, j int) bool {
	a, b := h[i], h[j]
	return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.Rule, b.Rule)) < 0
}

func (h retryHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

func (h *retryHeap) Push(x any) {
	r := x.(*retry)
	r.index = len(*h)
	*h = append(*h, r)
}

func (h *retryHeap) Pop() any {
	old := *h
	r := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return r
}

// expiries remembers when things end, soonest first. Something that lives longer by
// then than it was added with is the caller's to notice.
type expiries[K any] struct{ h expiryHeap[K] }

func (e *expiries[K]) add(k K, at time.Time) {
	if !at.IsZero() {
		heap.Push(&e.h, expiry[K]{k, at})
	}
}

// due yields and forgets what was to end by now.
func (e *expiries[K]) due(now time.Time) iter.Seq[K] {
	return func(yield func(K) bool) {
		for len(e.h) > 0 && !e.h[0].at.After(now) {
			if !yield(heap.Pop(&e.h).(expiry[K]).key) {
				return
			}
		}
	}
}

type expiry[K any] struct {
	key K
	at  time.Time
}

type expiryHeap[K any] []expiry[K]

func (h expiryHeap[K]) Len() int           { return len(h) }
func (h expiryHeap[K]) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h expiryHeap[K]) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *expiryHeap[K]) Push(x any)        { *h = append(*h, x.(expiry[K])) }

func (h *expiryHeap[K]) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}

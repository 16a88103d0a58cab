package engine

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/dispatch"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// Item is one thing that happened: an event came in, or (with a Report) an attempt was
// made.
type Item struct {
	At time.Time
	// Event is the event that came in; zero with a Report.
	Event   event.Event
	Matched []string
	// Cut says why the event was not matched at all; "" if it was.
	Cut    string
	Report *dispatch.Report
}

// Subscription is one reader of what happens. A reader that is too slow misses items;
// Missed says how many.
type Subscription struct {
	// C carries the items. It is closed by Close.
	C <-chan Item

	c      chan Item
	tail   *tail
	missed atomic.Uint64
}

// Missed counts the items that found the buffer full.
func (s *Subscription) Missed() uint64 { return s.missed.Load() }

// Close ends the subscription.
func (s *Subscription) Close() {
	s.tail.mu.Lock()
	defer s.tail.mu.Unlock()
	if s.tail.readers[s] {
		delete(s.tail.readers, s)
		close(s.c)
	}
}

// Subscribe returns what happens from now on, with room for that many items that the
// reader has not taken yet.
func (e *Engine) Subscribe(room int) *Subscription {
	c := make(chan Item, room)
	s := &Subscription{C: c, c: c, tail: &e.tail}
	e.tail.mu.Lock()
	defer e.tail.mu.Unlock()
	if e.tail.readers == nil {
		e.tail.readers = map[*Subscription]bool{}
	}
	e.tail.readers[s] = true
	return s
}

// tail is who watches.
type tail struct {
	mu      sync.RWMutex
	readers map[*Subscription]bool
}

// publish never waits for a reader.
func (t *tail) publish(i Item) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for s := range t.readers {
		select {
		case s.c <- i:
		default:
			s.missed.Add(1)
		}
	}
}

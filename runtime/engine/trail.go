package engine

import (
	"slices"
	"sync"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/dispatch"
	"github.com/tocsin-engine/tocsin/runtime/store"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// Recent is an event that came in a short while ago.
type Recent struct {
	Event    event.Event
	Received time.Time
	Matched  []string
	Held     []Held
	// Archived are the archives that keep it.
	Archived []string
	// Cut says why it was not matched at all; "" if it was.
	Cut string
}

// Attempt is one attempt at a delivery.
type Attempt struct {
	N       int           `json:"n"`
	At      time.Time     `json:"at"`
	Took    time.Duration `json:"took_ns"`
	Result  string        `json:"result"`
	Code    string        `json:"code,omitempty"`
	Message string        `json:"message,omitempty"`
}

// maxAttempts bounds the attempts that a trail remembers of one delivery: the last
// ones. How many there were the store knows.
const maxAttempts = 20

// trail is what the ring remembers of one event.
type trail struct {
	Recent
	seq      store.Seq
	pairs    []store.Pair
	attempts map[store.Pair][]Attempt
}

// trails is the ring of the last events, by number and bytes.
type trails struct {
	mu       sync.Mutex
	max      int
	maxBytes int64
	bytes    int64
	ring     []*trail // oldest first
	byID     map[string]*trail
}

func (t *trails) init(n int, bytes int64) { t.max, t.maxBytes, t.byID = n, bytes, map[string]*trail{} }

func (t *trails) add(a *arrival, rules []string, pairs []store.Pair, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	tr := &trail{
		Recent: Recent{Event: a.Event, Received: now, Matched: rules, Held: a.held, Archived: archivesOf(a.archived), Cut: a.cut},
		seq:    a.seq, pairs: pairs, attempts: map[store.Pair][]Attempt{},
	}
	t.ring = append(t.ring, tr)
	t.byID[a.Event.ID] = tr
	t.bytes += tr.size()
	for len(t.ring) > t.max || t.bytes > t.maxBytes && len(t.ring) > 1 {
		oldest := t.ring[0]
		t.ring = t.ring[1:]
		t.bytes -= oldest.size()
		if t.byID[oldest.Event.ID] == oldest {
			delete(t.byID, oldest.Event.ID)
		}
	}
}

// size is the trail's room, its attempts roughly counted.
func (t *trail) size() int64 { return int64(1000 + len(t.Event.Raw())) }

// attempt notes what dispatch reports, if the event is still in the ring.
func (t *trails) attempt(r dispatch.Report) {
	t.mu.Lock()
	defer t.mu.Unlock()
	tr := t.byID[r.Entry.ID]
	if tr == nil {
		return
	}
	pair := store.Pair{Rule: r.Rule, Target: r.Target}
	list := append(tr.attempts[pair], Attempt{
		N: r.Attempt, At: r.At, Took: r.Took, Result: r.Kind.String(), Code: r.Code, Message: r.Message,
	})
	if len(list) > maxAttempts {
		list = list[1:]
	}
	tr.attempts[pair] = list
}

// find returns a copy of an event's trail.
func (t *trails) find(id string) (trail, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	tr := t.byID[id]
	if tr == nil {
		return trail{}, false
	}
	out := *tr
	out.attempts = map[store.Pair][]Attempt{}
	for pair, list := range tr.attempts {
		out.attempts[pair] = slices.Clone(list)
	}
	return out, true
}

// Recent returns the last n events that came in, newest first.
func (e *Engine) Recent(n int) []Recent {
	t := &e.trails
	t.mu.Lock()
	defer t.mu.Unlock()
	var out []Recent
	for i := len(t.ring) - 1; i >= 0 && len(out) < n; i-- {
		out = append(out, t.ring[i].Recent)
	}
	return out
}

// observe hears of every attempt.
func (e *Engine) observe(r dispatch.Report) {
	e.stats.attempt(r)
	e.trails.attempt(r)
	e.tail.publish(Item{At: r.At, Report: &r})
}

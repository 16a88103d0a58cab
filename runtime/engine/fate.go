package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/dispatch"
	"github.com/tocsin-engine/tocsin/runtime/store"
)

// The states of an event and of a delivery. An event is in the first of these that one
// of its deliveries is in: retrying, pending, dead, delivered.
const (
	StateNotKept   = "not kept"  // nothing is known of it, or not any more
	StateUnmatched = "unmatched" // no rule wanted it
	StateHeld      = "held"      // only rules that matched a short while ago wanted it
	StateCut       = "loop cut"  // it had come round too often to be matched
	StateMatched   = "matched"   // by rules without targets
	StatePending   = "pending"   // no attempt was made yet, or none since a redrive
	StateRetrying  = "retrying"
	StateDelivered = "delivered"
	StateDead      = "dead"
	// StateDying is dead, but for a dead-letter queue that has not taken it yet.
	StateDying = "dying"
)

// Fate is what became of an event.
type Fate struct {
	ID    string `json:"id"`
	State string `json:"state"`
	// Reason says more, for the states that have no deliveries.
	Reason   string          `json:"reason,omitempty"`
	Event    json.RawMessage `json:"event,omitempty"`
	Bus      string          `json:"bus,omitempty"`
	Hops     int             `json:"hops,omitempty"`
	Received time.Time       `json:"received,omitzero"`
	Matched  []string        `json:"matched,omitempty"`
	Held     []Held          `json:"held,omitempty"`
	// Archived are the archives that keep it.
	Archived   []string       `json:"archived,omitempty"`
	Deliveries []DeliveryFate `json:"deliveries,omitempty"`
}

// DeliveryFate is what became of one delivery.
type DeliveryFate struct {
	// ID is the delivery's, Recorded whether tocsin plugin replay can make it again.
	ID       string `json:"delivery"`
	Recorded bool   `json:"recorded,omitempty"`
	Rule     string `json:"rule"`
	Target   string `json:"target"`
	State    string `json:"state"`
	// Attempts counts the attempts made; History has the last of them, as far as they
	// are remembered.
	Attempts int       `json:"attempts"`
	History  []Attempt `json:"history,omitempty"`
	// Next is when the next attempt is due.
	Next time.Time `json:"next,omitzero"`
	// Code and Message are what the last attempt said, Exhausted the retry condition
	// that ended it.
	Code      string `json:"code,omitempty"`
	Message   string `json:"message,omitempty"`
	Exhausted string `json:"exhausted,omitempty"`
}

// Fate says what became of the event with an id, from the ring of the last events and
// from the store.
func (e *Engine) Fate(ctx context.Context, id string) (Fate, error) {
	tr, recent := e.trails.find(id)
	if recent && (tr.seq == 0 || len(tr.pairs) == 0) {
		return e.fateUnkept(tr), nil
	}
	entry, kept, err := e.config.Store.Lookup(ctx, id)
	if err != nil {
		return Fate{}, fmt.Errorf("engine: %w", err)
	}
	if !kept && !recent {
		return Fate{ID: id, State: StateNotKept, Reason: "no event with this id is known, or it is too long ago: " +
			"what no rule wants is remembered only while it is among the last events"}, nil
	}
	f := Fate{ID: id}
	if recent {
		f = fateOf(tr)
	}
	if kept {
		f.Event, f.Bus, f.Hops, f.Received = entry.Raw, entry.Bus, entry.Hops, entry.Received
		if !recent {
			f.Matched, f.Archived = rulesOf(entry.Pairs), archivesOf(entry.Pairs)
		}
	} else {
		entry.Seq, entry.Pairs = tr.seq, tr.pairs
	}
	if f.Deliveries, err = e.deliveries(ctx, entry, tr); err != nil {
		return Fate{}, fmt.Errorf("engine: %w", err)
	}
	if f.State = worst(f.Deliveries); len(f.Deliveries) == 0 {
		f.State, f.Reason = StateUnmatched, "no rule with a target matched; an archive has it"
	}
	return f, nil
}

func fateOf(tr trail) Fate {
	return Fate{
		ID: tr.Event.ID, Event: tr.Event.Raw(), Bus: tr.Event.Bus, Hops: tr.Event.Hops,
		Received: tr.Received, Matched: tr.Matched, Held: tr.Held, Archived: tr.Archived,
	}
}

// fateUnkept is the fate of an event that made no deliveries.
func (e *Engine) fateUnkept(tr trail) Fate {
	f := fateOf(tr)
	switch {
	case tr.Cut != "":
		f.State, f.Reason = StateCut, tr.Cut
	case len(tr.Matched) > 0:
		f.State, f.Reason = StateMatched, "the rules that matched have no targets"
	case len(tr.Held) > 0:
		f.State, f.Reason = StateHeld, "once_per: the same key matched a short while ago"
	default:
		f.State, f.Reason = StateUnmatched, "no rule of bus "+tr.Event.Bus+" matched"
	}
	return f
}

func rulesOf(pairs []store.Pair) []string {
	var rules []string
	for _, p := range pairs {
		if !store.Reserved(p.Target) && !slices.Contains(rules, p.Rule) {
			rules = append(rules, p.Rule)
		}
	}
	return rules
}

// archivesOf are the archives that pairs name.
func archivesOf(pairs []store.Pair) []string {
	var names []string
	for _, p := range pairs {
		if store.Reserved(p.Target) {
			names = append(names, p.Rule)
		}
	}
	return names
}

// deliveries is the fate of each of an entry's pairs.
func (e *Engine) deliveries(ctx context.Context, entry store.Entry, tr trail) ([]DeliveryFate, error) {
	retries, dead, err := e.config.Store.Failures(ctx, entry.Seq)
	if err != nil {
		return nil, err
	}
	failed := map[store.Pair]DeliveryFate{}
	for _, d := range dead {
		failed[store.Pair{Rule: d.Rule, Target: d.Target}] = fateOfDeath(StateDead, d.Death)
	}
	for _, r := range retries {
		f := DeliveryFate{State: StateRetrying, Attempts: r.Attempts, Code: r.Code, Message: r.Message}
		if r.Attempts == 0 {
			f.State = StatePending
		}
		if r.Attempts == 0 && r.OrderKey != "" {
			f.Message = "it waits for its turn among those with the same order_by"
		}
		if r.Death != nil {
			f = fateOfDeath(StateDying, *r.Death)
			f.Message = r.Message
		}
		f.Next = r.Due
		failed[store.Pair{Rule: r.Rule, Target: r.Target}] = f
	}
	var out []DeliveryFate
	for _, p := range entry.Pairs {
		if store.Reserved(p.Target) {
			continue
		}
		f, ok := failed[p]
		if !ok {
			if f, err = e.fateOfPair(ctx, entry.Seq, p, tr.attempts[p]); err != nil {
				return nil, err
			}
		}
		f.Rule, f.Target, f.History = p.Rule, p.Target, tr.attempts[p]
		f.ID = dispatch.DeliveryID(entry.ID, entry.Seq, p.Rule, p.Target)
		if f.Recorded, err = e.isRecorded(ctx, p.Target, f.ID); err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

func fateOfDeath(state string, d store.Death) DeliveryFate {
	return DeliveryFate{State: state, Attempts: d.Attempts, Code: d.Code, Message: d.Message, Exhausted: d.Exhausted}
}

// fateOfPair is the fate of a delivery that has not failed: delivered or not yet tried.
// The cursor stops before the first batch under way, so the ring knows more.
func (e *Engine) fateOfPair(ctx context.Context, seq store.Seq, p store.Pair, history []Attempt) (DeliveryFate, error) {
	if n := len(history); n > 0 && history[n-1].Result == dispatch.Delivered.String() {
		return DeliveryFate{State: StateDelivered, Attempts: history[n-1].N}, nil
	}
	cursor, err := e.config.Store.Cursor(ctx, p.Target)
	if err != nil {
		return DeliveryFate{}, err
	}
	if seq > cursor {
		return DeliveryFate{State: StatePending}, nil
	}
	return DeliveryFate{State: StateDelivered, Attempts: 1}, nil
}

// worst is the state of an event with these deliveries.
func worst(deliveries []DeliveryFate) string {
	for _, state := range []string{StateRetrying, StatePending, StateDying, StateDead} {
		for _, d := range deliveries {
			if d.State == state {
				return state
			}
		}
	}
	return StateDelivered
}

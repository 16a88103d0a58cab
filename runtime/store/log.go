package store

import (
	"context"
	"time"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// Seq is an entry's place in the log. The first is 1; later entries have greater ones,
// not always the next one.
type Seq uint64

// Log is the append-only log of the events that some rule, archive or view wants.
type Log interface {
	// Append commits the whole batch or nothing. The sender is told "accepted" only
	// after it returned nil.
	//
	// An entry whose Key was appended before, and has not expired, is a duplicate. In a
	// batch without swaps it is left out and the receipt says so. A batch with swaps
	// was computed as though every entry were new, so nothing is written: the error is
	// ErrDuplicate, the receipt names the duplicates, and the caller leaves them out,
	// computes its swaps again and appends again. ErrConflict is to be answered in the
	// same way. Two entries of one batch with one Key count as duplicates too.
	Append(ctx context.Context, b Batch) (Receipt, error)
	// Read returns up to n entries after seq that have a pair for target, in log
	// order. A target that lags reads an index, not the whole log. Entries at or
	// before the target's cursor may be missing.
	Read(ctx context.Context, target string, after Seq, n int) ([]Entry, error)
	// Lookup returns the newest entry with an event id; ok is false if the log does
	// not hold it, or does not any more.
	Lookup(ctx context.Context, id string) (e Entry, ok bool, err error)
	// Seek returns the place to Read from for what was received at or after a time: every
	// entry after it that is missing came before at, or was dropped.
	Seek(ctx context.Context, at time.Time) (Seq, error)
	// Trim drops entries and dead letters from before a time. What a target has yet to
	// read and what a retry needs stays, and so may what was received within a day of it:
	// a store that keeps its log in files drops whole ones.
	Trim(ctx context.Context, before time.Time) error
}

// Batch is what one Append commits at once.
type Batch struct {
	// Now is the time of the commit: keys and state that expired by then are not there.
	Now time.Time
	// Entries go to the log in this order. Seq is given by the store.
	Entries []Entry
	// Swaps change state in the same commit: an alarm's transition and its event are
	// one. A Swap whose version is stale fails the batch with ErrConflict.
	Swaps []Swap
}

// Entry is one event in the log.
type Entry struct {
	Seq Seq
	// ID is the event's id. Senders may choose it, so it can stand twice.
	ID string
	// Raw is the envelope as JSON; nil if the store has lost it, which it has reported.
	Raw []byte
	// Event is Raw as it was parsed, where somebody has it at hand; it is not stored.
	Event *event.Event
	// Bus and Hops are the event's (sdk/event.Event).
	Bus  string
	Hops int
	// Received is when the door accepted it.
	Received time.Time
	// Pairs are the rule and target pairs that want it, decided before the write.
	Pairs []Pair
	// Key makes the entry idempotent until KeyExpires. Empty means no such check.
	Key        string
	KeyExpires time.Time
}

// Parse is the entry's event, as it stands on its bus.
func (e Entry) Parse() (event.Event, error) {
	if e.Event != nil {
		return *e.Event, nil
	}
	ev, err := event.Parse(e.Raw)
	return ev.On(e.Bus, e.Hops), err
}

// Pair is one rule that matched and one target that it names.
type Pair struct{ Rule, Target string }

// Receipt tells what became of a batch, entry by entry and swap by swap.
type Receipt struct {
	// Seqs are the places given; 0 for an entry that was a duplicate.
	Seqs []Seq
	// FirstIDs hold, for a duplicate, the id of the event written first; else "".
	FirstIDs []string
	// Versions are those that the swaps gave; 0 for one that removed.
	Versions []uint64
}

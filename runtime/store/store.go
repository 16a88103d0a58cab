// Package store is what the engine keeps: the log of events that something wants, how
// far each target has come, and versioned state. Three small interfaces, so that an
// existing engine can stand behind them (SQLite in one file, Postgres, DynamoDB).
//
// The shape is an append-only log, one cursor per target, and rows only for deliveries
// that failed: a delivery that succeeds at once costs no row. `memory` holds the form
// that promises nothing over a restart.
package store

import (
	"context"
	"errors"
	"time"
)

// Errors that callers tell apart with errors.Is.
var (
	// ErrConflict means a Swap's version was not the one stored; nothing of the batch
	// was written.
	ErrConflict = errors.New("store: the state changed in between")
	// ErrFull means there is no room now; the sender is throttled and may try again.
	ErrFull = errors.New("store: full")
	// ErrClosed means the store was closed.
	ErrClosed = errors.New("store: closed")
)

// Seq is an entry's place in the log. The first is 1; later entries have greater ones.
type Seq uint64

// Store is everything the engine keeps.
type Store interface {
	Log
	Deliveries
	State
	// Promises says what the store can keep.
	Promises() Promises
	Close() error
}

// Promises are what a store can be relied on for. Rules that need a promise the store
// does not make are refused when they are loaded.
type Promises struct {
	// Kind is the store's name for people: "memory", "sqlite".
	Kind string
	// Durable means what was acknowledged survives kill -9 and a power cut.
	Durable bool
}

// Log is the append-only log of the events that some rule, archive or view wants.
type Log interface {
	// Append commits the whole batch or nothing. The sender is told "accepted" only
	// after it returned nil. See Batch for duplicates and conflicts.
	Append(ctx context.Context, b Batch) (Receipt, error)
	// Read returns up to n entries after seq that have a pair for target, in log
	// order. A target that lags reads an index, not the whole log.
	Read(ctx context.Context, target string, after Seq, n int) ([]Entry, error)
	// Lookup returns the entry of an event id, newest first if an id stands twice.
	// ok is false if the log does not hold it.
	Lookup(ctx context.Context, id string) (e Entry, ok bool, err error)
	// Last is the place of the newest entry, 0 for an empty log.
	Last(ctx context.Context) (Seq, error)
	// Trim drops entries before seq that no target has yet to read and no retry needs.
	Trim(ctx context.Context, before Seq) error
}

// Batch is what one Append commits at once.
type Batch struct {
	// Entries go to the log in this order. Seq is given by the store.
	Entries []Entry
	// Swaps change state in the same commit: an alarm's transition and its event are
	// one. A Swap whose version is stale fails the batch with ErrConflict.
	Swaps []Swap
}

// Entry is one event in the log.
type Entry struct {
	Seq Seq
	// ID is the event's id.
	ID string
	// Raw is the envelope as JSON.
	Raw []byte
	// Bus and Hops are the event's (sdk/event.Event).
	Bus  string
	Hops int
	// Received is when the door accepted it.
	Received time.Time
	// Pairs are the rule and target pairs that want it, decided before the write.
	Pairs []Pair
	// Key makes the entry idempotent: if an entry with this key was appended before
	// KeyExpires of that one, this one is not written. Empty means no such check.
	Key        string
	KeyExpires time.Time
}

// Pair is one rule that matched and one target that it names.
type Pair struct{ Rule, Target string }

// Receipt tells what became of a batch's entries, in their order.
type Receipt struct {
	// Seqs are the places given; 0 for an entry that was a duplicate.
	Seqs []Seq
	// FirstIDs hold, for a duplicate, the id of the event written first; else "".
	FirstIDs []string
}

// Deliveries is how far each target has come and what has failed.
type Deliveries interface {
	// Cursor is the last entry that target has settled: delivered, or kept as a retry
	// or a dead letter. A target without one starts where Settle first puts it.
	Cursor(ctx context.Context, target string) (seq Seq, ok bool, err error)
	// Settle commits what became of a target's deliveries at once. Losing a Settle
	// costs duplicates, never loss.
	Settle(ctx context.Context, s Settlement) error
	// Due returns up to n retries of target that are due at now, oldest due first, and
	// when the next one after these is due (zero if none is waiting).
	Due(ctx context.Context, target string, now time.Time, n int) (due []Retry, next time.Time, err error)
	// Pending counts the target's retries that wait.
	Pending(ctx context.Context, target string) (int, error)
	// DeadLetters returns up to n dead letters with a Seq greater than after, oldest
	// first; target "" means of all targets.
	DeadLetters(ctx context.Context, target string, after Seq, n int) ([]DeadLetter, error)
}

// Settlement is one commit of a target's progress.
type Settlement struct {
	Target string
	// Cursor moves the target's cursor; 0 leaves it.
	Cursor Seq
	// Retry adds or replaces retries, by RetryID.
	Retry []Retry
	// Done removes retries, by RetryID.
	Done []RetryID
	// Dead adds dead letters. Their Seq is given by the store.
	Dead []DeadLetter
}

// RetryID names one delivery: an entry of the log for one rule.
type RetryID struct {
	Seq  Seq
	Rule string
}

// Retry is a delivery that failed and will be tried again.
type Retry struct {
	RetryID
	Entry Entry
	// Attempts counts the attempts made, at least 1.
	Attempts int
	// Due is when the next one is made; First is when the first one was.
	Due, First time.Time
	// Error is what the last attempt said.
	Error string
}

// DeadLetter is a delivery that will not be tried again.
type DeadLetter struct {
	// Seq orders dead letters; it is not the entry's place in the log.
	Seq    Seq
	Target string
	Rule   string
	Entry  Entry
	// Code and Message are EventBridge's ERROR_CODE and ERROR_MESSAGE; Exhausted its
	// EXHAUSTED_RETRY_CONDITION, empty for a permanent error.
	Code, Message, Exhausted string
	Attempts                 int
	Died                     time.Time
}

// State is small versioned values, by space and key. Services, alarms and plugins keep
// what they must remember here.
type State interface {
	// Get returns one value; ok is false if there is none or it has expired at now.
	Get(ctx context.Context, space, key string, now time.Time) (i Item, ok bool, err error)
	// Apply commits all swaps or none (ErrConflict).
	Apply(ctx context.Context, swaps ...Swap) error
	// Scan returns up to n items of a space whose key is greater than after and begins
	// with prefix, in key order, those expired at now left out.
	Scan(ctx context.Context, space, prefix, after string, now time.Time, n int) ([]Item, error)
}

// Item is one stored value.
type Item struct {
	Key   string
	Value []byte
	// Version changes with every write; it is never 0.
	Version uint64
	// Expires is when the item stops to exist; zero means never.
	Expires time.Time
}

// Swap writes or removes one value if its version is still the one expected.
type Swap struct {
	Space, Key string
	// Value is what to store; nil removes the item.
	Value   []byte
	Expires time.Time
	// Version is the stored version that the writer has seen: 0 means "there is none",
	// AnyVersion writes over whatever is there.
	Version uint64
}

// AnyVersion in a Swap means the writer does not care what is stored.
const AnyVersion = ^uint64(0)

// Package store is what the engine keeps: the log of events that something wants, how
// far each target has come, and versioned state. Three small interfaces, so that an
// existing engine can stand behind them: SQLite in one file, Postgres, and for State
// alone DynamoDB.
//
// The shape is an append-only log, one cursor per target, and rows only for deliveries
// that failed: a delivery that succeeds at once costs no row. An archive is the same
// thing with nobody who delivers: a name in the pairs of what it keeps, whose cursor
// moves on when its events have expired; until then Trim leaves them. No store reads the clock;
// whoever calls says what time it is. `memory` holds the form that promises nothing
// over a restart, `storetest` the tests that every form passes.
//
// What a store need not do: hand work out to several readers (dispatch owns a target's
// lane alone), elect leaders, or keep telemetry for queries.
package store

import (
	"context"
	"errors"
	"strings"
)

// Errors that callers tell apart with errors.Is. Every other error of a durable store
// means that nothing more can be committed: the process ends and a restart recovers.
var (
	// ErrConflict means a Swap's version was not the one stored; nothing was written.
	ErrConflict = errors.New("store: the state changed in between")
	// ErrDuplicate means a batch that has swaps also has entries that were appended
	// before; nothing was written. See Log.Append.
	ErrDuplicate = errors.New("store: the batch holds entries that were appended before")
	// ErrFull means there is no room now; nothing was written. The sender is throttled
	// and may try again; reads and settlements go on.
	ErrFull = errors.New("store: full")
	// ErrClosed means the store was closed.
	ErrClosed = errors.New("store: closed")
)

// Store is everything the engine keeps. All methods are safe for concurrent use. What
// they return is the caller's to keep and not to change, and the same holds for the
// bytes that they are given.
type Store interface {
	Log
	Deliveries
	State
	// Promises says what the store can keep.
	Promises() Promises
	Close() error
}

// Reserved says that a target is no target of a rule file but a reader of the log of its
// own, as an archive is: its name has a slash, which names of targets never have.
func Reserved(target string) bool { return strings.Contains(target, "/") }

// Promises are what a store can be relied on for. Rules that need a promise the store
// does not make are refused when they are loaded.
type Promises struct {
	// Kind is the store's name for people: "memory", "sqlite".
	Kind string `json:"kind"`
	// Durable means what was acknowledged survives kill -9 and a power cut.
	Durable bool `json:"durable"`
	// Warning is the sentence a person must read before relying on this store, "" when
	// it keeps every promise. It is shown when the engine starts and in its status.
	Warning string `json:"warning,omitempty"`
}

// Stats is how full a store is and what waits in it.
type Stats struct {
	// Entries counts the log's entries that are kept, settled or not.
	Entries int `json:"entries"`
	// Bytes is the room taken and Limit the room there is; 0 means the disk's.
	Bytes int64 `json:"bytes"`
	Limit int64 `json:"limit,omitempty"`
	// DeadLetters counts those kept. DeadLettersLost counts those that were dropped
	// for want of room; only a store that is not Durable drops any.
	DeadLetters     int    `json:"dead_letters"`
	DeadLettersLost uint64 `json:"dead_letters_lost,omitempty"`
	// Full says that the disk is full: senders are throttled until there is room.
	Full bool `json:"full,omitempty"`
	// Stalled says that there is no room for settlements either: deliveries wait too.
	Stalled bool `json:"stalled,omitempty"`
	// Damaged counts what was found to be not what was written since the start, SetAside
	// the files of which only a part could be kept.
	Damaged  uint64 `json:"damaged,omitempty"`
	SetAside uint64 `json:"set_aside,omitempty"`
	// Lanes are the targets with something unread or waiting, by name.
	Lanes []Lane `json:"lanes"`
}

// Lane is what waits for one target.
type Lane struct {
	Target string `json:"target"`
	Cursor Seq    `json:"cursor"`
	// Unread counts entries after the cursor, Retries the deliveries that failed and
	// wait, Dying those of them that wait only for their dead-letter queue.
	Unread  int `json:"unread"`
	Retries int `json:"retries"`
	Dying   int `json:"dying"`
}

// Reporter tells how full a store is.
type Reporter interface {
	Stats(ctx context.Context) (Stats, error)
}

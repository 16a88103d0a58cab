package store

import (
	"context"
	"time"
)

// State is small versioned values, by space and key. Services, alarms and plugins keep
// what they must remember here.
type State interface {
	// Get returns one value; ok is false if there is none or it has expired at now.
	Get(ctx context.Context, space, key string, now time.Time) (i Item, ok bool, err error)
	// Apply commits all swaps or none (ErrConflict), and returns the new versions in
	// the swaps' order, 0 for a removal.
	Apply(ctx context.Context, now time.Time, swaps ...Swap) (versions []uint64, err error)
	// Scan returns up to n items of a space whose key is greater than after and begins
	// with prefix, by the bytes of their keys, those expired at now left out.
	Scan(ctx context.Context, space, prefix, after string, now time.Time, n int) ([]Item, error)
}

// MaxSwaps is how many swaps one commit may hold (DynamoDB's limit of a transaction).
const MaxSwaps = 100

// Item is one stored value.
type Item struct {
	Key   string
	Value []byte
	// Version changes with every write and never comes back for the same key, also
	// not after a removal. It is never 0.
	Version uint64
	// Expires is when the item stops to exist; zero means never.
	Expires time.Time
}

// Swap writes or removes one value if its version is still the one expected. A commit
// names a key at most once.
type Swap struct {
	Space, Key string
	// Value is what to store. Delete removes the item instead.
	Value  []byte
	Delete bool
	// Expires is when the new item stops to exist; zero means never.
	Expires time.Time
	// Version is the stored version that the writer has seen: 0 means "there is none",
	// which an expired item counts as; AnyVersion writes over whatever is there.
	Version uint64
}

// AnyVersion in a Swap means the writer does not care what is stored.
const AnyVersion = ^uint64(0)

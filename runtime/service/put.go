package service

import (
	"context"
	"crypto/rand"
	"encoding/hex"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// Submission is one event that a door hands to the engine.
type Submission struct {
	Event event.Event
	// Key makes the submission idempotent: a second one with the same key is answered
	// as a duplicate of the first. "" means no such check.
	Key string
}

// Receipt is what became of a Submission once the engine has it.
type Receipt struct {
	// ID is the event's id; for a duplicate the id of the first one.
	ID        string
	Duplicate bool
	// Matched are the names of the rules that matched, Targets how many deliveries
	// they make.
	Matched []string
	Targets int
}

// Putter takes events in: the engine does. Receipts stand in the order of the
// submissions; an error means that none of them was taken.
type Putter interface {
	Put(ctx context.Context, submissions []Submission) ([]Receipt, error)
}

// NewID is a random UUID, version 4, as the ids of events and requests are.
func NewID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	s := hex.EncodeToString(b[:])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

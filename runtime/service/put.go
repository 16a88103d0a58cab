package service

import (
	"context"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// Submission is one event that a door hands to the engine.
type Submission struct {
	Event event.Event
	// Key makes the submission idempotent: a second one with the same key is answered
	// as a duplicate of the first. "" means no such check.
	Key string
	// Only names the rules that may match it; nil means all. A replay can be for some.
	Only []string
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

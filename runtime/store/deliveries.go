package store

import (
	"context"
	"time"
)

// Deliveries is how far each target has come and what has failed.
type Deliveries interface {
	Reporter
	// Cursor is the last entry that target has settled: delivered, or kept as a retry
	// or a dead letter, like every entry before it. 0 means none yet.
	Cursor(ctx context.Context, target string) (Seq, error)
	// Settle commits what became of a target's deliveries at once. A durable store may
	// let it ride in its next commit: losing one costs duplicates, never loss. What
	// Settle makes is in force when it returns.
	Settle(ctx context.Context, s Settlement) error
	// Due returns up to n retries of target that are due at now, by due time, then
	// Seq, then rule; and when the first after these is due, zero if none waits. Of the
	// retries that share an OrderKey only the first, by Seq, then rule, is there for Due;
	// the others wait until it is gone.
	Due(ctx context.Context, target string, now time.Time, n int) (due []Retry, next time.Time, err error)
	// OrderKeys counts a target's retries by their OrderKey, without those that have none.
	OrderKeys(ctx context.Context, target string) (map[string]int, error)
	// Failures returns the retries and dead letters of one entry, by target and rule.
	Failures(ctx context.Context, seq Seq) ([]Retry, []DeadLetter, error)
	// DeadLetters returns up to n dead letters with an ID greater than after, oldest
	// first; target "" means of all targets.
	DeadLetters(ctx context.Context, target string, after DeadLetterID, n int) ([]DeadLetter, error)
}

// Settlement is one commit of a target's progress.
type Settlement struct {
	Target string
	// Cursor moves the target's cursor forward; 0 leaves it.
	Cursor Seq
	// Retry adds or replaces retries, by RetryID.
	Retry []Retry
	// Done removes retries, by RetryID; one that is not there is no error.
	Done []RetryID
	// Dead adds dead letters. Their ID is given by the store.
	Dead []DeadLetter
	// Forget removes dead letters: purged, or given back as Retry by a redrive.
	Forget []DeadLetterID
}

// RetryID names one delivery of a target: an entry of the log for one rule.
type RetryID struct {
	Seq  Seq
	Rule string
}

// Retry is a delivery that failed and will be tried again.
type Retry struct {
	RetryID
	Target string
	Entry  Entry
	// OrderKey is shared by the deliveries that are made one after the other; "" is
	// shared by none.
	OrderKey string
	// Attempts counts the attempts made; 0 after a redrive, and for a delivery that only
	// waits behind another one with its OrderKey.
	Attempts int
	// Due is when the next one is made; Since is when the first one was, or when it
	// was redriven.
	Due, Since time.Time
	// Code and Message are what the last attempt said.
	Code, Message string
	// Death is set when the delivery failed for good and waits only for its
	// dead-letter queue to take it.
	Death *Death
}

// Death is why a delivery will not be tried again.
type Death struct {
	// Code and Message are EventBridge's ERROR_CODE and ERROR_MESSAGE; Exhausted its
	// EXHAUSTED_RETRY_CONDITION, empty for a permanent error.
	Code, Message, Exhausted string
	// Attempts counts the attempts made, 0 if there was nothing to try.
	Attempts int
	Died     time.Time
}

// DeadLetterID orders dead letters by their arrival. The first is 1.
type DeadLetterID uint64

// DeadLetter is a delivery that will not be tried again.
type DeadLetter struct {
	ID           DeadLetterID
	Target, Rule string
	Entry        Entry
	Death
}

package dispatch

import (
	"time"

	"github.com/tocsin-engine/tocsin/runtime/store"
)

// Kind is what a Report tells of.
type Kind uint8

// The kinds of reports.
const (
	// Delivered: the target took it.
	Delivered Kind = iota
	// Retried: the attempt failed and there will be another one, at Next.
	Retried
	// Dead: it will not be tried again and stands among the dead letters.
	Dead
	// QueueFailed: it is dead, and its dead-letter queue did not take it; it is offered
	// again at Next.
	QueueFailed
)

var kindNames = [...]string{"delivered", "retried", "dead", "dead_letter_queue_failed"}

// String is the kind as logs and counters name it.
func (k Kind) String() string { return kindNames[k] }

// Report tells what became of one attempt, after that was committed.
type Report struct {
	Kind          Kind
	Target, Rule  string
	Entry         store.Entry
	Attempt       int
	Code, Message string
	// Exhausted is the retry condition that ended it, for Dead.
	Exhausted string
	// Queue is the dead-letter queue that took it, for Dead, or did not, for QueueFailed;
	// "" for none.
	Queue string
	// At is when the attempt began, Took how long it was.
	At   time.Time
	Took time.Duration
	// Next is when the next attempt is due.
	Next time.Time
}

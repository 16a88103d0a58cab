package dispatch

import (
	"context"
	"fmt"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/store"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// Runner acts on deliveries of one target. It is called by several goroutines at once,
// up to the target's concurrency.
type Runner interface {
	// Deliver says for each delivery what became of it, in their order. It ends soon
	// after ctx does. A panic, or an answer of another length, fails the whole batch
	// for another attempt.
	Deliver(ctx context.Context, batch []Delivery) []Outcome
}

// Delivery is one event for one target because of one rule.
type Delivery struct {
	// ID is the same for every attempt and different for every other delivery, so a
	// receiver can tell a repeated one.
	ID   string
	Rule string
	// Attempt counts from 1.
	Attempt int
	Event   event.Event
	// Input is what the rule file made of the event; nil means the event itself.
	Input []byte
	Entry store.Entry
}

// Outcome is what one attempt came to.
type Outcome struct {
	// OK means delivered; the other fields are for attempts that failed.
	OK bool
	// Retry asks for another attempt; without it the delivery is a dead letter now.
	Retry bool
	// Code becomes the dead letter's ERROR_CODE, Message its ERROR_MESSAGE.
	Code, Message string
	// Took is how long the target needed; zero means as long as the call.
	Took time.Duration
}

// Codes that dispatch itself gives as ERROR_CODE. NoResource is EventBridge's.
const (
	// NoResource: the rule or the target is not in the rule files any more.
	NoResource = "NO_RESOURCE"
	// InputError: the rule's or target's input could not be made from this event.
	InputError = "INPUT_ERROR"
	// TargetError: the target said no more than that it failed.
	TargetError = "TARGET_ERROR"
	// TargetPanic: the target's runner broke down.
	TargetPanic = "TARGET_PANIC"
	// OrderError: what the target orders its deliveries by could not be read from this
	// event.
	OrderError = "ORDER_ERROR"
	// DamagedEvent: what the log holds is no event.
	DamagedEvent = "DAMAGED_EVENT"
)

// TargetSpec is a target as dispatch needs it.
type TargetSpec struct {
	Runner Runner
	// Routes are the rules that name the target. A delivery whose rule is not among
	// them is dead-lettered with NO_RESOURCE.
	Routes map[string]Route
	// DeadLetter names the queue for deliveries whose rule is gone; "" means none.
	DeadLetter string
	// Concurrency is how many batches are under way at once. Default: 4.
	Concurrency int
	// Batch is how many deliveries one call gets at most. Default: 10.
	Batch int
	// Window is how long a batch that is not full waits for more, counted from when its
	// first event was received. Default: it does not wait. Retries do not either.
	Window time.Duration
	// OrderBy, if there is one, makes the order key of an event: deliveries that share
	// one are made one after the other, in log order. "" has no order.
	OrderBy func(event.Event) (key string, err error)
}

// Route is how one rule uses a target.
type Route struct {
	// Shape makes the target's input; nil, or a nil result, means the event itself.
	Shape func(event.Event, store.Entry) ([]byte, error)
	Retry RetryPolicy
	// DeadLetter names the queue that dead letters go to besides the store's list;
	// "" means none.
	DeadLetter string
}

func (s *TargetSpec) check(name string) error {
	if s.Runner == nil {
		return fmt.Errorf("dispatch: target %q has no runner", name)
	}
	if s.Concurrency < 0 || s.Batch < 0 || s.Window < 0 {
		return fmt.Errorf("dispatch: target %q: concurrency, batch and window are not negative", name)
	}
	for rule, r := range s.Routes {
		if err := r.Retry.check(); err != nil {
			return fmt.Errorf("dispatch: target %q, rule %q: %w", name, rule, err)
		}
	}
	return nil
}

func (s *TargetSpec) concurrency() int {
	if s == nil || s.Concurrency == 0 {
		return 4
	}
	return s.Concurrency
}

func (s *TargetSpec) batch() int {
	if s == nil || s.Batch == 0 {
		return 10
	}
	return s.Batch
}

func (s *TargetSpec) window() time.Duration {
	if s == nil {
		return 0
	}
	return s.Window
}

// ordered gives an item its order key, if the target has one.
func (s *TargetSpec) ordered(it item) item {
	it.key, it.keyErr = "", nil
	if s == nil || s.OrderBy == nil {
		return it
	}
	ev, err := it.entry.Parse()
	if err != nil {
		return it // prepare says so
	}
	it.key, it.keyErr = s.OrderBy(ev)
	return it
}

// DeadLetterQueues takes dead letters for people: a queue of the SQS service, or a real
// one. An error leaves the delivery pending; it is offered again until it is taken.
type DeadLetterQueues interface {
	Send(ctx context.Context, queue string, d store.DeadLetter) error
}

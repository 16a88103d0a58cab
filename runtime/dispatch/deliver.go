package dispatch

import (
	"cmp"
	"context"
	"fmt"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/store"
)

// result is an attempt and what follows from it: nothing (it is done), another attempt,
// or a dead letter.
type result struct {
	Report
	retry *store.Retry
	dead  *store.DeadLetter
}

// deliver makes the batch's attempts and returns a result for each item, in order.
func (l *lane) deliver(ctx context.Context, b *batch) []result {
	results := make([]result, len(b.items))
	calls := make([]Delivery, 0, len(b.items))
	of := make([]int, 0, len(b.items)) // the item of each call
	for i, it := range b.items {
		now := l.d.now()
		if it.parked {
			results[i].retry = &store.Retry{RetryID: it.RetryID, OrderKey: it.key, Entry: it.entry, Due: now, Since: now}
			continue
		}
		death := store.Death{Attempts: it.tried(), Died: now}
		if it.retry != nil && it.retry.Death != nil {
			death = *it.retry.Death
		} else {
			var call Delivery
			if call, death.Code, death.Message = l.prepare(b.spec, it); death.Code == "" {
				calls, of = append(calls, call), append(of, i)
				continue
			}
		}
		results[i] = l.bury(ctx, b, it, death, Report{Target: l.name, Rule: it.Rule, Entry: it.entry,
			Attempt: death.Attempts, Code: death.Code, Message: death.Message, At: now})
	}
	for len(calls) > 0 {
		n := min(b.spec.batch(), len(calls))
		began := l.d.now()
		for j, o := range l.call(ctx, b.spec.Runner, calls[:n]) {
			results[of[j]] = l.judge(ctx, b, b.items[of[j]], o, began)
		}
		calls, of = calls[n:], of[n:]
	}
	return results
}

// prepare makes the delivery of an item, or says why there can be none.
func (l *lane) prepare(spec *TargetSpec, it item) (d Delivery, code, message string) {
	ev, err := it.entry.Parse()
	if err != nil {
		return d, DamagedEvent, err.Error()
	}
	if spec == nil {
		return d, NoResource, fmt.Sprintf("there is no target %q any more", l.name)
	}
	route, ok := spec.Routes[it.Rule]
	if !ok {
		return d, NoResource, fmt.Sprintf("there is no rule %q with target %q any more", it.Rule, l.name)
	}
	if it.keyErr != nil {
		return d, OrderError, it.keyErr.Error()
	}
	d = Delivery{
		ID: l.id(it), Rule: it.Rule, Attempt: it.tried() + 1, Entry: it.entry,
		Event: ev,
	}
	if route.Shape != nil {
		if d.Input, err = route.Shape(d.Event, it.entry); err != nil {
			return d, InputError, err.Error()
		}
	}
	return d, "", ""
}

// call runs the target. Whatever happens in there is the outcome of these deliveries
// and of nothing else.
func (l *lane) call(ctx context.Context, r Runner, calls []Delivery) (out []Outcome) {
	all := func(code, message string) []Outcome {
		out := make([]Outcome, len(calls))
		for i := range out {
			out[i] = Outcome{Retry: true, Code: code, Message: message}
		}
		return out
	}
	defer func() {
		if p := recover(); p != nil {
			l.d.log.Error("a target's runner panicked", "target", l.name, "event", calls[0].Event.ID,
				"error", p, "stack", string(debug.Stack()))
			out = all(TargetPanic, fmt.Sprint("the target's runner panicked: ", p))
		}
	}()
	out = r.Deliver(ctx, calls)
	if len(out) != len(calls) {
		return all(TargetError, fmt.Sprintf("the target's runner gave %d outcomes for %d deliveries", len(out), len(calls)))
	}
	return out
}

// report reads an outcome: Delivered, Retried where another try may help, or else Dead.
func (l *lane) report(it item, o Outcome, began time.Time) Report {
	r := Report{Kind: Delivered, Target: l.name, Rule: it.Rule, Entry: it.entry, Attempt: it.tried() + 1, At: began, Took: o.Took}
	if r.Took == 0 {
		r.Took = l.d.now().Sub(began)
	}
	if o.OK {
		return r
	}
	r.Kind, r.Code, r.Message = Dead, cmp.Or(o.Code, TargetError), o.Message
	if o.Retry {
		r.Kind = Retried
	}
	return r
}

// judge says what follows from an outcome.
func (l *lane) judge(ctx context.Context, b *batch, it item, o Outcome, began time.Time) result {
	r := l.report(it, o, began)
	if r.Kind == Delivered {
		return result{Report: r}
	}
	now := l.d.now()
	death := store.Death{Code: r.Code, Message: r.Message, Attempts: r.Attempt, Died: now}
	if r.Kind == Retried {
		since := it.since(began)
		due, exhausted := b.spec.Routes[it.Rule].Retry.next(l.name+l.id(it), r.Attempt, since, now)
		if exhausted == "" {
			r.Next = due
			return result{Report: r, retry: &store.Retry{
				RetryID: it.RetryID, OrderKey: it.key, Entry: it.entry, Attempts: r.Attempt,
				Due: due, Since: since, Code: r.Code, Message: r.Message,
			}}
		}
		death.Exhausted = exhausted
	}
	return l.bury(ctx, b, it, death, r)
}

// bury makes a dead letter, after its queue took it if it has one. Until then the
// delivery stays a retry that only waits for the queue, however long that takes.
func (l *lane) bury(ctx context.Context, b *batch, it item, death store.Death, r Report) result {
	dead := store.DeadLetter{Target: l.name, Rule: it.Rule, Entry: it.entry, Death: death}
	r.Kind, r.Exhausted = Dead, death.Exhausted
	queue := b.queue(it.Rule)
	if queue == "" || l.d.queues == nil {
		return result{Report: r, dead: &dead}
	}
	r.Queue = queue
	err := l.sendDead(ctx, queue, dead)
	if err == nil {
		return result{Report: r, dead: &dead}
	}
	now := l.d.now()
	// Waiting as long again as it has waited doubles the delay without a counter.
	wait := min(max(now.Sub(death.Died), firstDelay), maxDelay)
	r.Kind, r.Next = QueueFailed, now.Add(wait)
	r.Message = fmt.Sprintf("the dead-letter queue %q did not take it: %v", queue, err)
	return result{Report: r, retry: &store.Retry{
		RetryID: it.RetryID, Entry: it.entry, Attempts: death.Attempts, Due: r.Next, Since: it.since(now),
		Code: death.Code, Message: r.Message, Death: &death,
	}}
}

// sendDead offers a dead letter to its queue; a panic in there is an error like others.
func (l *lane) sendDead(ctx context.Context, queue string, d store.DeadLetter) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("it panicked: %v", p)
		}
	}()
	return l.d.queues.Send(ctx, queue, d)
}

// queue names the dead-letter queue of a rule's deliveries.
func (b *batch) queue(rule string) string {
	if b.spec == nil {
		return ""
	}
	if route, ok := b.spec.Routes[rule]; ok {
		return route.DeadLetter
	}
	return b.spec.DeadLetter
}

// tried counts the attempts that were made before this one.
func (i item) tried() int {
	if i.retry == nil {
		return 0
	}
	return i.retry.Attempts
}

// since is when the delivery's age begins: when the event was received, or when the
// first attempt was made of one that was redriven or had to wait for its turn.
func (i item) since(began time.Time) time.Time {
	switch {
	case i.retry == nil:
		return i.entry.Received
	case i.retry.Attempts == 0 && i.retry.Death == nil:
		return began
	}
	return i.retry.Since
}

func (l *lane) id(it item) string { return DeliveryID(it.entry.ID, it.Seq, it.Rule, l.name) }

// DeliveryID is a delivery's id. The place in the log tells two events apart to which their
// senders gave one id.
func DeliveryID(event string, seq store.Seq, rule, target string) string {
	return event + "/" + strconv.FormatUint(uint64(seq), 10) + "/" + rule + "/" + target
}

package dispatch

import (
	"context"

	"github.com/tocsin-engine/tocsin/runtime/store"
)

// Redrive takes dead letters out of the store's list and gives them back to their
// targets, to be tried as though they had come now: the attempts and the age begin anew.
// Each goes to the rule and target that it was for; one whose rule or target is gone
// dies again, of NO_RESOURCE.
func (d *Dispatcher) Redrive(ctx context.Context, letters []store.DeadLetter) error {
	byTarget := map[string][]store.DeadLetter{}
	for _, letter := range letters {
		byTarget[letter.Target] = append(byTarget[letter.Target], letter)
	}
	for target, of := range byTarget {
		d.mu.Lock()
		l := d.lane(target)
		d.mu.Unlock()
		if err := l.redrive(ctx, of); err != nil {
			return err
		}
	}
	return nil
}

func (l *lane) redrive(ctx context.Context, letters []store.DeadLetter) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.start(ctx); err != nil {
		return err
	}
	now := l.d.now()
	s := store.Settlement{Target: l.name}
	for _, letter := range letters {
		it := l.spec.ordered(item{RetryID: store.RetryID{Seq: letter.Entry.Seq, Rule: letter.Rule}, entry: letter.Entry})
		s.Forget = append(s.Forget, letter.ID)
		s.Retry = append(s.Retry, store.Retry{RetryID: it.RetryID, OrderKey: it.key, Entry: letter.Entry, Due: now, Since: now})
	}
	if err := l.d.store.Settle(ctx, s); err != nil {
		return err
	}
	for i := range s.Retry {
		l.order.keep(&s.Retry[i])
	}
	l.askDue = true
	l.poke()
	return nil
}

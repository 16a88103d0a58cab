package memory

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/store"
)

// lane is one target's progress.
type lane struct {
	cursor  store.Seq
	unread  []store.Seq // entries after the cursor that want this target
	retries map[store.RetryID]*retry
	due     dueHeap
	// ordered are the retries of each order key, in log order; only the first of them
	// is in the heap.
	ordered map[string][]*retry
	dying   int
}

// retry is a kept retry. Where its entry is still in the log it holds that one open.
type retry struct {
	store.Retry
	holds bool
	index int // in the heap
}

// lane returns a target's lane, made at its first use.
func (s *Store) lane(target string) *lane {
	l := s.lanes[target]
	if l == nil {
		l = &lane{retries: map[store.RetryID]*retry{}, ordered: map[string][]*retry{}}
		s.lanes[target] = l
	}
	return l
}

// Cursor is the last entry that target has settled.
func (s *Store) Cursor(ctx context.Context, target string) (store.Seq, error) {
	if err := s.enter(ctx); err != nil {
		return 0, err
	}
	defer s.mu.Unlock()
	if l := s.lanes[target]; l != nil {
		return l.cursor, nil
	}
	return 0, nil
}

// Settle commits what became of a target's deliveries; see store.Deliveries.
func (s *Store) Settle(ctx context.Context, set store.Settlement) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	l := s.lane(set.Target)
	for _, r := range set.Retry {
		r.Target = set.Target
		s.putRetry(l, r)
	}
	for _, id := range set.Done {
		s.removeRetry(l, id)
	}
	for _, d := range set.Dead {
		d.Target = set.Target
		s.dead.add(d, s.config.DeadLetterBytes)
	}
	s.dead.forget(set.Forget)
	s.advance(l, set.Cursor)
	return nil
}

// advance moves the cursor forward and lets go of the entries it passes.
func (s *Store) advance(l *lane, cursor store.Seq) {
	if cursor <= l.cursor {
		return
	}
	l.cursor = cursor
	for len(l.unread) > 0 && l.unread[0] <= cursor {
		s.log.release(l.unread[0])
		l.unread = l.unread[1:]
	}
}

func (s *Store) putRetry(l *lane, r store.Retry) {
	kept := &retry{Retry: r}
	if e := s.log.entries[r.Seq]; e != nil {
		kept.holds = true
		e.open++
	} else {
		s.log.bytes += size(r.Entry)
	}
	s.removeRetry(l, r.RetryID) // after the entry is held again: it must not close in between
	if r.Death != nil {
		l.dying++
	}
	l.retries[r.RetryID] = kept
	l.enqueue(kept)
}

func (s *Store) removeRetry(l *lane, id store.RetryID) {
	kept := l.retries[id]
	if kept == nil {
		return
	}
	delete(l.retries, id)
	l.dequeue(kept)
	if kept.Death != nil {
		l.dying--
	}
	if kept.holds {
		s.log.release(id.Seq)
	} else {
		s.log.bytes -= size(kept.Entry)
	}
}

// enqueue makes a retry due at its time, or holds it behind others with its order key.
func (l *lane) enqueue(r *retry) {
	if r.OrderKey == "" {
		l.due.push(r)
		return
	}
	queue := l.ordered[r.OrderKey]
	at, _ := slices.BinarySearchFunc(queue, r, logOrder)
	if at == 0 && len(queue) > 0 {
		l.due.remove(queue[0])
	}
	if at == 0 {
		l.due.push(r)
	}
	l.ordered[r.OrderKey] = slices.Insert(queue, at, r)
}

// dequeue undoes enqueue; the next with the order key moves up.
func (l *lane) dequeue(r *retry) {
	if r.OrderKey == "" {
		l.due.remove(r)
		return
	}
	queue := l.ordered[r.OrderKey]
	at, _ := slices.BinarySearchFunc(queue, r, logOrder)
	if at == 0 {
		l.due.remove(r)
	}
	if queue = slices.Delete(queue, at, at+1); len(queue) == 0 {
		delete(l.ordered, r.OrderKey)
		return
	}
	if at == 0 {
		l.due.push(queue[0])
	}
	l.ordered[r.OrderKey] = queue
}

func logOrder(a, b *retry) int {
	return cmp.Or(cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.Rule, b.Rule))
}

// OrderKeys counts a target's retries by their order keys.
func (s *Store) OrderKeys(ctx context.Context, target string) (map[string]int, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	counts := map[string]int{}
	if l := s.lanes[target]; l != nil {
		for key, queue := range l.ordered {
			counts[key] = len(queue)
		}
	}
	return counts, nil
}

// Due returns the retries of target that are due, soonest first.
func (s *Store) Due(ctx context.Context, target string, now time.Time, n int) ([]store.Retry, time.Time, error) {
	if err := s.enter(ctx); err != nil {
		return nil, time.Time{}, err
	}
	defer s.mu.Unlock()
	l := s.lanes[target]
	if l == nil {
		return nil, time.Time{}, nil
	}
	return l.due.first(now, n)
}

// Failures returns one entry's retries and dead letters.
func (s *Store) Failures(ctx context.Context, seq store.Seq) ([]store.Retry, []store.DeadLetter, error) {
	if err := s.enter(ctx); err != nil {
		return nil, nil, err
	}
	defer s.mu.Unlock()
	var retries []store.Retry
	for _, name := range sortedKeys(s.lanes) {
		for id, r := range s.lanes[name].retries {
			if id.Seq == seq {
				retries = append(retries, r.Retry)
			}
		}
	}
	slices.SortFunc(retries, func(a, b store.Retry) int {
		return cmp.Or(cmp.Compare(a.Target, b.Target), cmp.Compare(a.Rule, b.Rule))
	})
	return retries, s.dead.of(seq), nil
}

// DeadLetters pages through the dead letters, oldest first.
func (s *Store) DeadLetters(ctx context.Context, target string, after store.DeadLetterID, n int) ([]store.DeadLetter, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	return s.dead.page(target, after, n), nil
}

package dispatch

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/store"
)

// lane is one target's way through the log.
//
// The cursor that is committed never passes a batch that is not: it is the place before
// the first entry still under way. And a failure is committed with or before the cursor
// that passes it. So a crash repeats deliveries and loses none.
type lane struct {
	d    *Dispatcher
	name string
	// wake holds a token when there may be something to do.
	wake chan struct{}
	// more says that the log may hold entries after next.
	more atomic.Bool
	quiet

	mu      sync.Mutex
	spec    *TargetSpec // nil: the target is gone
	started bool        // next and cursor were read from the store
	cursor  store.Seq   // committed
	next    store.Seq   // read up to here
	flights map[*batch]bool
	retries map[store.RetryID]bool // under way
	order   order
	askDue  bool // the store may have a retry due before nextDue
	nextDue time.Time
	turn    bool // the log's turn to go before the retries
	// draining says that nothing is waited for any more.
	draining bool
}

// batch is what one goroutine of a lane delivers.
type batch struct {
	spec *TargetSpec
	// first is the first entry's place, 0 for a batch of retries.
	first store.Seq
	items []item
}

// item is one delivery of a batch: new, or a retry.
type item struct {
	store.RetryID
	entry store.Entry
	retry *store.Retry
	// key is the order key, "" for none; keyErr says why it cannot be known.
	key    string
	keyErr error
	// parked is not tried now: it becomes a retry that waits behind others with its key.
	parked bool
}

func newLane(d *Dispatcher, name string) *lane {
	l := &lane{
		d: d, name: name, wake: make(chan struct{}, 1), askDue: true,
		flights: map[*batch]bool{}, retries: map[store.RetryID]bool{},
		order: order{flying: map[string]bool{}},
	}
	l.more.Store(true)
	return l
}

func (l *lane) setSpec(s *TargetSpec) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.spec = s
	for i, it := range l.order.ahead {
		l.order.ahead[i] = s.ordered(it)
	}
}

// rouse makes the lane look at the log again.
func (l *lane) rouse() {
	l.more.Store(true)
	l.poke()
}

func (l *lane) poke() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// take returns the next batch, nil if there is none now or as many as may be are under
// way. New entries and retries take turns, so that neither starves the other.
func (l *lane) take(ctx context.Context) (*batch, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.flights) >= l.spec.concurrency() {
		return nil, nil
	}
	if err := l.start(ctx); err != nil {
		return nil, err
	}
	kinds := [2]func(context.Context) ([]item, error){l.takeRetries, l.takeNew}
	if l.turn {
		kinds[0], kinds[1] = kinds[1], kinds[0]
	}
	for _, take := range kinds {
		items, err := take(ctx)
		if err != nil {
			return nil, err
		}
		if len(items) > 0 {
			return l.launch(items), nil
		}
	}
	return nil, nil
}

// launch makes a batch of items and puts it under way.
func (l *lane) launch(items []item) *batch {
	b := &batch{spec: l.spec, items: items}
	l.turn = items[0].retry != nil
	if items[0].retry == nil {
		b.first = items[0].Seq
	}
	for _, it := range items {
		if it.key != "" && !it.parked {
			l.order.flying[it.key] = true
		}
	}
	l.flights[b] = true
	return b
}

// start reads where the lane stopped when the engine last ran.
func (l *lane) start(ctx context.Context) error {
	if l.started {
		return nil
	}
	seq, err := l.d.store.Cursor(ctx, l.name)
	if err != nil {
		return err
	}
	if l.order.kept, err = l.d.store.OrderKeys(ctx, l.name); err != nil {
		return err
	}
	l.cursor, l.next, l.started = seq, seq, true
	return nil
}

func (l *lane) takeNew(ctx context.Context) ([]item, error) {
	if l.spec.window() == 0 && (l.spec == nil || l.spec.OrderBy == nil) && len(l.order.ahead) == 0 {
		return l.readLog(ctx)
	}
	return l.takeAhead(ctx)
}

// readLog reads the next deliveries in the log, none if it holds no more.
func (l *lane) readLog(ctx context.Context) ([]item, error) {
	if !l.more.Swap(false) {
		return nil, nil
	}
	n := l.spec.batch()
	entries, err := l.d.store.Read(ctx, l.name, l.next, n)
	if err != nil || len(entries) == n {
		l.more.Store(true)
	}
	if err != nil || len(entries) == 0 {
		return nil, err
	}
	items := make([]item, 0, len(entries))
	for _, e := range entries {
		for _, p := range e.Pairs {
			if p.Target == l.name {
				items = append(items, l.spec.ordered(item{RetryID: store.RetryID{Seq: e.Seq, Rule: p.Rule}, entry: e}))
			}
		}
	}
	l.next = entries[len(entries)-1].Seq
	return items, nil
}

func (l *lane) takeRetries(ctx context.Context) ([]item, error) {
	now := l.d.now()
	if !l.askDue && (l.nextDue.IsZero() || l.nextDue.After(now)) {
		return nil, nil
	}
	n := l.spec.batch()
	due, next, err := l.d.store.Due(ctx, l.name, now, n+len(l.retries)+len(l.order.flying))
	if err != nil {
		return nil, err
	}
	var items []item
	for _, r := range due {
		if l.retries[r.RetryID] || l.order.flying[r.OrderKey] {
			continue // under way; the store still has it
		}
		if len(items) == n {
			next = now // there are more
			break
		}
		items = append(items, item{RetryID: r.RetryID, entry: r.Entry, retry: &r, key: r.OrderKey})
	}
	for _, i := range items {
		l.retries[i.RetryID] = true
	}
	l.askDue, l.nextDue = false, next
	return items, nil
}

// floor is how far the cursor may go once b is committed. l.mu is held.
func (l *lane) floor(b *batch) store.Seq {
	seq := l.next
	if len(l.order.ahead) > 0 {
		seq = min(seq, l.order.ahead[0].Seq-1)
	}
	for other := range l.flights {
		if other != b && other.first != 0 && other.first <= seq {
			seq = other.first - 1
		}
	}
	return seq
}

// land ends a batch's flight. l.mu is held.
func (l *lane) land(b *batch) {
	delete(l.flights, b)
	for _, i := range b.items {
		delete(l.retries, i.RetryID)
		if !i.parked {
			delete(l.order.flying, i.key)
		}
	}
	l.poke()
}

// expect notes what a settlement did to what is due. A lane knows the retries that it has
// made itself, and need not ask the store for them; which one comes next after a retry, or
// of an order key, the store knows.
func (l *lane) expect(it item, after *store.Retry) {
	switch {
	case it.retry != nil || it.key != "":
		l.askDue = true
	case after != nil:
		l.nextDue = sooner(l.nextDue, after.Due)
	}
}

// abandon gives back a batch that could not be committed: it will be read again.
func (l *lane) abandon(b *batch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if b.first != 0 && b.first <= l.next {
		l.next = b.first - 1
		l.order.forget(b.first)
		l.more.Store(true)
	}
	l.askDue = true
	l.land(b)
}

// due is when the lane has something to do: its next retry, or a batch that has waited
// long enough; never, while there is no room for it.
func (l *lane) due() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.flights) >= l.spec.concurrency() {
		return time.Time{}
	}
	return sooner(l.nextDue, l.order.ripe)
}

// step delivers all that is due now, one batch after the other.
func (l *lane) step(ctx context.Context) (worked bool, next time.Time, err error) {
	for {
		b, err := l.take(ctx)
		if err != nil || b == nil {
			return worked, l.due(), err
		}
		worked = true
		if err := l.settle(ctx, b, l.deliver(ctx, b)); err != nil {
			l.abandon(b)
			return worked, time.Time{}, err
		}
	}
}

package dispatch

import (
	"context"
	"errors"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/store"
)

// settle commits what became of a batch, ends its flight and reports. On an error the
// batch is still under way.
//
// The lane is locked over the commit, so that commits reach the store in the order in
// which their cursors were computed.
func (l *lane) settle(ctx context.Context, b *batch, results []result) error {
	if err := l.commit(ctx, b, results); err != nil {
		return err
	}
	for i, r := range results {
		if b.items[i].parked {
			continue // nothing was tried
		}
		l.tell(r.Report)
		l.d.observe(r.Report)
	}
	return nil
}

func (l *lane) commit(ctx context.Context, b *batch, results []result) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := store.Settlement{Target: l.name}
	if floor := l.floor(b); floor > l.cursor {
		s.Cursor = floor
	}
	for i, r := range results {
		switch {
		case r.retry != nil:
			s.Retry = append(s.Retry, *r.retry)
		case b.items[i].retry != nil:
			s.Done = append(s.Done, b.items[i].RetryID)
		}
		if r.dead != nil {
			s.Dead = append(s.Dead, *r.dead)
		}
	}
	if err := l.d.store.Settle(ctx, s); err != nil {
		return err
	}
	l.cursor = max(l.cursor, s.Cursor)
	for i, r := range results {
		l.order.settled(b.items[i], r.retry)
		l.expect(b.items[i], r.retry)
	}
	l.land(b)
	return nil
}

// settlePause is how long a lane waits before it offers a settlement again.
const settlePause = time.Second

// settleUntil settles, again and again while the store cannot take it, until ctx ends
// or the store is closed.
func (l *lane) settleUntil(ctx context.Context, b *batch, results []result) {
	for {
		err := l.settle(context.WithoutCancel(ctx), b, results)
		if err == nil {
			return
		}
		l.complain(l.d.now(), "deliveries could not be settled, will try again", "error", err)
		if errors.Is(err, store.ErrClosed) || !pause(ctx, settlePause) {
			l.abandon(b)
			return
		}
	}
}

// pause waits, and says false if ctx ended before.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

package archive

import (
	"context"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/store"
)

// Count is how much an archive holds.
type Count struct {
	Events int64
	Bytes  int64
}

// counted is a count with how far in the log it has come.
type counted struct {
	Count
	Upto store.Seq
}

func countKey(lane string) string { return "count/" + lane }

const (
	// readAtOnce is how many entries are read at once.
	readAtOnce = 500
	// countAtOnce bounds what one question counts; the rest is counted in the background.
	countAtOnce = 20_000
)

// Count says how much an archive holds. What came in the last moments may be missing.
func (a *Archives) Count(ctx context.Context, r Archive) (Count, error) {
	c, err := a.count(ctx, r.Lane, countAtOnce)
	return c.Count, err
}

// count reads on from where the last count ended, up to most entries.
func (a *Archives) count(ctx context.Context, lane string, most int) (counted, error) {
	a.counting.Lock()
	defer a.counting.Unlock()
	stored, err := service.Get[counted](ctx, a.state, countKey(lane))
	if err != nil {
		return counted{}, err
	}
	c := stored.Value
	for n := 0; n < most; {
		entries, err := a.c.Store.Read(ctx, lane, c.Upto, readAtOnce)
		if err != nil {
			return c, err
		}
		for _, e := range entries {
			c.Events++
			c.Bytes += int64(len(e.Raw))
			c.Upto = e.Seq
		}
		if n += len(entries); len(entries) < readAtOnce {
			break
		}
	}
	if c == stored.Value {
		return c, nil
	}
	return c, a.state.Apply(ctx, a.state.Put(countKey(lane), c, store.AnyVersion, time.Time{}))
}

// retain lets go of the events of an archive that are older than its retention.
func (a *Archives) retain(ctx context.Context, r Archive) error {
	if r.RetentionDays == 0 {
		return nil
	}
	oldest := a.c.Now().AddDate(0, 0, -r.RetentionDays)
	for ctx.Err() == nil {
		// What goes must have been counted before.
		c, err := a.count(ctx, r.Lane, countAtOnce)
		if err != nil {
			return err
		}
		more, err := a.retainSome(ctx, r.Lane, oldest, c)
		if err != nil || !more {
			return err
		}
	}
	return ctx.Err()
}

func (a *Archives) retainSome(ctx context.Context, lane string, oldest time.Time, c counted) (more bool, err error) {
	a.counting.Lock()
	defer a.counting.Unlock()
	cursor, err := a.c.Store.Cursor(ctx, lane)
	if err != nil {
		return false, err
	}
	entries, err := a.c.Store.Read(ctx, lane, cursor, readAtOnce)
	if err != nil {
		return false, err
	}
	gone := 0
	for _, e := range entries {
		if !e.Received.Before(oldest) || e.Seq > c.Upto {
			break
		}
		gone++
		c.Events--
		c.Bytes -= int64(len(e.Raw))
	}
	if gone == 0 {
		return false, nil
	}
	// The count first: a crash in between leaves too small a count, not lost events.
	if err := a.state.Apply(ctx, a.state.Put(countKey(lane), c, store.AnyVersion, time.Time{})); err != nil {
		return false, err
	}
	err = a.c.Store.Settle(ctx, store.Settlement{Target: lane, Cursor: entries[gone-1].Seq})
	return gone == len(entries), err
}

// tidyEvery is how often archives are counted and old events let go of.
const tidyEvery = time.Minute

// tidy counts every archive and lets go of what is too old.
func (a *Archives) tidy(ctx context.Context) error {
	all, err := a.List(ctx)
	if err != nil {
		return err
	}
	for _, r := range all {
		if _, err := a.count(ctx, r.Lane, 50*countAtOnce); err != nil {
			return err
		}
		if err := a.retain(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

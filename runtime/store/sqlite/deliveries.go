package sqlite

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/tocsin-engine/tocsin/runtime/store"
)

// Cursor is the last entry that target has settled.
func (s *Store) Cursor(ctx context.Context, name string) (store.Seq, error) {
	if err := s.enter(ctx); err != nil {
		return 0, err
	}
	return s.cursor(name), nil
}

func (s *Store) cursor(name string) store.Seq {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.cursors[name]
}

// Settle commits what became of a target's deliveries; see store.Deliveries.
func (s *Store) Settle(ctx context.Context, set store.Settlement) error {
	return s.commit(ctx, &op{do: func(t *tx) error { return t.settle(set) }})
}

func (t *tx) settle(set store.Settlement) error {
	if err := t.beginState(); err != nil {
		return err
	}
	for _, r := range set.Retry {
		if err := t.putRetry(set.Target, r); err != nil {
			return err
		}
	}
	for _, id := range set.Done {
		if err := t.removeRetry(set.Target, id); err != nil {
			return err
		}
	}
	for _, d := range set.Dead {
		d.Target = set.Target
		if err := t.bury(d); err != nil {
			return err
		}
	}
	for _, id := range set.Forget {
		if err := t.forget("id = ?", int64(id)); err != nil {
			return err
		}
	}
	return t.moveCursor(set.Target, set.Cursor)
}

// moveCursor moves a target's cursor forward, and makes it at its first settlement.
func (t *tx) moveCursor(name string, to store.Seq) error {
	at, moved := t.cursors[name]
	if !moved {
		at = t.s.cursor(name)
	}
	if to <= at {
		return nil
	}
	t.cursors[name] = to
	return t.w.state.exec("INSERT OR REPLACE INTO targets (name, cursor, crc) VALUES (?, ?, ?)", name, int64(to), cursorSum(name, to))
}

func cursorSum(name string, at store.Seq) int64 { return int64(sum(0).text(name).int(int64(at))) }

func (t *tx) putRetry(target string, r store.Retry) error {
	before, _, err := t.orderKey(target, r.RetryID)
	if err != nil {
		return err
	}
	body, err := encodeRetry(r, t.s.holding(r.Seq) != nil)
	if err != nil {
		return err
	}
	dying := 0
	if r.Death != nil {
		dying = 1
	}
	err = t.w.state.exec("INSERT OR REPLACE INTO retries (target, seq, rule, order_key, held, due, dying, crc, body) VALUES (?, ?, ?, ?, 0, ?, ?, ?, ?)",
		target, int64(r.Seq), r.Rule, r.OrderKey, nanos(r.Due), dying, retrySum(target, r.RetryID, nanos(r.Due), body), body)
	if err == nil && before != r.OrderKey {
		err = t.chooseHead(target, before)
	}
	if err == nil {
		err = t.chooseHead(target, r.OrderKey)
	}
	return err
}

func (t *tx) removeRetry(target string, id store.RetryID) error {
	key, kept, err := t.orderKey(target, id)
	if err != nil || !kept {
		return err
	}
	err = t.w.state.exec("DELETE FROM retries WHERE target = ? AND seq = ? AND rule = ?", target, int64(id.Seq), id.Rule)
	if err != nil {
		return err
	}
	return t.chooseHead(target, key)
}

// orderKey is that of a retry, if there is one.
func (t *tx) orderKey(target string, id store.RetryID) (key string, kept bool, err error) {
	kept, err = t.w.state.one("SELECT order_key FROM retries WHERE target = ? AND seq = ? AND rule = ?",
		[]any{target, int64(id.Seq), id.Rule}, func(r *sqlite3.Stmt) { key = r.ColumnText(0) })
	return key, kept, err
}

// chooseHead lets the first of the retries with an order key be due, and holds the
// others. The index retries_head has the one or two that are not held, so that a long
// queue costs no more than a short one.
func (t *tx) chooseHead(target, key string) error {
	if key == "" {
		return nil
	}
	const of = " WHERE target = ?1 AND order_key = ?2 AND order_key <> ''"
	const first = "(SELECT seq, rule FROM retries" + of + " ORDER BY seq, rule LIMIT 1)"
	err := t.w.state.exec("UPDATE retries SET held = 1"+of+" AND held = 0 AND (seq, rule) <> "+first, target, key)
	if err != nil {
		return err
	}
	return t.w.state.exec("UPDATE retries SET held = 0"+of+" AND held = 1 AND (seq, rule) = "+first, target, key)
}

func retrySum(target string, id store.RetryID, due int64, body []byte) int64 {
	return int64(sum(0).text(target).int(int64(id.Seq)).text(id.Rule).int(due).bytes(body))
}

func (t *tx) bury(d store.DeadLetter) error {
	body, err := encodeDead(d)
	if err != nil {
		return err
	}
	t.dead++
	return t.w.state.exec("INSERT INTO dead (target, seq, died, crc, body) VALUES (?, ?, ?, ?, ?)",
		d.Target, int64(d.Entry.Seq), nanos(d.Died), deadSum(d.Target, d.Entry.Seq, nanos(d.Died), body), body)
}

func deadSum(target string, seq store.Seq, died int64, body []byte) int64 {
	return int64(sum(0).text(target).int(int64(seq)).int(died).bytes(body))
}

// forget removes dead letters.
func (t *tx) forget(which string, args ...any) error {
	if err := t.w.state.exec("DELETE FROM dead WHERE "+which, args...); err != nil {
		return err
	}
	t.dead -= t.w.state.db.Changes()
	return nil
}

// readRetries reads retries with their entries. A damaged one is tried now, as though
// for the first time: the event is not.
func (s *Store) readRetries(ctx context.Context, where string, args ...any) (out []store.Retry, err error) {
	err = s.inState(ctx, func(c *conn) error {
		return c.query("SELECT target, seq, rule, due, crc, body FROM retries WHERE "+where, args, func(row *sqlite3.Stmt) error {
			r := store.Retry{Target: row.ColumnText(0), Due: timeOf(row.ColumnInt64(3))}
			r.Seq, r.Rule = store.Seq(row.ColumnInt64(1)), row.ColumnText(2)
			body := row.ColumnRawBlob(5)
			if retrySum(r.Target, r.RetryID, row.ColumnInt64(3), body) != row.ColumnInt64(4) || decodeRetry(body, &r) != nil {
				s.report("a retry is damaged, its attempts are counted anew", "file", File, "target", r.Target, "rule", r.Rule, "place", r.Seq)
			}
			out = append(out, r)
			return nil
		})
	})
	for i := range out {
		if err == nil && out[i].Entry.Seq == 0 {
			err = s.fillRetry(ctx, &out[i])
		}
	}
	return out, err
}

// fillRetry takes a retry's entry from the log.
func (s *Store) fillRetry(ctx context.Context, r *store.Retry) error {
	e, found, err := s.entryAt(ctx, r.Seq, r.Target)
	if err != nil {
		return err
	}
	if !found {
		e = store.Entry{Seq: r.Seq, ID: "damaged-" + placeText(r.Seq), Bus: "default"}
		s.report("the event of a retry is not in the log any more", "target", r.Target, "rule", r.Rule, "place", r.Seq)
	}
	r.Entry = e
	if r.Since.IsZero() {
		r.Since = e.Received
	}
	return nil
}

func placeText(seq store.Seq) string { return strconv.FormatUint(uint64(seq), 10) }

// Due returns the retries of target that are due, soonest first.
func (s *Store) Due(ctx context.Context, name string, now time.Time, n int) ([]store.Retry, time.Time, error) {
	if err := s.enter(ctx); err != nil {
		return nil, time.Time{}, err
	}
	due, err := s.readRetries(ctx, "target = ? AND held = 0 AND due <= ? ORDER BY due, seq, rule LIMIT ?", name, nanos(now), n)
	if err != nil {
		return nil, time.Time{}, err
	}
	next, err := s.nextDue(ctx, name, len(due))
	return due, next, err
}

// nextDue is when the first retry after the first n is due, zero if there is none.
func (s *Store) nextDue(ctx context.Context, name string, n int) (at time.Time, err error) {
	err = s.inState(ctx, func(c *conn) error {
		ns, err := c.number("SELECT due FROM retries WHERE target = ? AND held = 0 ORDER BY due, seq, rule LIMIT 1 OFFSET ?", name, n)
		at = timeOf(ns)
		return err
	})
	return at, err
}

// OrderKeys counts a target's retries by their order keys.
func (s *Store) OrderKeys(ctx context.Context, name string) (map[string]int, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	counts := map[string]int{}
	err := s.inState(ctx, func(c *conn) error {
		return c.query("SELECT order_key, count(*) FROM retries WHERE target = ? AND order_key <> '' GROUP BY order_key", []any{name}, func(r *sqlite3.Stmt) error {
			counts[r.ColumnText(0)] = r.ColumnInt(1)
			return nil
		})
	})
	return counts, err
}

// Failures returns one entry's retries and dead letters.
func (s *Store) Failures(ctx context.Context, seq store.Seq) ([]store.Retry, []store.DeadLetter, error) {
	if err := s.enter(ctx); err != nil {
		return nil, nil, err
	}
	retries, err := s.readRetries(ctx, "seq = ? ORDER BY target, rule", int64(seq))
	if err != nil {
		return nil, nil, err
	}
	dead, err := s.readDead(ctx, "seq = ? ORDER BY target, id", int64(seq))
	return retries, dead, err
}

// DeadLetters pages through the dead letters, oldest first.
func (s *Store) DeadLetters(ctx context.Context, name string, after store.DeadLetterID, n int) ([]store.DeadLetter, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	if name == "" {
		return s.readDead(ctx, "id > ? ORDER BY id LIMIT ?", int64(after), n)
	}
	return s.readDead(ctx, "target = ? AND id > ? ORDER BY id LIMIT ?", name, int64(after), n)
}

func (s *Store) readDead(ctx context.Context, where string, args ...any) (out []store.DeadLetter, err error) {
	err = s.inState(ctx, func(c *conn) error {
		return c.query("SELECT id, target, seq, died, crc, body FROM dead WHERE "+where, args, func(r *sqlite3.Stmt) error {
			id, target, body := r.ColumnInt64(0), r.ColumnText(1), r.ColumnRawBlob(5)
			d, err := decodeDead(body)
			if err != nil || deadSum(target, store.Seq(r.ColumnInt64(2)), r.ColumnInt64(3), body) != r.ColumnInt64(4) {
				s.report("a dead letter is damaged", "file", File, "id", id)
				d = store.DeadLetter{Target: target, Death: store.Death{Code: "DAMAGED_DEAD_LETTER", Message: fmt.Sprintf("dead letter %d cannot be read any more", id)}}
			}
			d.ID = store.DeadLetterID(id)
			out = append(out, d)
			return nil
		})
	})
	return out, err
}

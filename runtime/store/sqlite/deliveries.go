package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/store"
)

// Cursor is the last entry that target has settled.
func (s *Store) Cursor(ctx context.Context, name string) (store.Seq, error) {
	if err := s.enter(ctx); err != nil {
		return 0, err
	}
	t, _ := s.target(name)
	return t.cursor, nil
}

// Settle commits what became of a target's deliveries; see store.Deliveries.
func (s *Store) Settle(ctx context.Context, set store.Settlement) error {
	return s.commit(ctx, false, func(t *tx) error { return t.settle(set) })
}

func (t *tx) settle(set store.Settlement) error {
	tgt, err := t.target(set.Target)
	if err != nil {
		return err
	}
	for _, r := range set.Retry {
		if err := t.putRetry(tgt.tid, r); err != nil {
			return err
		}
	}
	for _, id := range set.Done {
		if err := t.removeRetry(tgt.tid, id); err != nil {
			return err
		}
	}
	for _, d := range set.Dead {
		d.Target = set.Target
		if err := t.bury(tgt.tid, d); err != nil {
			return err
		}
	}
	for _, id := range set.Forget {
		if err := t.forget(id); err != nil {
			return err
		}
	}
	if set.Cursor <= tgt.cursor {
		return nil
	}
	tgt.cursor = set.Cursor
	t.targets[set.Target] = tgt
	return t.w.exec("UPDATE targets SET cursor = ? WHERE tid = ?", int64(set.Cursor), tgt.tid)
}

func (t *tx) putRetry(tid int64, r store.Retry) error {
	before, _, err := t.orderKey(tid, r.RetryID)
	if err != nil {
		return err
	}
	var here int
	kept, err := t.w.one("SELECT 1 FROM entries WHERE seq = ?", []any{int64(r.Seq)}, &here)
	if err != nil {
		return err
	}
	b, err := encodeRetry(r, kept)
	if err != nil {
		return err
	}
	dying := 0
	if r.Death != nil {
		dying = 1
	}
	err = t.w.exec("INSERT OR REPLACE INTO retries (tid, seq, rule, order_key, due, dying, crc, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		tid, int64(r.Seq), r.Rule, r.OrderKey, nanos(r.Due), dying, checksum(b), b)
	if err == nil && before != r.OrderKey {
		err = t.chooseHead(tid, before)
	}
	if err == nil {
		err = t.chooseHead(tid, r.OrderKey)
	}
	return err
}

func (t *tx) removeRetry(tid int64, id store.RetryID) error {
	key, kept, err := t.orderKey(tid, id)
	if err != nil || !kept {
		return err
	}
	err = t.w.exec("DELETE FROM retries WHERE tid = ? AND seq = ? AND rule = ?", tid, int64(id.Seq), id.Rule)
	if err != nil {
		return err
	}
	return t.chooseHead(tid, key)
}

// orderKey is that of a retry, if there is one.
func (t *tx) orderKey(tid int64, id store.RetryID) (key string, kept bool, err error) {
	kept, err = t.w.one("SELECT order_key FROM retries WHERE tid = ? AND seq = ? AND rule = ?", []any{tid, int64(id.Seq), id.Rule}, &key)
	return key, kept, err
}

// chooseHead lets the first of the retries with an order key be due, and holds the
// others. The index retries_head has the one or two that are not held, so that a long
// queue costs no more than a short one.
func (t *tx) chooseHead(tid int64, key string) error {
	if key == "" {
		return nil
	}
	const of = " WHERE tid = ?1 AND order_key = ?2 AND order_key <> ''"
	const first = "(SELECT seq, rule FROM retries" + of + " ORDER BY seq, rule LIMIT 1)"
	err := t.w.exec("UPDATE retries SET held = 1"+of+" AND held = 0 AND (seq, rule) <> "+first, tid, key)
	if err != nil {
		return err
	}
	return t.w.exec("UPDATE retries SET held = 0"+of+" AND held = 1 AND (seq, rule) = "+first, tid, key)
}

func (t *tx) bury(tid int64, d store.DeadLetter) error {
	b, err := encodeDead(d)
	if err != nil {
		return err
	}
	t.dead++
	return t.w.exec("INSERT INTO dead (tid, seq, died, crc, body) VALUES (?, ?, ?, ?, ?)",
		tid, int64(d.Entry.Seq), nanos(d.Died), checksum(b), b)
}

func (t *tx) forget(id store.DeadLetterID) error {
	s, err := t.w.stmt("DELETE FROM dead WHERE id = ?")
	if err != nil {
		return err
	}
	done, err := s.Exec(int64(id))
	if err != nil {
		return err
	}
	n, err := done.RowsAffected()
	t.dead -= n
	return err
}

const retryColumns = "t.name, r.seq, r.rule, r.due, r.crc, r.body, " + entryColumns

// readRetries reads retries with their entries. A damaged one is tried now, as though
// for the first time: the event is not.
func (s *Store) readRetries(ctx context.Context, query string, args ...any) ([]store.Retry, error) {
	rows, err := s.read.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []store.Retry
	for rows.Next() {
		var r store.Retry
		var e entryRow
		var due, crc int64
		var body []byte
		if err := rows.Scan(append([]any{&r.Target, &r.Seq, &r.Rule, &due, &crc, &body}, e.columns()...)...); err != nil {
			return nil, err
		}
		r.Due = timeOf(due)
		s.fillRetry(&r, e, crc, body)
		out = append(out, r)
	}
	return out, rows.Err()
}

func (s *Store) fillRetry(r *store.Retry, e entryRow, crc int64, body []byte) {
	if e.seq.Valid {
		r.Entry = s.entry(e)
	}
	if checksum(body) != crc || decodeRetry(body, r) != nil {
		s.damaged.Add(1)
		s.log.Error("a retry is damaged, its attempts are counted anew", "target", r.Target, "rule", r.Rule, "place", r.Seq)
		r.Since = r.Entry.Received
	}
}

// Due returns the retries of target that are due, soonest first.
func (s *Store) Due(ctx context.Context, name string, now time.Time, n int) ([]store.Retry, time.Time, error) {
	if err := s.enter(ctx); err != nil {
		return nil, time.Time{}, err
	}
	t, ok := s.target(name)
	if !ok {
		return nil, time.Time{}, nil
	}
	due, err := s.readRetries(ctx, "SELECT "+retryColumns+` FROM retries r JOIN targets t ON t.tid = r.tid LEFT JOIN entries e ON e.seq = r.seq
		WHERE r.tid = ? AND r.held = 0 AND r.due <= ? ORDER BY r.due, r.seq, r.rule LIMIT ?`, t.tid, nanos(now), n)
	if err != nil {
		return nil, time.Time{}, err
	}
	next, err := s.nextDue(ctx, t.tid, len(due))
	return due, next, err
}

// nextDue is when the first retry after the first n is due, zero if there is none.
func (s *Store) nextDue(ctx context.Context, tid int64, n int) (time.Time, error) {
	var at int64
	err := s.read.QueryRowContext(ctx, `SELECT coalesce((SELECT due FROM retries WHERE tid = ? AND held = 0
		ORDER BY due, seq, rule LIMIT 1 OFFSET ?), 0)`, tid, n).Scan(&at)
	return timeOf(at), err
}

// OrderKeys counts a target's retries by their order keys.
func (s *Store) OrderKeys(ctx context.Context, name string) (map[string]int, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	t, ok := s.target(name)
	if !ok {
		return nil, nil
	}
	rows, err := s.read.QueryContext(ctx, "SELECT order_key, count(*) FROM retries WHERE tid = ? AND order_key <> '' GROUP BY order_key", t.tid)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	counts := map[string]int{}
	for rows.Next() {
		var key string
		var n int
		if err := rows.Scan(&key, &n); err != nil {
			return nil, err
		}
		counts[key] = n
	}
	return counts, rows.Err()
}

// Failures returns one entry's retries and dead letters.
func (s *Store) Failures(ctx context.Context, seq store.Seq) ([]store.Retry, []store.DeadLetter, error) {
	if err := s.enter(ctx); err != nil {
		return nil, nil, err
	}
	retries, err := s.readRetries(ctx, "SELECT "+retryColumns+` FROM retries r JOIN targets t ON t.tid = r.tid LEFT JOIN entries e ON e.seq = r.seq
		WHERE r.seq = ? ORDER BY t.name, r.rule`, int64(seq))
	if err != nil {
		return nil, nil, err
	}
	dead, err := s.readDead(ctx, `SELECT d.id, d.crc, d.body FROM dead d JOIN targets t ON t.tid = d.tid
		WHERE d.seq = ? ORDER BY t.name, d.id`, int64(seq))
	return retries, dead, err
}

// DeadLetters pages through the dead letters, oldest first.
func (s *Store) DeadLetters(ctx context.Context, name string, after store.DeadLetterID, n int) ([]store.DeadLetter, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	if name == "" {
		return s.readDead(ctx, "SELECT id, crc, body FROM dead WHERE id > ? ORDER BY id LIMIT ?", int64(after), n)
	}
	t, ok := s.target(name)
	if !ok {
		return nil, nil
	}
	return s.readDead(ctx, "SELECT id, crc, body FROM dead WHERE tid = ? AND id > ? ORDER BY id LIMIT ?", t.tid, int64(after), n)
}

func (s *Store) readDead(ctx context.Context, query string, args ...any) ([]store.DeadLetter, error) {
	rows, err := s.read.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []store.DeadLetter
	for rows.Next() {
		var id, crc int64
		var body []byte
		if err := rows.Scan(&id, &crc, &body); err != nil {
			return nil, err
		}
		d, err := decodeDead(body)
		if err != nil || checksum(body) != crc {
			s.damaged.Add(1)
			s.log.Error("a dead letter is damaged", "file", File, "id", id)
			d = store.DeadLetter{Death: store.Death{Code: "DAMAGED_DEAD_LETTER", Message: fmt.Sprintf("dead letter %d cannot be read any more", id)}}
		}
		d.ID = store.DeadLetterID(id)
		out = append(out, d)
	}
	return out, rows.Err()
}

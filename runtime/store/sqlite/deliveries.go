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
		if err := t.w.exec("DELETE FROM retries WHERE tid = ? AND seq = ? AND rule = ?", tgt.tid, int64(id.Seq), id.Rule); err != nil {
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
	return t.w.exec("INSERT OR REPLACE INTO retries (tid, seq, rule, due, dying, crc, body) VALUES (?, ?, ?, ?, ?, ?, ?)",
		tid, int64(r.Seq), r.Rule, nanos(r.Due), dying, checksum(b), b)
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
		WHERE r.tid = ? AND r.due <= ? ORDER BY r.due, r.seq, r.rule LIMIT ?`, t.tid, nanos(now), n)
	if err != nil {
		return nil, time.Time{}, err
	}
	next, err := s.nextDue(ctx, t.tid, len(due))
	return due, next, err
}

// nextDue is when the first retry after the first n is due, zero if there is none.
func (s *Store) nextDue(ctx context.Context, tid int64, n int) (time.Time, error) {
	var at int64
	err := s.read.QueryRowContext(ctx, `SELECT coalesce((SELECT due FROM retries WHERE tid = ?
		ORDER BY due, seq, rule LIMIT 1 OFFSET ?), 0)`, tid, n).Scan(&at)
	return timeOf(at), err
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

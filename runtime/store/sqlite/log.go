package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/store"
)

// Append commits the batch or nothing; see store.Log.
func (s *Store) Append(ctx context.Context, b store.Batch) (store.Receipt, error) {
	if err := checkSwaps(b.Swaps); err != nil {
		return store.Receipt{}, err
	}
	var r store.Receipt
	err := s.commit(ctx, true, func(t *tx) (err error) {
		r, err = t.append(b)
		return err
	})
	return r, err
}

func (t *tx) append(b store.Batch) (store.Receipt, error) {
	r, fresh, err := t.duplicates(b)
	if err != nil {
		return r, err
	}
	if fresh < len(b.Entries) && len(b.Swaps) > 0 {
		return r, store.ErrDuplicate
	}
	if err := t.check(b.Now, b.Swaps); err != nil {
		return store.Receipt{}, err
	}
	if r.Versions, err = t.swap(b.Swaps); err != nil {
		return r, err
	}
	var rows logRows
	for i, e := range b.Entries {
		if r.FirstIDs[i] == "" {
			if r.Seqs[i], err = t.add(e, &rows); err != nil {
				return r, err
			}
		}
	}
	return r, errors.Join(t.write(rows), t.forgetKeys(b.Now))
}

// logRows are the rows that a batch adds, column after column.
type logRows struct{ entries, wants, keys []any }

// write inserts them, many rows a statement.
func (t *tx) write(r logRows) error {
	for _, part := range []struct {
		head  string
		width int
		rows  []any
	}{
		{"INSERT INTO entries (seq, received, hash, crc, hops, id, bus, pairs, raw) VALUES ", 9, r.entries},
		{"INSERT OR IGNORE INTO wants (tid, seq) VALUES ", 2, r.wants},
		{"INSERT OR REPLACE INTO keys (key, id, expires) VALUES ", 3, r.keys},
	} {
		if err := t.w.insert(part.head, part.width, part.rows); err != nil {
			return err
		}
	}
	return nil
}

// duplicates finds the batch's entries that were appended before and counts the rest.
func (t *tx) duplicates(b store.Batch) (r store.Receipt, fresh int, err error) {
	r = store.Receipt{Seqs: make([]store.Seq, len(b.Entries)), FirstIDs: make([]string, len(b.Entries))}
	inBatch := map[string]string{}
	for i, e := range b.Entries {
		if e.Key != "" {
			r.FirstIDs[i] = inBatch[e.Key]
			if r.FirstIDs[i] == "" {
				_, err = t.w.one("SELECT id FROM keys WHERE key = ? AND (expires = 0 OR expires > ?)", []any{e.Key, nanos(b.Now)}, &r.FirstIDs[i])
			}
			if err != nil {
				return r, 0, err
			}
			inBatch[e.Key] = e.ID
		}
		if r.FirstIDs[i] == "" {
			fresh++
		}
	}
	return r, fresh, nil
}

// add gives an entry its place and makes its rows.
func (t *tx) add(e store.Entry, rows *logRows) (store.Seq, error) {
	t.w.seq++
	seq := t.w.seq
	pairs := encodePairs(e.Pairs)
	rows.entries = append(rows.entries, seq, nanos(e.Received), hashOf(e.ID),
		checksum([]byte(e.ID), []byte(e.Bus), pairs, e.Raw), e.Hops, e.ID, e.Bus, pairs, e.Raw)
	for _, p := range e.Pairs {
		tid, err := t.tid(p.Target)
		if err != nil {
			return 0, err
		}
		rows.wants = append(rows.wants, tid, seq)
	}
	if e.Key != "" {
		rows.keys = append(rows.keys, e.Key, e.ID, nanos(e.KeyExpires))
	}
	t.entries++
	return store.Seq(seq), nil
}

// tid is a target's number, given at its first use.
func (t *tx) tid(name string) (int64, error) {
	known, err := t.target(name)
	return known.tid, err
}

func (t *tx) target(name string) (target, error) {
	if known, ok := t.targets[name]; ok {
		return known, nil
	}
	if known, ok := t.s.target(name); ok {
		return known, nil
	}
	s, err := t.w.stmt("INSERT INTO targets (name, cursor) VALUES (?, 0)")
	if err != nil {
		return target{}, err
	}
	done, err := s.Exec(name)
	if err != nil {
		return target{}, err
	}
	tid, err := done.LastInsertId()
	t.targets[name] = target{tid: tid}
	return t.targets[name], err
}

// target is a target's number and cursor, as committed.
func (s *Store) target(name string) (target, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t, ok := s.targets[name]
	return t, ok
}

// forgetKeys drops some of the keys that have expired; the next commits drop the rest.
func (t *tx) forgetKeys(now time.Time) error {
	return t.w.exec("DELETE FROM keys WHERE key IN (SELECT key FROM keys WHERE expires > 0 AND expires <= ? LIMIT 100)", nanos(now))
}

// entryColumns are an entry's, as scanEntry reads them.
const entryColumns = "e.seq, e.received, e.crc, e.hops, e.id, e.bus, e.pairs, e.raw"

// entryRow is a row of entries, all null where a join found none.
type entryRow struct {
	seq, received, crc, hops sql.NullInt64
	id, bus                  sql.NullString
	pairs, raw               []byte
}

func (r *entryRow) columns() []any {
	return []any{&r.seq, &r.received, &r.crc, &r.hops, &r.id, &r.bus, &r.pairs, &r.raw}
}

// entry makes the entry of a row. One that is damaged keeps its place and loses its
// bytes: what it was delivered as would be wrong, so it must not be an event at all.
func (s *Store) entry(r entryRow) store.Entry {
	e := store.Entry{
		Seq: store.Seq(r.seq.Int64), ID: r.id.String, Bus: r.bus.String, Hops: int(r.hops.Int64),
		Received: timeOf(r.received.Int64), Raw: r.raw,
	}
	pairs, err := readPairs(r.pairs)
	e.Pairs = pairs
	if err != nil || checksum([]byte(e.ID), []byte(e.Bus), r.pairs, r.raw) != r.crc.Int64 {
		s.damaged.Add(1)
		s.log.Error("an event in the log is damaged", "event", e.ID, "file", File, "place", e.Seq)
		e.Raw = nil
	}
	return e
}

// Read returns what target has yet to read after a place; see store.Log.
func (s *Store) Read(ctx context.Context, name string, after store.Seq, n int) ([]store.Entry, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	t, ok := s.target(name)
	if !ok {
		return nil, nil
	}
	return s.readEntries(ctx, "SELECT "+entryColumns+` FROM wants w JOIN entries e ON e.seq = w.seq
		WHERE w.tid = ? AND w.seq > ? ORDER BY w.seq LIMIT ?`, t.tid, int64(after), n)
}

func (s *Store) readEntries(ctx context.Context, query string, args ...any) ([]store.Entry, error) {
	rows, err := s.read.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []store.Entry
	for rows.Next() {
		var r entryRow
		if err := rows.Scan(r.columns()...); err != nil {
			return nil, err
		}
		out = append(out, s.entry(r))
	}
	return out, rows.Err()
}

// Lookup finds the newest entry of an event id.
func (s *Store) Lookup(ctx context.Context, id string) (store.Entry, bool, error) {
	if err := s.enter(ctx); err != nil {
		return store.Entry{}, false, err
	}
	found, err := s.readEntries(ctx, "SELECT "+entryColumns+" FROM entries e WHERE e.hash = ? AND e.id = ? ORDER BY e.seq DESC LIMIT 1", hashOf(id), id)
	if err != nil || len(found) == 0 {
		return store.Entry{}, false, err
	}
	return found[0], true, nil
}

// Seek finds the place before the first entry received at or after a time.
func (s *Store) Seek(ctx context.Context, at time.Time) (store.Seq, error) {
	if err := s.enter(ctx); err != nil {
		return 0, err
	}
	var before store.Seq
	err := s.read.QueryRowContext(ctx, `SELECT coalesce((SELECT min(seq) - 1 FROM entries WHERE received >= ?),
		(SELECT max(seq) FROM entries), 0)`, nanos(at)).Scan(&before)
	return before, err
}

package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/store"
)

// trimChunk is how many entries one transaction of Trim looks at, so that senders do
// not wait for it.
const trimChunk = 500

// Trim drops entries and dead letters from before a time, but what is still needed.
func (s *Store) Trim(ctx context.Context, before time.Time) error {
	err := s.commit(ctx, false, func(t *tx) error { return t.trimDead(before) })
	for at := store.Seq(0); err == nil; {
		var more bool
		var last store.Seq
		err = s.commit(ctx, false, func(t *tx) (err error) {
			last, more, err = t.trim(before, at)
			return err
		})
		if at = last; !more {
			break
		}
	}
	return err
}

func (t *tx) trimDead(before time.Time) error {
	s, err := t.w.stmt("DELETE FROM dead WHERE died < ?")
	if err != nil {
		return err
	}
	done, err := s.Exec(nanos(before))
	if err != nil {
		return err
	}
	n, err := done.RowsAffected()
	t.dead -= n
	return err
}

// old is an entry that trim looks at.
type old struct {
	seq   int64
	pairs []byte
}

// trim looks at the next entries after a place, up to the first that is not old, and
// drops those that nothing needs.
func (t *tx) trim(before time.Time, after store.Seq) (last store.Seq, more bool, err error) {
	entries, err := t.oldest(before, after)
	if err != nil {
		return 0, false, err
	}
	for _, e := range entries {
		last = store.Seq(e.seq)
		pairs, err := readPairs(e.pairs)
		if err != nil {
			continue // damaged: its target has yet to say so, or it is lost for good
		}
		needed, err := t.needed(e.seq, pairs)
		if err == nil && !needed {
			err = t.drop(e.seq, pairs)
		}
		if err != nil {
			return 0, false, err
		}
	}
	return last, len(entries) == trimChunk, nil
}

func (t *tx) oldest(before time.Time, after store.Seq) ([]old, error) {
	s, err := t.w.stmt("SELECT seq, received, pairs FROM entries WHERE seq > ? ORDER BY seq LIMIT ?")
	if err != nil {
		return nil, err
	}
	rows, err := s.Query(int64(after), trimChunk)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []old
	for rows.Next() {
		var e old
		var received int64
		if err := rows.Scan(&e.seq, &received, &e.pairs); err != nil {
			return nil, err
		}
		if received >= nanos(before) {
			break
		}
		out = append(out, e)
	}
	return out, rows.Err()
}

// needed says whether a target has yet to read an entry, or a retry needs it.
func (t *tx) needed(seq int64, pairs []store.Pair) (bool, error) {
	for _, p := range pairs {
		target, err := t.target(p.Target)
		if err != nil {
			return false, err
		}
		if store.Seq(seq) > target.cursor {
			return true, nil
		}
	}
	var one int
	return t.w.one("SELECT 1 FROM retries WHERE seq = ? LIMIT 1", []any{seq}, &one)
}

func (t *tx) drop(seq int64, pairs []store.Pair) error {
	for _, p := range pairs {
		tid, err := t.tid(p.Target)
		if err == nil {
			err = t.w.exec("DELETE FROM wants WHERE tid = ? AND seq = ?", tid, seq)
		}
		if err != nil {
			return err
		}
	}
	t.entries--
	return t.w.exec("DELETE FROM entries WHERE seq = ?", seq)
}

// Stats tells how full the store is.
func (s *Store) Stats(ctx context.Context) (store.Stats, error) {
	if err := s.enter(ctx); err != nil {
		return store.Stats{}, err
	}
	st := store.Stats{Limit: s.limit, Entries: int(s.entries.Load()), DeadLetters: int(s.dead.Load())}
	if err := s.read.QueryRowContext(ctx, "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()").Scan(&st.Bytes); err != nil {
		return st, fmt.Errorf("sqlite: %w", err)
	}
	rows, err := s.read.QueryContext(ctx, `SELECT name, cursor, unread, retries, dying FROM (
		SELECT name, cursor, (SELECT count(*) FROM wants w WHERE w.tid = t.tid AND w.seq > t.cursor) AS unread,
			(SELECT count(*) FROM retries r WHERE r.tid = t.tid) AS retries,
			(SELECT count(*) FROM retries r WHERE r.tid = t.tid AND r.dying) AS dying FROM targets t)
		WHERE unread > 0 OR retries > 0 ORDER BY name`)
	if err != nil {
		return st, fmt.Errorf("sqlite: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var l store.Lane
		if err := rows.Scan(&l.Target, &l.Cursor, &l.Unread, &l.Retries, &l.Dying); err != nil {
			return st, fmt.Errorf("sqlite: %w", err)
		}
		st.Lanes = append(st.Lanes, l)
	}
	return st, rows.Err()
}

package sqlite

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/tocsin-engine/tocsin/runtime/store"
)

// Trim drops dead letters from before a time, and files of events whose hour ended before
// it, if no target has yet to read any of them and no retry needs one.
func (s *Store) Trim(ctx context.Context, before time.Time) error {
	return s.commit(ctx, &op{durable: true, do: func(t *tx) error {
		if err := t.beginState(); err != nil {
			return err
		}
		if err := t.forget("died < ?", nanos(before)); err != nil {
			return err
		}
		for _, g := range s.all() {
			if g.hour.Add(time.Hour).After(before) {
				break
			}
			needed, err := t.needed(g)
			if err == nil && !needed {
				err = t.unlink(g)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}})
}

// needed says whether a target has yet to read a file, or a retry needs it.
func (t *tx) needed(g *segment) (bool, error) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	for name, last := range g.newest {
		if last > t.s.cursor(name) {
			return true, nil
		}
	}
	return t.w.state.one("SELECT 1 FROM retries WHERE seq BETWEEN ? AND ? LIMIT 1", []any{int64(g.first), int64(g.last)}, func(*sqlite3.Stmt) {})
}

// unlink takes a file of events out; it is deleted when bus.db is committed. The places
// that it held are not given again.
func (t *tx) unlink(g *segment) error {
	if g == t.w.segment {
		if t.inEvents {
			return nil // the next Trim finds it
		}
		if err := t.s.leaveSegment(); err != nil {
			return err
		}
	}
	if err := t.w.state.exec("INSERT OR REPLACE INTO counters (name, value) VALUES ('seq', ?)", int64(t.w.seq)); err != nil {
		return err
	}
	for _, table := range [...]string{"sealed", "unread"} {
		if err := t.w.state.exec("DELETE FROM "+table+" WHERE first = ?", int64(g.first)); err != nil {
			return err
		}
	}
	t.unlinked = append(t.unlinked, g)
	return nil
}

// remove deletes the files that were taken out.
func (s *Store) remove(segments []*segment) {
	for _, g := range segments {
		s.drop(g)
		s.entries.Add(-int64(g.last + 1 - g.first))
		s.recent.forget(g.last)
		if err := g.remove(); err != nil {
			s.log.Error("an old file could not be deleted", "file", g.name(), "error", err)
		}
	}
}

// Stats tells how full the store is.
func (s *Store) Stats(ctx context.Context) (store.Stats, error) {
	if err := s.enter(ctx); err != nil {
		return store.Stats{}, err
	}
	st := store.Stats{Entries: int(s.entries.Load()), DeadLetters: int(s.dead.Load()), Full: s.room.full(), Stalled: s.room.stalled.Load()}
	lanes := map[string]*store.Lane{}
	lane := func(name string) *store.Lane {
		if lanes[name] == nil {
			lanes[name] = &store.Lane{Target: name, Cursor: s.cursor(name)}
		}
		return lanes[name]
	}
	err := s.inState(ctx, func(c *conn) error {
		return c.query("SELECT target, count(*), sum(dying) FROM retries GROUP BY target", nil, func(r *sqlite3.Stmt) error {
			l := lane(r.ColumnText(0))
			l.Retries, l.Dying = r.ColumnInt(1), r.ColumnInt(2)
			return nil
		})
	})
	if err != nil {
		return st, err
	}
	for _, g := range s.all() {
		for _, name := range g.unreadBy(s.cursor) {
			if err := s.countUnread(ctx, g, lane(name)); err != nil {
				return st, err
			}
		}
		st.Bytes += fileSize(g.path) + fileSize(g.path+"-wal")
	}
	path := filepath.Join(s.dir, File)
	st.Bytes += fileSize(path) + fileSize(path+"-wal")
	for _, name := range slices.Sorted(maps.Keys(lanes)) {
		st.Lanes = append(st.Lanes, *lanes[name])
	}
	// Last: what has emptied the lanes, or was found while they were counted, is among it.
	st.Damaged, st.SetAside = s.damaged.Load(), s.setAsideFiles.Load()
	return st, nil
}

// unreadBy are the targets that have yet to read something of a file.
func (g *segment) unreadBy(cursor func(string) store.Seq) (names []string) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	for name, last := range g.newest {
		if last > cursor(name) {
			names = append(names, name)
		}
	}
	return names
}

func (s *Store) countUnread(ctx context.Context, g *segment, l *store.Lane) error {
	return s.inSegment(ctx, g, func(c *conn) error {
		n, err := c.number("SELECT sum(min(run + 1, seq - ?2)) FROM wants WHERE tid = (SELECT tid FROM targets WHERE name = ?1) AND seq > ?2", l.Target, int64(l.Cursor))
		l.Unread += int(n)
		return err
	})
}

func fileSize(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

package sqlite

import (
	"context"
	"os"
	"path/filepath"

	"github.com/ncruces/go-sqlite3"

	"github.com/tocsin-engine/tocsin/runtime/store"
)

func (s *Store) stateSetup() setup {
	return setup{path: filepath.Join(s.dir, File), vfs: s.vfs, pageSize: statePage, cache: s.cache}
}

// open reads what must be known before the first answer. How long it takes depends on
// the files of events that were not sealed, of which there is one, and not on what waits.
func (s *Store) open(ctx context.Context) (err error) {
	if err := os.MkdirAll(filepath.Join(s.dir, Folder), 0o700); err != nil {
		return err
	}
	if s.lock, err = lockDir(s.dir); err != nil {
		return err
	}
	if err := s.mendLog(filepath.Join(s.dir, File)); err != nil {
		return err
	}
	if err := s.migrate(); err != nil {
		return err
	}
	if err := s.openState(); err != nil {
		return err
	}
	s.state = newReaders(s.stateSetup())
	if s.segments, err = s.findSegments(); err != nil {
		return err
	}
	if err := s.recallSegments(ctx); err != nil {
		return err
	}
	if !s.room.reserve() {
		s.log.Warn("the disk is full: senders are throttled, deliveries go on")
	}
	return nil
}

// openState opens bus.db. Its pages are verified once before it is relied on, because
// its damage would not be seen before the page is needed, by a writer perhaps.
func (s *Store) openState() error {
	err := s.readState()
	if !isDamage(err) {
		return err
	}
	if s.writer.state != nil {
		_ = s.writer.state.close() // it is damaged
		s.writer.state = nil
	}
	if err := s.mendFile(s.stateSetup(), err, s.salvageState); err != nil {
		return err
	}
	return s.readState()
}

func (s *Store) readState() (err error) {
	s.writer.state, err = connectWriter(s.stateSetup(), stateSchema, stateVersion)
	if err == nil {
		err = s.verifyState()
	}
	if err == nil {
		err = s.recall()
	}
	return err
}

// mendLog puts a file's write-ahead log right before SQLite reads it, and reports what is
// wrong with it. A last frame that is not whole is what a kill leaves of a commit that it
// cut short; that it was damaged instead cannot be told.
func (s *Store) mendLog(path string) error {
	w, err := readLog(path)
	if err != nil {
		return err
	}
	name := filepath.Base(path)
	if w.turned > 0 {
		s.report("flipped bits of a write-ahead log were turned back", "file", name, "bits", w.turned)
	}
	switch lost := w.bad + w.missing; {
	case lost == 1 && w.torn:
		s.log.Warn("the last frame of a write-ahead log is not whole", "file", name)
	case lost > 0:
		s.report("a write-ahead log is not what was written: a power cut or damage; what was acknowledged may be lost",
			"file", name, "frames", lost)
	}
	return w.write()
}

func (s *Store) verifyState() error {
	c := s.writer.state
	if _, _, err := c.db.WALCheckpoint("main", sqlite3.CHECKPOINT_TRUNCATE); err != nil {
		return c.failed(err)
	}
	bad, err := verifyFile(c.path, statePage, func() error { return nil })
	if err == nil && bad > 0 {
		err = c.failed(sqlite3.IOERR_DATA)
	}
	return err
}

// recall reads what is kept in memory of bus.db too.
func (s *Store) recall() error {
	c, w := s.writer.state, s.writer
	err := c.query("SELECT name, cursor, crc FROM targets", nil, func(r *sqlite3.Stmt) error {
		name, at := r.ColumnText(0), store.Seq(r.ColumnInt64(1))
		if cursorSum(name, at) != r.ColumnInt64(2) {
			s.report("how far a target has come is damaged; what the log holds is delivered again", "file", File, "target", name)
			return nil
		}
		s.cursors[name] = at
		w.seq = max(w.seq, at) // no place is given twice, whatever became of the log
		return nil
	})
	if err != nil {
		return err
	}
	for _, n := range []struct {
		query string
		into  func(int64)
	}{
		{"SELECT count(*) FROM dead", s.dead.Store},
		{"SELECT value FROM counters WHERE name = 'version'", func(n int64) { w.version, w.limit = uint64(n), uint64(n) }},
		{"SELECT value FROM counters WHERE name = 'redo'", func(n int64) { w.redo = n }},
		{"SELECT max(seq) FROM retries", func(n int64) { w.seq = max(w.seq, store.Seq(n)) }},
		{"SELECT value FROM counters WHERE name = 'seq'", func(n int64) { w.seq = max(w.seq, store.Seq(n)) }},
		{"SELECT max(last) FROM sealed", func(n int64) { w.seq = max(w.seq, store.Seq(n)) }},
	} {
		value, err := c.number(n.query)
		if err != nil {
			return err
		}
		n.into(value)
	}
	return nil
}

// recallSegments reads what each file of events holds: of a sealed one from bus.db, of
// another from the file, with the changes of the state that bus.db does not have.
func (s *Store) recallSegments(ctx context.Context) error {
	sealed, err := s.sealedSegments()
	if err != nil {
		return err
	}
	var unsealed []*segment
	for _, g := range s.segments {
		if err := s.mendLog(g.path); err != nil {
			return err
		}
		if note, ok := sealed[g.first]; ok {
			g.last, g.keysUntil, g.newest = note.last, note.keysUntil, note.newest
			if err := s.upgrade(g); err != nil {
				return err
			}
		} else if err := s.recallSegment(ctx, g); err != nil {
			return err
		} else {
			unsealed = append(unsealed, g)
		}
		s.writer.seq = max(s.writer.seq, g.first-1, g.last)
		s.entries.Add(int64(g.last + 1 - g.first))
	}
	if n := len(unsealed); n > 0 && unsealed[n-1] == s.segments[len(s.segments)-1] {
		if err := s.openSegment(unsealed[n-1]); err != nil {
			return err
		}
		unsealed = unsealed[:n-1]
	}
	return s.change(func(t *tx) error {
		for _, g := range unsealed {
			if err := t.noteSealed(g); err != nil {
				return err
			}
		}
		return nil
	})
}

// change makes changes in bus.db before the writer runs.
func (s *Store) change(do func(*tx) error) error {
	t := s.begin(nil)
	t.durable = true
	err := do(t)
	if err == nil {
		err = t.commitState()
	}
	if err != nil {
		t.rollback()
	}
	return err
}

// recallSegment reads one that was not sealed, and mends it first if it is damaged.
func (s *Store) recallSegment(ctx context.Context, g *segment) error {
	if err := s.upgrade(g); err != nil {
		return err
	}
	read := func(c *conn) error {
		have, err := c.number("PRAGMA user_version")
		if err != nil {
			return err
		}
		if have > eventsVersion {
			return newerError{have, eventsVersion}
		}
		if err := g.inspect(c); err != nil {
			return err
		}
		return s.catchUp(c)
	}
	err := g.reader().with(ctx, read)
	if !isDamage(err) {
		return err
	}
	if err := s.mend(g, err); err != nil {
		return err
	}
	return g.reader().with(ctx, read)
}

// catchUp makes the changes of the state that are in a file of events and not in bus.db.
func (s *Store) catchUp(c *conn) error {
	records, err := redone(c, s.writer.redo)
	if err != nil || len(records) == 0 {
		return err
	}
	err = s.change(func(t *tx) error {
		if err := t.beginState(); err != nil {
			return err
		}
		return t.applyRedo(records)
	})
	if err != nil {
		return err
	}
	s.writer.redo = records[len(records)-1].n
	return nil
}

// sealedSegments reads what bus.db says of the files that are not written any more.
func (s *Store) sealedSegments() (map[store.Seq]*segment, error) {
	out := map[store.Seq]*segment{}
	c := s.writer.state
	err := c.query("SELECT first, last, keys_until FROM sealed", nil, func(r *sqlite3.Stmt) error {
		out[store.Seq(r.ColumnInt64(0))] = &segment{last: store.Seq(r.ColumnInt64(1)), keysUntil: r.ColumnInt64(2), newest: map[string]store.Seq{}}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, c.query("SELECT first, target, last FROM unread", nil, func(r *sqlite3.Stmt) error {
		name, last := r.ColumnText(1), store.Seq(r.ColumnInt64(2))
		if g := out[store.Seq(r.ColumnInt64(0))]; g != nil && last > s.cursors[name] {
			g.newest[name] = last
		}
		return nil
	})
}

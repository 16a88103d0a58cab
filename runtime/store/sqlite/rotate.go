package sqlite

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/ncruces/go-sqlite3"
)

// rotate makes sure that there is a file for the hour. Hours only go up: a clock that
// was put back goes on in the file that there is.
func (t *tx) rotate(now time.Time) error {
	hour := now.UTC().Truncate(time.Hour)
	g := t.w.segment
	if g != nil && !hour.After(g.hour) {
		return nil
	}
	if err := t.seal(); err != nil {
		return err
	}
	return t.s.openSegment(t.s.newSegment(t.w.seq+1, hour))
}

// seal ends the file that is written and notes in bus.db what it holds.
func (t *tx) seal() error {
	g := t.w.segment
	if g == nil {
		return nil
	}
	if err := t.s.leaveSegment(); err != nil {
		return err
	}
	if g.last < g.first {
		t.s.drop(g)
		return g.remove()
	}
	return t.noteSealed(g)
}

// noteSealed writes what a file holds, so that it need not be opened at the next start.
func (t *tx) noteSealed(g *segment) error {
	if err := t.beginState(); err != nil {
		return err
	}
	if err := t.w.state.exec("INSERT OR REPLACE INTO sealed (first, last, keys_until) VALUES (?, ?, ?)", int64(g.first), int64(g.last), g.keysUntil); err != nil {
		return err
	}
	for name, last := range g.newest {
		if err := t.w.state.exec("INSERT OR REPLACE INTO unread (first, target, last) VALUES (?, ?, ?)", int64(g.first), name, int64(last)); err != nil {
			return err
		}
	}
	return nil
}

// leaveSegment closes the writer's file, with everything in the file itself.
func (s *Store) leaveSegment() error {
	w := s.writer
	if w.events == nil {
		return nil
	}
	s.checkpointOf(w.events, sqlite3.CHECKPOINT_PASSIVE)
	// Whoever closes last removes the log: readers go first, as far as they are at rest.
	err := errors.Join(w.segment.reader().rest(), w.events.close())
	w.events, w.segment, w.tids = nil, nil, nil
	return err
}

// openSegment opens a file to write to it, and makes it if it is not there.
func (s *Store) openSegment(g *segment) error {
	c, err := connectWriter(s.eventsSetup(g.path), eventsSchema, eventsVersion)
	if err != nil {
		return err
	}
	tids := map[string]int64{}
	err = c.query("SELECT name, tid FROM targets", nil, func(r *sqlite3.Stmt) error {
		tids[r.ColumnText(0)] = r.ColumnInt64(1)
		return nil
	})
	if err != nil {
		return errors.Join(err, c.close())
	}
	s.writer.events, s.writer.segment, s.writer.tids = c, g, tids
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.segments, g) {
		s.segments = append(s.segments, g)
	}
	return syncDir(filepath.Dir(g.path))
}

// drop takes a file off the list.
func (s *Store) drop(g *segment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.segments = slices.DeleteFunc(slices.Clone(s.segments), func(other *segment) bool { return other == g })
}

// syncDir makes the names in a folder durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// largeWAL is when a write-ahead log is moved into its file: one damaged frame takes all
// that come after it.
const largeWAL = 4 << 20

func (s *Store) checkpointIfLarge() {
	s.checkpointState(largeWAL, sqlite3.CHECKPOINT_PASSIVE)
	if c := s.writer.events; c != nil && c.walBytes > largeWAL {
		s.checkpointOf(c, sqlite3.CHECKPOINT_PASSIVE)
	}
}

// checkpointState moves the log of bus.db if it is larger than that.
func (s *Store) checkpointState(than int, mode sqlite3.CheckpointMode) {
	s.writer.mu.Lock()
	defer s.writer.mu.Unlock()
	if c := s.writer.state; c.walBytes > than {
		s.checkpointOf(c, mode)
	}
}

// checkpoint empties the write-ahead logs when nothing happens, and closes what nobody
// reads. A log that was only moved would still be read before the file, and once it is
// damaged what the file has newer is not seen any more.
func (s *Store) checkpoint() {
	s.checkpointState(0, sqlite3.CHECKPOINT_TRUNCATE)
	if c := s.writer.events; c != nil && c.walBytes > 0 {
		s.checkpointOf(c, sqlite3.CHECKPOINT_TRUNCATE)
	}
	for _, g := range s.all() {
		if g != s.writer.segment {
			_ = g.reader().rest() // opening it again costs a millisecond
		}
	}
}

// checkpointOf moves a write-ahead log into its file, as far as no reader is in the way.
// A failed fsync is final here too.
func (s *Store) checkpointOf(c *conn, mode sqlite3.CheckpointMode) {
	err := c.db.BusyTimeout(0) // nobody waits for a reader
	if err == nil {
		_, _, err = c.db.WALCheckpoint("main", mode)
	}
	err = errors.Join(err, c.db.BusyTimeout(busyTimeout))
	switch {
	case err == nil, isFull(err), errors.Is(err, sqlite3.BUSY) && mode == sqlite3.CHECKPOINT_PASSIVE:
		c.walBytes = 0 // until the next commit
	case errors.Is(err, sqlite3.BUSY): // the next time
	case s.Err() == nil:
		_ = s.fail(err)
	}
}

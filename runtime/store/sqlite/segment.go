package sqlite

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/tocsin-engine/tocsin/runtime/store"
)

// Folder is where the files of events are, in the data directory. Each is named after
// the hour in which it was begun and the place of its first entry.
const Folder = "events"

const hourFormat = "2006010215"

// segment is one file of events. Only the newest one is written to.
type segment struct {
	first store.Seq
	hour  time.Time
	path  string

	mu   sync.RWMutex
	read *readers  // replaced when the file is mended
	last store.Seq // first-1 while it is empty
	// newest is, by target, the last place in the file that it wants. For a sealed
	// file that was there when the store was opened, targets past it are left out.
	newest map[string]store.Seq
	// keysUntil is when the last key of the file expires, or later.
	keysUntil int64
}

func (s *Store) newSegment(first store.Seq, hour time.Time) *segment {
	path := filepath.Join(s.dir, Folder, fmt.Sprintf("%s-%012d.db", hour.Format(hourFormat), first))
	return &segment{first: first, last: first - 1, hour: hour, path: path, newest: map[string]store.Seq{}, read: newReaders(s.eventsSetup(path))}
}

func (s *Store) eventsSetup(path string) setup {
	return setup{path: path, vfs: s.vfs, pageSize: eventsPage, cache: s.cache, gathers: true}
}

// name is the file's name for people.
func (g *segment) name() string { return filepath.Join(Folder, filepath.Base(g.path)) }

// wanted says whether a target may find something in the file after a place.
func (g *segment) wanted(target string, after store.Seq) bool {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return g.newest[target] > after
}

// reader is who reads the file now.
func (g *segment) reader() *readers {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return g.read
}

// end is the place of the last entry.
func (g *segment) end() store.Seq {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return g.last
}

// remove deletes the file. Readers that are under way go on until they have ended.
func (g *segment) remove() error {
	return errors.Join(g.reader().close(), removeDatabase(g.path))
}

// removeDatabase deletes a file and what SQLite keeps beside it.
func removeDatabase(path string) error {
	var errs []error
	for _, suffix := range [...]string{"", "-wal", "-shm"} {
		if err := os.Remove(path + suffix); !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// findSegments lists the files of events, oldest first.
func (s *Store) findSegments() ([]*segment, error) {
	names, err := filepath.Glob(filepath.Join(s.dir, Folder, "*.db"))
	if err != nil {
		return nil, err
	}
	var out []*segment
	for _, path := range names {
		var hour string
		var first store.Seq
		if n, _ := fmt.Sscanf(filepath.Base(path), "%10s-%d.db", &hour, &first); n != 2 {
			continue // not ours
		}
		at, err := time.Parse(hourFormat, hour)
		if err != nil {
			continue
		}
		g := s.newSegment(first, at)
		g.path = path
		out = append(out, g)
	}
	slices.SortFunc(out, func(a, b *segment) int { return cmp.Or(cmp.Compare(a.first, b.first), a.hour.Compare(b.hour)) })
	return out, nil
}

// inspect reads what a file holds.
func (g *segment) inspect(c *conn) error {
	last, err := c.number("SELECT max(seq) FROM entries")
	if err != nil {
		return err
	}
	until, err := c.number("SELECT value FROM meta WHERE name = 'keys_until'")
	if err != nil {
		return err
	}
	newest := map[string]store.Seq{}
	err = c.query("SELECT name, (SELECT max(seq) FROM wants w WHERE w.tid = t.tid) FROM targets t", nil, func(r *sqlite3.Stmt) error {
		newest[r.ColumnText(0)] = store.Seq(r.ColumnInt64(1))
		return nil
	})
	if err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.last, g.keysUntil, g.newest = max(g.last, store.Seq(last), g.first-1), until, newest
	for _, seq := range newest {
		g.last = max(g.last, seq)
	}
	return nil
}

// all is a copy of the list of files, oldest first.
func (s *Store) all() []*segment {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Clone(s.segments)
}

// holding is the file that holds a place, nil if none does.
func (s *Store) holding(seq store.Seq) *segment {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, g := range slices.Backward(s.segments) {
		if g.first <= seq {
			if seq > g.end() {
				return nil
			}
			return g
		}
	}
	return nil
}

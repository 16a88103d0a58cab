package sqlite

import (
	"errors"
	"io/fs"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/tocsin-engine/tocsin/runtime/store"
)

// A file of events that is not written any more may be read again only weeks later, by a
// replay. What happens to it meanwhile is to be known before: one flipped bit can be
// turned back, and two in one page cannot.

const (
	// scrubEvery is how long the next round waits.
	scrubEvery = 6 * time.Hour
	// scrubPause is what each few pages wait for: 4 MB a second are read, 60 GB in four
	// hours.
	scrubPause = 64 * time.Millisecond
)

// keepScrubbed verifies the files of events that are not written any more, one round
// after the other.
func (s *Store) keepScrubbed() {
	for s.pause(scrubEvery) == nil {
		files := s.all()
		for _, g := range files[:max(0, len(files)-1)] {
			err := s.scrub(g, func() error { return s.pause(scrubPause) })
			if err != nil && !errors.Is(err, store.ErrClosed) {
				s.log.Error("a file of events could not be verified", "file", g.name(), "error", err)
			}
		}
	}
}

// pause waits, and says ErrClosed if the store is closed before.
func (s *Store) pause(d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-s.quit:
		return store.ErrClosed
	}
}

// scrub verifies a file, and has it mended if it is damaged. One with a write-ahead log
// is left for the next round: some of its pages are in there.
func (s *Store) scrub(g *segment, goOn func() error) error {
	if fileSize(g.path+"-wal") > 0 {
		return nil
	}
	seen := g.reader()
	bad, err := verifyFile(g.path, eventsPage, goOn)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it was dropped
	}
	if err != nil || bad == 0 {
		return err
	}
	return s.askMend(g, seen, &fileError{g.path, sqlite3.IOERR_DATA})
}

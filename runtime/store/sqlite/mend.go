package sqlite

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/tocsin-engine/tocsin/runtime/store"
)

// mendOp asks the writer to mend a file of events that a reader stumbled over.
type mendOp struct {
	g     *segment
	seen  *readers // through which the damage was seen
	cause error
	done  chan error
}

// inSegment reads a file of events. One that turns out to be damaged is mended first.
func (s *Store) inSegment(ctx context.Context, g *segment, f func(*conn) error) error {
	r := g.reader()
	err := r.with(ctx, f)
	if !isDamage(err) {
		return err
	}
	if e := s.askMend(g, r, err); e != nil {
		return errors.Join(err, e)
	}
	return g.reader().with(ctx, f)
}

// askMend has the writer mend a file, and waits for it.
func (s *Store) askMend(g *segment, seen *readers, cause error) error {
	m := &mendOp{g, seen, cause, make(chan error, 1)}
	select {
	case s.mends <- m:
	case <-s.quit:
		return store.ErrClosed
	}
	select {
	case err := <-m.done:
		return err
	case <-s.ended:
		return store.ErrClosed
	}
}

// inState reads bus.db. If that is damaged, this is the end: it is mended when the store
// is opened, before anybody has been answered from it.
func (s *Store) inState(ctx context.Context, f func(*conn) error) error {
	err := s.state.with(ctx, f)
	if isDamage(err) {
		return s.fail(err)
	}
	return err
}

func (s *Store) mendOnce(m *mendOp) error {
	if m.g.reader() != m.seen {
		return nil // somebody else stumbled over it too
	}
	return s.mend(m.g, m.cause)
}

// mend replaces a file of events by what can be read of it. It is for the writer.
func (s *Store) mend(g *segment, cause error) error {
	w := s.writer
	writing := w.segment == g
	if writing {
		_ = w.events.close() // what it cannot do is what is mended
		w.events, w.segment, w.tids = nil, nil, nil
	}
	err := g.reader().close()
	if err == nil {
		err = s.mendFile(s.eventsSetup(g.path), cause, func(cause error) error { return s.salvageSegment(g, cause) })
	}
	if err != nil {
		return err
	}
	g.mu.Lock()
	g.read = newReaders(s.eventsSetup(g.path))
	g.mu.Unlock()
	if err := g.read.with(context.Background(), g.inspect); err != nil {
		return err
	}
	if writing {
		return s.openSegment(g)
	}
	return nil
}

// mendFile turns the flipped bits of a file back. If that is not all that is wrong with
// it, it is salvaged.
func (s *Store) mendFile(o setup, cause error, salvage func(cause error) error) error {
	turned, left, err := turnPagesBack(o.path, o.pageSize)
	if err != nil {
		return err
	}
	if turned > 0 {
		s.report("flipped bits of a file were turned back", "file", filepath.Base(o.path), "bits", turned, "error", cause)
	}
	if turned > 0 && left == 0 {
		return nil
	}
	return salvage(cause)
}

// report says that something of what was stored is damaged.
func (s *Store) report(what string, args ...any) {
	s.damaged.Add(1)
	s.log.Error(what, args...)
}

package memory

import (
	"context"
	"sync"

	"github.com/tocsin-engine/tocsin/runtime/store"
)

// Config bounds a store. The zero value is ready for use.
type Config struct {
	// LogBytes bounds the log. Default: 256 MiB.
	LogBytes int64
	// DeadLetterBytes bounds the dead letters. Default: 64 MiB.
	DeadLetterBytes int64
	// StateBytes bounds the state. Default: 256 MiB.
	StateBytes int64
}

// Store keeps everything in memory. Make one with New.
type Store struct {
	config Config

	mu     sync.Mutex
	closed bool
	log    log
	lanes  map[string]*lane
	dead   graveyard
	state  state
}

var _ store.Store = (*Store)(nil)

// New makes an empty store.
func New(c Config) *Store {
	for _, bound := range []struct {
		size  *int64
		value int64
	}{{&c.LogBytes, 256 << 20}, {&c.DeadLetterBytes, 64 << 20}, {&c.StateBytes, 256 << 20}} {
		if *bound.size == 0 {
			*bound.size = bound.value
		}
	}
	return &Store{
		config: c,
		log:    newLog(),
		lanes:  map[string]*lane{},
		state:  newState(),
	}
}

// Promises says that nothing survives the process.
func (s *Store) Promises() store.Promises {
	return store.Promises{
		Kind: "memory",
		Warning: "everything is kept in memory only: when this process ends, accepted events that are not " +
			"delivered, retries, dead letters and all state are lost; --data DIR keeps them",
	}
}

// Close makes every later call fail with store.ErrClosed and lets go of the memory.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.log, s.lanes, s.dead, s.state = newLog(), nil, graveyard{}, newState()
	return nil
}

// Stats tells how full the store is.
func (s *Store) Stats(ctx context.Context) (store.Stats, error) {
	if err := s.enter(ctx); err != nil {
		return store.Stats{}, err
	}
	defer s.mu.Unlock()
	st := store.Stats{
		Entries:         len(s.log.entries),
		Bytes:           s.log.bytes + s.dead.bytes + s.state.bytes,
		Limit:           s.config.LogBytes + s.config.DeadLetterBytes + s.config.StateBytes,
		DeadLetters:     len(s.dead.letters),
		DeadLettersLost: s.dead.lost,
	}
	for _, name := range sortedKeys(s.lanes) {
		l := s.lanes[name]
		if len(l.unread)+len(l.retries) > 0 {
			st.Lanes = append(st.Lanes, store.Lane{
				Target: name, Cursor: l.cursor,
				Unread: len(l.unread), Retries: len(l.retries), Dying: l.dying,
			})
		}
	}
	return st, nil
}

// enter locks the store for one call, or says why the call cannot be made.
func (s *Store) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return store.ErrClosed
	}
	return nil
}

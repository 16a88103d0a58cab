package sandbox

import (
	"context"
	"errors"
	"sync"

	"github.com/tocsin-engine/tocsin/runtime/sandbox/recording"
)

// stage is a target that has stand-ins in the places of secrets. A recording of a target
// that was granted some must not have their handles in it, so nobody could make the same
// memory again: what remains of a handle lies in pieces wherever it was copied to. So the
// call is made once more, on the stage, with stand-ins and the answers that were recorded,
// which do nothing; all but the memory must be the same as in the call itself, and the
// memory's digest is taken from there.
type stage struct {
	mu     sync.Mutex
	target *Target
	err    error
}

// rehearse completes the recording of a call.
func (s *stage) rehearse(m *Module, r *recording.Recording) {
	r.End.Unknown = "the plugin does not only hand on its secrets' handles"
	switch FaultKind(r.End.Fault) {
	case Timeout, Fuel: // as long again
		r.End.Unknown = "the plugin has secrets, and was stopped"
		return
	}
	ctx := context.Background()
	t, err := s.open(ctx, m, r)
	if err != nil {
		return
	}
	again, err := t.play(ctx, r)
	if err != nil || recording.Compare(r, again) != nil {
		return
	}
	r.Began, r.End.Memory, r.End.Unknown = again.Began, again.End.Memory, ""
}

func (s *stage) open(ctx context.Context, m *Module, r *recording.Recording) (*Target, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.target == nil && s.err == nil {
		s.target, s.err = m.standIn(ctx, r)
	}
	return s.target, s.err
}

func (s *stage) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.target == nil {
		return nil
	}
	t := s.target
	s.target, s.err = nil, errors.New("sandbox: the target is closed")
	return t.Close()
}

package sqlite

import (
	"errors"
	"os"
	"time"
)

// syncEvery is how long settlements may be in memory only. A power cut takes them, and
// what they settled is delivered again: at a thousand deliveries a second, five of them.
const syncEvery = 5 * time.Millisecond

// keepSynced brings settlements to the disk soon after they were committed, beside the
// writer, which does not wait for it.
func (s *Store) keepSynced() {
	f, err := os.OpenFile(s.stateSetup().path+"-wal", os.O_RDWR, 0)
	if err != nil {
		_ = s.fail(err)
		return
	}
	pause := time.NewTimer(syncEvery)
	defer pause.Stop()
	for {
		select {
		case <-s.dirty:
		case <-s.ended:
			if err := f.Close(); err != nil {
				s.log.Warn("a file could not be closed", "file", f.Name(), "error", err)
			}
			return
		}
		if err := f.Sync(); err != nil && s.Err() == nil {
			_ = s.fail(errors.Join(errors.New("fsync of settlements"), err))
		}
		pause.Reset(syncEvery)
		select {
		case <-pause.C:
		case <-s.ended:
		}
	}
}

// soil says that bus.db has commits that the disk does not have.
func (s *Store) soil() {
	select {
	case s.dirty <- struct{}{}:
	default:
	}
}

package sqlite

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
)

// room is a reserve on the disk: a file that only takes room. When the disk is full it is
// deleted, so that deliveries can be settled while senders are throttled; once it can be
// made again, there is room for everybody.
type room struct {
	mu    sync.Mutex // held while the file is made or deleted
	path  string
	gone  atomic.Bool
	bytes int64
	// stalled says that the reserve was of no use: somebody else has taken its room.
	stalled atomic.Bool
}

// reserveBytes is enough for a hundred thousand settlements.
const reserveBytes = 8 << 20

func newRoom(dir string) *room {
	return &room{path: filepath.Join(dir, "reserve"), bytes: reserveBytes}
}

// lowBytes is how little room counts as none: a write that the disk refuses takes long,
// and a sender is to be throttled at once.
const lowBytes = 2 << 20

// low says whether the disk is about to be full, where that can be asked.
func (r *room) low() bool { return !r.gone.Load() && available(r.path) < lowBytes }

// full says whether the reserve is in use.
func (r *room) full() bool { return r.gone.Load() }

// release gives the reserve to the settlements.
func (r *room) release() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.gone.Store(true)
	_ = os.Remove(r.path) // if it is not there, there is nothing to give
}

// reserve takes the reserve, and says whether there was room for it.
func (r *room) reserve() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if info, err := os.Stat(r.path); err == nil && info.Size() == r.bytes && !r.gone.Load() {
		return true
	}
	err := allocate(r.path, r.bytes)
	if err != nil && !errors.Is(err, errors.ErrUnsupported) {
		if e := os.Remove(r.path); e != nil && !errors.Is(e, fs.ErrNotExist) {
			return false
		}
		r.gone.Store(true)
		return false
	}
	r.gone.Store(false)
	return true
}

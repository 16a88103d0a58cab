package sqlite

import (
	"errors"

	"github.com/ncruces/go-sqlite3/vfs"
)

// gathers is the parameter of a database whose write-ahead log is a gathered file. Every
// commit to it must be synchronous: what is not, a reader would not find in the file.
const gathers = "gathers"

// gathered is a write-ahead log that is written in one go. SQLite writes each frame in
// two pieces, and only when all of a commit's are written and synced does it tell readers
// of them.
type gathered struct {
	file
	at   int64
	held []byte
}

// mostHeld bounds what waits for the sync.
const mostHeld = 1 << 20

// WriteAt keeps what follows on what is kept.
func (g *gathered) WriteAt(p []byte, off int64) (int, error) {
	if off != g.at+int64(len(g.held)) || len(g.held)+len(p) > mostHeld {
		if err := g.flush(); err != nil {
			return 0, err
		}
		g.at = off
	}
	g.held = append(g.held, p...)
	return len(p), nil
}

// flush writes what is kept. What cannot be written is given up: SQLite rolls back and
// begins at the same place again.
func (g *gathered) flush() error {
	if len(g.held) == 0 {
		return nil
	}
	_, err := g.file.WriteAt(g.held, g.at)
	g.at += int64(len(g.held))
	g.held = g.held[:0]
	return err
}

func (g *gathered) ReadAt(p []byte, off int64) (int, error) {
	if err := g.flush(); err != nil {
		return 0, err
	}
	return g.file.ReadAt(p, off)
}

func (g *gathered) Truncate(size int64) error {
	if err := g.flush(); err != nil {
		return err
	}
	return g.file.Truncate(size)
}

func (g *gathered) Sync(flags vfs.SyncFlag) error {
	if err := g.flush(); err != nil {
		return err
	}
	return g.file.Sync(flags)
}

func (g *gathered) Size() (int64, error) {
	if err := g.flush(); err != nil {
		return 0, err
	}
	return g.file.Size()
}

func (g *gathered) Close() error { return errors.Join(g.flush(), g.file.Close()) }

package sqlite

import (
	"errors"
	"io"
	"sync"
	"syscall"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/vfs"
)

// fileSystem is the machine's, but that it tells a full disk from a broken one: the
// driver looks for ENOSPC where the os package has wrapped it, and takes a full disk for
// an I/O error, after which nothing may be written any more.
type fileSystem struct{ vfs.VFS }

// machine is the name of the file system that a store goes through.
const machine = "tocsin"

var registerMachine = sync.OnceFunc(func() { vfs.Register(machine, fileSystem{vfs.Find("os")}) })

// OpenFilename opens a file; "" is a temporary one.
func (s fileSystem) OpenFilename(name *vfs.Filename, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	f, out, err := s.VFS.(vfs.VFSFilename).OpenFilename(name, flags)
	if err != nil {
		return nil, out, err
	}
	if flags&vfs.OPEN_WAL != 0 && name.URIParameter(gathers) != "" {
		return &gathered{file: file{File: f}}, out, nil
	}
	return file{f, flags&vfs.OPEN_MAIN_DB != 0}, out, nil
}

type file struct {
	vfs.File
	database bool
}

// ReadAt takes a page of which the file has only a part for what it is: SQLite would
// take the rest for zeros, and the driver verifies only whole pages.
func (f file) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.File.ReadAt(p, off)
	if f.database && n > 0 && n < len(p) && errors.Is(err, io.EOF) {
		return 0, vfs.SystemError(err, sqlite3.IOERR_DATA)
	}
	return n, err
}

func (f file) WriteAt(p []byte, off int64) (int, error) {
	n, err := f.File.WriteAt(p, off)
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return n, vfs.SystemError(err, sqlite3.FULL)
	}
	return n, err
}

// SharedMemory is the index of the write-ahead log.
func (f file) SharedMemory() vfs.SharedMemory {
	if shared, ok := f.File.(vfs.FileSharedMemory); ok {
		return shared.SharedMemory()
	}
	return nil
}

// Unwrap is what the driver looks for further abilities in.
func (f file) Unwrap() vfs.File { return f.File }

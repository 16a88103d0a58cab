package sqlite

import (
	"errors"
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
	return file{f}, out, nil
}

type file struct{ vfs.File }

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

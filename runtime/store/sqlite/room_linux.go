package sqlite

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"syscall"
)

// allocate makes a file that really takes its room. It asks first: taking what is left
// and giving it back takes long, and it is asked for every refusal.
func allocate(path string, size int64) error {
	if available(path) < size+lowBytes {
		return syscall.ENOSPC
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(syscall.Fallocate(int(f.Fd()), 0, 0, size), f.Close())
}

// available is how much room there is for a file.
func available(path string) int64 {
	var disk syscall.Statfs_t
	if err := syscall.Statfs(filepath.Dir(path), &disk); err != nil {
		return math.MaxInt64
	}
	return int64(disk.Bavail) * disk.Bsize
}

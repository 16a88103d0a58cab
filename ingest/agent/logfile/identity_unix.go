//go:build unix

package logfile

import (
	"os"
	"syscall"
)

// identity is the device and inode of a file.
func identity(info os.FileInfo) (device, inode uint64) {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(s.Dev), s.Ino //nolint:unconvert // Dev is smaller on some systems
	}
	return 0, 0
}

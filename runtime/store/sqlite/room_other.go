//go:build !linux

package sqlite

import "os"

// allocate makes a file that really takes its room.
func allocate(path string, size int64) error {
	return os.WriteFile(path, make([]byte, size), 0o600)
}

//go:build !linux

package sqlite

import (
	"math"
	"os"
)

// allocate makes a file that really takes its room.
func allocate(path string, size int64) error {
	return os.WriteFile(path, make([]byte, size), 0o600)
}

// available is how much room there is for a file, which is not asked here.
func available(string) int64 { return math.MaxInt64 }

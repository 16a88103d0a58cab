//go:build unix

package function

import (
	"runtime"
	"syscall"
	"time"
)

// usage is what the process has used: processor time, and the most memory at once in bytes.
func usage() (cpu time.Duration, maxRSS int64) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, 0
	}
	maxRSS = int64(u.Maxrss)
	if runtime.GOOS != "darwin" { // which counts bytes
		maxRSS <<= 10
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), maxRSS
}

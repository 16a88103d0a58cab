//go:build unix

package server

import "syscall"

// maxFiles is how many file descriptors the process may have.
func maxFiles() (n int64, ok bool) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil || limit.Cur > 1<<40 {
		return 0, false
	}
	return int64(limit.Cur), true
}

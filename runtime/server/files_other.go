//go:build !unix

package server

// maxFiles is how many file descriptors the process may have: not known here.
func maxFiles() (n int64, ok bool) { return 0, false }

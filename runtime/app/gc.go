package app

import (
	"os"
	"runtime/debug"
)

// garbage is how large the heap may grow between two collections, in percent of what
// lives. Almost all that is allocated are events on their way through, and what lives is
// bounded: with Go's 100 a busy server collects all the time, 7 % of its CPU, with 300 it
// is 2 %.
const garbage = 300

// collectLess sets that for the process, unless GOGC says otherwise, and returns what
// takes it back.
func collectLess() (undo func()) {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	before := debug.SetGCPercent(garbage)
	return func() { debug.SetGCPercent(before) }
}

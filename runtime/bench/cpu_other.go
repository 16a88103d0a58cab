//go:build !unix

package bench

import "time"

var started = time.Now()

// cpu is the time since the start: the processor's own time is not known here.
func cpu() time.Duration { return time.Since(started) }

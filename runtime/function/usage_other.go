//go:build !unix

package function

import "time"

// usage is not known here.
func usage() (cpu time.Duration, maxRSS int64) { return 0, 0 }

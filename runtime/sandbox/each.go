package sandbox

import (
	"runtime"
	"sync"
)

// Each calls f with 0 … n-1, as many at once as there are processors: to compile plugins and
// to start them is processor time alone, and a start has a deadline that others must not use up.
func Each(n int, f func(k int)) {
	var all sync.WaitGroup
	free := make(chan struct{}, runtime.GOMAXPROCS(0))
	for k := range n {
		free <- struct{}{}
		all.Go(func() {
			defer func() { <-free }()
			f(k)
		})
	}
	all.Wait()
}

package sandbox_test

import (
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/tocsin-engine/tocsin/runtime/sandbox"
)

// TestEach: everything is done, as many things at once as there are processors.
func TestEach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 50
		var under, done atomic.Int64
		next := make(chan struct{})
		go sandbox.Each(n, func(k int) {
			under.Add(1)
			<-next
			under.Add(-1)
			done.Add(int64(k))
		})
		synctest.Wait()
		if got := under.Load(); got != int64(runtime.GOMAXPROCS(0)) {
			t.Errorf("%d at once, want %d", got, runtime.GOMAXPROCS(0))
		}
		close(next)
		synctest.Wait()
		if got := done.Load(); got != n*(n-1)/2 {
			t.Errorf("the sum of what was done is %d", got)
		}
	})
}

package sandbox_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/sandbox"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/sandboxtest"
)

// BenchmarkTwoCores is how much more one target gives on two threads than on one, against
// how much more two native loops give in the same windows: what the sandbox itself loses
// to locks and the collector. 1 is all.
func BenchmarkTwoCores(b *testing.B) {
	for _, w := range workloads[:2] {
		b.Run("guest="+w.name, func(b *testing.B) {
			m, err := sandboxtest.Host(b).Compile(b.Context(), sandboxtest.Guest(b, w.dir), w.name)
			if err != nil {
				b.Fatal(err)
			}
			target, err := m.NewTarget(b.Context(), sandbox.TargetConfig{Name: "t", Config: []byte(w.config), Host: &recorder{}})
			if err != nil {
				b.Fatal(err)
			}
			call := cloudtrail(b, 1)
			guest := func() {
				if _, _, err := target.Call(b.Context(), call); err != nil {
					b.Error(err)
				}
			}
			native := func() {
				sum := uint32(0)
				for range 4 {
					for _, c := range call.Batch.Records[0].Event {
						sum = sum*31 + uint32(c)
					}
				}
				sink.Store(sum)
			}
			for b.Loop() {
				// The best of windows that take turns: the guest's and the native loop's, on one
				// and two threads.
				var clock, used [4]float64
				for range 100 {
					for n, window := range []func() (float64, float64){rate(1, guest), rate(2, guest), rate(1, native), rate(2, native)} {
						c, u := window()
						clock[n], used[n] = max(clock[n], c), max(used[n], u)
					}
				}
				b.ReportMetric(clock[1]/clock[0], "guest-2/1")
				b.ReportMetric(clock[3]/clock[2], "native-2/1")
				b.ReportMetric(clock[1]/clock[0]*clock[2]/clock[3], "guest/native")
				b.ReportMetric(used[1]/used[0]*used[2]/used[3], "guest/native-cpu")
			}
		})
	}
}

var sink atomic.Uint32

// rate is a window that counts how often f runs on so many threads in a second, and in a
// second of processor time: on a busy machine two threads do not get two processors.
func rate(threads int, f func()) func() (clock, used float64) {
	return func() (float64, float64) {
		const window = 5 * time.Millisecond
		var done sync.WaitGroup
		var n atomic.Int64
		begin, before := time.Now(), sandbox.ProcessTime()
		for range threads {
			done.Go(func() {
				calls := int64(0)
				for time.Since(begin) < window {
					f()
					calls++
				}
				n.Add(calls)
			})
		}
		done.Wait()
		return float64(n.Load()) / time.Since(begin).Seconds(), float64(n.Load()) / (sandbox.ProcessTime() - before).Seconds()
	}
}

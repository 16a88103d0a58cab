package sandbox_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/sandbox"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/sandboxtest"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// cloudtrail is a batch of n events of 1,536 bytes.
func cloudtrail(b *testing.B, n int) sandbox.Call {
	b.Helper()
	event, err := os.ReadFile("testdata/guests/measured/event.json")
	if err != nil {
		b.Fatal(err)
	}
	c := batch()
	for k := range n {
		c.Batch.Records = append(c.Batch.Records, abi.Record{ID: fmt.Sprint(k), Attempt: 1, Rule: "r", Event: event})
	}
	return c
}

// sized is a batch of n events of 1.5 KB that ask the hostile guest for do.
func sized(do string, n int) sandbox.Call {
	c := batch()
	event := []byte(`{"do":"` + do + `","filler":"`)
	for len(event) < 1500 {
		event = append(event, "abcdefghij"...)
	}
	event = append(event, `"}`...)
	for k := range n {
		c.Batch.Records = append(c.Batch.Records, abi.Record{ID: fmt.Sprint(k), Attempt: 1, Rule: "r", Event: event})
	}
	return c
}

func BenchmarkCall(b *testing.B) {
	for _, mode := range []string{"dirty_pages", "full_copy"} {
		for _, n := range []int{1, 10} {
			b.Run(fmt.Sprintf("guest=go/reset=%s/batch=%d", mode, n), func(b *testing.B) {
				if mode == "full_copy" {
					defer sandbox.WithoutDirtyPages()()
				}
				target, _ := hostile(b, sandbox.TargetConfig{})
				c := sized("nothing", n)
				b.ReportAllocs()
				for b.Loop() {
					if _, _, err := target.Call(b.Context(), c); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "events/s")
			})
		}
	}
}

// workload is a guest that a benchmark calls.
type workload struct {
	name, dir, config string
}

var workloads = []workload{
	{"c", "testdata/guests/measured_c", ""},
	{"go", "testdata/guests/measured", ""},
	{"go_json", "testdata/guests/measured", `{"decode":true}`},
}

func (w workload) measure(b *testing.B, events int) sandbox.Measured {
	b.Helper()
	m, err := sandbox.Measure(b.Context(), sandboxtest.Host(b), sandboxtest.Guest(b, w.dir),
		sandbox.TargetConfig{Name: w.name, Config: []byte(w.config), Host: &recorder{}}, cloudtrail(b, events), 60, 3*time.Millisecond)
	if err != nil {
		b.Fatal(err)
	}
	return m
}

// BenchmarkIsolation reports what isolation costs, as ratios of one run in processor time:
// pristine calls with a deadline against warm ones without, and what they replace.
func BenchmarkIsolation(b *testing.B) {
	for _, w := range workloads {
		b.Run("guest="+w.name, func(b *testing.B) {
			for b.Loop() {
				m := w.measure(b, 1)
				b.ReportMetric(float64(m.Pristine), "pristine-ns")
				b.ReportMetric(float64(m.Warm), "warm-ns")
				b.ReportMetric(float64(m.Pristine)/float64(m.Warm), "pristine/warm")
				b.ReportMetric(float64(m.Fresh)/float64(m.Pristine), "fresh/pristine")
				b.ReportMetric(float64(m.WarmTimeout)/float64(m.Pristine), "warm+timeout/pristine")
				b.ReportMetric(m.HostAllocs, "host-allocs")
				ten := w.measure(b, 10)
				b.ReportMetric(float64(ten.Pristine-ten.Warm)/10, "overhead-ns/event")
				if m.HostAllocs != 0 || ten.HostAllocs != 0 {
					b.Errorf("%g and %g allocations a call, want none", m.HostAllocs, ten.HostAllocs)
				}
			}
		})
	}
}

// BenchmarkCompile is a cold start of a Go guest: nothing is in a cache.
func BenchmarkCompile(b *testing.B) {
	wasm := sandboxtest.Guest(b, "testdata/guests/hostile")
	for b.Loop() {
		h := sandbox.New(b.Context(), sandbox.Config{})
		if _, err := h.Compile(b.Context(), wasm, "hostile"); err != nil {
			b.Fatal(err)
		}
		if err := h.Close(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCollector is how long a garbage collection takes beside a guest that loops and
// calls nothing; without the checks in its code it would be the guest's whole time.
func BenchmarkCollector(b *testing.B) {
	target, _ := hostile(b, sandbox.TargetConfig{Limits: abi.Limits{TimeMS: 600_000}})
	for _, beside := range []string{"nothing", "a loop"} {
		b.Run("beside="+beside, func(b *testing.B) {
			ctx, stop := context.WithCancel(b.Context())
			done := make(chan struct{})
			go func() {
				defer close(done)
				if beside == "a loop" {
					_, _, err := target.Call(ctx, batch("loop"))
					if err == nil {
						b.Error("the loop ended by itself")
					}
				}
			}()
			worst := time.Duration(0)
			for b.Loop() {
				begin := time.Now()
				runtime.GC()
				worst = max(worst, time.Since(begin))
			}
			b.ReportMetric(float64(worst.Microseconds())/1000, "worst-ms")
			stop()
			<-done
		})
	}
}

// BenchmarkRecording reports what recordings cost, as ratios of one run in processor time:
// a call of which one is kept if it fails, and one of which it is kept, against a call of
// which none is wanted.
func BenchmarkRecording(b *testing.B) {
	for _, do := range []string{"nothing", "count"} {
		b.Run("do="+do, func(b *testing.B) {
			target, r := hostile(b, sandbox.TargetConfig{})
			best := map[sandbox.Keep]time.Duration{}
			for b.Loop() {
				for _, keep := range []sandbox.Keep{sandbox.KeepNone, sandbox.KeepFailed, sandbox.KeepAll} {
					c := sized(do, 1)
					c.Keep = keep
					const calls = 300
					begin := sandbox.ProcessTime()
					for range calls {
						if _, _, err := target.Call(b.Context(), c); err != nil {
							b.Fatal(err)
						}
					}
					if took := (sandbox.ProcessTime() - begin) / calls; best[keep] == 0 || took < best[keep] {
						best[keep] = took
					}
					r.take()
				}
			}
			b.ReportMetric(float64(best[sandbox.KeepFailed])/float64(best[sandbox.KeepNone]), "wanted/unwanted")
			b.ReportMetric(float64(best[sandbox.KeepAll])/float64(best[sandbox.KeepNone]), "kept/unwanted")
			b.ReportMetric(float64(best[sandbox.KeepNone]), "unwanted-ns")
		})
	}
}

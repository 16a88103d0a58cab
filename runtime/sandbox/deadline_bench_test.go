package sandbox_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/sandbox"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/sandboxtest"
	"github.com/tocsin-engine/tocsin/sdk/abi"
	"github.com/tocsin-engine/tocsin/sdk/abi/wat"
)

// stubborn is a guest that never ends by itself, in the way that do says.
func stubborn(b *testing.B, do string, limits abi.Limits, host sandbox.Capabilities) *sandbox.Target {
	b.Helper()
	wasm, err := wat.Assemble(`(module (import "tocsin" "http" (func $http (param i32 i32) (result i32)))
  (import "tocsin" "random" (func $random (param i32 i32)))
  (memory (export "memory") 2) (data (i32.const 16) "{\"url\":\"https://a.example/\"}")
  (func (export "abi_v1"))
  (func (export "alloc") (param i32) (result i32) i32.const 1024)
  (func $deep (param i32) local.get 0 if local.get 0 i32.const 1 i32.sub call $deep local.get 0 i32.const 1 i32.sub call $deep end)
  (func (export "handle") (param i32 i32) (result i64) ` + do + ` i64.const 0))`)
	if err != nil {
		b.Fatal(err)
	}
	m, err := sandboxtest.Host(b).Compile(b.Context(), wasm, "stubborn")
	if err != nil {
		b.Fatal(err)
	}
	target, err := m.NewTarget(b.Context(), sandbox.TargetConfig{Name: "t", Host: host, Limits: limits, Grants: abi.Grants{HTTP: []string{"a.example"}}})
	if err != nil {
		b.Fatal(err)
	}
	return target
}

// slow answers no request before its context ends.
type slow struct{ recorder }

// HTTP waits.
func (s *slow) HTTP(ctx context.Context, _ sandbox.Scope, _ abi.HTTPRequest) (abi.HTTPResponse, abi.Errno) {
	<-ctx.Done()
	return abi.HTTPResponse{}, abi.Timeout
}

const forever = "loop $again br $again end"

// BenchmarkDeadline is how long after a deadline of 50 ms a guest is stopped, in the median
// and at worst, whatever it does: loop, recurse without a loop, wait in a host call, or
// call the host all the time.
func BenchmarkDeadline(b *testing.B) {
	const limit = 50 * time.Millisecond
	for _, w := range []struct{ name, do string }{
		{"loop", forever},
		{"recursion", "i32.const 60 call $deep"},
		{"host_call", "loop $again i32.const 16 i32.const 28 call $http drop br $again end"},
		{"host_calls", "loop $again i32.const 4096 i32.const 65536 call $random br $again end"},
	} {
		b.Run("guest="+w.name, func(b *testing.B) {
			target := stubborn(b, w.do, abi.Limits{TimeMS: limit.Milliseconds()}, &slow{})
			var took []time.Duration
			for b.Loop() {
				_, report, err := target.Call(b.Context(), batch("x"))
				var f *sandbox.Fault
				if !errors.As(err, &f) || f.Kind != sandbox.Timeout {
					b.Fatalf("error %v, want a timeout", err)
				}
				took = append(took, report.Took)
			}
			slices.Sort(took)
			b.ReportMetric(float64((took[len(took)/2]-limit).Microseconds())/1000, "median-late-ms")
			b.ReportMetric(float64((took[len(took)-1]-limit).Microseconds())/1000, "worst-late-ms")
		})
	}
}

// BenchmarkNeighbour is the 99th percentile of a plugin that uses at most a fifth of a
// core, beside a plugin that loops for ever, against the same beside a native loop: what a
// hostile neighbour costs that a busy one would not. It fails above a fifth more.
func BenchmarkNeighbour(b *testing.B) {
	looping := stubborn(b, forever, abi.Limits{TimeMS: 3_600_000}, &recorder{})
	m, err := sandboxtest.Host(b).Compile(b.Context(), sandboxtest.Guest(b, "testdata/guests/measured"), "healthy")
	if err != nil {
		b.Fatal(err)
	}
	healthy, err := m.NewTarget(b.Context(), sandbox.TargetConfig{Name: "h", Host: &recorder{}})
	if err != nil {
		b.Fatal(err)
	}
	call := cloudtrail(b, 1)
	deliveries := func() (p99 time.Duration) {
		var took []time.Duration
		next := time.NewTicker(100 * time.Microsecond) // far below a fifth of a core
		defer next.Stop()
		for range 1000 {
			<-next.C
			begin := time.Now()
			if _, _, err := healthy.Call(b.Context(), call); err != nil {
				b.Fatal(err)
			}
			took = append(took, time.Since(begin))
		}
		slices.Sort(took)
		return took[len(took)*99/100]
	}
	beside := func(neighbour func(context.Context)) time.Duration {
		ctx, stop := context.WithCancel(b.Context())
		done := make(chan struct{})
		go func() { defer close(done); neighbour(ctx) }()
		defer func() { stop(); <-done }()
		return deliveries()
	}
	for b.Loop() {
		var alone, guest, native []time.Duration
		for range 5 {
			alone = append(alone, deliveries())
			guest = append(guest, beside(func(ctx context.Context) { _, _, _ = looping.Call(ctx, batch("x")) }))
			native = append(native, beside(func(ctx context.Context) {
				for sum := uint32(0); ctx.Err() == nil; sink.Store(sum) {
					for n := range uint32(1 << 16) {
						sum = sum*31 + n
					}
				}
			}))
		}
		for _, list := range [][]time.Duration{alone, guest, native} {
			slices.Sort(list)
		}
		micro := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }
		b.ReportMetric(micro(alone[2]), "alone-p99-µs")
		b.ReportMetric(micro(guest[2]), "beside-guest-p99-µs")
		b.ReportMetric(micro(native[2]), "beside-native-p99-µs")
		worse := float64(guest[2]) / float64(native[2])
		b.ReportMetric(worse, "guest/native")
		if worse > 1.2 {
			b.Errorf("beside a looping guest the 99th percentile is %.2f times what it is beside a native loop", worse)
		}
	}
}

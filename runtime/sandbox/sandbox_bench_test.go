package sandbox_test

import (
	"context"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tocsin-engine/tocsin/runtime/sandbox"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/sandboxtest"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// eventBytes is a CloudTrail record of 1.5 KB.
func benchBatch(n int) sandbox.Call {
	c := batch()
	event := []byte(`{"do":"nothing","filler":"`)
	for len(event) < 1500 {
		event = append(event, "abcdefghij"...)
	}
	event = append(event, `"}`...)
	for range n {
		c.Batch.Records = append(c.Batch.Records, abi.Record{ID: "1", Attempt: 1, Rule: "r", Event: event})
	}
	return c
}

func BenchmarkCall(b *testing.B) {
	for _, mode := range []string{"pristine", "fullcopy"} {
		for _, n := range []int{1, 10} {
			b.Run("guest=go/mode="+mode+"/batch="+map[int]string{1: "1", 10: "10"}[n], func(b *testing.B) {
				if mode == "fullcopy" {
					defer sandbox.WithoutDirtyPages()()
				}
				target, _ := hostile(b, sandbox.TargetConfig{})
				c := benchBatch(n)
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

var _ = context.Background
var _ wazero.Runtime
var _ = sandboxtest.Host

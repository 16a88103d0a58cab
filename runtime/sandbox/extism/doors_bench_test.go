package extism_test

import (
	"testing"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/sandbox"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/sandboxtest"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// BenchmarkDoors is the same work, adding up an event of 1,536 bytes, behind each ABI, as
// ratios of one run in processor time to our own.
func BenchmarkDoors(b *testing.B) {
	call := sandbox.Call{Now: time.UnixMilli(1767323045000), Seed: "s", Batch: abi.Batch{Records: []abi.Record{
		{ID: "1", Attempt: 1, Rule: "r", Event: read(b, "../testdata/guests/measured/event.json")}}}}
	for _, guest := range []struct {
		name       string
		own, other func() []byte
		function   string
	}{
		{"c/door=extism", func() []byte { return sandboxtest.Guest(b, "../testdata/guests/measured_c") },
			func() []byte { return sandboxtest.Guest(b, "testdata/sum") }, ""},
		{"c/door=wasi-command", func() []byte { return sandboxtest.Guest(b, "../testdata/guests/measured_c") },
			func() []byte { return sandboxtest.Guest(b, "testdata/command") }, ""},
		{"go/door=extism", func() []byte { return sandboxtest.Guest(b, "../testdata/guests/measured") }, func() []byte { return goPDK(b) }, "sum"},
	} {
		b.Run("guest="+guest.name, func(b *testing.B) {
			own, other := guest.own(), guest.other()
			for b.Loop() {
				base := measure(b, own, "", call)
				m := measure(b, other, guest.function, call)
				b.ReportMetric(float64(m.Pristine), "pristine-ns")
				b.ReportMetric(float64(m.Warm), "warm-ns")
				b.ReportMetric(float64(m.Fresh), "fresh-ns")
				b.ReportMetric(m.HostAllocs, "host-allocs")
				b.ReportMetric(float64(base.Pristine), "own-ns")
				b.ReportMetric(float64(m.Pristine)/float64(base.Pristine), "pristine/own")
			}
		})
	}
}

func measure(b *testing.B, wasm []byte, function string, call sandbox.Call) sandbox.Measured {
	b.Helper()
	m, err := sandbox.Measure(b.Context(), sandboxtest.Host(b), wasm, sandbox.TargetConfig{Name: "t", Config: []byte("{}"), Function: function,
		Grants: abi.Grants{HTTP: []string{"a.example"}}, Host: &world{}}, call, 60, 3*time.Millisecond)
	if err != nil {
		b.Fatal(err)
	}
	return m
}

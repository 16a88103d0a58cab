package engine_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/runtime/dispatch"
	"github.com/tocsin-engine/tocsin/runtime/engine"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/store/memory"
)

// ledger is a target that only counts.
type ledger struct{}

func (ledger) Digest(context.Context, rulefile.Target, *rulefile.Plugin) (string, error) {
	return "", nil
}

func (ledger) Open(context.Context, rulefile.Target, *rulefile.Plugin, engine.Host) (engine.Runner, error) {
	return ledger{}, nil
}

func (ledger) Close() error { return nil }

func (ledger) Deliver(_ context.Context, batch []dispatch.Delivery) []dispatch.Outcome {
	out := make([]dispatch.Outcome, len(batch))
	for i := range out {
		out[i].OK = true
	}
	return out
}

const twoTargets = `
version: 1
rules:
  - {name: r, pattern: {source: [shop]}, targets: [a, b]}
targets:
  - {name: a, plugin: log, batch: 100}
  - {name: b, plugin: log, batch: 100}
`

// BenchmarkPipeline is PutEvents of 10 with events of 1.5 KB, from Put to the targets'
// answers, on the store in memory.
func BenchmarkPipeline(b *testing.B) {
	for _, matching := range []bool{true, false} {
		b.Run(fmt.Sprintf("matching=%v", matching), func(b *testing.B) {
			e, err := engine.New(engine.Config{Store: memory.New(memory.Config{}), Plugins: ledger{}})
			if err != nil {
				b.Fatal(err)
			}
			if err := e.Load(b.Context(), set(b, twoTargets)); err != nil {
				b.Fatal(err)
			}
			source := "shop"
			if !matching {
				source = "other"
			}
			batch := make([]service.Submission, 10)
			for i := range batch {
				batch[i].Event = newEvent(b, fmt.Sprint("e", i), source, `{"text":"`+strings.Repeat("x", 1300)+`"}`)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := e.Put(b.Context(), batch); err != nil {
					b.Fatal(err)
				}
				if _, _, err := e.Step(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(10*b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

package engine_test

import (
	"context"
	"fmt"
	"time"

	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/runtime/dispatch"
	"github.com/tocsin-engine/tocsin/runtime/engine"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/store/memory"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// printer is a target that prints; in production engine.Sandboxed makes targets.
type printer struct{}

func (printer) Digest(context.Context, rulefile.Target, *rulefile.Plugin) (string, error) {
	return "", nil
}

func (printer) Open(context.Context, rulefile.Target, *rulefile.Plugin, engine.Host) (engine.Runner, error) {
	return printer{}, nil
}

func (printer) Close() error { return nil }

func (printer) Deliver(_ context.Context, batch []dispatch.Delivery) []dispatch.Outcome {
	out := make([]dispatch.Outcome, len(batch))
	for i, d := range batch {
		fmt.Println("delivered:", string(d.Input))
		out[i].OK = true
	}
	return out
}

func Example() {
	ctx := context.Background()
	rules, findings := rulefile.Load([]rulefile.File{{Name: "rules.yaml", Data: []byte(`
version: 1
rules:
  - name: big-order
    pattern: {source: [shop.orders], detail: {amount: [{numeric: [">=", 1000]}]}}
    targets: [tell]
targets:
  - {name: tell, plugin: log, input: '"order " + detail.id'}
`)}}, rulefile.Options{})
	if findings != nil {
		fmt.Println(findings)
	}
	e, err := engine.New(engine.Config{Store: memory.New(memory.Config{}), Plugins: printer{}})
	if err != nil {
		panic(err)
	}
	if err := e.Load(ctx, rules); err != nil {
		panic(err)
	}
	order, err := event.New(event.Fields{ID: "4f1c", DetailType: "OrderPlaced", Source: "shop.orders",
		Account: "123456789012", Region: "eu-west-1", Time: time.Now(), Detail: []byte(`{"id":"A-17","amount":1250}`)})
	if err != nil {
		panic(err)
	}
	receipts, err := e.Put(ctx, []service.Submission{{Event: order}})
	if err != nil {
		panic(err)
	}
	fmt.Println("matched:", receipts[0].Matched)
	// A server runs e.Run; Step is the same without a goroutine.
	if _, _, err := e.Step(ctx); err != nil {
		panic(err)
	}
	fate, err := e.Fate(ctx, "4f1c")
	if err != nil {
		panic(err)
	}
	fmt.Println("fate:", fate.State)
	// Output:
	// matched: [big-order]
	// delivered: "order A-17"
	// fate: delivered
}

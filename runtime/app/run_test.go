package app_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/app"
	"github.com/tocsin-engine/tocsin/runtime/config"
	"github.com/tocsin-engine/tocsin/runtime/engine"
	"github.com/tocsin-engine/tocsin/runtime/sandbox"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/service/sqs"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

const orders = `version: 1
rules:
  - {name: order, pattern: {source: [shop.orders]}, targets: [orders]}
targets:
  - {name: orders, plugin: sqs, config: {queue: orders}, input: detail.id}
`

// configFor is the configuration of a machine with one rule file.
func configFor(t *testing.T, rules string) config.Config {
	t.Helper()
	file := filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.WriteFile(file, []byte(rules), 0o600); err != nil {
		t.Fatal(err)
	}
	return config.Config{
		Rules: []string{file}, Listen: "127.0.0.1:0", Account: config.Account, Region: config.Region,
		MaxHops: 8, Drain: 10 * time.Second, Cache: sandbox.CacheDir(),
	}
}

// TestRun: an event goes in, its target acts on the service in the process, and told to
// stop the machine ends well.
func TestRun(t *testing.T) {
	m, warnings, err := app.New(t.Context(), configFor(t, orders), app.Options{})
	if err != nil || len(warnings) > 0 {
		t.Fatal(err, warnings)
	}
	ctx, stop := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	go func() { ran <- m.Run(ctx, nil) }()

	watch := m.Engine().Subscribe(10)
	ev, err := event.New(event.Fields{ID: "1", Source: "shop.orders", DetailType: "OrderPlaced", Detail: []byte(`{"id":"A-1"}`)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Engine().Put(ctx, []service.Submission{{Event: ev}}); err != nil {
		t.Fatal(err)
	}
	for item := range watch.C {
		if item.Report != nil {
			watch.Close()
		}
	}
	answer, err := m.Call(ctx, "sqs", "ReceiveMessage", &sqs.ReceiveMessageRequest{QueueURL: "orders"})
	if err != nil {
		t.Fatal(err)
	}
	if got := answer.(*sqs.ReceiveMessageResponse).Messages; len(got) != 1 || got[0].Body != `"A-1"` {
		t.Errorf("the queue holds %+v, want the one input %q", got, "A-1")
	}
	stop()
	if err := <-ran; err != nil {
		t.Errorf("Run: %v", err)
	}
	if err := m.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

// TestRulesError: rules that cannot be loaded come back as findings, and the port is free
// again.
func TestRulesError(t *testing.T) {
	c := configFor(t, "version: 1\nrulse: []\n")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c.Listen = l.Addr().String()
	l.Close()
	_, _, err = app.New(t.Context(), c, app.Options{})
	var rules *app.RulesError
	if !errors.As(err, &rules) || !errors.Is(err, engine.ErrFindings) || len(rules.Findings) != 1 || rules.Findings[0].Code != "R001" || len(rules.Files) != 1 {
		t.Errorf("New: %#v, want a RulesError with the finding R001", err)
	}
	again, err := net.Listen("tcp", c.Listen)
	if err != nil {
		t.Fatalf("the port is still taken: %v", err)
	}
	again.Close()
}

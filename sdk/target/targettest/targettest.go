// Package targettest is a fake host: it tests a target as plain Go, without WebAssembly
// and without a server.
//
//	func TestTellsTheChannel(t *testing.T) {
//		host := targettest.New(t, `{"url": "https://hooks.example.com/T0"}`)
//		host.HTTP = func(abi.HTTPRequest) abi.HTTPResponse { return abi.HTTPResponse{Status: 503} }
//		failure := host.Deliver(`{"source": "shop.orders"}`)
//		if failure == nil || !failure.Retry { t.Errorf("a 503 is worth another attempt, got %v", failure) }
//	}
//
// The target registers itself in its init function, so the test lies in its package.
package targettest

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/tocsin-engine/tocsin/sdk/abi"
	"github.com/tocsin-engine/tocsin/sdk/target/internal/native"
)

// Host is the fake host. Set its functions before Deliver; one left nil answers with
// success and nothing in it.
type Host struct {
	// HTTP answers the target's HTTP requests.
	HTTP func(abi.HTTPRequest) abi.HTTPResponse
	// AWS answers the target's AWS calls.
	AWS func(abi.AWSRequest) abi.AWSResponse
	// Refuse lists host functions that answer with a reason instead, as {"http": abi.Denied}.
	Refuse map[string]abi.Errno
	// Time is what the target sees as now. Default: 2026-01-01T00:00:00Z.
	Time time.Time
	// KV is the target's key-value space.
	KV map[string]string

	// Calls are the host functions called with JSON, Logs the log lines, in order.
	Calls []Call
	Logs  []string

	t      testing.TB
	answer []byte
	random *rand.ChaCha8
}

// Call is one call of a host function.
type Call struct {
	Function string
	// Request is its JSON.
	Request string
}

// New starts the target with a config (JSON; "" means {}) and fails the test when the
// target refuses it.
func New(t testing.TB, config string) *Host {
	t.Helper()
	h, problems := Configure(t, config)
	for _, p := range problems {
		t.Errorf("config.%s %s", p.Path, p.Message)
	}
	if problems != nil {
		t.FailNow()
	}
	return h
}

// Configure is New for configs that the target should refuse: it returns the problems.
func Configure(t testing.TB, config string) (*Host, []abi.Problem) {
	t.Helper()
	if config == "" {
		config = "{}"
	}
	compact := raw(t, config)
	h := &Host{t: t, Time: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), KV: map[string]string{},
		random: rand.NewChaCha8([32]byte{})}
	native.Host = h
	var result abi.InitResult
	if answer := native.Init(compact); len(answer) > 0 {
		decode(t, answer, &result)
	}
	return h, result.Problems
}

// Deliver gives the target one event (JSON; missing members of the envelope are left
// missing) and returns what it failed with, or nil.
func (h *Host) Deliver(event string) *abi.Failure {
	h.t.Helper()
	return h.one(abi.Record{Event: raw(h.t, event)})
}

// DeliverInput is Deliver with an input that the rule file made of the event.
func (h *Host) DeliverInput(event, input string) *abi.Failure {
	h.t.Helper()
	return h.one(abi.Record{Event: raw(h.t, event), Input: raw(h.t, input)})
}

func (h *Host) one(r abi.Record) *abi.Failure {
	h.t.Helper()
	r.ID, r.Attempt, r.Rule = "1", 1, "test-rule"
	failures := h.DeliverBatch(r)
	if len(failures) == 0 {
		return nil
	}
	return &failures[0]
}

// DeliverBatch gives the target several records at once.
func (h *Host) DeliverBatch(records ...abi.Record) []abi.Failure {
	h.t.Helper()
	batch, err := json.Marshal(abi.Batch{V: 1, Target: "test", Delivery: "test-1", DeadlineMS: 5000, Records: records})
	if err != nil {
		h.t.Fatalf("the batch is no JSON: %v", err)
	}
	native.Host = h
	var result abi.Result
	decode(h.t, native.Handle(batch), &result)
	return result.Failures
}

// Called returns the requests of one host function, in order: "http", "aws", "emit", …
func (h *Host) Called(function string) []string {
	var requests []string
	for _, c := range h.Calls {
		if c.Function == function {
			requests = append(requests, c.Request)
		}
	}
	return requests
}

func raw(t testing.TB, text string) []byte {
	t.Helper()
	if !json.Valid([]byte(text)) {
		t.Fatalf("this is no JSON: %s", text)
	}
	b, err := json.Marshal(json.RawMessage(text)) // white space goes
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func decode(t testing.TB, b []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatalf("%s is no JSON of the ABI: %v", b, err)
	}
}

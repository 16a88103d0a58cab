package sandbox_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tocsin-engine/tocsin/runtime/sandbox"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/sandboxtest"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// recorder is the machine around the sandbox, for tests.
type recorder struct {
	mu   sync.Mutex
	logs []string
}

func (r *recorder) Log(_ sandbox.Scope, level abi.LogLevel, text []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.logs = append(r.logs, fmt.Sprintf("%d %s", level, text))
}
func (r *recorder) Count(sandbox.Scope, string, int64)   {}
func (r *recorder) Denied(sandbox.Scope, string, string) {}
func (r *recorder) Emit(context.Context, sandbox.Scope, []byte) abi.Errno {
	return abi.Unavailable
}
func (r *recorder) KV(context.Context, sandbox.Scope, string, abi.KVRequest) ([]byte, abi.Errno) {
	return nil, abi.Unavailable
}
func (r *recorder) HTTP(context.Context, sandbox.Scope, abi.HTTPRequest) (abi.HTTPResponse, abi.Errno) {
	return abi.HTTPResponse{}, abi.Unavailable
}
func (r *recorder) AWS(context.Context, sandbox.Scope, abi.AWSRequest) (abi.AWSResponse, abi.Errno) {
	return abi.AWSResponse{}, abi.Unavailable
}
func (r *recorder) Secret(string) (string, bool) { return "", false }

func (r *recorder) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	logs := r.logs
	r.logs = nil
	return logs
}

func hostile(t testing.TB, c sandbox.TargetConfig) (*sandbox.Target, *recorder) {
	t.Helper()
	m, err := sandboxtest.Host(t).Compile(t.Context(), sandboxtest.Guest(t, "testdata/guests/hostile"), "hostile")
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{}
	c.Name, c.Host = "t", r
	target, err := m.NewTarget(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return target, r
}

func batch(do ...string) sandbox.Call {
	c := sandbox.Call{Now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Seed: "s", Batch: abi.Batch{Delivery: "d"}}
	for n, word := range do {
		text, _ := json.Marshal(map[string]string{"do": word})
		c.Batch.Records = append(c.Batch.Records, abi.Record{ID: fmt.Sprint(n + 1), Attempt: 1, Rule: "r", Event: text})
	}
	return c
}

func TestEveryDeliveryIsTheFirst(t *testing.T) {
	target, r := hostile(t, sandbox.TargetConfig{Config: []byte(`{"greet":"salut"}`)})
	for _, do := range []string{"count", "panic", "count", "grow", "count", "overflow", "count"} {
		_, _, err := target.Call(t.Context(), batch(do))
		if (err != nil) != (do == "panic" || do == "overflow") {
			t.Errorf("%s: error %v", do, err)
		}
	}
	want := []string{}
	for range 4 {
		want = append(want, `2 {"message":"salut","calls":"1"}`)
	}
	if diff := cmp.Diff(want, r.take()); diff != "" {
		t.Errorf("logs (-want +got):\n%s", diff)
	}
}

func TestFaults(t *testing.T) {
	limits := abi.Limits{TimeMS: 400, Memory: 16 << 20}
	short, _ := hostile(t, sandbox.TargetConfig{Limits: limits})
	limits.TimeMS = 20_000
	long, _ := hostile(t, sandbox.TargetConfig{Limits: limits})
	for _, tc := range []struct {
		do   string
		kind sandbox.FaultKind
		want string
	}{
		{"loop", sandbox.Timeout, "longer than 400ms"},
		{"fib", sandbox.Timeout, "longer than 400ms"},
		{"overflow", sandbox.Memory, "more than 16 MiB"},
		{"bomb", sandbox.Memory, "more than 16 MiB"},
		{"panic", sandbox.Trap, "nil pointer dereference"},
		{"flood", sandbox.Output, "the limit is 1 MiB"},
		{"exit", sandbox.Exit, "code 3"},
	} {
		t.Run(tc.do, func(t *testing.T) {
			target := long
			if tc.kind == sandbox.Timeout {
				target = short
			}
			_, _, err := target.Call(t.Context(), batch(tc.do))
			var f *sandbox.Fault
			if !errors.As(err, &f) {
				t.Fatalf("error %v, want a Fault", err)
			}
			if f.Kind != tc.kind || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%s (%s), want %s with %q", err, f.Kind, tc.kind, tc.want)
			}
		})
	}
}

func TestResultsAndDeterminism(t *testing.T) {
	target, r := hostile(t, sandbox.TargetConfig{})
	result, _, err := target.Call(t.Context(), batch("count", "permanent", "temporary"))
	if err != nil {
		t.Fatal(err)
	}
	want := []abi.Failure{
		{ID: "2", Error: "there is no such channel", Code: "NO_CHANNEL"},
		{ID: "3", Error: "not today", Retry: true},
	}
	if diff := cmp.Diff(want, result.Failures); diff != "" {
		t.Errorf("failures (-want +got):\n%s", diff)
	}
	r.take()
	var seen []string
	for _, seed := range []string{"a", "a", "b"} {
		c := batch("random")
		c.Seed = seed
		if _, _, err := target.Call(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		seen = append(seen, r.take()...)
	}
	if seen[0] != seen[1] || seen[0] == seen[2] {
		t.Errorf("equal seeds must give equal bytes, others not: %q", seen)
	}
	if !strings.Contains(seen[0], "2026-01-02T03:04:05Z") {
		t.Errorf("the guest's clock is not the call's: %s", seen[0])
	}
	if _, _, err := target.Call(t.Context(), batch("sleep")); err != nil {
		t.Fatal(err)
	}
	if got := r.take(); len(got) != 1 || !strings.Contains(got[0], "2026-01-02T04:04:05Z") {
		t.Errorf("sleeping moves the guest's own clock, got %q", got)
	}
}

func TestLogLimit(t *testing.T) {
	target, r := hostile(t, sandbox.TargetConfig{})
	_, report, err := target.Call(t.Context(), batch("chatter"))
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, line := range r.take() {
		total += len(line)
	}
	if total > 66<<10 || report.LogsCut == 0 {
		t.Errorf("%d bytes logged, %d cut; the limit is 64 KiB", total, report.LogsCut)
	}
}

func TestConfigProblemsAndInitFaults(t *testing.T) {
	m, err := sandboxtest.Host(t).Compile(t.Context(), sandboxtest.Guest(t, "testdata/guests/hostile"), "hostile")
	if err != nil {
		t.Fatal(err)
	}
	_, err = m.NewTarget(t.Context(), sandbox.TargetConfig{Name: "t", Host: &recorder{}, Config: []byte(`{"gret":"x"}`)})
	var c *sandbox.ConfigError
	if !errors.As(err, &c) || !strings.Contains(err.Error(), "config.gret is not known here; this plugin takes greet, panic") {
		t.Errorf("error %v, want the unknown name", err)
	}
	_, err = m.NewTarget(t.Context(), sandbox.TargetConfig{Name: "t", Host: &recorder{}, Config: []byte(`{"panic":true}`)})
	var f *sandbox.Fault
	if !errors.As(err, &f) || !strings.Contains(f.Error(), "the config asked for it") {
		t.Errorf("error %v, want the panic's text", err)
	}
}

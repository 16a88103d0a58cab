package sandboxtest

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/sandbox"
	"github.com/tocsin-engine/tocsin/sdk/abi"
	"github.com/tocsin-engine/tocsin/sdk/abi/tck"
)

// Kit runs a case of the conformance kit on wasm. The second outcome must be equal to the
// first: a delivery leaves nothing, and the same seed gives the same bytes.
func Kit(t testing.TB, h *sandbox.Host, wasm []byte, c tck.Case) []tck.Outcome {
	t.Helper()
	m, err := h.Compile(t.Context(), wasm, "tck")
	if err != nil {
		t.Logf("refused: %v", err)
		return []tck.Outcome{{Refused: true}}
	}
	defer m.Close(t.Context())
	kit := &kitHost{t: t, c: c}
	target, err := m.NewTarget(t.Context(), sandbox.TargetConfig{Name: "tck", Config: c.Config, Grants: c.Grants, Host: kit,
		Limits: abi.Limits{TimeMS: 1000, Memory: 8 << 20}})
	var problems *sandbox.ConfigError
	var fault *sandbox.Fault
	switch {
	case errors.As(err, &problems):
		o := tck.Outcome{}
		for _, p := range problems.Problems {
			if p.Message == "" {
				t.Errorf("the problem at %q has no message", p.Path)
			}
			o.Problems = append(o.Problems, p.Path)
		}
		return []tck.Outcome{o}
	case errors.As(err, &fault):
		t.Logf("init: %v", err)
		return []tck.Outcome{{Fault: true}}
	case err != nil:
		t.Logf("refused: %v", err)
		return []tck.Outcome{{Refused: true}}
	}
	defer target.Close()
	var outcomes []tck.Outcome
	for range 2 {
		kit.calls, kit.kv = nil, sandbox.Space{}
		result, report, err := target.Call(t.Context(), sandbox.Call{Batch: c.Batch(), Now: time.UnixMilli(1767323045000), Seed: "tck", Keep: sandbox.KeepAll})
		if err != nil {
			t.Logf("fault: %v", err)
		}
		if report.Recording != nil {
			Replayed(t, m, report.Recording)
		}
		outcomes = append(outcomes, tck.Outcome{Fault: err != nil, Failures: result.Failures, Calls: kit.calls})
	}
	return outcomes
}

// kitHost notes what a guest asks and answers what the case says.
type kitHost struct {
	t     testing.TB
	c     tck.Case
	calls []tck.Call
	kv    sandbox.Space
}

var _ sandbox.Capabilities = (*kitHost)(nil)

// NewKit is a machine around a guest that answers as the kit's does.
func NewKit(t testing.TB) sandbox.Capabilities {
	return &kitHost{t: t, kv: sandbox.Space{}}
}

func (k *kitHost) note(function string, request any) abi.Errno {
	b, err := json.Marshal(request)
	if err != nil {
		k.t.Errorf("%s: %v", function, err)
	}
	k.calls = append(k.calls, tck.Call{Function: function, Request: b})
	return k.c.Refuse[function]
}

func (k *kitHost) answer(function string, into any) {
	if text, ok := k.c.Answers[function]; ok {
		if err := json.Unmarshal(text, into); err != nil {
			k.t.Errorf("the answer to %s: %v", function, err)
		}
	}
}

// Log notes the line as it is; a text that is no JSON, quoted.
func (k *kitHost) Log(_ sandbox.Scope, _ abi.LogLevel, text []byte) {
	if json.Valid(text) {
		k.note(abi.Log, json.RawMessage(text))
		return
	}
	k.note(abi.Log, string(text))
}

// Count notes the counter.
func (k *kitHost) Count(_ sandbox.Scope, name string, by int64) {
	k.note(abi.Metric, abi.Count{Name: name, Value: by})
}

// Denied notes nothing: the guest gets an errno.
func (k *kitHost) Denied(sandbox.Scope, string, string) {}

// Secret shows which secret it is.
func (k *kitHost) Secret(name string) (string, bool) { return "value-of-" + name, true }

// Emit notes the event.
func (k *kitHost) Emit(_ context.Context, _ sandbox.Scope, event []byte) abi.Errno {
	return k.note(abi.Emit, json.RawMessage(event))
}

// HTTP answers with the case's response.
func (k *kitHost) HTTP(_ context.Context, _ sandbox.Scope, r abi.HTTPRequest) (abi.HTTPResponse, abi.Errno) {
	answer := abi.HTTPResponse{Status: 200}
	errno := k.note(abi.HTTP, r)
	k.answer(abi.HTTP, &answer)
	return answer, errno
}

// AWS answers with the case's result.
func (k *kitHost) AWS(_ context.Context, _ sandbox.Scope, r abi.AWSRequest) (abi.AWSResponse, abi.Errno) {
	answer := abi.AWSResponse{}
	errno := k.note(abi.AWS, r)
	k.answer(abi.AWS, &answer)
	return answer, errno
}

// KV is a space that begins empty.
func (k *kitHost) KV(_ context.Context, _ sandbox.Scope, function string, r abi.KVRequest) ([]byte, abi.Errno) {
	if errno := k.note(function, r); errno != 0 {
		return nil, errno
	}
	return k.kv.Do(function, r)
}

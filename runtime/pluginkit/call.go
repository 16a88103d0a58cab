package pluginkit

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/sandbox"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/outbound"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// CallOptions say what to call a plugin with.
type CallOptions struct {
	// Config and Input are JSON; nil means {} and the event itself.
	Config, Event, Input []byte
	// Now is what the guest sees as the time, Seed what its randomness comes from.
	Now  time.Time
	Seed string
	// Grants are what the plugin may do; usually what its manifest needs.
	Grants abi.Grants
	Limits abi.Limits
	// Live sends HTTP requests; otherwise they are noted and answered with 200.
	Live bool
}

// Called is what a call did.
type Called struct {
	// Failure is what the plugin answered for the event, nil when it took it.
	Failure *abi.Failure `json:"failure,omitempty"`
	// Fault is a crash or a limit.
	Fault *sandbox.Fault `json:"fault,omitempty"`
	// Cold is compiling and init, Took the call itself.
	Cold time.Duration `json:"cold_ns"`
	Took time.Duration `json:"took_ns"`
	// Memory and MemoryLimit are in bytes.
	Memory      int64      `json:"memory"`
	MemoryLimit int64      `json:"memory_limit"`
	Fuel        int64      `json:"fuel"`
	Logs        []string   `json:"logs,omitempty"`
	LogsCut     int        `json:"logs_cut,omitempty"`
	HostCalls   []HostCall `json:"host_calls,omitempty"`
}

// HostCall is one use of a capability.
type HostCall struct {
	// Function is the import: "http". What says what for: "POST https://…".
	Function string `json:"function"`
	What     string `json:"what"`
	// Answer is what the plugin got, Refused why it was not allowed and what to add.
	Answer  string `json:"answer,omitempty"`
	Refused string `json:"refused,omitempty"`
}

// Call runs one event through a plugin, from a cold start. The error is one of the plugin
// as a whole: its module, its imports, its config.
func Call(ctx context.Context, h *sandbox.Host, s Source, o CallOptions) (Called, error) {
	begin := time.Now()
	m, err := s.Load(ctx, h)
	if err != nil {
		return Called{}, err
	}
	defer m.Close(ctx)
	compiled := time.Since(begin)
	host := &bench{live: o.Live, kv: sandbox.Space{}}
	c, err := call(ctx, m, s.Manifest.Function, host, host, o)
	c.Cold += compiled
	return c, err
}

// call makes a target of a module and calls it once: function is the manifest's, host what
// the guest calls, b where that keeps its record.
func call(ctx context.Context, m *sandbox.Module, function string, b *bench, host sandbox.Capabilities, o CallOptions) (Called, error) {
	begin := time.Now()
	t, err := m.NewTarget(ctx, sandbox.TargetConfig{Name: "plugin-call", Config: o.Config, Grants: o.Grants, Limits: o.Limits, Function: function, Host: host})
	if fault, ok := errors.AsType[*sandbox.Fault](err); ok {
		return Called{Fault: fault, Cold: time.Since(begin), Logs: b.logs}, nil
	}
	if err != nil {
		return Called{}, err
	}
	defer t.Close()
	c := Called{Cold: time.Since(begin), MemoryLimit: sandbox.Limits(o.Limits, sandbox.Defaults).Memory}
	result, report, err := t.Call(ctx, o.call())
	c.Took, c.Memory, c.Fuel, c.LogsCut = report.Took, report.Memory, report.Fuel, report.LogsCut
	c.Logs, c.HostCalls = b.logs, b.calls
	if len(result.Failures) > 0 {
		c.Failure = &result.Failures[0]
	}
	if errors.As(err, &c.Fault) {
		err = nil
	}
	return c, err
}

func (o CallOptions) call() sandbox.Call {
	record := abi.Record{ID: "1", Attempt: 1, Rule: "plugin-call", Event: o.Event, Input: o.Input}
	return sandbox.Call{Now: o.Now, Seed: o.Seed, Bus: "default", Batch: abi.Batch{V: 1, Delivery: o.Seed, Records: []abi.Record{record}}}
}

// Bench measures what calls of a plugin cost, with an empty machine around it: host calls
// are answered at once, and nothing is sent.
func Bench(ctx context.Context, h *sandbox.Host, s Source, o CallOptions) (sandbox.Measured, error) {
	wasm, err := s.Module()
	if err != nil {
		return sandbox.Measured{}, err
	}
	c := sandbox.TargetConfig{Name: s.Name(), Config: o.Config, Grants: o.Grants, Limits: o.Limits, Function: s.Manifest.Function, Host: &silent{bench{kv: sandbox.Space{}}}}
	return sandbox.Measure(ctx, h, wasm, c, o.call(), 5, 100*time.Millisecond)
}

// silent is a bench that keeps no record, which would grow with every call.
type silent struct{ bench }

func (*silent) Log(sandbox.Scope, abi.LogLevel, []byte)               {}
func (*silent) Count(sandbox.Scope, string, int64)                    {}
func (*silent) Denied(sandbox.Scope, string, string)                  {}
func (*silent) Emit(context.Context, sandbox.Scope, []byte) abi.Errno { return 0 }
func (*silent) HTTP(context.Context, sandbox.Scope, abi.HTTPRequest) (abi.HTTPResponse, abi.Errno) {
	return abi.HTTPResponse{Status: 200}, 0
}
func (*silent) AWS(context.Context, sandbox.Scope, abi.AWSRequest) (abi.AWSResponse, abi.Errno) {
	return abi.AWSResponse{Result: abi.RawJSON("{}")}, 0
}
func (s *silent) KV(_ context.Context, _ sandbox.Scope, function string, r abi.KVRequest) ([]byte, abi.Errno) {
	return s.kv.Do(function, r)
}

// bench is the machine around a plugin that is called by hand.
type bench struct {
	live bool

	mu    sync.Mutex
	logs  []string
	calls []HostCall
	kv    sandbox.Space
}

var levels = map[abi.LogLevel]string{abi.Debug: "debug", abi.Info: "info", abi.Warn: "warn", abi.Error: "error"}

// Log keeps the line.
func (b *bench) Log(_ sandbox.Scope, level abi.LogLevel, text []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.logs = append(b.logs, fmt.Sprintf("%-5s %s", levels[level], text))
}

func (b *bench) note(c HostCall) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls = append(b.calls, c)
}

// Count keeps the counter's name and value.
func (b *bench) Count(_ sandbox.Scope, name string, by int64) {
	b.note(HostCall{Function: "metric", What: fmt.Sprintf("%s +%d", name, by), Answer: "counted"})
}

// Denied keeps what the grant did not allow.
func (b *bench) Denied(_ sandbox.Scope, function, what string) {
	b.note(HostCall{Function: function, What: what, Refused: "not in needs." + key(function)})
}

func key(function string) string {
	if function == abi.Secret {
		return "secrets"
	}
	return function
}

// Emit keeps the event.
func (b *bench) Emit(_ context.Context, _ sandbox.Scope, event []byte) abi.Errno {
	b.note(HostCall{Function: "emit", What: string(event), Answer: "noted"})
	return 0
}

// HTTP sends the request when the call is live, and otherwise only checks it.
func (b *bench) HTTP(ctx context.Context, s sandbox.Scope, r abi.HTTPRequest) (abi.HTTPResponse, abi.Errno) {
	c := HostCall{Function: "http", What: r.Method + " " + r.URL}
	defer func() { b.note(c) }()
	if !b.live {
		if err := outbound.Permits(s.Grants.HTTP, r.URL); err != nil {
			c.Refused = err.Error()
			return abi.HTTPResponse{}, abi.Denied
		}
		c.Answer = "200, not sent; --live sends it"
		return abi.HTTPResponse{Status: 200}, 0
	}
	answer, errno, err := outbound.Send(ctx, s.Grants.HTTP, r)
	switch {
	case errno == abi.Denied:
		c.Refused = err.Error()
		return answer, errno
	case err != nil:
		c.Answer = "no answer: " + err.Error()
		return answer, errno
	}
	c.Answer = fmt.Sprintf("%d, %d bytes", answer.Status, len(answer.Body)+len(answer.BodyBase64))
	return answer, 0
}

// AWS keeps the call and answers with an empty result.
func (b *bench) AWS(_ context.Context, _ sandbox.Scope, r abi.AWSRequest) (abi.AWSResponse, abi.Errno) {
	b.note(HostCall{Function: "aws", What: r.Service + "." + r.Action + " " + string(r.Params), Answer: "{}, not sent"})
	return abi.AWSResponse{Result: abi.RawJSON("{}")}, 0
}

// Secret has every secret, with a value that shows what it is.
func (b *bench) Secret(name string) (string, bool) { return "value-of-" + name, true }

// KV is a space that begins empty.
func (b *bench) KV(_ context.Context, _ sandbox.Scope, function string, r abi.KVRequest) ([]byte, abi.Errno) {
	answer, errno := b.kv.Do(function, r)
	c := HostCall{Function: function, What: r.Key + r.Prefix, Answer: string(answer)}
	if errno != 0 {
		c.Answer = errno.Error()
	}
	b.note(c)
	return answer, errno
}

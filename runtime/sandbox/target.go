package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/sandbox/extism"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/recording"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// Capabilities are what the machine around the sandbox does for targets. The sandbox has
// checked the grant before it calls. Implementations are safe for concurrent use.
type Capabilities interface {
	// Log takes a line: text, or an abi.LogLine's JSON.
	Log(s Scope, level abi.LogLevel, text []byte)
	// Count adds to a counter.
	Count(s Scope, name string, by int64)
	// Emit puts an event, as its JSON, on the bus.
	Emit(ctx context.Context, s Scope, event []byte) abi.Errno
	// KV is the function kv_get, kv_put, … of the target's own space.
	KV(ctx context.Context, s Scope, function string, r abi.KVRequest) ([]byte, abi.Errno)
	// HTTP sends a request to an allowed host; it checks every hop and address itself
	// (package outbound does).
	HTTP(ctx context.Context, s Scope, r abi.HTTPRequest) (abi.HTTPResponse, abi.Errno)
	// AWS calls a service, signed or in process.
	AWS(ctx context.Context, s Scope, r abi.AWSRequest) (abi.AWSResponse, abi.Errno)
	// Denied hears of a call that the grant does not allow, before it was made: the
	// function, and what it was for, as "sqs.SendMessage".
	Denied(s Scope, function, what string)
	// Secret is a secret's value. It goes into requests, never into the guest.
	Secret(name string) (value string, ok bool)
}

// Scope says on whose behalf a host function acts.
type Scope struct {
	Target, Plugin, Delivery string
	// Rule is that of the first record.
	Rule string
	// Mode is the target's: "local" or "aws".
	Mode string
	// Hops and Bus are those of the event being delivered.
	Hops   int
	Bus    string
	Grants abi.Grants
}

// TargetConfig makes a Target of a Module.
type TargetConfig struct {
	Name string
	// Mode is handed to Capabilities in the Scope.
	Mode string
	// Config is a JSON object. Default: {}.
	Config []byte
	Grants abi.Grants
	// Limits that are zero take the manifest's or else the ABI's default.
	Limits abi.Limits
	// Function is what an Extism plugin is called by. Default: deliver, or the only one.
	Function string
	Host     Capabilities
}

// Target is a module with a config and a grant, ready for deliveries and safe for
// concurrent use.
type Target struct {
	module *Module
	name   string
	mode   string
	config []byte
	grants abi.Grants
	limit  limits
	host   Capabilities
	pool   *pool
	// function is the export that takes deliveries.
	function string
	// keepsVars says that an Extism plugin's vars are in the key-value space.
	keepsVars bool
	// stage is where recordings are made of a target that was granted secrets.
	stage stage
}

// Call is one batch for a target.
type Call struct {
	Batch abi.Batch
	// Now is what the guest sees as the time.
	Now time.Time
	// Seed makes the guest's randomness; equal seeds give equal bytes.
	Seed string
	// Hops and Bus are those of the events, for what the guest emits.
	Hops int
	Bus  string
	// Keep says whether a recording of the call is wanted. Default: no.
	Keep Keep
}

// Keep says which calls' recordings are wanted.
type Keep uint8

// The choices. What a guest did not survive with several records is never kept: it is made
// again with each half of them.
const (
	KeepNone   Keep = iota
	KeepFailed      // of calls of which a record failed
	KeepAll
)

// Report is what a call cost.
type Report struct {
	Took time.Duration
	// Memory is the guest's memory after the call, in bytes.
	Memory int64
	// Fuel counts loop turns and calls.
	Fuel int64
	// Logs counts log lines, LogsCut the bytes that the log limit cut.
	Logs, LogsCut int
	// Recording is nil where none was wanted.
	Recording *recording.Recording
}

// ConfigError is a config that the plugin wants changed.
type ConfigError struct {
	Plugin   string
	Problems []abi.Problem
}

func (e *ConfigError) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = strings.TrimSpace(strings.TrimSuffix("config."+p.Path, ".") + " " + p.Message)
	}
	return "plugin " + e.Plugin + ": " + strings.Join(lines, "; ")
}

// NewTarget checks the module's imports against the grant and runs its init with the
// config. The error is a *ConfigError when the plugin wants the config changed, a *Fault
// when its init crashed.
func (m *Module) NewTarget(ctx context.Context, c TargetConfig) (*Target, error) {
	if len(c.Config) == 0 {
		c.Config = []byte("{}")
	}
	if c.Host == nil {
		return nil, errors.New("sandbox: a target needs a Host")
	}
	t := &Target{module: m, name: c.Name, mode: c.Mode, config: m.host.withHandles(c.Config, c.Grants), host: c.Host, limit: limitsOf(c.Limits)}
	var err error
	if t.grants, err = expand(c.Grants, c.Config); err != nil {
		return nil, fmt.Errorf("plugin %s: %w", m.name, err)
	}
	t.keepsVars = c.Grants.KV > 0
	if t.function, err = m.Called(c.Function); err != nil {
		return nil, err
	}
	if err := m.permitted(c.Grants); err != nil {
		return nil, err
	}
	if m.info.MinMemory > t.limit.memory {
		return nil, fmt.Errorf("plugin %s: it needs %s of memory to start; raise limits.memory, now %s",
			m.name, human(m.info.MinMemory), human(t.limit.memory))
	}
	i, err := t.boot(ctx)
	if err != nil {
		return nil, err
	}
	t.pool = &pool{target: t}
	return t, t.pool.freeze(i)
}

// Close frees the target's instances. Calls in progress end first.
func (t *Target) Close() error { return errors.Join(t.stage.close(), t.pool.close()) }

// OneByOne says that a call takes one record: a program runs once, and a plugin of
// Extism's is called with one input.
func (t *Target) OneByOne() bool { return t.module.command || t.module.kernel != nil }

// Called is the export that takes deliveries: of an Extism plugin, which may have several,
// the one that is named, by its manifest.
func (m *Module) Called(function string) (string, error) {
	switch {
	case m.command:
		return commandStart, nil
	case m.kernel == nil:
		return abi.Handle, nil
	}
	name, err := extism.Choose(m.info.Functions, function)
	if err != nil {
		return "", fmt.Errorf("plugin %s: %w", m.name, err)
	}
	return name, nil
}

// permitted checks that everything imported is granted.
func (m *Module) permitted(g abi.Grants) error {
	var problems []error
	allowed := g.Names()
	for _, capability := range m.info.Capabilities {
		if !slices.Contains(allowed, capability) {
			problems = append(problems, fmt.Errorf("plugin %s: it imports %s, which it was not granted; add allow.%s", m.name, capability, capability))
		}
	}
	return errors.Join(problems...)
}

// Call gives the target a batch. The error is a *Fault when the guest did not survive or
// gave no usable answer: then nothing is known of any record.
func (t *Target) Call(ctx context.Context, c Call) (abi.Result, Report, error) {
	if t.OneByOne() && len(c.Batch.Records) > 1 {
		return abi.Result{}, Report{}, fmt.Errorf("BUG: plugin %s takes its records one by one, not %d", t.module.name, len(c.Batch.Records))
	}
	begin := time.Now()
	i, err := t.take(ctx)
	if err != nil {
		return abi.Result{}, Report{Took: time.Since(begin)}, err
	}
	if t.pool.frozen == nil {
		result, err := i.deliver(ctx, &c)
		report := i.report(time.Since(begin))
		report.Recording = i.keep(&c, begin, result, err)
		t.conceal(result, err)
		return result, report, errors.Join(err, i.close())
	}
	// On one thread, because that is whose page faults are counted.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before, counted := i.memory.faults()
	result, err := i.deliver(ctx, &c)
	report := i.report(time.Since(begin))
	report.Recording = i.keep(&c, begin, result, err)
	t.conceal(result, err)
	after, _ := i.memory.faults()
	return result, report, errors.Join(err, t.pool.give(i, !counted || after != before))
}

// take is a pristine instance.
func (t *Target) take(ctx context.Context) (*instance, error) {
	if t.pool.frozen == nil {
		return t.boot(ctx)
	}
	return t.pool.take()
}

// parseResult reads a guest's answer.
func parseResult(answer []byte, records []abi.Record) (abi.Result, error) {
	if string(answer) == "{}" {
		return abi.Result{}, nil
	}
	return parseFailures(answer, records)
}

func parseFailures(answer []byte, records []abi.Record) (abi.Result, error) {
	var r abi.Result
	if err := json.Unmarshal(answer, &r); err != nil {
		return r, fmt.Errorf("its answer is no result: %w", err)
	}
	for _, f := range r.Failures {
		if !names(records, f.ID) {
			return abi.Result{}, fmt.Errorf("its answer names record %q, which is not in the batch", f.ID)
		}
	}
	return r, nil
}

func names(records []abi.Record, id string) bool {
	for i := range records {
		if records[i].ID == id {
			return true
		}
	}
	return false
}

package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/runtime/dispatch"
	"github.com/tocsin-engine/tocsin/runtime/sandbox"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/recording"
)

// Plugins makes targets of their configuration. Sandboxed is the one of production.
type Plugins interface {
	// Open makes a target that acts through host. plugin is the entry of the rule files
	// that the target names; nil for a shipped plugin without one. Targets are opened side
	// by side.
	Open(ctx context.Context, t rulefile.Target, plugin *rulefile.Plugin, host Host) (Runner, error)
	// Digest says which module Open would take now, so that a target of which nothing
	// changed is not opened again.
	Digest(ctx context.Context, t rulefile.Target, plugin *rulefile.Plugin) (string, error)
}

// Host is the machine around a target.
type Host interface {
	sandbox.Capabilities
	// Recorded takes the recording of a call of which a delivery failed, or of any call
	// of a target that records.
	Recorded(ctx context.Context, r *recording.Recording)
}

var _ Host = (*Engine)(nil)

// Runner is a target that was opened. Close is called once, when no delivery is under
// way.
type Runner interface {
	dispatch.Runner
	Close() error
}

// target is a target of a ruleset; opened may be shared with the ruleset before.
type target struct {
	def    rulefile.Target
	plugin *rulefile.Plugin // nil for a shipped one without an entry
	*opened
}

// opened is a runner with its life: opened by Load if an enabled rule reaches it, or
// else by the first delivery, left over from before, that needs it.
type opened struct {
	// identity is everything that made it; equal identities act alike.
	identity string
	open     func(context.Context) (Runner, error)

	use    sync.RWMutex // read-locked over a delivery, so that none runs into close
	mu     sync.Mutex
	runner Runner
	closed bool
}

// openTargets makes rs.targets, taking over from old what did not change.
func (e *Engine) openTargets(ctx context.Context, rs, old *ruleset) error {
	reached := map[string]bool{}
	for _, pairs := range rs.pairs {
		for _, p := range pairs {
			reached[p.Target] = true
		}
	}
	var now []*target
	for _, def := range rs.set.Targets {
		plugin := pluginOf(rs.set, def)
		t := &target{def, plugin, &opened{open: func(ctx context.Context) (Runner, error) {
			return e.config.Plugins.Open(ctx, def, plugin, e)
		}}}
		rs.targets[def.Name] = t
		if reached[def.Name] && !e.config.Lazy {
			now = append(now, t)
		}
	}
	problems := make([]error, len(now))
	sandbox.Each(len(now), func(k int) {
		t := now[k]
		if err := e.openTarget(ctx, t, old.targets[t.def.Name]); err != nil {
			problems[k] = fmt.Errorf("target %q: %w", t.def.Name, err)
		}
	})
	return errors.Join(problems...)
}

// openTarget opens t, or takes over what stands open in before.
func (e *Engine) openTarget(ctx context.Context, t, before *target) error {
	digest, err := e.config.Plugins.Digest(ctx, t.def, t.plugin)
	if err != nil {
		return err
	}
	t.identity = identity(t.def, t.plugin, digest)
	if before != nil && before.identity == t.identity {
		t.opened = before.opened
	}
	_, err = t.get(ctx)
	return err
}

// identity names everything about a target that its runner depends on.
func identity(t rulefile.Target, plugin *rulefile.Plugin, digest string) string {
	b, err := json.Marshal([]any{t.Name, t.Plugin, string(t.Config), t.Mode, t.Record, plugin, digest})
	if err != nil {
		panic("BUG: " + err.Error()) // plain structs
	}
	return string(b)
}

// pluginOf finds the plugins entry that a target names.
func pluginOf(set *rulefile.Set, t rulefile.Target) *rulefile.Plugin {
	for i := range set.Plugins {
		if set.Plugins[i].Name == t.Plugin {
			return &set.Plugins[i]
		}
	}
	return nil
}

// closeTargets closes what stands open in rs and is not shared with keep, without
// waiting for deliveries under way.
func (e *Engine) closeTargets(rs, keep *ruleset) {
	for name, t := range rs.targets {
		if k := keep.targets[name]; k != nil && k.opened == t.opened {
			continue
		}
		e.closing.Go(func() {
			if err := t.close(); err != nil {
				e.log.Warn("a target did not close", "target", name, "error", err)
			}
		})
	}
}

// get returns the runner, opened at the first call that can.
func (o *opened) get(ctx context.Context) (Runner, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return nil, errors.New("the target was closed by a reload")
	}
	if o.runner == nil {
		r, err := o.open(ctx)
		if err != nil {
			return nil, err
		}
		o.runner = r
	}
	return o.runner, nil
}

func (o *opened) close() error {
	o.use.Lock() // waits for deliveries
	defer o.use.Unlock()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	if o.runner == nil {
		return nil
	}
	return o.runner.Close()
}

// CodeUnavailable is the code of an attempt whose target could not be opened.
const CodeUnavailable = "TARGET_UNAVAILABLE"

// Deliver hands a batch to the runner.
func (o *opened) Deliver(ctx context.Context, batch []dispatch.Delivery) []dispatch.Outcome {
	o.use.RLock()
	defer o.use.RUnlock()
	r, err := o.get(ctx)
	if err == nil {
		return r.Deliver(ctx, batch)
	}
	out := make([]dispatch.Outcome, len(batch))
	for i := range out {
		out[i] = dispatch.Outcome{Retry: true, Code: CodeUnavailable, Message: err.Error()}
	}
	return out
}

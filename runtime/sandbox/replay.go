package sandbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/sandbox/recording"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// replayTime is what a replay may take beyond what the call might: another machine makes
// it, and what ended the call is known.
const replayTime = time.Minute

// Replay makes a recorded call again, with what the recording answers in the place of
// every capability: nothing outside of the sandbox hears of it. It returns the recording
// of this call, for recording.Compare; where the guest asked for something else it ends
// there. The module must be the one that was recorded.
func (m *Module) Replay(ctx context.Context, r *recording.Recording) (*recording.Recording, error) {
	if r.Cut != "" {
		return nil, fmt.Errorf("delivery %s cannot be replayed: its recording is not whole: %s", r.Delivery, r.Cut)
	}
	if r.Module != m.info.SHA256 {
		return nil, fmt.Errorf("plugin %s: the module's digest is %s, the recorded one's %s; a replay needs the same module", m.name, m.info.SHA256, r.Module)
	}
	function, err := m.Called(r.Function)
	if err != nil {
		return nil, err
	}
	t := &Target{module: m, name: r.Target, config: r.Config, limit: limitsOf(r.Limits), host: &Nobody{}, function: function, keepsVars: r.KeptVars,
		player: &player{calls: append(r.Init[:len(r.Init):len(r.Init)], r.Calls...)}}
	t.limit.wall += replayTime
	t.pool = &pool{target: t}
	i, err := t.begin(ctx)
	if err != nil {
		if f, ok := errors.AsType[*Fault](err); ok && f.Kind == diverged {
			return &recording.Recording{Init: t.player.made}, nil
		}
		return nil, err
	}
	defer t.Close()
	t.player.next = len(r.Init)
	t.endAs(r.End)
	c := callOf(r)
	result, err := i.deliver(ctx, &c)
	again := i.record(&c, time.Now(), result, err)
	return again, i.close()
}

// begin is an instance as recorded calls began with it.
func (t *Target) begin(ctx context.Context) (*instance, error) {
	i, err := t.boot(ctx)
	if err != nil || t.module.impure != "" {
		return i, err
	}
	if err := t.pool.freeze(i); err != nil {
		return nil, err
	}
	return t.pool.take()
}

// endAs makes the call end where the recorded one did, when that was the wall clock's
// doing: a deadline is only ever noticed when fuel is asked for.
func (t *Target) endAs(e recording.End) {
	if FaultKind(e.Fault) != Timeout {
		return
	}
	t.limit.fuel = max(1, e.Fuel-1)
	t.player.ended = &stop{Timeout, e.Message}
}

// callOf is the call that a recording is of.
func callOf(r *recording.Recording) Call {
	c := Call{Now: time.UnixMilli(r.NowMS), Seed: r.Seed, Hops: r.Hops, Bus: r.Bus, Batch: abi.Batch{V: abi.Version, Delivery: r.Delivery}}
	for _, record := range r.Records {
		c.Batch.Records = append(c.Batch.Records, abi.Record{ID: record.ID, Attempt: record.Attempt, Rule: record.Rule,
			Event: abi.RawJSON(record.Event), Input: abi.RawJSON(record.Input)})
	}
	return c
}

package sandbox

import (
	"context"
	"errors"
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
	if err := r.Playable(m.info.SHA256); err != nil {
		return nil, err
	}
	t, err := m.standIn(ctx, r)
	if d, ok := errors.AsType[*divergence](err); ok {
		return &recording.Recording{Init: d.made}, nil
	}
	if err != nil {
		return nil, err
	}
	defer t.Close()
	return t.play(ctx, r)
}

// divergence is an init that asked for something else than it did.
type divergence struct{ made []recording.Call }

func (*divergence) Error() string { return "sandbox: init is another one" }

// standIn makes a target of a recording.
func (m *Module) standIn(ctx context.Context, r *recording.Recording) (*Target, error) {
	function, err := m.Called(r.Function)
	if err != nil {
		return nil, err
	}
	t := &Target{module: m, name: r.Target, config: r.Config, limit: limitsOf(r.Limits), host: &Nobody{}, function: function, keepsVars: r.KeptVars}
	t.limit.wall += replayTime
	t.pool = &pool{target: t}
	p := &player{calls: r.Init}
	i, err := t.bootWith(ctx, p)
	if f, ok := errors.AsType[*Fault](err); ok && f.Kind == diverged {
		return nil, &divergence{p.made}
	}
	if err != nil {
		return nil, err
	}
	i.player = nil
	return t, t.pool.freeze(i)
}

// play makes a recorded call in a target that was made of a recording.
func (t *Target) play(ctx context.Context, r *recording.Recording) (*recording.Recording, error) {
	p := &player{calls: r.Calls}
	i, err := t.takeFor(ctx, r.Init)
	if err != nil {
		return nil, err
	}
	if FaultKind(r.End.Fault) == Timeout {
		// A deadline is only ever noticed when fuel is asked for.
		p.ended, p.fuel = &stop{Timeout, r.End.Message}, max(1, r.End.Fuel-1)
	}
	i.player = p
	c := callOf(r)
	result, err := i.deliver(ctx, &c)
	again := i.record(&c, time.Now(), result, err)
	i.player = nil
	if t.pool.frozen == nil {
		return again, i.close()
	}
	return again, t.pool.give(i, true)
}

// takeFor is an instance that is ready for the call; one that is made for it is answered
// what was answered then.
func (t *Target) takeFor(ctx context.Context, init []recording.Call) (*instance, error) {
	if t.pool.frozen != nil {
		return t.pool.take()
	}
	return t.bootWith(ctx, &player{calls: init})
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

package sandbox

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/tetratelabs/wazero"
)

// Measured is what calls of a target cost, in nanoseconds of processor time; each is the
// best of several rounds, which take turns so that a busy machine is unfair to none.
type Measured struct {
	// Warm is a call of the plain module in a reused instance: no deadline, no reset. It
	// is the floor, and nothing to run strangers' code with.
	Warm int64 `json:"warm_ns"`
	// Pristine is what a delivery costs: a deadline, and memory as after init.
	Pristine int64 `json:"pristine_ns"`
	// Fresh is a delivery in an instance of its own, which is what Pristine replaces.
	Fresh int64 `json:"fresh_ns"`
	// WarmTimeout is Warm with the runtime's own deadline switch.
	WarmTimeout int64 `json:"warm_timeout_ns"`
	// HostAllocs are the host's allocations per pristine call.
	HostAllocs float64 `json:"host_allocs_per_call"`
	Fuel       int64   `json:"fuel_per_call"`
}

// Measure calls a target in all ways. The plugin's host calls are really made.
func Measure(ctx context.Context, h *Host, wasm []byte, c TargetConfig, call Call, rounds int, each time.Duration) (Measured, error) {
	m, err := h.Compile(ctx, wasm, c.Name)
	if err != nil {
		return Measured{}, err
	}
	t, err := m.NewTarget(ctx, c)
	if err != nil {
		return Measured{}, err
	}
	defer t.Close()
	_, report, err := t.Call(ctx, call)
	if err != nil {
		return Measured{}, err
	}
	out := Measured{Fuel: report.Fuel}
	ways := []way{{into: &out.Pristine, call: func() error { _, _, err := t.Call(ctx, call); return err }},
		{into: &out.Fresh, call: func() error { return t.callFresh(ctx, call) }}}
	reuse := []bool{false, true}
	if t.function == commandStart {
		reuse = nil // a program runs once: there is no warm instance
	}
	for _, timeout := range reuse {
		w, done, err := h.plain(ctx, wasm, c, call, timeout)
		if err != nil {
			return Measured{}, err
		}
		defer done()
		if w.into = &out.Warm; timeout {
			w.into = &out.WarmTimeout
		}
		ways = append(ways, w)
	}
	for range rounds {
		for _, w := range ways {
			if err := w.measure(each); err != nil {
				return Measured{}, err
			}
		}
	}
	out.HostAllocs, err = allocs(ways[0])
	return out, err
}

// way is one way to make a call.
type way struct {
	into *int64
	call func() error
}

// measure keeps the best average of a call over some processor time: on a busy machine a
// round of some wall time has too few calls for the garbage that they leave to be collected in it.
func (w way) measure(each time.Duration) error {
	used, n := processTime(), 0
	for more := 1; processTime()-used < each || n < 3; more = min(2*more, 64) {
		for range more {
			if err := w.call(); err != nil {
				return err
			}
		}
		n += more
	}
	if ns := (processTime() - used).Nanoseconds() / int64(n); *w.into == 0 || ns < *w.into {
		*w.into = ns
	}
	return nil
}

func allocs(w way) (float64, error) {
	const n = 100
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range n {
		if err := w.call(); err != nil {
			return 0, err
		}
	}
	runtime.ReadMemStats(&after)
	return float64((after.Mallocs-before.Mallocs)/n) + float64((after.Mallocs-before.Mallocs)%n)/n, nil
}

func (t *Target) callFresh(ctx context.Context, call Call) error {
	i, err := t.boot(ctx)
	if err != nil {
		return err
	}
	if _, err := i.deliver(ctx, &call); err != nil {
		return fmt.Errorf("%w, and %w", err, i.close())
	}
	return i.close()
}

// plain runs the module as it is in a runtime of its own.
func (h *Host) plain(ctx context.Context, wasm []byte, c TargetConfig, call Call, timeout bool) (way, func(), error) {
	r := wazero.NewRuntimeWithConfig(ctx, runtimeConfig().WithCloseOnContextDone(timeout))
	done := func() { _ = r.Close(ctx) }
	if err := offer(ctx, r); err != nil {
		done()
		return way{}, nil, err
	}
	compiled, err := r.CompileModule(ctx, wasm)
	if err != nil {
		done()
		return way{}, nil, err
	}
	m := &Module{host: h, name: c.Name, runtime: r, compiled: compiled}
	t := &Target{module: m, name: c.Name, config: c.Config, grants: c.Grants, limit: limitsOf(c.Limits), host: c.Host}
	if err = m.read(ctx); err == nil {
		t.function, err = m.Called(c.Function)
	}
	if err != nil {
		done()
		return way{}, nil, err
	}
	i, err := t.boot(ctx)
	if err != nil {
		done()
		return way{}, nil, err
	}
	return way{call: func() error { _, err := i.deliver(ctx, &call); return err }}, done, nil
}

// noFuel stands for the fuel global of a module without checks.
type noFuel struct{ v uint64 }

func (n *noFuel) Get() uint64  { return n.v }
func (n *noFuel) Set(v uint64) { n.v = v }

package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/fuel"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/recording"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// instance is one running guest. It is also the context of its calls, so that its host
// functions find it without an allocation; wazero looks up keys of its own in it, which
// are never there.
type instance struct {
	target *Target
	part   // the guest
	parts  []*part
	heap   *beside // of an Extism plugin
	alloc  api.Function
	handle api.Function
	stack  [2]uint64

	batch  []byte // the last batch's JSON
	answer []byte // of the last host function, for take
	stderr transcript
	tape   tape // of the call in progress
	// player answers in the host's place when a recording is played; nil otherwise.
	player *player
	// booted are the host calls that were made until it was ready.
	booted []recording.Call
	// Of a WASI command: what it can still read, the line that it is writing, its exit code.
	stdin, stdout []byte
	exit          int32

	// What follows belongs to the delivery in progress.
	ctx    context.Context
	scope  Scope
	budget budget
	clock  int64 // ms since 1970, as the guest sees it
	slept  int64 // ns that the guest waited by its own clock
	seed   string
	seeded bool
	random rand.ChaCha8
	logged int64
	logs   int
	cut    int
	// overflowed means that wazero's stack for this instance has grown to its limit.
	overflowed bool
}

var _ context.Context = (*instance)(nil)

type instanceKey struct{}

// Deadline is the wall deadline of the delivery.
func (i *instance) Deadline() (time.Time, bool) { return i.budget.deadline, true }

// Done is that of the delivery's context.
func (i *instance) Done() <-chan struct{} { return i.ctx.Done() }

// Err is that of the delivery's context.
func (i *instance) Err() error { return i.ctx.Err() }

// Value finds the instance itself.
func (i *instance) Value(key any) any {
	if _, ok := key.(instanceKey); ok {
		return i
	}
	return nil
}

func instanceOf(ctx context.Context) *instance { return ctx.Value(instanceKey{}).(*instance) }

// hostContext is the context for what the host does on the guest's behalf.
func (i *instance) hostContext() (context.Context, context.CancelFunc) {
	return context.WithDeadline(i.ctx, i.budget.deadline)
}

// initTime is what every init sees as the time, so that equal modules with equal configs
// have equal memory after it. Go's runtime refuses to start at zero.
var initTime = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

// instantiate makes an instance of which nothing has run yet.
func (t *Target) instantiate() (*instance, error) {
	i := &instance{target: t, ctx: context.Background(), part: part{memory: &memory{limit: t.limit.memory}}}
	i.parts = []*part{&i.part}
	ctx := experimental.WithMemoryAllocator(context.Background(), i.memory)
	config := wazero.NewModuleConfig().WithName("").WithStartFunctions()
	var err error
	if t.module.kernel != nil {
		if ctx, err = i.addHeap(ctx); err != nil {
			return nil, i.fault(err)
		}
	}
	if i.module, err = t.module.runtime.InstantiateModule(ctx, t.module.compiled, config); err != nil {
		return nil, errors.Join(i.fault(err), i.close())
	}
	i.alloc, i.handle = i.module.ExportedFunction(abi.Alloc), i.module.ExportedFunction(t.function)
	i.budget.left = &noFuel{}
	if g, ok := i.module.ExportedGlobal(fuel.Global).(api.MutableGlobal); ok {
		i.budget.left = g
	}
	for n := range t.module.globals {
		i.globals = append(i.globals, i.module.ExportedGlobal(fuel.GlobalName(n)).(api.MutableGlobal))
	}
	return i, nil
}

// boot makes an instance and runs it up to where it takes deliveries: its start, which is
// the same for every target and lies ready in a pack, and its init with the config.
func (t *Target) boot(ctx context.Context) (*instance, error) { return t.bootWith(ctx, nil) }

func (t *Target) bootWith(ctx context.Context, p *player) (*instance, error) {
	i, err := t.instantiate()
	if err != nil {
		return nil, err
	}
	i.player = p
	if t.module.thawed != nil {
		err = i.become(t.module.thawed)
	} else {
		err = i.start(ctx)
	}
	if err == nil {
		err = i.init(ctx)
	}
	if err != nil {
		_ = i.close() // what the guest said matters
		return nil, err
	}
	if len(i.tape.noted) > 0 {
		i.booted = i.tape.calls(t.veil())
	}
	return i, nil
}

// start runs what the module's language wants run before anything else.
func (i *instance) start(ctx context.Context) error {
	i.begin(ctx, &Call{Now: initTime, Seed: "start " + i.target.module.info.SHA256})
	for _, name := range i.target.starts(i.module) {
		if f := i.module.ExportedFunction(name); f != nil {
			i.stack = [2]uint64{}
			if err := f.CallWithStack(i, i.stack[:]); err != nil {
				return i.fault(err)
			}
		}
	}
	return nil
}

// init gives the config to the plugin.
func (i *instance) init(ctx context.Context) error {
	if i.heap != nil {
		return i.initExtism(ctx)
	}
	f := i.module.ExportedFunction(abi.Init)
	if f == nil {
		return nil
	}
	i.begin(ctx, &Call{Now: initTime, Seed: "init " + i.target.module.info.SHA256})
	answer, err := i.exchange(f, i.target.config)
	if err != nil || len(answer) == 0 {
		return err
	}
	var r abi.InitResult
	if err := json.Unmarshal(answer, &r); err != nil {
		return i.faulty(Answer, fmt.Sprintf("its init answered no InitResult: %v", err))
	}
	if len(r.Problems) > 0 {
		return &ConfigError{i.target.module.name, r.Problems}
	}
	return nil
}

// begin sets the clock, randomness and budgets of one call.
func (i *instance) begin(ctx context.Context, c *Call) {
	i.ctx = ctx
	limit := i.target.limit
	if i.player != nil && i.player.ended != nil {
		limit.fuel = i.player.fuel
	}
	i.budget.begin(time.Now(), limit)
	i.budget.fill()
	i.clock, i.slept = c.Now.UnixMilli(), 0
	i.seed, i.seeded = c.Seed, false
	i.scope = Scope{Target: i.target.name, Plugin: i.target.module.name, Delivery: c.Batch.Delivery, Mode: i.target.mode,
		Hops: c.Hops, Bus: c.Bus, Grants: i.target.grants}
	if len(c.Batch.Records) > 0 {
		i.scope.Rule = c.Batch.Records[0].Rule
	}
	i.logged, i.logs, i.cut = 0, 0, 0
	i.answer = nil
	for _, p := range i.parts {
		p.memory.refused = false
	}
	i.stderr.reset()
}

func (i *instance) deliver(ctx context.Context, c *Call) (abi.Result, error) {
	c.Batch.Target, c.Batch.DeadlineMS = i.target.name, i.target.limit.time.Milliseconds()
	i.begin(ctx, c)
	i.tape.reset()
	switch {
	case i.target.module.command:
		return i.runCommand(c)
	case i.heap != nil:
		return i.runExtism(c)
	}
	i.batch = appendBatch(i.batch[:0], &c.Batch)
	answer, err := i.exchange(i.handle, i.batch)
	if err != nil {
		return abi.Result{}, err
	}
	r, err := parseResult(answer, c.Batch.Records)
	if err != nil {
		return abi.Result{}, i.faulty(Answer, err.Error())
	}
	return r, nil
}

// exchange writes in to the guest, calls f and returns a view of the answer.
func (i *instance) exchange(f api.Function, in []byte) ([]byte, error) {
	i.stack[0] = uint64(len(in))
	if err := i.alloc.CallWithStack(i, i.stack[:]); err != nil {
		return nil, i.fault(err)
	}
	at := uint32(i.stack[0])
	if !i.module.Memory().Write(at, in) {
		return nil, i.faulty(Answer, fmt.Sprintf("its alloc gave %d bytes at %d, outside its memory", len(in), at))
	}
	i.stack[0], i.stack[1] = uint64(at), uint64(len(in))
	if err := f.CallWithStack(i, i.stack[:]); err != nil {
		return nil, i.fault(err)
	}
	at, size := uint32(i.stack[0]>>32), uint32(i.stack[0])
	if int64(size) > i.target.limit.output {
		return nil, i.faulty(Output, fmt.Sprintf("its answer has %s, the limit is %s", human(int64(size)), human(i.target.limit.output)))
	}
	answer, ok := i.module.Memory().Read(at, size)
	if !ok {
		return nil, i.faulty(Answer, fmt.Sprintf("its answer of %d bytes at %d is outside its memory", size, at))
	}
	return answer, nil
}

func (i *instance) faulty(kind FaultKind, message string) *Fault {
	return &Fault{Kind: kind, Plugin: i.target.module.name, Target: i.target.name, Message: message, Stderr: i.stderr.String()}
}

func (i *instance) overdue() bool { return !time.Now().Before(i.budget.deadline) }

func (i *instance) report(took time.Duration) Report {
	r := Report{Took: took, Fuel: i.budget.spent(), Logs: i.logs, LogsCut: i.cut}
	for _, p := range i.parts {
		r.Memory += int64(p.module.Memory().Size())
	}
	return r
}

func (i *instance) close() error {
	var err error
	for _, p := range i.parts {
		if p.module != nil {
			err = errors.Join(err, p.module.Close(context.Background()))
		}
	}
	return err
}

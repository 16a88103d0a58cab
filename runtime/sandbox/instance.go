package sandbox

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// instance is one running guest. Its host functions find it in their context.
type instance struct {
	target *Target
	module api.Module
	memory *memory
	alloc  api.Function
	handle api.Function

	batch  []byte
	answer []byte // of the last host function, for take
	stderr ring
	// ctx and call are those of the delivery in progress.
	ctx      context.Context
	call     *Call
	scope    Scope
	deadline time.Time
	clock    int64 // ms since 1970, as the guest sees it
	slept    int64 // ns that the guest waited by its own clock
	random   *rand.ChaCha8
	logged   int64
	logs     int
	cut      int
}

// initTime is what every init sees as the time, so that equal modules with equal configs
// have equal memory after it. Go's runtime refuses to start at zero.
var initTime = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

type instanceKey struct{}

func instanceOf(ctx context.Context) *instance { return ctx.Value(instanceKey{}).(*instance) }

// start makes an instance and runs it up to where it takes deliveries.
func (t *Target) start(ctx context.Context) (*instance, error) {
	i := &instance{target: t, memory: &memory{limit: t.limit.memory}}
	i.begin(ctx, Call{Now: initTime, Seed: t.module.info.SHA256})
	ctx, cancel := i.context()
	defer cancel()
	config := wazero.NewModuleConfig().WithName("").WithStartFunctions()
	var err error
	i.module, err = t.module.host.runtime.InstantiateModule(experimental.WithMemoryAllocator(ctx, i.memory), t.module.compiled, config)
	if err != nil {
		return nil, i.fault(err)
	}
	i.alloc, i.handle = i.module.ExportedFunction(abi.Alloc), i.module.ExportedFunction(abi.Handle)
	if err := i.init(ctx); err != nil {
		i.close()
		return nil, err
	}
	return i, nil
}

func (i *instance) init(ctx context.Context) error {
	if f := i.module.ExportedFunction(abi.Initialize); f != nil {
		if _, err := f.Call(ctx); err != nil {
			return i.fault(err)
		}
	}
	f := i.module.ExportedFunction(abi.Init)
	if f == nil {
		return nil
	}
	answer, err := i.exchange(ctx, f, i.target.config)
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
func (i *instance) begin(ctx context.Context, c Call) {
	i.ctx, i.call = ctx, &c
	i.deadline = time.Now().Add(i.target.limit.time)
	i.clock, i.slept = c.Now.UnixMilli(), 0
	i.random = rand.NewChaCha8(seed(c.Seed))
	i.scope = Scope{Target: i.target.name, Plugin: i.target.module.name, Delivery: c.Batch.Delivery, Mode: i.target.mode,
		Hops: c.Hops, Bus: c.Bus, Grants: i.target.grants}
	i.logged, i.logs, i.cut = 0, 0, 0
	i.stderr.reset()
}

func (i *instance) context() (context.Context, context.CancelFunc) {
	return context.WithDeadline(context.WithValue(i.ctx, instanceKey{}, i), i.deadline)
}

func (i *instance) deliver(ctx context.Context, c Call) (abi.Result, error) {
	c.Batch.Target, c.Batch.DeadlineMS = i.target.name, i.target.limit.time.Milliseconds()
	i.begin(ctx, c)
	ctx, cancel := i.context()
	defer cancel()
	i.batch = appendBatch(i.batch[:0], &c.Batch)
	answer, err := i.exchange(ctx, i.handle, i.batch)
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
func (i *instance) exchange(ctx context.Context, f api.Function, in []byte) ([]byte, error) {
	var stack [2]uint64
	stack[0] = uint64(len(in))
	if err := i.alloc.CallWithStack(ctx, stack[:]); err != nil {
		return nil, i.fault(err)
	}
	at := uint32(stack[0])
	if !i.module.Memory().Write(at, in) {
		return nil, i.faulty(Answer, fmt.Sprintf("its alloc gave %d bytes at %d, outside its memory", len(in), at))
	}
	stack[0], stack[1] = uint64(at), uint64(len(in))
	if err := f.CallWithStack(ctx, stack[:]); err != nil {
		return nil, i.fault(err)
	}
	at, size := uint32(stack[0]>>32), uint32(stack[0])
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

func (i *instance) overdue() bool { return !time.Now().Before(i.deadline) }

func (i *instance) report(took time.Duration) Report {
	return Report{Took: took, Memory: int64(i.module.Memory().Size()), Logs: i.logs, LogsCut: i.cut}
}

func (i *instance) close() error {
	if i.module == nil {
		return nil
	}
	return i.module.Close(context.Background())
}

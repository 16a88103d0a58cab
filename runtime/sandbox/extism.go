package sandbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/extism"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/fuel"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// A plugin built with one of Extism's PDKs is a guest of another ABI: it is called once for
// every record, finds that as its input in a heap beside its memory, and answers with a
// code. The heap is a second part of its instance.

// addKernel compiles what an Extism plugin imports, for a module that is one.
func (m *Module) addKernel(ctx context.Context) error {
	if !slices.ContainsFunc(m.compiled.ImportedFunctions(), func(f api.FunctionDefinition) bool {
		module, _, _ := f.Import()
		return module == abi.ExtismModule
	}) {
		return nil
	}
	wasm, err := extism.Kernel()
	if err != nil {
		return err
	}
	// The runtime may be the one that takes code from the shelf: there is none of this.
	m.host.shelf.mu.Lock()
	defer m.host.shelf.mu.Unlock()
	m.host.shelf.code = nil
	m.kernel, err = m.runtime.CompileModule(ctx, wasm)
	return err
}

// kernelFunction is a function that Extism plugins import.
func (m *Module) kernelFunction(name string) (hostFunc, bool) {
	grant, ok := abi.ExtismFunctions[name]
	if !ok || m.kernel == nil {
		return hostFunc{}, false
	}
	f, ok := m.kernel.ExportedFunctions()[name]
	if !ok {
		return hostFunc{}, false
	}
	return hostFunc{params: f.ParamTypes(), results: f.ResultTypes(), grant: grant}, true
}

// readFunctions finds what a delivery may call.
func (m *Module) readFunctions() error {
	m.info.ABI = abi.Extism
	m.info.MinMemory += int64(m.kernel.ExportedMemories()[abi.Memory].Min()) * pageSize
	if m.info.Functions = extism.Functions(m.compiled.ExportedFunctions()); len(m.info.Functions) == 0 {
		return fmt.Errorf("plugin %s: it exports no function that takes nothing and returns an i32, as Extism's PDKs export them", m.name)
	}
	return nil
}

// starts are what a module's language wants run before anything else.
func (t *Target) starts(exports api.Module) []string {
	if t.module.kernel == nil {
		return []string{fuel.Start, abi.Initialize}
	}
	names := []string{fuel.Start, abi.Initialize, "hs_init"} // of Haskell: (argc, argv i32)
	if exports.ExportedFunction(abi.Initialize) == nil && t.function != extism.Start {
		names = append(names, "__wasm_call_ctors") // of C and C++, in a module that is no reactor
	}
	return names
}

// beside is what an instance of an Extism plugin has more than others.
type beside struct {
	part
	*extism.Heap
	begins uint64 // where the first block of a delivery lies; 0 before the first one
	early  bool   // its start asked for what differs from target to target

	// What follows belongs to the delivery in progress.
	record  *abi.Record
	status  int
	headers []byte
	vars    map[string][]byte
	kept    int // bytes in vars
	refused *abi.Failure
}

// addHeap gives the instance a heap, and the context one in which its guest finds it.
func (i *instance) addHeap(ctx context.Context) (context.Context, error) {
	b := &beside{part: part{memory: &memory{limit: i.target.limit.memory, beside: i.memory}}}
	i.memory.beside = b.memory
	config := wazero.NewModuleConfig().WithName("").WithStartFunctions()
	var err error
	b.module, err = i.target.module.runtime.InstantiateModule(experimental.WithMemoryAllocator(context.Background(), b.memory), i.target.module.kernel, config)
	if err != nil {
		return nil, err
	}
	b.Heap = extism.NewHeap(b.module)
	b.globals = b.Globals
	i.heap, i.parts = b, append(i.parts, &b.part)
	return experimental.WithImportResolver(ctx, func(name string) api.Module {
		if name == abi.ExtismModule {
			return b.module
		}
		return nil
	}), nil
}

// named is the function that a person chose of several.
func (t *Target) named() string {
	if t.module.kernel == nil {
		return ""
	}
	return t.function
}

// retried are the codes that ask for another attempt: what the PDKs answer for an error,
// and what a WASI command would exit with.
var retried = []int32{1, -1, tempFail}

// refusal ends a call whose host function cannot be done. The PDKs' functions cannot fail,
// so a plugin has no way to go on.
const refusal FaultKind = "refused"

// runExtism calls the plugin's function for the batch's only record.
func (i *instance) runExtism(c *Call) (abi.Result, error) {
	if len(c.Batch.Records) == 0 {
		return abi.Result{}, nil
	}
	r := &c.Batch.Records[0]
	i.heap.record = r
	input := []byte(r.Event)
	if r.Input != nil {
		input = extism.Input(r.Input)
	}
	f, err := i.callExtism(i.handle, input)
	i.heap.record = nil
	if f == nil || err != nil {
		return abi.Result{}, err
	}
	f.ID = r.ID
	return abi.Result{Failures: []abi.Failure{*f}}, nil
}

// initExtism gives the config to a plugin that wants it, and has it do what every delivery
// would do again.
func (i *instance) initExtism(ctx context.Context) error {
	f := i.module.ExportedFunction(abi.ExtismInit)
	if f == nil {
		return nil
	}
	i.begin(ctx, &Call{Now: initTime, Seed: "init " + i.target.module.info.SHA256})
	problem, err := i.callExtism(f, i.target.config)
	i.heap.Empty(i.heap.begins) // a clone's first delivery begins where this one's does
	if problem == nil || err != nil {
		return err
	}
	return &ConfigError{i.target.module.name, []abi.Problem{{Message: problem.Error}}}
}

// callExtism calls one of the plugin's functions, and returns what it failed of.
func (i *instance) callExtism(f api.Function, input []byte) (*abi.Failure, error) {
	h := i.heap
	h.status, h.headers, h.kept, h.refused = 0, nil, 0, nil
	clear(h.vars)
	if h.begins == 0 {
		h.begins = h.Position()
	}
	if err := h.Begin(i, h.begins, input); err != nil {
		return nil, i.fault(err)
	}
	i.stack[0], i.exit = 0, 0
	if err := f.CallWithStack(i, i.stack[:]); err != nil {
		return i.ended(err)
	}
	return i.answered(int32(i.stack[0]))
}

// ended reads how a call ended that did not return.
func (i *instance) ended(err error) (*abi.Failure, error) {
	var s *stop
	switch {
	case errors.As(err, &s) && s.kind == refusal:
		return i.heap.refused, nil
	case errors.As(err, &s) && s.kind == Exit:
		return i.answered(i.exit)
	}
	return nil, i.fault(err)
}

// answered reads what the plugin said.
func (i *instance) answered(code int32) (*abi.Failure, error) {
	output := i.heap.Output()
	if size := int64(len(output)); size > i.target.limit.output {
		return nil, i.faulty(Output, fmt.Sprintf("its output has %s, the limit is %s", human(size), human(i.target.limit.output)))
	}
	i.logText(abi.Info, output)
	text, said := i.heap.Error()
	if code == 0 && !said {
		return nil, nil
	}
	f := &abi.Failure{Retry: code == 0 || slices.Contains(retried, code), Error: strings.ToValidUTF8(string(text[:min(len(text), maxError)]), "�")}
	if !f.Retry {
		f.Code = fmt.Sprintf("EXIT_%d", code)
	}
	if f.Error == "" {
		f.Error = fmt.Sprintf("it returned %d", code)
	}
	return f, nil
}

// maxError is how much of an error's text is kept.
const maxError = 4 << 10

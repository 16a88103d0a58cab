package sandbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/fuel"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/manifest"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// Module is a compiled plugin, safe for concurrent use.
type Module struct {
	host     *Host
	name     string
	runtime  wazero.Runtime
	compiled wazero.CompiledModule
	info     Info
	// What the rewriter found.
	globals int
	impure  string
	// thawed is what instances of a packed module begin with, as after its start; nil for
	// all others.
	thawed *frozen
	// command is a plain WASI command; see runCommand.
	command bool
	// kernel is what an Extism plugin imports, nil for all others; see runExtism.
	kernel wazero.CompiledModule
}

// Info is what can be said about a module without running it.
type Info struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
	Size   int    `json:"size"`
	// ABI is "v1", "wasi-command" or "extism".
	ABI string `json:"abi"`
	// Imports are the host functions, as "tocsin.http"; Exports are functions and memory.
	Imports []string `json:"imports"`
	Exports []string `json:"exports"`
	// Capabilities are the grants that Imports need: "http", "kv", …
	Capabilities []string `json:"capabilities"`
	// Functions are what an Extism plugin may be called by.
	Functions []string `json:"functions,omitempty"`
	// MinMemory is what the module asks for at its start, in bytes.
	MinMemory int64 `json:"min_memory"`
	// Isolation says how every delivery gets a pristine instance, and why in this way.
	Isolation string `json:"isolation"`
	// Code says of a packed plugin whether its code is used: "packed", or why it was
	// compiled.
	Code string `json:"code,omitempty"`
}

// maxModule bounds a module's size: compiling takes ten times as much memory.
const maxModule = 32 << 20

// Compile checks that wasm is a plugin of ABI v1 whose imports this host offers, and
// compiles it. The name stands in errors.
func (h *Host) Compile(ctx context.Context, wasm []byte, name string) (*Module, error) {
	if len(wasm) > maxModule {
		return nil, fmt.Errorf("plugin %s: the module has %s, at most %s can be loaded", name, human(int64(len(wasm))), human(maxModule))
	}
	rewritten, err := fuel.Rewrite(wasm)
	if err != nil {
		return nil, fmt.Errorf("plugin %s: not a module that can be loaded: %w", name, err)
	}
	digest := manifest.Digest(wasm)
	// One after the other for equal modules: wazero hands out code by a module's digest, also
	// code that another goroutine has not finished.
	lock, _ := h.compiling.LoadOrStore(digest, new(sync.Mutex))
	lock.(*sync.Mutex).Lock()
	runtime, compiled, err := h.compile(ctx, rewritten.Wasm, name)
	lock.(*sync.Mutex).Unlock()
	if err != nil {
		return nil, fmt.Errorf("plugin %s: not a module that can be loaded: %w", name, err)
	}
	m := &Module{host: h, name: name, runtime: runtime, compiled: compiled, globals: rewritten.Globals, impure: rewritten.Impure}
	m.info = Info{Name: name, ABI: abi.V1, SHA256: digest, Size: len(wasm), Isolation: m.isolation()}
	if err := m.read(ctx); err != nil {
		return nil, errors.Join(err, m.Close(ctx))
	}
	return m, nil
}

// read finds out what the compiled module is.
func (m *Module) read(ctx context.Context) error {
	if err := m.addKernel(ctx); err != nil {
		return err
	}
	return errors.Join(m.readImports(), m.readExports())
}

// Info describes the module.
func (m *Module) Info() Info { return m.info }

// Close frees the module's code. Its targets must be closed.
func (m *Module) Close(ctx context.Context) error {
	if m.kernel != nil {
		return errors.Join(m.compiled.Close(ctx), m.kernel.Close(ctx))
	}
	return m.compiled.Close(ctx)
}

func (m *Module) readImports() error {
	var problems []error
	if len(m.compiled.ImportedMemories()) > 0 {
		problems = append(problems, fmt.Errorf("plugin %s: it imports a memory; a plugin exports its own", m.name))
	}
	for _, f := range m.compiled.ImportedFunctions() {
		module, name, _ := f.Import()
		if module == fuel.ImportModule {
			continue
		}
		m.info.Imports = append(m.info.Imports, module+"."+name)
		known, ok := m.offered(module, name)
		if !ok {
			problems = append(problems, fmt.Errorf("plugin %s: it imports %s.%s%s, which this tocsin does not offer; %s",
				m.name, module, name, signature(f.ParamTypes(), f.ResultTypes()), rebuild(module)))
			continue
		}
		if !slices.Equal(known.params, f.ParamTypes()) || !slices.Equal(known.results, f.ResultTypes()) {
			problems = append(problems, fmt.Errorf("plugin %s: it imports %s.%s%s; this tocsin offers it as %s",
				m.name, module, name, signature(f.ParamTypes(), f.ResultTypes()), signature(known.params, known.results)))
		}
		if known.grant != "" && !slices.Contains(m.info.Capabilities, known.grant) {
			m.info.Capabilities = append(m.info.Capabilities, known.grant)
		}
	}
	slices.Sort(m.info.Imports)
	m.info.Imports = slices.Compact(m.info.Imports) // Go's runtime imports a function for each package that uses it
	slices.Sort(m.info.Capabilities)
	return errors.Join(problems...)
}

// rebuild says what to do about an import of a module that is not offered.
func rebuild(module string) string {
	switch {
	case module == abi.ExtismModule:
		return "build it with a PDK of Extism 1.x"
	case strings.HasPrefix(module, "extism:"):
		return "that is a function of another program; what tocsin offers beyond " + abi.ExtismModule + " is imported from " + abi.Module
	}
	return "build it with an SDK of this version or older"
}

func (m *Module) offered(module, name string) (hostFunc, bool) {
	switch module {
	case abi.ExtismModule:
		return m.kernelFunction(name)
	case abi.Module:
		f, ok := capabilities[name]
		return f, ok
	case wasiModule:
		f, ok := wasi[name]
		return f, ok
	}
	return hostFunc{}, false
}

var (
	i32 = api.ValueTypeI32
	i64 = api.ValueTypeI64
)

// exports are the functions that a guest must or may have.
var exports = []struct {
	name            string
	params, results []api.ValueType
	optional        bool
}{
	{abi.Marker, nil, nil, false},
	{abi.Alloc, []api.ValueType{i32}, []api.ValueType{i32}, false},
	{abi.Handle, []api.ValueType{i32, i32}, []api.ValueType{i64}, false},
	{abi.Init, []api.ValueType{i32, i32}, []api.ValueType{i64}, true},
	{abi.Initialize, nil, nil, true},
}

func (m *Module) readExports() error {
	have := m.compiled.ExportedFunctions()
	for name := range have {
		if name != fuel.Start {
			m.info.Exports = append(m.info.Exports, name)
		}
	}
	var problems []error
	memory, ok := m.compiled.ExportedMemories()[abi.Memory]
	if ok {
		m.info.Exports = append(m.info.Exports, abi.Memory)
		m.info.MinMemory = int64(memory.Min()) * pageSize
	} else {
		problems = append(problems, fmt.Errorf("plugin %s: it exports no %q", m.name, abi.Memory))
	}
	slices.Sort(m.info.Exports)
	if _, ok := have[abi.Marker]; !ok && m.kernel != nil {
		return errors.Join(append(problems, m.readFunctions())...)
	} else if !ok && isCommand(have) {
		m.command, m.info.ABI = true, abi.WASICommand
		return errors.Join(problems...)
	} else if !ok {
		return fmt.Errorf("plugin %s: it exports no %s, so it is no plugin of ABI v1; build it with the SDK (sdk/README.md)", m.name, abi.Marker)
	}
	for _, e := range exports {
		f, ok := have[e.name]
		if !ok && e.optional {
			continue
		}
		if !ok || !slices.Equal(f.ParamTypes(), e.params) || !slices.Equal(f.ResultTypes(), e.results) {
			problems = append(problems, fmt.Errorf("plugin %s: export %s%s is missing or has another type", m.name, e.name, signature(e.params, e.results)))
		}
	}
	return errors.Join(problems...)
}

func signature(params, results []api.ValueType) string {
	s := "(" + types(params) + ")"
	if len(results) > 0 {
		s += " -> " + types(results)
	}
	return s
}

func types(list []api.ValueType) string {
	names := make([]string, len(list))
	for i, t := range list {
		names[i] = api.ValueTypeName(t)
	}
	return strings.Join(names, ", ")
}

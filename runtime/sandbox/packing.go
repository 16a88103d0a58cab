package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/fuel"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/pack"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// Pack runs a plugin up to where a config comes in and returns what a pack of it holds, with
// code for this platform. manifest is the text of its plugin.yaml, limits what that says.
func (h *Host) Pack(ctx context.Context, wasm, manifest []byte, limits abi.Limits) (*pack.Contents, error) {
	rewritten, err := fuel.Rewrite(wasm)
	if err != nil {
		return nil, err
	}
	c := &pack.Contents{Manifest: manifest, Module: wasm, Fresh: rewritten.Impure}
	if c.Skeleton, err = skeletonOf(rewritten); err != nil {
		return nil, err
	}
	code, err := CompileCode(ctx, wasm)
	if err != nil {
		return nil, err
	}
	c.Codes = append(c.Codes, code)
	if rewritten.Impure != "" {
		return c, nil
	}
	m, err := h.Compile(ctx, wasm, "pack")
	if err != nil {
		return nil, err
	}
	defer m.Close(ctx)
	c.Memory, c.Globals, err = m.startState(ctx, limits)
	return c, err
}

// startState is a module's memory and globals after its start.
func (m *Module) startState(ctx context.Context, l abi.Limits) ([]byte, []uint64, error) {
	host := &Nobody{}
	t := &Target{module: m, name: "pack", limit: limitsOf(l), host: host, function: abi.Handle}
	i, err := t.instantiate()
	if err != nil {
		return nil, nil, err
	}
	if err = i.start(ctx); err == nil && host.asked != "" {
		err = fmt.Errorf("its start calls %s, so what it leaves is not the same every time; call it in Configure or in a delivery", host.asked)
	}
	if err == nil && i.heap != nil && (i.heap.early || i.heap.Used()) {
		err = errors.New("its start uses Extism's heap or its config, which a pack does not keep; do that in a delivery")
	}
	if err == nil && i.memory.refused {
		err = fmt.Errorf("its start needs more than %s of memory; raise limits.memory in its plugin.yaml", human(t.limit.memory))
	}
	if err != nil {
		return nil, nil, errors.Join(err, i.close())
	}
	view, _ := i.module.Memory().Read(0, i.module.Memory().Size())
	memory := bytes.Clone(view)
	var globals []uint64
	for _, g := range i.globals {
		globals = append(globals, g.Get())
	}
	return memory, globals, i.close()
}

// skeletonOf keeps the data of a module whose memory is not restored.
func skeletonOf(m fuel.Module) ([]byte, error) { return fuel.Skeleton(m.Wasm, m.Impure != "") }

// CompileCode compiles a plugin for the platform of this process, as a pack keeps it.
func CompileCode(ctx context.Context, wasm []byte) (pack.Code, error) {
	rewritten, err := fuel.Rewrite(wasm)
	if err != nil {
		return pack.Code{}, err
	}
	skeleton, err := skeletonOf(rewritten)
	if err != nil {
		return pack.Code{}, err
	}
	kept := &recorder{}
	cache, err := cacheOf(kept)
	if err != nil {
		return pack.Code{}, err
	}
	r := wazero.NewRuntimeWithConfig(ctx, runtimeConfig().WithCompilationCache(cache))
	defer cache.Close(ctx)
	defer r.Close(ctx)
	ctx = experimental.WithCompilationWorkers(ctx, runtime.GOMAXPROCS(0))
	c := pack.Code{Platform: pack.Here()}
	if _, err := r.CompileModule(ctx, rewritten.Wasm); err != nil {
		return c, err
	}
	c.Text = kept.code
	// The skeleton's own code is thrown away: what it is called is what matters.
	if _, err := r.CompileModule(ctx, skeleton); err != nil {
		return c, err
	}
	c.Key = kept.key
	return c, nil
}

// runtimeConfig is that of all runtimes: it is part of what compiled code is called by.
func runtimeConfig() wazero.RuntimeConfig {
	return wazero.NewRuntimeConfig().WithCoreFeatures(api.CoreFeaturesV2).WithDebugInfoEnabled(false)
}

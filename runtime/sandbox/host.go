package sandbox

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/hashicorp/go-hclog"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/fuel"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// Config tunes a Host. The zero value is ready for use.
type Config struct {
	// CacheDir keeps compiled modules over restarts; a Go guest takes a second to
	// compile and 40 ms to load. One that cannot be written is done without, with a
	// warning. Default: none.
	CacheDir string
	// Log gets what concerns the host itself. Default: nothing is logged.
	Log hclog.Logger
}

// Host owns the WebAssembly runtime.
type Host struct {
	runtime wazero.Runtime
	log     hclog.Logger
	key     [32]byte // of secret handles

	// second is a runtime without a folder, for when the cache's fails.
	second func() (wazero.Runtime, error)
	close  []func(context.Context) error
}

// New starts a host.
func New(ctx context.Context, c Config) (*Host, error) {
	if c.Log == nil {
		c.Log = hclog.NewNullLogger()
	}
	h := &Host{log: c.Log.Named("sandbox")}
	rand.Read(h.key[:])
	var err error
	if h.runtime, err = h.start(ctx, h.openCache(c.CacheDir)); err != nil {
		return nil, errors.Join(err, h.Close(ctx))
	}
	h.second = sync.OnceValues(func() (wazero.Runtime, error) { return h.start(ctx, wazero.NewCompilationCache()) })
	return h, nil
}

// start makes a runtime that offers the host functions.
func (h *Host) start(ctx context.Context, cache wazero.CompilationCache) (wazero.Runtime, error) {
	config := wazero.NewRuntimeConfig().
		WithCompilationCache(cache).
		WithCoreFeatures(api.CoreFeaturesV2).
		WithDebugInfoEnabled(false)
	r := wazero.NewRuntimeWithConfig(ctx, config)
	h.close = append(h.close, r.Close, cache.Close)
	return r, offer(ctx, r)
}

// compile compiles a module, and does without the cache when that is what fails: its
// folder may have become read-only or full, or a file in it damaged.
func (h *Host) compile(ctx context.Context, wasm []byte) (wazero.Runtime, wazero.CompiledModule, error) {
	ctx = experimental.WithCompilationWorkers(ctx, runtime.GOMAXPROCS(0))
	compiled, err := h.runtime.CompileModule(ctx, wasm)
	if err == nil {
		return h.runtime, compiled, nil
	}
	second, startErr := h.second()
	if startErr != nil {
		return nil, nil, err
	}
	compiled, secondErr := second.CompileModule(ctx, wasm)
	if secondErr != nil {
		return nil, nil, secondErr
	}
	h.log.Warn("a compiled plugin could not be kept or found again; empty the cache folder", "error", err)
	return second, compiled, nil
}

// openCache uses dir if it can be written: wazero fails to compile when a module is
// missing in a cache that is read-only, instead of going on without.
func (h *Host) openCache(dir string) wazero.CompilationCache {
	if dir == "" {
		return wazero.NewCompilationCache()
	}
	err := os.MkdirAll(dir, 0o700)
	if err == nil {
		err = probe(dir)
	}
	if err == nil {
		var cache wazero.CompilationCache
		if cache, err = wazero.NewCompilationCacheWithDir(dir); err == nil {
			return cache
		}
	}
	h.log.Warn("compiled plugins are not kept: the cache folder cannot be written", "file", dir, "error", err)
	return wazero.NewCompilationCache()
}

func probe(dir string) error {
	f, err := os.CreateTemp(dir, ".probe-*")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// offer makes the host functions that guests import.
func offer(ctx context.Context, r wazero.Runtime) error {
	for module, functions := range map[string]map[string]hostFunc{
		abi.Module: capabilities, wasiModule: wasi, fuel.ImportModule: {fuel.ImportRefill: refillFunc}} {
		b := r.NewHostModuleBuilder(module)
		for name, f := range functions {
			b.NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(f.call), f.params, f.results).Export(name)
		}
		if _, err := b.Instantiate(ctx); err != nil {
			return fmt.Errorf("sandbox: host functions of %s: %w", module, err)
		}
	}
	return nil
}

// Close frees what the host holds. Targets must not be called any more.
func (h *Host) Close(ctx context.Context) error {
	errs := make([]error, 0, len(h.close))
	for _, f := range h.close {
		errs = append(errs, f(ctx))
	}
	return errors.Join(errs...)
}

// CacheDir is where compiled modules are kept by default: below the user's cache folder.
func CacheDir() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "tocsin", "wasm")
}

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
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"github.com/tocsin-engine/tocsin/runtime/sandbox/extism"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/fuel"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// Config tunes a Host. The zero value is ready for use.
type Config struct {
	// CacheDir keeps compiled modules over restarts; a Go guest takes a second to
	// compile and 40 ms to load. One that cannot be written is done without, with a
	// warning. Default: none.
	CacheDir string
	// Sources are where a Catalog finds plugins.
	Sources Sources
	// Log gets what concerns the host itself. Default: nothing is logged.
	Log hclog.Logger
}

// Host owns the WebAssembly runtimes. Each starts when it is first needed.
type Host struct {
	log     hclog.Logger
	sources Sources
	key     [32]byte // of secret handles

	// cached keeps compiled modules in a folder, second is for when that fails, packed takes
	// the code that lies on the shelf and compiles nothing.
	cached, second, packed func() (wazero.Runtime, error)
	shelf                  shelf

	compiling sync.Map // of a *sync.Mutex, by the digests of modules

	mu    sync.Mutex
	close []func(context.Context) error
}

// New makes a host.
func New(ctx context.Context, c Config) *Host {
	if c.Log == nil {
		c.Log = hclog.NewNullLogger()
	}
	ctx = context.WithoutCancel(ctx)
	h := &Host{log: c.Log.Named("sandbox"), sources: c.Sources}
	rand.Read(h.key[:])
	lazy := func(cache func() (wazero.CompilationCache, error)) func() (wazero.Runtime, error) {
		return sync.OnceValues(func() (wazero.Runtime, error) {
			c, err := cache()
			if err != nil {
				return nil, err
			}
			return h.start(ctx, c)
		})
	}
	h.cached = lazy(func() (wazero.CompilationCache, error) { return h.openCache(c.CacheDir), nil })
	h.second = lazy(func() (wazero.CompilationCache, error) { return wazero.NewCompilationCache(), nil })
	h.packed = lazy(func() (wazero.CompilationCache, error) { return cacheOf(&h.shelf) })
	return h
}

// start makes a runtime that offers the host functions.
func (h *Host) start(ctx context.Context, cache wazero.CompilationCache) (wazero.Runtime, error) {
	r := wazero.NewRuntimeWithConfig(ctx, runtimeConfig().WithCompilationCache(cache))
	h.mu.Lock()
	h.close = append(h.close, r.Close, cache.Close)
	h.mu.Unlock()
	return r, offer(ctx, r)
}

// compile compiles a module, and does without the cache when that is what fails: its
// folder may have become read-only or full, or a file in it damaged.
func (h *Host) compile(ctx context.Context, wasm []byte, name string) (wazero.Runtime, wazero.CompiledModule, error) {
	begin := time.Now()
	defer func() {
		if took := time.Since(begin); took > time.Second { // not found in the cache, and somebody waits
			h.log.Info("a plugin was compiled", "plugin", name, "took", took.Round(time.Millisecond).String())
		}
	}()
	ctx = experimental.WithCompilationWorkers(ctx, runtime.GOMAXPROCS(0))
	cached, err := h.cached()
	if err != nil {
		return nil, nil, err
	}
	compiled, err := cached.CompileModule(ctx, wasm)
	if err == nil {
		return cached, compiled, nil
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
		abi.Module: capabilities, wasiModule: wasi, extism.HostModule: extismCalls, fuel.ImportModule: {fuel.ImportRefill: refillFunc}} {
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
	h.mu.Lock()
	defer h.mu.Unlock()
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

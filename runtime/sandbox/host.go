package sandbox

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/hashicorp/go-hclog"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
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
	cache   wazero.CompilationCache
	log     hclog.Logger
	key     [32]byte // of secret handles
}

// New starts a host.
func New(ctx context.Context, c Config) (*Host, error) {
	if c.Log == nil {
		c.Log = hclog.NewNullLogger()
	}
	h := &Host{log: c.Log.Named("sandbox")}
	rand.Read(h.key[:])
	h.cache = h.openCache(c.CacheDir)
	config := wazero.NewRuntimeConfig().
		WithCompilationCache(h.cache).
		WithCoreFeatures(api.CoreFeaturesV2).
		WithDebugInfoEnabled(false)
	h.runtime = wazero.NewRuntimeWithConfig(ctx, config)
	if err := h.offer(ctx); err != nil {
		return nil, errors.Join(err, h.Close(ctx))
	}
	return h, nil
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
func (h *Host) offer(ctx context.Context) error {
	for module, functions := range map[string]map[string]hostFunc{
		abi.Module: capabilities, wasiModule: wasi, fuel.ImportModule: {fuel.ImportRefill: refillFunc}} {
		b := h.runtime.NewHostModuleBuilder(module)
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
	return errors.Join(h.runtime.Close(ctx), h.cache.Close(ctx))
}

// CacheDir is where compiled modules are kept by default: below the user's cache folder.
func CacheDir() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "tocsin", "wasm")
}

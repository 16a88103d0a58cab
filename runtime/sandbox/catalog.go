package sandbox

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/tocsin-engine/tocsin/plugins"
	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/fuel"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/manifest"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// Plugin is a module with what its manifest and a rule set's entry say about it.
type Plugin struct {
	*Module
	Manifest abi.Manifest
	// Shipped plugins come with the binary and are granted what they need.
	Shipped bool
	// Grants and Limits are what its targets get.
	Grants abi.Grants
	Limits abi.Limits
}

// Describe finds out about the plugins of a rule set, and the shipped ones, what can be
// known without compiling: for rulefile.Options.
func Describe(entries []rulefile.Plugin) map[string]rulefile.PluginInfo {
	infos := map[string]rulefile.PluginInfo{}
	for _, name := range plugins.Names {
		m, err := plugins.Manifest(name)
		infos[name] = rulefile.PluginInfo{Manifest: m, SHA256: m.Module.SHA256, Err: err, Shipped: true}
	}
	for _, e := range entries {
		if e.File == "" && slices.Contains(plugins.Names, e.Name) {
			continue
		}
		infos[e.Name] = describe(e)
	}
	return infos
}

func describe(e rulefile.Plugin) rulefile.PluginInfo {
	wasm, m, err := read(e)
	info := rulefile.PluginInfo{Manifest: m, SHA256: m.Module.SHA256, Err: err}
	if err != nil {
		return info
	}
	info.Imports, info.Err = fuel.Imports(wasm)
	return info
}

// read reads a plugin's manifest and module and checks the digest.
func read(e rulefile.Plugin) ([]byte, abi.Manifest, error) {
	if e.File == "" {
		if !slices.Contains(plugins.Names, e.Name) {
			return nil, abi.Manifest{}, fmt.Errorf("plugin %s: it has no file, and no shipped plugin has this name", e.Name)
		}
		return plugins.Load(e.Name)
	}
	path, err := manifest.Find(e.File)
	if err != nil {
		return nil, abi.Manifest{}, fmt.Errorf("plugin %s: %w", e.Name, err)
	}
	m, err := manifest.Read(path)
	if err != nil {
		return nil, m, fmt.Errorf("plugin %s: %w", e.Name, err)
	}
	file := filepath.Join(filepath.Dir(path), m.Module.Path)
	if filepath.Ext(e.File) == ".wasm" {
		file = e.File
	}
	wasm, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, m, fmt.Errorf("plugin %s: %s is not there; tocsin plugin build %s makes it", e.Name, file, filepath.Dir(path))
	}
	if err != nil {
		return nil, m, fmt.Errorf("plugin %s: %w", e.Name, err)
	}
	return wasm, m, pinned(e, path, m, manifest.Digest(wasm))
}

// pinned refuses a module that is not the one that manifest and rule file name.
func pinned(e rulefile.Plugin, path string, m abi.Manifest, digest string) error {
	switch {
	case m.Module.SHA256 == "":
		return fmt.Errorf("plugin %s: %s names no digest; tocsin plugin build writes it, or add  sha256: %s  under module", e.Name, path, digest)
	case m.Module.SHA256 != digest:
		return fmt.Errorf("plugin %s: the module's digest is %s, %s names %s; build it again or restore the module", e.Name, digest, path, m.Module.SHA256)
	case e.SHA256 != "" && e.SHA256 != digest:
		return fmt.Errorf("plugin %s: the module's digest is %s, the rule file names %s", e.Name, digest, e.SHA256)
	}
	return nil
}

// Catalog opens plugins, each module once.
type Catalog struct {
	host    *Host
	mu      sync.Mutex
	modules map[string]*Module // by name and digest
}

// NewCatalog makes a catalog of the host's modules.
func (h *Host) NewCatalog() *Catalog { return &Catalog{host: h, modules: map[string]*Module{}} }

// Open compiles the plugin of a rule set's entry, or finds it compiled. A target whose
// plugin has no entry names a shipped one: rulefile.Plugin{Name: name}.
func (c *Catalog) Open(ctx context.Context, e rulefile.Plugin) (*Plugin, error) {
	wasm, m, err := read(e)
	if err != nil {
		return nil, err
	}
	p := &Plugin{Manifest: m, Shipped: e.File == "", Grants: e.Allow, Limits: Limits(e.Limits, m.Limits)}
	if p.Shipped {
		p.Grants = union(m.Needs, e.Allow)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	key := e.Name + " " + m.Module.SHA256
	if p.Module = c.modules[key]; p.Module != nil {
		return p, nil
	}
	if p.Module, err = c.host.Compile(ctx, wasm, e.Name); err != nil {
		return nil, err
	}
	if is := p.Module.Info().ABI; is != m.ABI {
		return nil, errors.Join(fmt.Errorf("plugin %s: its manifest says abi: %s, the module is of the other kind; write abi: %s", e.Name, m.ABI, is), p.Module.Close(ctx))
	}
	c.modules[key] = p.Module
	return p, nil
}

// Close frees the code of all modules. Their targets must be closed.
func (c *Catalog) Close(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	errs := make([]error, 0, len(c.modules))
	for key, m := range c.modules {
		errs = append(errs, m.Close(ctx))
		delete(c.modules, key)
	}
	return errors.Join(errs...)
}

// union is what either grant allows.
func union(a, b abi.Grants) abi.Grants {
	return abi.Grants{
		HTTP:    slices.Concat(a.HTTP, b.HTTP),
		AWS:     slices.Concat(a.AWS, b.AWS),
		KV:      max(a.KV, b.KV),
		Emit:    slices.Concat(a.Emit, b.Emit),
		Secrets: slices.Concat(a.Secrets, b.Secrets),
	}
}

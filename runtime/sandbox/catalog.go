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
	"github.com/tocsin-engine/tocsin/runtime/sandbox/pack"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/trust"
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

// Sources are where plugins come from, and which of them may be used. The zero value takes
// shipped ones and those that rule files name, signed or not.
type Sources struct {
	// Trusted are the keys of which one must have signed a plugin that has a file.
	// Default: none need a signature.
	Trusted trust.Keys
	// Packs stand for the plugins that the rule files name. Default: there are none.
	Packs Packs
}

// Describe finds out about the plugins of a rule set, and the shipped ones, what can be
// known without compiling: for rulefile.Options.
func (s Sources) Describe(entries []rulefile.Plugin) map[string]rulefile.PluginInfo {
	infos := map[string]rulefile.PluginInfo{}
	for _, name := range plugins.Names {
		infos[name] = s.describeShipped(name)
	}
	for _, e := range entries {
		if e.File == "" && slices.Contains(plugins.Names, e.Name) || e.File != "" && slices.Contains(s.Packs.LeftOut, e.Name) {
			continue
		}
		infos[e.Name] = s.describe(e)
	}
	return infos
}

func (s Sources) describeShipped(name string) rulefile.PluginInfo {
	f, ok, err := s.findStandIn(rulefile.Plugin{Name: name})
	m := f.manifest
	if !ok {
		m, err = plugins.Manifest(name)
	}
	return rulefile.PluginInfo{Manifest: m, SHA256: m.Module.SHA256, Err: errors.Join(err, f.close()), Shipped: true}
}

func (s Sources) describe(e rulefile.Plugin) rulefile.PluginInfo {
	f, err := s.find(e)
	info := rulefile.PluginInfo{Manifest: f.manifest, SHA256: f.digest, Err: err}
	if err != nil {
		return info
	}
	info.Imports, info.Err = f.imports()
	info.Err = errors.Join(info.Err, f.close())
	return info
}

// found is a plugin's file: a module with its manifest, or a pack that holds both. A shipped
// plugin is unpacked when its module is compiled: that costs 20 ms, and is once for all targets.
type found struct {
	manifest abi.Manifest
	wasm     []byte
	pack     *pack.Pack
	// digest is the module's or the pack's, what a rule file pins.
	digest string
	// trusted is the digest that a pack is known by; "" is none.
	trusted string
}

func (f found) close() error {
	if f.pack == nil {
		return nil
	}
	return f.pack.Close()
}

func (f found) imports() ([]string, error) {
	if f.pack == nil {
		return fuel.Imports(f.wasm)
	}
	skeleton, err := f.pack.Skeleton()
	if err != nil {
		return nil, err
	}
	return fuel.SkeletonImports(skeleton)
}

// load compiles a module, or loads a pack that somebody named by its digest.
func (f found) load(ctx context.Context, h *Host, name string) (*Module, error) {
	if f.pack != nil {
		return h.LoadPack(ctx, f.pack, name, f.trusted)
	}
	if f.wasm == nil {
		var err error
		if f.wasm, _, err = plugins.Load(name); err != nil {
			return nil, err
		}
	}
	return h.Compile(ctx, f.wasm, name)
}

// find reads what an entry names and checks digests and signatures.
func (s Sources) find(e rulefile.Plugin) (found, error) {
	if f, ok, err := s.findStandIn(e); ok {
		return f, err
	}
	switch {
	case e.File == "" && slices.Contains(plugins.Names, e.Name):
		m, err := plugins.Manifest(e.Name)
		return found{manifest: m, digest: m.Module.SHA256}, err
	case e.File == "":
		return found{}, fmt.Errorf("plugin %s: it has no file, and no shipped plugin has this name", e.Name)
	case filepath.Ext(e.File) == pack.Ext:
		return s.findPack(e)
	}
	return s.findModule(e)
}

func (s Sources) findPack(e rulefile.Plugin) (found, error) {
	p, err := pack.OpenFile(e.File)
	if err != nil {
		return found{}, fmt.Errorf("plugin %s: %w", e.Name, err)
	}
	m, err := p.Manifest()
	if err == nil && e.SHA256 != "" && e.SHA256 != p.Digest() {
		err = fmt.Errorf("the pack's digest is %s, the rule file names %s", p.Digest(), e.SHA256)
	}
	if err == nil {
		err = s.Trusted.Check(e.File, []byte(p.Digest()))
	}
	if err != nil {
		return found{manifest: m, digest: p.Digest()}, errors.Join(fmt.Errorf("plugin %s: %w", e.Name, err), p.Close())
	}
	return found{manifest: m, pack: p, digest: p.Digest(), trusted: e.SHA256}, nil
}

func (s Sources) findModule(e rulefile.Plugin) (found, error) {
	path, err := manifest.Find(e.File)
	if err != nil {
		return found{}, fmt.Errorf("plugin %s: %w", e.Name, err)
	}
	text, err := os.ReadFile(path)
	if err == nil {
		err = s.Trusted.Check(path, text)
	}
	if err != nil {
		return found{}, fmt.Errorf("plugin %s: %w", e.Name, err)
	}
	m, err := manifest.Parse(path, text)
	if err != nil {
		return found{manifest: m}, fmt.Errorf("plugin %s: %w", e.Name, err)
	}
	file := filepath.Join(filepath.Dir(path), m.Module.Path)
	if filepath.Ext(e.File) == ".wasm" {
		file = e.File
	}
	wasm, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return found{manifest: m}, fmt.Errorf("plugin %s: %s is not there; tocsin plugin build %s makes it", e.Name, file, filepath.Dir(path))
	}
	if err != nil {
		return found{manifest: m}, fmt.Errorf("plugin %s: %w", e.Name, err)
	}
	digest := manifest.Digest(wasm)
	return found{manifest: m, wasm: wasm, digest: digest}, pinned(e, path, m, digest)
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
	modules map[string]*loading // by name, digest and pin
}

// loading is a module, or will be when who holds it has compiled it; others are compiled
// meanwhile.
type loading struct {
	sync.Mutex
	module *Module
}

func (c *Catalog) at(key string) *loading {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.modules[key] == nil {
		c.modules[key] = &loading{}
	}
	return c.modules[key]
}

// NewCatalog makes a catalog of the host's modules.
func (h *Host) NewCatalog() *Catalog { return &Catalog{host: h, modules: map[string]*loading{}} }

// Open compiles the plugin of a rule set's entry, or finds it compiled. A target whose
// plugin has no entry names a shipped one: rulefile.Plugin{Name: name}.
func (c *Catalog) Open(ctx context.Context, e rulefile.Plugin) (*Plugin, error) {
	f, err := c.host.sources.find(e)
	if err != nil {
		return nil, err
	}
	defer f.close()
	m := f.manifest
	p := &Plugin{Manifest: m, Shipped: e.File == "", Grants: e.Allow, Limits: Limits(e.Limits, m.Limits)}
	if p.Shipped {
		p.Grants = union(m.Needs, e.Allow)
	}
	l := c.at(e.Name + " " + f.digest + " " + e.SHA256)
	l.Lock()
	defer l.Unlock()
	if p.Module = l.module; p.Module != nil {
		return p, nil
	}
	if p.Module, err = f.load(ctx, c.host, e.Name); err != nil {
		return nil, err
	}
	if is := p.Module.Info().ABI; is != m.ABI {
		return nil, errors.Join(fmt.Errorf("plugin %s: its manifest says abi: %s, the module is of the other kind; write abi: %s", e.Name, m.ABI, is), p.Module.Close(ctx))
	}
	l.module = p.Module
	return p, nil
}

// Describe finds out about one plugin what can be known without compiling.
func (c *Catalog) Describe(e rulefile.Plugin) rulefile.PluginInfo {
	return c.host.sources.Describe([]rulefile.Plugin{e})[e.Name]
}

// Close frees the code of all modules. Their targets must be closed.
func (c *Catalog) Close(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	errs := make([]error, 0, len(c.modules))
	for key, l := range c.modules {
		l.Lock()
		if l.module != nil {
			errs = append(errs, l.module.Close(ctx))
		}
		l.Unlock()
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

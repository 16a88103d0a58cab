package pluginkit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/tocsin-engine/tocsin/plugins"
	"github.com/tocsin-engine/tocsin/runtime/sandbox"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/manifest"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/pack"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// Source is a plugin as a person names it: its folder, its manifest, its module or its pack.
type Source struct {
	// Manifest is empty but for the module's path where there is none.
	Manifest abi.Manifest
	// ManifestPath is "" where there is no manifest, and for a pack, which holds its own.
	ManifestPath string
	Wasm         []byte
	// Pack is the pack that the plugin came in, nil for all others. Its code is used only
	// when Trusted is its digest.
	Pack    *pack.Pack
	Trusted string
}

// Open reads a plugin. Without a manifest a module alone will do; a digest that does not
// fit is the caller's to report, see Pinned.
func Open(path string) (Source, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Source{}, fmt.Errorf("there is no file or folder %s", path)
	}
	if filepath.Ext(path) == pack.Ext && !info.IsDir() {
		return openPack(path)
	}
	if info.IsDir() {
		path = filepath.Join(path, manifest.File)
	}
	var s Source
	s.ManifestPath, err = manifest.Find(path)
	if err != nil {
		s.ManifestPath, s.Manifest.Module.Path = "", filepath.Base(path)
		s.Wasm, err = os.ReadFile(path)
		return s, err
	}
	if s.Manifest, err = manifest.Read(s.ManifestPath); err != nil {
		return s, err
	}
	module := path
	if filepath.Ext(path) != ".wasm" {
		module = filepath.Join(filepath.Dir(s.ManifestPath), s.Manifest.Module.Path)
	}
	if s.Wasm, err = os.ReadFile(module); errors.Is(err, os.ErrNotExist) {
		return s, fmt.Errorf("%s is not there; tocsin plugin build %s makes it", module, filepath.Dir(s.ManifestPath))
	}
	return s, err
}

func openPack(path string) (Source, error) {
	p, err := pack.OpenFile(path)
	if err != nil {
		return Source{}, err
	}
	m, err := p.Manifest()
	if err != nil {
		return Source{}, errors.Join(fmt.Errorf("%s: %w", path, err), p.Close())
	}
	return Source{Manifest: m, Pack: p}, nil
}

// Shipped is a plugin that comes with the program.
func Shipped(name string) (s Source, err error) {
	s.Wasm, s.Manifest, err = plugins.Load(name)
	return s, err
}

// Close closes the pack's file, if there is one.
func (s Source) Close() error {
	if s.Pack == nil {
		return nil
	}
	return s.Pack.Close()
}

// Load compiles the plugin, or takes the code of its pack.
func (s Source) Load(ctx context.Context, h *sandbox.Host) (*sandbox.Module, error) {
	if s.Pack != nil {
		return h.LoadPack(ctx, s.Pack, s.Name(), s.Trusted)
	}
	return h.Compile(ctx, s.Wasm, s.Name())
}

// Module is the plugin's module.
func (s Source) Module() ([]byte, error) {
	if s.Pack != nil {
		return s.Pack.Module()
	}
	return s.Wasm, nil
}

// Digest is the module's.
func (s Source) Digest() string {
	if s.Pack != nil {
		return s.Manifest.Module.SHA256
	}
	return manifest.Digest(s.Wasm)
}

// Name is the manifest's name, or the module's file name.
func (s Source) Name() string {
	if s.Manifest.Name != "" {
		return s.Manifest.Name
	}
	return s.Manifest.Module.Path
}

// Pinned says whether the manifest names this very module. In a pack it always does.
func (s Source) Pinned() bool {
	return s.Manifest.Module.SHA256 == s.Digest()
}

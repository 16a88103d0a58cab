package pluginkit

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/tocsin-engine/tocsin/runtime/sandbox/manifest"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// Source is a plugin as a person names it: its folder, its manifest or its module.
type Source struct {
	// Manifest is empty but for the module's path where there is none.
	Manifest abi.Manifest
	// ManifestPath is "" where there is no manifest.
	ManifestPath string
	Wasm         []byte
}

// Open reads a plugin. Without a manifest a module alone will do; a digest that does not
// fit is the caller's to report, see Pinned.
func Open(path string) (Source, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Source{}, fmt.Errorf("there is no file or folder %s", path)
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

// Name is the manifest's name, or the module's file name.
func (s Source) Name() string {
	if s.Manifest.Name != "" {
		return s.Manifest.Name
	}
	return s.Manifest.Module.Path
}

// Pinned says whether the manifest names this very module.
func (s Source) Pinned() bool { return s.Manifest.Module.SHA256 == manifest.Digest(s.Wasm) }

// Package pluginkit is the work of a plugin author as a library: build a module, look
// into it, call it with one event, begin a new one. The verbs of the command line are a
// thin layer over it.
package pluginkit

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tocsin-engine/tocsin/runtime/pluginkit/toolchain"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/manifest"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// Built is a module that Build made.
type Built struct {
	Manifest abi.Manifest
	// Path is the module's file.
	Path string
	Wasm []byte
	// Changed says that the manifest's digest was another one before.
	Changed bool
}

// HasSource says whether the source of a plugin lies in dir, with a manifest.
func HasSource(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, manifest.File))
	programs, _ := filepath.Glob(filepath.Join(dir, "*.go")) // the pattern is a good one
	return err == nil && (toolchain.Of(dir).Source != "" || len(programs) > 0)
}

// Build compiles the plugin in dir, in whichever language it is written, to the module that its manifest names and writes
// the module's digest into the manifest.
func Build(ctx context.Context, dir string) (Built, error) {
	path := filepath.Join(dir, manifest.File)
	m, err := manifest.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Built{}, fmt.Errorf("%s has no %s; tocsin new plugin NAME writes one", dir, manifest.File)
	}
	if err != nil {
		return Built{}, err
	}
	b := Built{Path: filepath.Join(dir, m.Module.Path)}
	if m.ABI != abi.V1 {
		// Whatever made the program made the module; only the digest is ours.
	} else if err := toolchain.Of(dir).Compile(ctx, dir, b.Path, m.Needs); err != nil {
		return Built{}, err
	}
	if b.Wasm, err = os.ReadFile(b.Path); err != nil {
		return Built{}, err
	}
	digest := manifest.Digest(b.Wasm)
	b.Changed = digest != m.Module.SHA256
	m.Module.SHA256 = digest
	b.Manifest = m
	if !b.Changed {
		return b, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return Built{}, err
	}
	if text, err = manifest.SetDigest(text, digest); err != nil {
		return Built{}, fmt.Errorf("%s: %w", path, err)
	}
	return b, os.WriteFile(path, text, 0o644)
}

// Package pluginkit is the work of a plugin author as a library: build a module, look
// into it, call it with one event, begin a new one. The verbs of the command line are a
// thin layer over it.
package pluginkit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

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

// Build compiles the Go plugin in dir to the module that its manifest names and writes
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
	if err := Compile(ctx, dir, b.Path); err != nil {
		return Built{}, err
	}
	if b.Wasm, err = os.ReadFile(b.Path); err != nil {
		return Built{}, err
	}
	digest := manifest.Digest(b.Wasm)
	b.Changed = digest != m.Module.SHA256
	m.Module.SHA256, b.Manifest = digest, m
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
	m.Module.SHA256 = digest
	return b, os.WriteFile(path, text, 0o644)
}

// Compile compiles the Go main package in dir to a WebAssembly reactor. The name section
// stays in it, so that a trap names functions; paths of this machine do not.
func Compile(ctx context.Context, dir, out string) error {
	out, err := filepath.Abs(out)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-buildmode=c-shared", "-o", out, ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0", "GOWASM=")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	err = cmd.Run()
	if errors.Is(err, exec.ErrNotFound) {
		return errors.New("building a Go plugin needs the go command, 1.24 or later; see go.dev/dl")
	}
	if err != nil {
		return fmt.Errorf("go build of %s: %s", dir, strings.TrimSpace(stderr.String()))
	}
	return nil
}

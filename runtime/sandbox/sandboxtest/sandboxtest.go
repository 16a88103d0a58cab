// Package sandboxtest gives tests a host that shares its compiled modules with every
// other test on the machine, because a Go guest takes a second to compile, and guests
// built from Go source.
package sandboxtest

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/tocsin-engine/tocsin/runtime/pluginkit/gobuild"
	"github.com/tocsin-engine/tocsin/runtime/sandbox"
)

// CacheDir is the compile cache of all tests.
func CacheDir() string { return filepath.Join(os.TempDir(), "tocsin-test-wasm") }

// Host is a host that ends with the test.
func Host(t testing.TB) *sandbox.Host {
	t.Helper()
	h := sandbox.New(context.Background(), sandbox.Config{CacheDir: CacheDir()})
	t.Cleanup(func() {
		if err := h.Close(context.Background()); err != nil {
			t.Errorf("close the host: %v", err)
		}
	})
	return h
}

var guests sync.Map // folder -> func() ([]byte, error)

// Guest builds the Go guest in dir, once a process.
func Guest(t testing.TB, dir string) []byte {
	t.Helper()
	abs, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	build, _ := guests.LoadOrStore(abs, sync.OnceValues(func() ([]byte, error) { return compile(abs) }))
	wasm, err := build.(func() ([]byte, error))()
	if err != nil {
		t.Fatal(err)
	}
	return wasm
}

func compile(dir string) ([]byte, error) {
	out, err := os.MkdirTemp("", "guest-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(out)
	file := filepath.Join(out, "guest.wasm")
	if err := gobuild.Compile(context.Background(), dir, file); err != nil {
		return nil, err
	}
	return os.ReadFile(file)
}

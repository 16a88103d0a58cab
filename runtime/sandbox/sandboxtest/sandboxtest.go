// Package sandboxtest gives tests a host that shares its compiled modules with every
// other test on the machine, because a Go guest takes a second to compile, and guests
// built from Go source.
package sandboxtest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/tocsin-engine/tocsin/runtime/pluginkit/toolchain"
	"github.com/tocsin-engine/tocsin/runtime/sandbox"
	"github.com/tocsin-engine/tocsin/sdk/abi"
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

// Guest builds the guest in dir, once a process; where its language's compiler is not on
// this machine, the test is skipped.
func Guest(t testing.TB, dir string) []byte {
	t.Helper()
	abs, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	build, _ := guests.LoadOrStore(abs, sync.OnceValues(func() ([]byte, error) { return compile(abs) }))
	wasm, err := build.(func() ([]byte, error))()
	if missing, ok := errors.AsType[*toolchain.Missing](err); ok {
		t.Skipf("skipped: %v", missing)
	}
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
	if err := toolchain.Of(dir).Compile(context.Background(), dir, file, abi.Grants{}); err != nil {
		return nil, err
	}
	return os.ReadFile(file)
}

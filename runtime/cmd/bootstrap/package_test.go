package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/runtime/lambdapack"
	"github.com/tocsin-engine/tocsin/runtime/ruledir"
	"github.com/tocsin-engine/tocsin/runtime/sandbox"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/sandboxtest"
	"github.com/tocsin-engine/tocsin/sdk/abi/wat"
)

// TestPackageAnswers makes a function's zip, unpacks it as Lambda does, and invokes it: its
// target is called out of the zip's pack.
func TestPackageAnswers(t *testing.T) {
	dir := t.TempDir()
	wasm, err := wat.Assemble(`(module (memory (export "memory") 1) (func (export "abi_v1"))
  (func (export "alloc") (param i32) (result i32) i32.const 4096) (func (export "handle") (param i32 i32) (result i64) i64.const 0))`)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "unreached.wasm"), string(wasm))
	write(t, filepath.Join(dir, "plugin.yaml"), fmt.Sprintf("name: unreached\nabi: v1\nmodule: {path: unreached.wasm, sha256: %x}\n", sha256.Sum256(wasm)))
	write(t, filepath.Join(dir, "r.yaml"), `version: 1
plugins:
  - {name: unreached, file: unreached.wasm}
rules:
  - {name: gone, pattern: {source: [aws.ec2], detail: {state: [terminated]}}, targets: [tell]}
targets:
  - {name: tell, plugin: log}
  - {name: nobody, plugin: unreached}
`)
	files, err := ruledir.Read([]string{dir})
	if err != nil {
		t.Fatal(err)
	}
	plugins := sandbox.Sources{}.Describe(rulefile.Plugins(files.Rules))
	if plugins["log"].Err != nil {
		t.Skipf("skipped: %v", plugins["log"].Err)
	}
	set, wrong := rulefile.Load(files.Rules, rulefile.Options{Plugins: plugins})
	if len(wrong) > 0 {
		t.Fatal(wrong)
	}
	made, err := lambdapack.New(t.Context(), sandboxtest.Host(t), lambdapack.Options{
		Dir: dir, Files: files, Set: set, Plugins: plugins, Implied: true, Zip: "f.zip",
		Function: lambdapack.Function{Name: "f", Arch: runtime.GOARCH}, Bootstrap: program(t, "."),
	})
	if err != nil {
		t.Fatal(err)
	}
	root := unpack(t, made.Zip)
	p := start(t, filepath.Join(root, "bootstrap"), root)
	answer, err := p.Invoke(t.Context(), []byte(`{"id":"e1","source":"aws.ec2","detail-type":"T","time":"2026-01-01T00:00:00Z","detail":{"state":"terminated"}}`), 20*time.Second)
	if err != nil || string(answer) != "null" {
		t.Errorf("answer %s, %v", answer, err)
	}
	log := p.end(syscall.SIGTERM)
	for _, want := range []string{`"plugin_rule":"gone"`, `"delivered":1`} {
		if !strings.Contains(log, want) {
			t.Errorf("no %s in the log:\n%s", want, log)
		}
	}
	if strings.Contains(log, "is compiled") {
		t.Errorf("the packed plugin was compiled:\n%s", log)
	}
}

// unpack unpacks a zip with the modes that it names.
func unpack(t *testing.T, text []byte) (root string) {
	t.Helper()
	root = t.TempDir()
	z, err := zip.NewReader(bytes.NewReader(text), int64(len(text)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(root, filepath.FromSlash(f.Name))
		write(t, name, string(text))
		if err := os.Chmod(name, f.Mode()); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

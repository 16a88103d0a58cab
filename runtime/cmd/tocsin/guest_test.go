package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tocsin-engine/tocsin/sdk/abi/wat"
)

// quiet is a plugin that is done with everything, and small.
const quiet = `(module (memory (export "memory") 1) (func (export "abi_v1"))
  (func (export "alloc") (param i32) (result i32) i32.const 4096)
  (func (export "handle") (param i32 i32) (result i64) i64.const 0))`

// guest NAME writes NAME.wasm, a plugin, and its manifest.
func guest(ts *testscript.TestScript, _ bool, args []string) {
	wasm, err := wat.Assemble(quiet)
	ts.Check(err)
	name := ts.MkAbs(args[0])
	base := path.Base(args[0])
	manifest := fmt.Sprintf("name: %s\nabi: v1\nmodule: {path: %s.wasm, sha256: %x}\nneeds: {aws: [{service: sqs, actions: [SendMessageBatch]}]}\n", base, base, sha256.Sum256(wasm))
	ts.Check(os.MkdirAll(filepath.Dir(name), 0o700))
	ts.Check(os.WriteFile(name+".wasm", wasm, 0o600))
	ts.Check(os.WriteFile(name+".plugin.yaml", []byte(manifest), 0o600))
}

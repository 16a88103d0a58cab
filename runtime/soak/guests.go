package soak

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/tocsin-engine/tocsin/sdk/abi/wat"
)

// A guest is what a target runs in the sandbox, assembled from a few lines: HANDLE is
// what it does with a batch. None of them decodes it.
const guestText = `(module
  (memory (export "memory") 64)
  (global $free (mut i32) i32.const 4096)
  (func (export "abi_v1"))
  (func (export "alloc") (param $n i32) (result i32)
    global.get $free
    local.get $n
    global.get $free
    i32.add
    global.set $free)
  (func (export "handle") (param i32 i32) (result i64)
    HANDLE
    i64.const 68719476738) ;; the two bytes at 16
  (data (i32.const 16) "{}"))
`

// guests are the targets' plugins by name.
var guests = map[string]string{
	"ledger": "",
	"hang":   "loop $again br $again end",
	"crash":  "unreachable",
	"bomb":   "loop $again i32.const 64 memory.grow drop br $again end",
}

// writeRules lays out a folder of rules: one rule, and the targets named, each with the
// plugin of its name up to a digit.
func writeRules(dir string, targets []string, batch int, extra string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	text := "version: 1\nrules:\n  - name: all\n    pattern: {source: [soak]}\n    targets: [" + strings.Join(targets, ", ") + "]\ntargets:\n"
	plugins := "plugins:\n"
	seen := map[string]bool{}
	for _, target := range targets {
		plugin := strings.TrimRight(target, "0123456789")
		if _, ok := guests[plugin]; !ok {
			return fmt.Errorf("soak: there is no guest %q", plugin)
		}
		text += fmt.Sprintf("  - {name: %s, plugin: %s, batch: %d%s}\n", target, plugin, batch, extra)
		if seen[plugin] {
			continue
		}
		seen[plugin] = true
		plugins += fmt.Sprintf("  - {name: %s, file: %s.wasm, limits: {time: 500ms}}\n", plugin, plugin)
		if err := writeGuest(dir, plugin); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, "soak.yaml"), []byte(text+plugins), 0o600)
}

func writeGuest(dir, plugin string) error {
	wasm, err := wat.Assemble(strings.ReplaceAll(guestText, "HANDLE", guests[plugin]))
	if err != nil {
		return err
	}
	manifest := fmt.Sprintf("name: %s\nversion: 1.0.0\nabi: v1\nmodule: {path: %s.wasm, sha256: %x}\n", plugin, plugin, sha256.Sum256(wasm))
	if err := os.WriteFile(filepath.Join(dir, plugin+".plugin.yaml"), []byte(manifest), 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, plugin+".wasm"), wasm, 0o600)
}

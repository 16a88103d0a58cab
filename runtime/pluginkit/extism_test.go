package pluginkit

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/sandboxtest"
	"github.com/tocsin-engine/tocsin/sdk/abi"
	"github.com/tocsin-engine/tocsin/sdk/abi/wat"
)

// echo is an Extism plugin of two functions: one answers with its input, one fails.
const echo = `(module
  (import "extism:host/env" "input_offset" (func $input (result i64)))
  (import "extism:host/env" "input_length" (func $length (result i64)))
  (import "extism:host/env" "output_set" (func $output (param i64 i64)))
  (memory (export "memory") 1)
  (func (export "echo") (result i32)
    call $input
    call $length
    call $output
    i32.const 0)
  (func (export "fail") (result i32)
    i32.const 9))`

// TestExtismPlugin: the loop of work of a plugin that another's tools have built.
func TestExtismPlugin(t *testing.T) {
	dir, h := t.TempDir(), sandboxtest.Host(t)
	wasm, err := wat.Assemble(echo)
	if err != nil {
		t.Fatal(err)
	}
	manifest := "name: echo\nabi: extism\nmodule: {path: echo.wasm}\n"
	for _, step := range []struct{ function, want, code string }{
		{"", "it exports echo, fail; name one in its plugin.yaml:  function: echo", ""},
		{"echo", "", ""},
		{"fail", "", "EXIT_9"},
	} {
		text := manifest
		if step.function != "" {
			text += "function: " + step.function + "\n"
		}
		for path, b := range map[string][]byte{"plugin.yaml": []byte(text), "echo.wasm": wasm} {
			if err := write(filepath.Join(dir, path), b); err != nil {
				t.Fatal(err)
			}
		}
		if b, err := Build(t.Context(), dir); err != nil || !b.Changed {
			t.Fatalf("Build = %+v, %v; want the digest", b, err)
		}
		s, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		i, err := Inspect(t.Context(), h, s)
		if err != nil || i.Module.ABI != abi.Extism || i.Function != step.function || !strings.Contains(i.NoFunction, step.want) || !i.Pinned {
			t.Errorf("Inspect = %+v, %v; want %q and %q", i, err, step.function, step.want)
		}
		o := CallOptions{Event: []byte(`{"source":"shop"}`), Now: time.Unix(0, 0), Seed: "s"}
		called, err := Call(t.Context(), h, s, o)
		switch {
		case step.function == "":
			if err == nil {
				t.Error("a plugin with two functions was called by neither")
			}
			continue
		case err != nil:
			t.Fatal(err)
		case step.code != "":
			if called.Failure == nil || called.Failure.Code != step.code {
				t.Errorf("failure %+v, want %s", called.Failure, step.code)
			}
			continue
		}
		if diff := cmp.Diff([]string{`info  {"source":"shop"}`}, called.Logs); diff != "" || called.Failure != nil {
			t.Errorf("failure %+v, log (-want +got):\n%s", called.Failure, diff)
		}
	}
}

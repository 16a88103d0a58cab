package sandbox_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tocsin-engine/tocsin/runtime/sandbox"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/sandboxtest"
	"github.com/tocsin-engine/tocsin/sdk/abi"
	"github.com/tocsin-engine/tocsin/sdk/abi/wat"
)

// starter is an Extism plugin whose functions answer with what ran before: each start
// multiplies by ten and adds its number.
const starter = `(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "config_get" (func $config_get (param i64) (result i64)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (global $ran (mut i32) i32.const 0)
  (func $run (param $n i32)
    global.get $ran
    i32.const 10
    i32.mul
    local.get $n
    i32.add
    global.set $ran)
  STARTS)`

func assembled(t testing.TB, starts string) *sandbox.Module {
	t.Helper()
	m, err := sandboxtest.Host(t).Compile(t.Context(), extismWAT(t, starts), "starter")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func extismWAT(t testing.TB, starts string) []byte {
	t.Helper()
	wasm, err := wat.Assemble(strings.Replace(starter, "STARTS", starts, 1))
	if err != nil {
		t.Fatal(err)
	}
	return wasm
}

// TestExtismStarts: what a language wants run is run once, in its order.
func TestExtismStarts(t *testing.T) {
	const (
		reactor = `(func (export "_initialize") i32.const 1 call $run)`
		haskell = `(func (export "hs_init") (param i32 i32) local.get 0 local.get 1 i32.or i32.const 2 i32.add call $run)`
		ctors   = `(func (export "__wasm_call_ctors") i32.const 3 call $run)`
		deliver = `(func (export "deliver") (result i32) global.get $ran)`
		program = `(func (export "_start") i32.const 4 call $run global.get $ran call $exit)`
		nothing = `(func (export "quiet") global.get $ran drop)`
	)
	for _, tc := range []struct {
		name, starts, function, want string
	}{
		{"none", deliver, "", ""},
		{"a reactor", reactor + deliver, "", "1"},
		{"a reactor with constructors", reactor + ctors + deliver, "", "1"},
		{"constructors alone", ctors + deliver, "", "3"},
		{"Haskell", reactor + haskell + deliver, "", "12"},
		{"a program", program, "", "4"},
		{"a program with constructors, which it runs itself", program + ctors, "", "4"},
		{"a program beside a function", program + deliver, "", ""},
		{"the program of both", program + deliver, "_start", "4"},
		{"no result", reactor + nothing, "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			target, err := assembled(t, tc.starts).NewTarget(t.Context(), sandbox.TargetConfig{Name: "t", Host: &recorder{}, Function: tc.function})
			if err != nil {
				t.Fatal(err)
			}
			defer target.Close()
			var want []abi.Failure
			if tc.want != "" {
				f := abi.Failure{ID: "1", Error: "it returned " + tc.want, Retry: tc.want == "1", Code: "EXIT_" + tc.want}
				if f.Retry {
					f.Code = ""
				}
				want = []abi.Failure{f}
			}
			for range 2 {
				result, _, err := target.Call(t.Context(), batch("x"))
				if diff := cmp.Diff(want, result.Failures); err != nil || diff != "" {
					t.Errorf("error %v, failures (-want +got):\n%s", err, diff)
				}
			}
		})
	}
}

// TestExtismNoFunction: a plugin has to have something to call.
func TestExtismNoFunction(t *testing.T) {
	_, err := sandboxtest.Host(t).Compile(t.Context(), extismWAT(t, `(func (export "f") (param i32))`), "p")
	if err == nil || !strings.Contains(err.Error(), "it exports no function that takes nothing and returns an i32") {
		t.Errorf("error %v, want that there is no function", err)
	}
	m := assembled(t, `(func (export "b") (result i32) i32.const 0) (func (export "a") (result i32) i32.const 0)`)
	_, err = m.NewTarget(t.Context(), sandbox.TargetConfig{Name: "t", Host: &recorder{}})
	if err == nil || err.Error() != "plugin starter: it exports a, b; name one in its plugin.yaml:  function: a" {
		t.Errorf("error %v, want the functions that there are", err)
	}
}

// TestExtismPackStart: a pack holds the plugin's memory after its start, and not its heap.
func TestExtismPackStart(t *testing.T) {
	for name, body := range map[string]string{"alloc": "i64.const 8 call $alloc drop", "config": "i64.const 0 call $config_get drop"} {
		t.Run(name, func(t *testing.T) {
			wasm := extismWAT(t, `(func (export "deliver") (result i32) i32.const 0) (func (export "_initialize") `+body+`)`)
			_, err := sandboxtest.Host(t).Pack(t.Context(), wasm, nil, abi.Limits{})
			if err == nil || !strings.Contains(err.Error(), "its start uses Extism's heap or its config") {
				t.Errorf("error %v, want what a pack does not keep", err)
			}
		})
	}
}

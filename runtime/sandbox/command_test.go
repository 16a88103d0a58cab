package sandbox_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tocsin-engine/tocsin/runtime/sandbox"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/sandboxtest"
	"github.com/tocsin-engine/tocsin/sdk/abi"
	"github.com/tocsin-engine/tocsin/sdk/abi/wat"
)

// program is a WASI command that copies its input to its output and exits with the two
// digits that stand after {"config":{"code":" ; with 99 it traps, with 98 it loops. It
// traps too when a run before it left something.
const program = `(module
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start") (local $code i32)
    i32.const 100
    i32.load
    if
      unreachable
    end
    i32.const 100
    i32.const 1
    i32.store
    loop $all ;; in pieces of 16 bytes, as a program may
      i32.const 0
      i32.const 0
      i32.const 1
      i32.const 8
      call $read
      if
        unreachable
      end
      i32.const 4
      i32.const 8
      i32.load
      i32.store
      i32.const 1
      i32.const 0
      i32.const 1
      i32.const 12
      call $write
      drop
      i32.const 0
      i32.const 0
      i32.load
      i32.const 16
      i32.add
      i32.store
      i32.const 4
      i32.const 16
      i32.store
      i32.const 8
      i32.load
      br_if $all
    end
    i32.const 219 ;; the first digit
    i32.load8_u
    i32.const 48
    i32.sub
    i32.const 10
    i32.mul
    i32.const 220
    i32.load8_u
    i32.const 48
    i32.sub
    i32.add
    local.tee $code
    i32.const 99
    i32.eq
    if
      unreachable
    end
    local.get $code
    i32.const 98
    i32.eq
    if
      loop $ever
        br $ever
      end
    end
    local.get $code
    i32.eqz
    if
      return
    end
    i32.const 2
    i32.const 16
    i32.const 1
    i32.const 12
    call $write
    drop
    local.get $code
    call $exit)
  (data (i32.const 0) "\c8\00\00\00\10\00\00\00")
  (data (i32.const 16) "\18\00\00\00\0b\00\00\00")
  (data (i32.const 24) "first\nlast\n"))`

func TestCommands(t *testing.T) {
	wasm, err := wat.Assemble(program)
	if err != nil {
		t.Fatal(err)
	}
	m, err := sandboxtest.Host(t).Compile(t.Context(), wasm, "program")
	if err != nil {
		t.Fatal(err)
	}
	if m.Info().ABI != abi.WASICommand {
		t.Errorf("abi %s, want wasi-command", m.Info().ABI)
	}
	for _, tc := range []struct {
		code  string
		want  []abi.Failure
		fault sandbox.FaultKind
	}{
		{"00", nil, ""},
		{"75", []abi.Failure{{ID: "1", Retry: true, Error: "last"}}, ""},
		{"03", []abi.Failure{{ID: "1", Error: "last", Code: "EXIT_3"}}, ""},
		{"99", nil, sandbox.Trap},
		{"98", nil, sandbox.Timeout},
	} {
		t.Run(tc.code, func(t *testing.T) {
			r := &recorder{}
			config := fmt.Sprintf(`{"code":"%s"}`, tc.code)
			target, err := m.NewTarget(t.Context(), sandbox.TargetConfig{Name: "t", Host: r, Config: []byte(config), Limits: abi.Limits{TimeMS: 300}})
			if err != nil {
				t.Fatal(err)
			}
			defer target.Close()
			for range 2 {
				r.take()
				result, _, err := target.Call(t.Context(), batch("a"))
				var fault *sandbox.Fault
				if errors.As(err, &fault) != (tc.fault != "") || fault != nil && fault.Kind != tc.fault {
					t.Fatalf("error %v, want %q", err, tc.fault)
				}
				if diff := cmp.Diff(tc.want, result.Failures); diff != "" {
					t.Errorf("failures (-want +got):\n%s", diff)
				}
				if tc.fault != "" {
					continue
				}
				want := []string{`2 {"config":` + config + `,"id":"1","attempt":1,"rule":"r","event":{"do":"a"}}`}
				if diff := cmp.Diff(want, r.take()); diff != "" {
					t.Errorf("standard output (-want +got):\n%s", diff)
				}
			}
		})
	}
}

package sandbox_test

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/tocsin-engine/tocsin/runtime/sandbox"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/sandboxtest"
	"github.com/tocsin-engine/tocsin/sdk/abi"
	"github.com/tocsin-engine/tocsin/sdk/abi/wat"
)

// TestClaims: what a module claims is refused before anything is made for it.
func TestClaims(t *testing.T) {
	lists := func(id byte, claim ...byte) []byte { // a section that claims so many elements
		return append([]byte("\x00asm\x01\x00\x00\x00"), section(id, claim...)...)
	}
	huge := []byte{0xff, 0xff, 0xff, 0xff, 0x0f}
	before := resident(t)
	for name, wasm := range map[string][]byte{
		"a table":    lists(4, append([]byte{1, 0x70, 0}, huge...)...),
		"types":      lists(1, huge...),
		"imports":    lists(2, huge...),
		"functions":  lists(3, huge...),
		"globals":    lists(6, huge...),
		"exports":    lists(7, huge...),
		"elements":   lists(9, huge...),
		"bodies":     lists(10, huge...),
		"data":       lists(11, huge...),
		"a long one": make([]byte, 33<<20),
	} {
		if m, err := sandboxtest.Host(t).Compile(t.Context(), wasm, "bomb"); err == nil {
			t.Errorf("%s: accepted, %+v", name, m.Info())
		}
	}
	large := fine()
	large.minimum = 127
	if _, err := large.target(t, abi.Limits{Memory: 4 << 20}); err == nil || !strings.Contains(err.Error(), "it needs 7.9 MiB of memory to start") {
		t.Errorf("error %v, want the memory it needs", err)
	}
	if grown := resident(t) - before; grown > 128<<20 {
		t.Errorf("resident memory grew by %d MiB", grown>>20)
	}
}

// TestTraps_hammer: as many traps as TOCSIN_TRAPS says (a million in make soak), in every
// way and from several goroutines, cost deliveries and nothing else: the same target goes
// on, and memory does not grow.
func TestTraps_hammer(t *testing.T) {
	traps := 4000
	if text := os.Getenv("TOCSIN_TRAPS"); text != "" {
		var err error
		if traps, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	const each = 4
	host := sandboxtest.Host(t)
	var targets []*sandbox.Target
	for _, do := range []string{
		"unreachable",
		"i32.const 1 i32.const 0 i32.div_s drop i64.const 0",
		"i32.const -1 i64.load drop i64.const 0",
		"i32.const 0 i32.const 0 call $handle",
	} {
		wasm, err := wat.Assemble(`(module (memory (export "memory") 1)
  (func (export "abi_v1"))
  (func (export "alloc") (param i32) (result i32) i32.const 1024)
  (func $handle (export "handle") (param i32 i32) (result i64) ` + do + `))`)
		if err != nil {
			t.Fatal(err)
		}
		m, err := host.Compile(t.Context(), wasm, "traps")
		if err != nil {
			t.Fatal(err)
		}
		target, err := m.NewTarget(t.Context(), sandbox.TargetConfig{Name: "t", Host: &recorder{}, Limits: abi.Limits{TimeMS: 60_000}})
		if err != nil {
			t.Fatal(err)
		}
		targets = append(targets, target)
	}
	hammer := func(n int) {
		var all sync.WaitGroup
		for worker := range each {
			all.Go(func() {
				for k := range n / each {
					at := (k + worker) % len(targets)
					if at == 3 && k%64 != 0 {
						at = 0 // a stack overflow costs a new instance: fewer of them
					}
					var f *sandbox.Fault
					if _, _, err := targets[at].Call(t.Context(), batch("x")); !errors.As(err, &f) {
						t.Errorf("error %v, want a fault", err)
						return
					}
				}
			})
		}
		all.Wait()
	}
	hammer(max(traps/4, 1000))
	before := resident(t)
	hammer(traps)
	after := resident(t)
	t.Logf("%d traps; resident memory %d MiB before, %d MiB after", traps, before>>20, after>>20)
	if grown := after - before; grown > 64<<20 {
		t.Errorf("%d traps left %d MiB", traps, grown>>20)
	}
}

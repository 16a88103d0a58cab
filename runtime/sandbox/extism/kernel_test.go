package extism_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/extism"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// instance is a kernel whose host does nothing.
func instance(t testing.TB) api.Module {
	t.Helper()
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().WithMemoryLimitPages(64))
	t.Cleanup(func() { _ = r.Close(ctx) })
	wasm, err := extism.Kernel()
	if err != nil {
		t.Fatal(err)
	}
	compiled, err := r.CompileModule(ctx, wasm)
	if err != nil {
		t.Fatal(err)
	}
	host := r.NewHostModuleBuilder(extism.HostModule)
	for _, f := range compiled.ImportedFunctions() {
		_, name, _ := f.Import()
		host.NewFunctionBuilder().WithGoFunction(api.GoFunc(func(context.Context, []uint64) {}), f.ParamTypes(), f.ResultTypes()).Export(name)
	}
	if _, err := host.Instantiate(ctx); err != nil {
		t.Fatal(err)
	}
	m, err := r.InstantiateModule(ctx, compiled, wazero.NewModuleConfig())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestKernelExports: what is offered to plugins, to rule files and by the kernel is the same.
func TestKernelExports(t *testing.T) {
	exports := instance(t).ExportedFunctionDefinitions()
	for name := range abi.ExtismFunctions {
		if exports[name] == nil {
			t.Errorf("the kernel has no %s", name)
		}
	}
	for name := range exports {
		if _, ok := abi.ExtismFunctions[name]; !ok {
			t.Errorf("%s is not among those that are offered", name)
		}
	}
}

// model is a heap that is easy to believe.
type model struct {
	bytes  map[uint64]byte
	blocks map[uint64]uint64 // handle -> length
	next   uint64
}

func round(n uint64) uint64 { return (n + 7) &^ 7 }

func (m *model) put(at uint64, b []byte) {
	for i, c := range b {
		m.bytes[at+uint64(i)] = c
	}
}

// FuzzKernel does what a plugin may do, in any order and with any number, and compares with
// the model: blocks are where and as long as they should be, what is stored is loaded,
// nothing outside of the heap is reached and nothing traps.
func FuzzKernel(f *testing.F) {
	f.Add([]byte{0, 5, 0, 0, 0, 0, 1, 24, 0, 0, 0, 0, 2, 24, 0, 0, 0, 0, 3, 24, 0, 0, 0, 9})
	f.Add(bytes.Repeat([]byte{0, 0, 16, 0, 0, 1}, 8))
	f.Add([]byte{3, 255, 255, 255, 255, 255, 2, 255, 255, 255, 255, 255, 4, 255, 255, 255, 255, 255, 1, 255, 255, 255, 255, 255})
	f.Add([]byte{4, 8, 0, 0, 0, 0xf0, 4, 9, 0, 0, 0, 0xf0, 2, 15, 0, 0, 0, 0xf0, 2, 16, 0, 0, 0, 0xf0, 3, 16, 0, 0, 0, 0xf0})
	f.Add([]byte{0, 3, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 1, 40, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 5, 40, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, ops []byte) {
		k := instance(t)
		call := func(name string, args ...uint64) uint64 {
			out, err := k.ExportedFunction(name).Call(t.Context(), args...)
			if err != nil {
				t.Fatalf("%s%v: %v", name, args, err)
			}
			if len(out) == 0 {
				return 0
			}
			return out[0]
		}
		m := &model{bytes: map[uint64]byte{}, blocks: map[uint64]uint64{}, next: 16}
		for ; len(ops) >= 6; ops = ops[6:] {
			n := uint64(binary.LittleEndian.Uint32(ops[1:]))
			switch { // the edges are worth more than the middle
			case n == 1<<32-1:
				n = ^uint64(ops[5])
			case ops[5] >= 0xf0:
				n = uint64(k.Memory().Size()) - 16 + n%32
			}
			m.step(t, k, call, ops[0]%6, n, ops[5])
		}
		for at, want := range m.blocks {
			if got := call("length", at); got != want {
				t.Errorf("block %d has %d bytes, want %d", at, got, want)
			}
		}
	})
}

func (m *model) step(t *testing.T, k api.Module, call func(string, ...uint64) uint64, op byte, n uint64, v byte) {
	size := uint64(k.Memory().Size())
	switch op {
	case 0: // alloc
		n %= 1 << 16
		if n == 0 || m.next+n > 1<<20 {
			return
		}
		at := call("alloc", n)
		if at != m.next+8 {
			t.Fatalf("a block of %d bytes at %d, want it at %d", n, at, m.next+8)
		}
		m.put(m.next, binary.LittleEndian.AppendUint64(nil, 0x45e7b10c<<32|n))
		m.blocks[at], m.next = n, round(at+n)
	case 1: // free; whatever is no block is left alone
		call("free", n)
		if length, ok := m.blocks[n]; ok {
			delete(m.blocks, n)
			m.put(n-8, make([]byte, 8))
			if round(n+length) == m.next {
				m.next = n - 8
			}
		}
	case 2: // load
		want := uint32(m.bytes[n])
		if got := api.DecodeU32(call("load_u8", n)); got != want {
			t.Fatalf("load_u8(%d) = %d, want %d", n, got, want)
		}
	case 3: // store, into blocks only: their heads are the plugin's own to destroy
		for at, length := range m.blocks {
			if n >= at && n < at+length {
				call("store_u8", n, uint64(v))
				m.put(n, []byte{v})
				return
			}
		}
		if n >= size {
			call("store_u8", n, uint64(v))
			call("store_u64", n, uint64(v))
		}
	case 4: // load_u64, at the edges too
		var word [8]byte
		if n <= size-8 {
			for i := range word {
				word[i] = m.bytes[n+uint64(i)]
			}
		}
		if got, want := call("load_u64", n), binary.LittleEndian.Uint64(word[:]); got != want {
			t.Fatalf("load_u64(%d) = %d, want %d", n, got, want)
		}
	case 5: // what is no block has no length
		if got, want := call("length_unsafe", n), m.blocks[n]; got != want {
			t.Fatalf("length_unsafe(%d) = %d, want %d", n, got, want)
		}
	}
}

func TestHeap(t *testing.T) {
	h := extism.NewHeap(instance(t))
	ctx := t.Context()
	if h.Used() {
		t.Error("a new heap is used")
	}
	for range 3 { // emptied every time
		if err := h.Begin(ctx, 16, []byte("input")); err != nil {
			t.Fatal(err)
		}
		if at, err := h.Put(ctx, []byte("next")); err != nil || at != 40 {
			t.Errorf("block at %d, %v; want 40", at, err)
		}
	}
	if b, ok := h.Block(24); !ok || string(b) != "input" {
		t.Errorf("input block %q, %v", b, ok)
	}
	for _, at := range []uint64{8, 16, 23, 25, 32, 48, 1 << 31, 1<<32 + 24, ^uint64(0), ^uint64(7)} {
		if b, ok := h.Block(at); ok {
			t.Errorf("%d is taken for a block: %q", at, b)
		}
	}
	if b, ok := h.Block(0); !ok || b != nil {
		t.Errorf("block 0 is %q, %v; want an empty one", b, ok)
	}
	if text, said := h.Error(); said || text != nil || len(h.Output()) != 0 || !h.Used() {
		t.Errorf("error %q, output %q", text, h.Output())
	}
	if at, err := h.Put(ctx, nil); at != 0 || err != nil {
		t.Errorf("an empty block at %d, %v; want 0", at, err)
	}
}

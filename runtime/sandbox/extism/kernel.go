package extism

import (
	"context"
	_ "embed"
	"fmt"
	"math"
	"sync"

	"github.com/tetratelabs/wazero/api"
	"github.com/tocsin-engine/tocsin/sdk/abi/wat"
)

// The names between the kernel and the host.
const (
	// HostModule is what the kernel imports: what only the host can do.
	HostModule = "tocsin.extism"
	alloc      = "alloc"
)

//go:embed kernel.wat
var text string

// Kernel is the module that plugins import as abi.ExtismModule.
var Kernel = sync.OnceValues(func() ([]byte, error) { return wat.Assemble(text) })

// globals are all the state of a kernel beside its memory.
var globals = []string{"position", "input", "input_size", "output", "output_size", "error"}

// Heap is a kernel of one instance.
type Heap struct {
	Module api.Module
	// Globals are to be restored with the memory.
	Globals []api.MutableGlobal
	alloc   api.Function
	stack   [1]uint64
}

// NewHeap finds what the host uses of an instance of the kernel.
func NewHeap(m api.Module) *Heap {
	h := &Heap{Module: m, alloc: m.ExportedFunction(alloc)}
	for _, name := range globals {
		h.Globals = append(h.Globals, m.ExportedGlobal(name).(api.MutableGlobal))
	}
	return h
}

func (h *Heap) global(name int) uint64 { return h.Globals[name].Get() }

// Put makes a block of b and returns its handle, 0 where b is empty.
func (h *Heap) Put(ctx context.Context, b []byte) (uint64, error) {
	h.stack[0] = uint64(len(b))
	if err := h.alloc.CallWithStack(ctx, h.stack[:]); err != nil {
		return 0, err
	}
	if !h.Module.Memory().Write(uint32(h.stack[0]), b) {
		return 0, fmt.Errorf("BUG: extism: a block of %d bytes at %d is outside of the heap", len(b), h.stack[0])
	}
	return h.stack[0], nil
}

// Begin empties the heap and makes b what the plugin finds as its input. from is the
// position to begin at, as Position said it before.
func (h *Heap) Begin(ctx context.Context, from uint64, b []byte) error {
	h.Empty(from)
	at, err := h.Put(ctx, b)
	h.Globals[1].Set(at)
	h.Globals[2].Set(uint64(len(b)))
	return err
}

// Used says whether there are blocks.
func (h *Heap) Used() bool { return h.Position() != first }

// Empty gives all blocks back.
func (h *Heap) Empty(from uint64) {
	h.Globals[0].Set(from)
	for _, g := range h.Globals[1:] {
		g.Set(0)
	}
}

// Position is where the next block will begin.
func (h *Heap) Position() uint64 { return h.global(0) }

// Block is a view of the block of a handle; that of 0 is empty. ok is false for what is
// no handle.
func (h *Heap) Block(handle uint64) (b []byte, ok bool) {
	if handle == 0 {
		return nil, true
	}
	if handle < headSize || handle > math.MaxUint32 || handle%8 != 0 {
		return nil, false
	}
	head, ok := h.Module.Memory().ReadUint64Le(uint32(handle - headSize))
	if !ok || head>>32 != mark {
		return nil, false
	}
	return h.Module.Memory().Read(uint32(handle), uint32(head))
}

// A block's head: the mark, and the length in its lower half.
const (
	mark     = 0x45e7b10c
	headSize = 8
	first    = 16 // where the first block begins
)

// Output is a view of what the plugin set as its output.
func (h *Heap) Output() []byte {
	b, _ := h.Module.Memory().Read(uint32(h.global(3)), uint32(h.global(4)))
	return b
}

// Error is what the plugin set as its error; said is false when it set none.
func (h *Heap) Error() (text []byte, said bool) {
	at := h.global(5)
	text, _ = h.Block(at)
	return text, at != 0
}

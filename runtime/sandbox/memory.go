package sandbox

import (
	"github.com/tetratelabs/wazero/experimental"
)

// memory is a guest's linear memory. It says no at the target's limit, and remembers that
// it did, because what follows in the guest is a trap that says nothing. Its address
// never changes: room for the limit is reserved at once, and costs nothing until used.
type memory struct {
	limit   int64
	room    []byte // the whole reservation
	size    int
	refused bool
	// beside is another memory that shares the limit.
	beside *memory
	// shrink, when not 0, is the size that the next Reallocate gives.
	shrink int

	image   *image
	hot     []span   // of the image, written at some time since it was mapped
	scratch []uint64 // page states
	usage   usage
}

// span is a range of bytes.
type span struct{ from, to int }

var (
	_ experimental.MemoryAllocator = (*memory)(nil)
	_ experimental.LinearMemory    = (*memory)(nil)
)

// Allocate is for wazero.
func (m *memory) Allocate(_, _ uint64) experimental.LinearMemory { return m }

// Reallocate is for wazero: the memory with another size, or nil beyond the limit.
func (m *memory) Reallocate(size uint64) []byte {
	if m.shrink > 0 {
		discard(m.room[m.shrink:m.size])
		size = uint64(m.shrink)
	}
	if size > uint64(m.limit)-m.besides() {
		m.refused = true
		return nil
	}
	if m.room == nil {
		room, err := reserve(int(max(m.limit, pageSize)))
		if err != nil {
			m.refused = true
			return nil
		}
		m.room = room
	}
	m.size = int(size)
	return m.room[:m.size:m.size]
}

// besides is what of the limit is used elsewhere.
func (m *memory) besides() uint64 {
	if m.beside == nil {
		return 0
	}
	return uint64(m.beside.size)
}

// Free is for wazero.
func (m *memory) Free() {
	release(m.room)
	m.room, m.size = nil, 0
}

// adopt makes the memory a copy of an image that can be restored.
func (m *memory) adopt(im *image) error {
	m.image, m.hot = im, nil
	return im.mapInto(m.room)
}

// restore puts the image back, into a memory of its size. faulted says that the thread
// took page faults during the call, or that nobody counted.
func (m *memory) restore(faulted bool) error {
	if m.small() || !dirtyPages() {
		copy(m.room, m.image.bytes)
		return nil
	}
	return m.image.restoreDirty(m, faulted)
}

// small says that the whole image is copied back.
func (m *memory) small() bool { return len(m.image.bytes) <= smallImage && !countsFaults() }

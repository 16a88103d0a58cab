package sandbox

import (
	"crypto/sha256"

	"github.com/tetratelabs/wazero/experimental"
)

// memory is a guest's linear memory: it says no at the target's limit, and remembers
// that it did, because what follows is a trap that says nothing.
type memory struct {
	limit   int64
	buffer  []byte
	refused bool
}

var _ experimental.MemoryAllocator = (*memory)(nil)

// Allocate is for wazero.
func (m *memory) Allocate(_, _ uint64) experimental.LinearMemory { return m }

// Reallocate is for wazero: the memory with another size, or nil beyond the limit.
func (m *memory) Reallocate(size uint64) []byte {
	if size > uint64(m.limit) {
		m.refused = true
		return nil
	}
	if size > uint64(cap(m.buffer)) {
		m.buffer = append(make([]byte, 0, size), m.buffer...)
	}
	m.buffer = m.buffer[:size]
	return m.buffer
}

// Free is for wazero.
func (m *memory) Free() { m.buffer = nil }

func seed(s string) [32]byte { return sha256.Sum256([]byte(s)) }

// ring keeps the last bytes written to it.
type ring struct {
	b    [4096]byte
	n    int // bytes in b
	more bool
}

func (r *ring) reset() { r.n, r.more = 0, false }

func (r *ring) write(p []byte) {
	if len(p) > len(r.b) {
		p, r.more = p[len(p)-len(r.b):], true
	}
	if over := r.n + len(p) - len(r.b); over > 0 {
		copy(r.b[:], r.b[over:r.n])
		r.n, r.more = r.n-over, true
	}
	r.n += copy(r.b[r.n:], p)
}

// String is what is kept, with "…" in front when some is gone.
func (r *ring) String() string {
	if r.more {
		return "…" + string(r.b[:r.n])
	}
	return string(r.b[:r.n])
}

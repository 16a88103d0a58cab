package function

import (
	"io"
	"sync"
	"time"
)

const (
	// holdLines is how long lines of the log wait for the one that is to be the first.
	holdLines = 2 * time.Second
	// holdBytes is how much of them waits.
	holdBytes = 256 << 10
)

// held keeps the lines of a log until it is known how long the start took, so that this is
// the first of them. None waits long, and none is lost that a process has time to write.
type held struct {
	to io.Writer

	mu       sync.Mutex
	waiting  []byte
	released bool
}

// Write keeps a line, or passes it on.
func (h *held) Write(line []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.released {
		return h.to.Write(line)
	}
	h.waiting = append(h.waiting, line...)
	if len(h.waiting) > holdBytes {
		h.flush()
	}
	return len(line), nil
}

// release passes on what waits, and everything after it.
func (h *held) release() { h.lead(func() {}) }

// lead lets line write what stands before all that waits.
func (h *held) lead(line func()) {
	h.mu.Lock()
	waiting := h.waiting
	h.waiting, h.released = nil, true
	h.mu.Unlock()
	line()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.to.Write(waiting) // a log that cannot be written has nowhere to say so
}

func (h *held) flush() {
	h.to.Write(h.waiting)
	h.waiting, h.released = nil, true
}

//go:build !linux

package sandbox

import "time"

// reserve is size zero bytes. Go's runtime takes memory this large from the operating
// system, which gives it when it is written.
func reserve(size int) ([]byte, error) { return make([]byte, size), nil }

func release([]byte) {}

func discard(b []byte) { clear(b) }

// image is a guest's memory after init.
type image struct{ bytes []byte }

func newImage(size int, fill func([]byte) error) (*image, error) {
	im := &image{make([]byte, size)}
	return im, fill(im.bytes)
}

func (m *memory) snapshot(view []byte) (*image, error) {
	return &image{append([]byte(nil), view...)}, nil
}

func (im *image) mapInto(room []byte) error {
	copy(room, im.bytes)
	return nil
}

func (im *image) restoreDirty(m *memory, _ bool) error { return im.mapInto(m.room) }

func (m *memory) touched() []span {
	if m.image == nil {
		return nil
	}
	return []span{{0, len(m.image.bytes)}}
}

type usage struct{}

func (m *memory) faults() (int64, bool) { return 0, false }

// dirtyPages says whether the system tells which pages were written.
var dirtyPages = func() bool { return false }

var countsFaults = func() bool { return false }

var processStart = time.Now()

// processTime is the time since the start where the system's is not asked.
func processTime() time.Duration { return time.Since(processStart) }

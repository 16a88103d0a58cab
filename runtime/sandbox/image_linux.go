package sandbox

import (
	"fmt"
	"runtime"
	"unsafe"

	"github.com/tocsin-engine/tocsin/runtime/sandbox/pack"
	"golang.org/x/sys/unix"
)

// image is a guest's memory as instances begin with it: as bytes and as a file in memory
// that instances map copy-on-write, so that an idle instance costs only the pages it wrote.
// Both lie outside of Go's heap and go when the image is unreachable, because a call in
// progress may outlive the target that was closed.
type image struct {
	bytes []byte
	// fd is -1 where the kernel has no such files.
	fd int
	// over are the pages in which bytes is not what the file is: the file is base's.
	over []span
	base *image
}

// newImage makes an image of a size, of what fill writes into zeroed memory. What it does
// not write takes no memory.
func newImage(size int, fill func([]byte) error) (*image, error) {
	im := &image{fd: -1}
	flags := unix.MAP_PRIVATE | unix.MAP_ANON
	if fd, err := unix.MemfdCreate("tocsin-image", unix.MFD_CLOEXEC); err == nil {
		im.fd, flags = fd, unix.MAP_SHARED
		runtime.AddCleanup(im, func(fd int) { _ = unix.Close(fd) }, fd)
		if err := unix.Ftruncate(fd, int64(size)); err != nil {
			return nil, fmt.Errorf("sandbox: memory file: %w", err)
		}
	} // else a kernel or a filter without it: instances copy the bytes
	if err := im.mapBytes(size, flags); err != nil {
		return nil, err
	}
	return im, fill(im.bytes)
}

func (im *image) mapBytes(size, flags int) error {
	if size == 0 {
		return nil
	}
	fd := im.fd
	if flags&unix.MAP_ANON != 0 {
		fd = -1
	}
	at, err := unix.MmapPtr(fd, 0, nil, uintptr(size), unix.PROT_READ|unix.PROT_WRITE, flags)
	if err != nil {
		return fmt.Errorf("sandbox: memory for an image: %w", err)
	}
	im.bytes = unsafe.Slice((*byte)(at), size)
	runtime.AddCleanup(im, func(size int) { _ = unix.MunmapPtr(at, uintptr(size)) }, size)
	return nil
}

// imageOf is an image of a memory.
func imageOf(memory []byte) (*image, error) {
	return newImage(len(memory), func(into []byte) error {
		for from, to := range pack.Runs(memory) {
			copy(into[from:to], memory[from:to])
		}
		return nil
	})
}

// image is one of a memory as it is now. Where the memory was mapped from an image, what
// did not change is shared with that.
func (m *memory) snapshot(view []byte) (*image, error) {
	if m.image == nil || m.image.fd < 0 || len(view) != len(m.image.bytes) || !dirtyPages() {
		return imageOf(view)
	}
	if err := m.image.findHot(m); err != nil {
		return nil, err
	}
	im := &image{fd: m.image.fd, base: m.image, over: append([]span(nil), m.hot...)}
	if err := im.mapBytes(len(view), unix.MAP_PRIVATE); err != nil {
		return nil, err
	}
	for _, s := range im.over {
		copy(im.bytes[s.from:s.to], view[s.from:s.to])
	}
	return im, nil
}

// mapInto puts the image over the start of room.
func (im *image) mapInto(room []byte) error {
	if im.fd < 0 || len(im.bytes) == 0 {
		copy(room, im.bytes)
		return nil
	}
	_, err := unix.MmapPtr(im.fd, 0, unsafe.Pointer(unsafe.SliceData(room)), uintptr(len(im.bytes)),
		unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_FIXED|unix.MAP_NORESERVE)
	if err != nil {
		return fmt.Errorf("sandbox: map the image: %w", err)
	}
	for _, s := range im.over {
		copy(room[s.from:s.to], im.bytes[s.from:s.to])
	}
	return nil
}

// restoreDirty copies back the pages that were written since the image was mapped. A page
// once written stays the instance's own and is copied every time: faulting it in again
// would cost more. Which pages these are is asked of the kernel only when the call's
// thread took a page fault: the first write to a page always does, and asking costs more
// than all the rest.
func (im *image) restoreDirty(m *memory, faulted bool) error {
	if faulted || m.hot == nil {
		if err := im.findHot(m); err != nil {
			return err
		}
	}
	for _, s := range m.hot {
		copy(m.room[s.from:s.to], im.bytes[s.from:s.to])
	}
	runtime.KeepAlive(im)
	return nil
}

// findHot asks which pages were written.
func (im *image) findHot(m *memory) error {
	pages := (len(im.bytes) + osPage - 1) / osPage
	if len(m.scratch) < pages {
		m.scratch = make([]uint64, pages)
	}
	states := m.scratch[:pages]
	if err := readPagemap(m.room, states); err != nil {
		return err
	}
	m.hot = m.hot[:0]
	for n := 0; n < pages; n++ {
		if !written(states[n]) {
			continue
		}
		from := n
		for n+1 < pages && written(states[n+1]) {
			n++
		}
		m.hot = append(m.hot, span{from * osPage, min((n+1)*osPage, len(im.bytes))})
	}
	return nil
}

// touched are the parts of the image that may have been written since it was mapped.
func (m *memory) touched() []span {
	if m.image == nil {
		return nil
	}
	if m.small() || !dirtyPages() || m.image.findHot(m) != nil {
		return []span{{0, len(m.image.bytes)}}
	}
	return m.hot
}

package sandbox

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"unsafe"

	"github.com/tocsin-engine/tocsin/runtime/sandbox/pack"
	"golang.org/x/sys/unix"
)

var osPage = os.Getpagesize()

// reserve is address space of at least size bytes, all zero; memory is taken when it is
// written.
func reserve(size int) ([]byte, error) {
	size = (size + osPage - 1) &^ (osPage - 1)
	return unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE)
}

func release(room []byte) {
	if room != nil {
		if err := unix.Munmap(room); err != nil {
			panic("BUG: sandbox: unmap: " + err.Error())
		}
	}
}

// discard makes b, whole pages, zero and gives its memory back.
func discard(b []byte) {
	if len(b) > 0 {
		if err := unix.Madvise(b, unix.MADV_DONTNEED); err != nil {
			clear(b)
		}
	}
}

// image is a guest's memory after init: once as bytes and once as a file in memory that
// instances map copy-on-write, so that an idle instance costs only the pages it wrote. fd
// is -1 where the kernel has no such files.
type image struct {
	bytes []byte
	fd    int
}

// newImage makes an image with the contents of b. Most pages of a guest are zero; they
// are neither copied nor take memory.
func newImage(b []byte) (*image, error) {
	im := &image{bytes: make([]byte, len(b)), fd: -1}
	fd, err := unix.MemfdCreate("tocsin-image", unix.MFD_CLOEXEC)
	if err == nil {
		im.fd = fd
		err = unix.Ftruncate(fd, int64(len(b)))
	} else {
		err = nil // a kernel or a filter without it: instances copy the bytes
	}
	for from, to := range pack.Runs(b) {
		copy(im.bytes[from:to], b[from:to])
		for done := from; err == nil && im.fd >= 0 && done < to; {
			var n int
			n, err = unix.Pwrite(fd, b[done:to], int64(done))
			done += n
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("sandbox: memory file: %w", err), im.close())
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
	return nil
}

func (im *image) close() error {
	if im.fd < 0 {
		return nil
	}
	return unix.Close(im.fd)
}

// The bits of /proc/self/pagemap: see Documentation/admin-guide/mm/pagemap.rst.
const (
	pagePresent = 1 << 63
	pageSwapped = 1 << 62
	pageFile    = 1 << 61 // still the file's page: nobody wrote it
)

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
	for _, r := range m.hot {
		copy(m.room[r.from:r.to], im.bytes[r.from:r.to])
	}
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

// faults counts the page faults of this thread; ok is false where the kernel does not
// count them, or nobody needs the count.
func (m *memory) faults() (n int64, ok bool) {
	if m.small() || !countsFaults() {
		return 0, false
	}
	return m.usage.faults(), true
}

// usage is where the kernel writes; it is part of something on the heap, so that asking
// allocates nothing.
type usage struct{ unix.Rusage }

func (u *usage) faults() int64 {
	_, _, errno := unix.RawSyscall(unix.SYS_GETRUSAGE, unix.RUSAGE_THREAD, uintptr(unsafe.Pointer(&u.Rusage)), 0)
	if errno != 0 {
		return -1
	}
	return u.Minflt + u.Majflt
}

// countsFaults says whether the first write to a mapped page shows in the thread's faults.
// Sandboxed kernels leave the count at zero.
var countsFaults = sync.OnceValue(func() bool {
	im, err := newImage(make([]byte, 4*osPage))
	if err != nil {
		return false
	}
	defer im.close()
	room, err := reserve(4 * osPage)
	if err != nil {
		return false
	}
	defer release(room)
	if im.mapInto(room) != nil {
		return false
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	u := &usage{}
	for n := range 4 {
		if room[n*osPage] != 0 { // reading faults too; only the write's fault may count
			return false
		}
		last := u.faults()
		room[n*osPage] = 1
		if u.faults() <= last {
			return false
		}
	}
	return true
})

func written(state uint64) bool {
	return state&pageSwapped != 0 || state&pagePresent != 0 && state&pageFile == 0
}

var pagemap = sync.OnceValues(func() (int, error) {
	return unix.Open("/proc/self/pagemap", unix.O_RDONLY|unix.O_CLOEXEC, 0)
})

func readPagemap(room []byte, states []uint64) error {
	fd, err := pagemap()
	if err != nil {
		return err
	}
	at := int64(uintptr(unsafe.Pointer(unsafe.SliceData(room))) / uintptr(osPage) * 8)
	b := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(states))), len(states)*8)
	for len(b) > 0 {
		n, err := unix.Pread(fd, b, at)
		if err != nil || n == 0 {
			return fmt.Errorf("sandbox: read the page map: %w", err)
		}
		b, at = b[n:], at+int64(n)
	}
	return nil
}

// dirtyPages says whether the kernel tells which pages were written. It is tried once, on
// a mapping of our own: a kernel may not have the file, may not let us read it, or may
// show it without what we need.
var dirtyPages = sync.OnceValue(func() bool {
	content := make([]byte, 8*osPage)
	im, err := newImage(content)
	if err != nil {
		return false
	}
	defer im.close()
	room, err := reserve(len(content))
	if err != nil {
		return false
	}
	defer release(room)
	if im.mapInto(room) != nil {
		return false
	}
	seen := room[osPage] // read, not written
	room[3*osPage], room[5*osPage] = 1+seen, 1
	states := make([]uint64, 8)
	if readPagemap(room, states) != nil {
		return false
	}
	for n, state := range states {
		if written(state) != (n == 3 || n == 5) {
			return false
		}
	}
	return true
})

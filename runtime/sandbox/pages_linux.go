package sandbox

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"
	"unsafe"

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

// The bits of /proc/self/pagemap: see Documentation/admin-guide/mm/pagemap.rst.
const (
	pagePresent = 1 << 63
	pageSwapped = 1 << 62
	pageFile    = 1 << 61 // still the file's page: nobody wrote it
)

// faults counts the page faults of this thread; ok is false where the kernel does not
// count them, or nobody needs the count.
func (m *memory) faults() (n int64, ok bool) {
	if !countsFaults() {
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
	im, err := imageOf(make([]byte, 4*osPage))
	if err != nil {
		return false
	}
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
	im, err := imageOf(make([]byte, 8*osPage))
	if err != nil {
		return false
	}
	room, err := reserve(len(im.bytes))
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

// processTime is the processor time that this process has used.
func processTime() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &t); err != nil {
		panic("BUG: sandbox: processor time: " + err.Error())
	}
	return time.Duration(t.Nano())
}

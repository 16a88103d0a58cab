package fuel

import (
	"errors"
	"fmt"
)

// reader goes over a binary; its first error stays and every later read gives zero.
type reader struct {
	b   []byte
	i   int
	err error
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("fuel: "+format, args...)
		r.i = len(r.b)
	}
}

var errEnd = errors.New("fuel: the module ends too early")

func (r *reader) done() bool { return r.i >= len(r.b) }

func (r *reader) byte() byte {
	if r.i >= len(r.b) {
		if r.err == nil {
			r.err = errEnd
		}
		return 0
	}
	r.i++
	return r.b[r.i-1]
}

func (r *reader) bytes(n uint64) []byte {
	if n > uint64(len(r.b)-r.i) {
		if r.err == nil {
			r.err = errEnd
		}
		r.i = len(r.b)
		return nil
	}
	r.i += int(n)
	return r.b[r.i-int(n) : r.i : r.i]
}

// leb reads an unsigned number of at most bits bits.
func (r *reader) leb(bits uint) uint64 {
	var v uint64
	for shift := uint(0); shift < bits; shift += 7 {
		c := r.byte()
		v |= uint64(c&0x7f) << shift
		if c < 0x80 {
			return v
		}
	}
	r.fail("a number is too long")
	return 0
}

func (r *reader) u32() uint32 {
	v := r.leb(32)
	if v > 1<<32-1 {
		r.fail("a number is too long")
	}
	return uint32(v)
}

// skipLEB passes over a signed number, whose value never matters here.
func (r *reader) skipLEB(bits uint) {
	for shift := uint(0); shift < bits; shift += 7 {
		if r.byte() < 0x80 {
			return
		}
	}
	r.fail("a number is too long")
}

// maxCount bounds every vector; the largest Go guests have some ten thousand functions and
// data segments. A compiler makes up to a hundred bytes for each element before it reads
// the first.
const maxCount = 1 << 18

// count reads a vector's length. Every element takes at least a byte, so one that claims
// more than is left is refused before anything is made for it.
func (r *reader) count() int {
	n := r.u32()
	if uint64(n) > uint64(len(r.b)-r.i) || n > maxCount {
		r.fail("a list claims %d elements, at most %d can be", n, min(len(r.b)-r.i, maxCount))
		return 0
	}
	return int(n)
}

func (r *reader) name() string { return string(r.bytes(uint64(r.u32()))) }

func appendU32(b []byte, v uint32) []byte {
	for v >= 0x80 {
		b = append(b, byte(v)|0x80)
		v >>= 7
	}
	return append(b, byte(v))
}

func appendS64(b []byte, v int64) []byte {
	for {
		c := byte(v & 0x7f)
		v >>= 7
		if v == 0 && c&0x40 == 0 || v == -1 && c&0x40 != 0 {
			return append(b, c)
		}
		b = append(b, c|0x80)
	}
}

func appendName(b []byte, s string) []byte { return append(appendU32(b, uint32(len(s))), s...) }

func appendSection(b []byte, id byte, body []byte) []byte {
	return append(appendU32(append(b, id), uint32(len(body))), body...)
}

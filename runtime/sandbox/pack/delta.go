package pack

import (
	"bufio"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"io"
)

// A delta tells code by the code of another pack, its base: the bytes of the one XORed with
// the bytes at some place of the other. Plugins of one language share most of their
// runtime, so most of a delta is zero, and whatever compresses the pack afterwards leaves a
// tenth of it. To undo it costs another read and an XOR.
//
// It begins with the number of its segments and, for each, its length and where in the base
// it lies plus one, or 0 for bytes that stand for themselves, all as uvarints; the bytes
// follow.

// segment is a part of a delta. at is where it lies in the base, or apart.
type segment struct{ length, at int64 }

const apart = -1

// deltaBlock is how much of the code gets one place in the base. Functions begin at
// multiples of 16 after a head of a multiple of codeAlign and some.
const (
	deltaBlock = 64
	codeAlign  = 8
)

// appendDelta appends the delta of code.
func appendDelta(b, base, code []byte) []byte {
	var segments []segment
	told := make([]byte, len(code))
	places := placesOf(base)
	shift := 0 // from a place in the code to the like one in the base
	for i := 0; i < len(code); i += deltaBlock {
		block := code[i:min(i+deltaBlock, len(code))]
		shift = places.follow(code, i, shift)
		s, like := segment{int64(len(block)), int64(i + shift)}, cut(base, i+shift, len(block))
		if len(like) < len(block) || same(block, like) < len(block)/4 {
			s.at = apart
			copy(told[i:], block)
		} else {
			subtle.XORBytes(told[i:], block, like)
		}
		segments = join(segments, s)
	}
	b = binary.AppendUvarint(b, uint64(len(segments)))
	for _, s := range segments {
		b = binary.AppendUvarint(b, uint64(s.length))
		b = binary.AppendUvarint(b, uint64(s.at+1))
	}
	return append(b, told...)
}

// join appends a segment, or makes the last one longer.
func join(segments []segment, s segment) []segment {
	if n := len(segments); n > 0 {
		last := &segments[n-1]
		if last.at == apart && s.at == apart || last.at != apart && last.at+last.length == s.at {
			last.length += s.length
			return segments
		}
	}
	return append(segments, s)
}

// places finds what code has in common with a base.
type places struct {
	base []byte
	// last is the last place where eight bytes stand, in units of codeAlign, and before the
	// one before each; 0 is none.
	last   map[uint64]int32
	before []int32
}

func placesOf(base []byte) places {
	n := int32(len(base) / codeAlign)
	p := places{base, make(map[uint64]int32, n), make([]int32, n)}
	for i := int32(1); i < n; i++ {
		key := binary.LittleEndian.Uint64(base[i*codeAlign:])
		p.before[i], p.last[key] = p.last[key], i
	}
	return p
}

// follow is the shift for the block at i: the one so far as long as that will do, or the
// best there is.
func (p places) follow(code []byte, i, shift int) int {
	const good = deltaBlock * 3 / 4
	now := same(cut(code, i, deltaBlock), cut(p.base, i+shift, deltaBlock))
	if now >= good {
		return shift
	}
	const most = 8        // places that are tried of eight bytes
	best := 4 * (now + 4) // over four blocks: what changes must be worth it
	for j := i; j < i+deltaBlock && j+8 <= len(code); j += codeAlign {
		place := p.last[binary.LittleEndian.Uint64(code[j:])]
		for tries := 0; place > 0 && tries < most; tries++ {
			at := int(place) * codeAlign
			if n := same(cut(code, i, 4*deltaBlock), cut(p.base, i+at-j, 4*deltaBlock)); n > best {
				best, shift = n, at-j
			}
			place = p.before[place]
		}
	}
	return shift
}

// cut is n bytes of b, or as many as there are; none before its beginning.
func cut(b []byte, at, n int) []byte {
	if at < 0 || at > len(b) {
		return nil
	}
	return b[at:min(at+n, len(b))]
}

// same counts the places at which both have the same byte.
func same(a, b []byte) (n int) {
	for i := range min(len(a), len(b)) {
		if a[i] == b[i] {
			n++
		}
	}
	return n
}

var errDelta = errors.New("its segments do not add up")

// undo reads the code of a size that a delta tells. baseSize is the size of the base.
func undo(delta io.Reader, base io.ReaderAt, baseSize, size int64) (io.Reader, error) {
	r := bufio.NewReader(delta)
	count, err := binary.ReadUvarint(r)
	if err != nil {
		return nil, errDelta
	}
	u := &undoing{delta: r, base: base}
	for range count {
		length, err := binary.ReadUvarint(r)
		if err != nil || length == 0 || length > uint64(size) {
			return nil, errDelta
		}
		at, err := binary.ReadUvarint(r)
		s := segment{int64(length), int64(at) - 1}
		if err != nil || at > uint64(baseSize) || s.at != apart && s.at+s.length > baseSize {
			return nil, errDelta
		}
		if size -= s.length; size < 0 {
			return nil, errDelta
		}
		u.segments = append(u.segments, s)
	}
	if size != 0 {
		return nil, errDelta
	}
	return u, nil
}

// undoing is an io.Reader of code.
type undoing struct {
	delta    io.Reader
	base     io.ReaderAt
	segments []segment // that are left
	// window holds the base from start on: places follow each other, mostly.
	window [32 << 10]byte
	start  int64
	held   int
}

// from is a part of the base, at most a window.
func (u *undoing) from(at int64, n int) ([]byte, error) {
	if at < u.start || at+int64(n) > u.start+int64(u.held) {
		held, err := u.base.ReadAt(u.window[:], at)
		if held < n {
			return nil, err
		}
		u.start, u.held = at, held
	}
	return u.window[at-u.start:][:n], nil
}

// Read reads of one segment.
func (u *undoing) Read(b []byte) (int, error) {
	if len(u.segments) == 0 {
		return 0, io.EOF
	}
	s := &u.segments[0]
	n, err := io.ReadFull(u.delta, b[:min(int64(len(b)), s.length, int64(len(u.window)))])
	if err != nil {
		return 0, err
	}
	if s.at != apart {
		like, err := u.from(s.at, n)
		if err != nil {
			return 0, err
		}
		subtle.XORBytes(b, b[:n], like)
		s.at += int64(n)
	}
	if s.length -= int64(n); s.length == 0 {
		u.segments = u.segments[1:]
	}
	return n, nil
}

package sqlite

import (
	"encoding/binary"
	"errors"
	"io"
	"math/bits"
	"os"
)

// SQLite's checksums, of pages as of write-ahead logs, are sums in which every word has a
// factor of its own. So when one bit has changed, the difference of the sums tells which
// it was, for two thirds of all bits: the factors of a word's highest bits repeat. A
// single flipped bit, the most frequent damage, is turned back where it can be told.

// turnBack looks for the one bit of b, or of its stored checksum, that is not what was
// written, and turns it back. It returns how many bits may be the one; only when that is
// 1, it is turned. 0 means that more than a bit has changed.
func (c checksum) turnBack(b, stored []byte, kept binary.ByteOrder) (candidates int) {
	have, want := c.over(b), c.stored(stored, kept)
	d1, d2 := want.s1-have.s1, want.s2-have.s2
	f1, f2 := uint32(0), uint32(1) // the last word's factors in the two sums
	var turn func()
	for at := len(b) - 4; at >= 0; at -= 4 {
		word := c.word(b[at:])
		for bit := range 32 {
			by := uint32(1) << bit
			if word&by != 0 {
				by = -by
			}
			if by*f1 == d1 && by*f2 == d2 {
				candidates++
				turn = func() { c.put(b[at:], word+by) }
			}
		}
		f1, f2 = f2, f1+f2
	}
	if bits.OnesCount32(have.s1^want.s1)+bits.OnesCount32(have.s2^want.s2) == 1 {
		candidates++
		turn = func() { have.store(stored, kept) }
	}
	if candidates == 1 {
		turn()
	}
	return candidates
}

// turnPagesBack puts pages right that have one flipped bit, in a file that SQLite has
// not open. It returns how many it has put right and how many it could not.
func turnPagesBack(path string, pageSize int) (mended, left int, err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	page := make([]byte, pageSize)
	for at := int64(0); ; at += int64(pageSize) {
		n, err := f.ReadAt(page, at)
		if n == 0 && errors.Is(err, io.EOF) {
			break
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return mended, left, err
		}
		body, stored := page[:pageSize-8], page[pageSize-8:]
		switch {
		case n < pageSize, allZero(page):
			left++
		case pageSum(page) == [8]byte(stored):
		case checksum{}.turnBack(body, stored, binary.LittleEndian) == 1:
			mended++
			if _, err := f.WriteAt(page, at); err != nil {
				return mended, left, err
			}
		default:
			left++
		}
	}
	if mended > 0 {
		err = f.Sync()
	}
	return mended, left, err
}

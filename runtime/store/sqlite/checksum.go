package sqlite

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"os"
)

// checksum is one of SQLite's, of pages or of a write-ahead log, while it is computed.
type checksum struct {
	bigEndian bool // how words are read
	s1, s2    uint32
}

func (c checksum) word(b []byte) uint32 {
	if c.bigEndian {
		return binary.BigEndian.Uint32(b)
	}
	return binary.LittleEndian.Uint32(b)
}

func (c checksum) put(b []byte, word uint32) {
	if c.bigEndian {
		binary.BigEndian.PutUint32(b, word)
		return
	}
	binary.LittleEndian.PutUint32(b, word)
}

// over goes on over b, whose length is a multiple of 8.
func (c checksum) over(b []byte) checksum {
	for ; len(b) >= 8; b = b[8:] {
		c.s1 += c.word(b) + c.s2
		c.s2 += c.word(b[4:]) + c.s1
	}
	return c
}

// stored reads a checksum; kept is the order in which it is kept.
func (c checksum) stored(b []byte, kept binary.ByteOrder) checksum {
	return checksum{c.bigEndian, kept.Uint32(b), kept.Uint32(b[4:])}
}

func (c checksum) store(b []byte, kept binary.ByteOrder) {
	kept.PutUint32(b, c.s1)
	kept.PutUint32(b[4:], c.s2)
}

// pageSum is the checksum that the last 8 bytes of a page hold, of all before them
// (https://sqlite.org/cksumvfs.html).
func pageSum(page []byte) (out [8]byte) {
	checksum{}.over(page[:len(page)-8]).store(out[:], binary.LittleEndian)
	return out
}

// verifyAtOnce is how many pages are verified in one go.
const verifyAtOnce = 32

// verifyFile reads a file that nobody writes to, and says how many of its pages are not
// what was written. It asks before each few pages whether it may go on.
func verifyFile(path string, pageSize int, goOn func() error) (bad int, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	r := bufio.NewReaderSize(f, 1<<20)
	page := make([]byte, pageSize)
	var pages, want int
	for {
		if pages%verifyAtOnce == 0 {
			if err := goOn(); err != nil {
				return bad, err
			}
		}
		_, err := io.ReadFull(r, page)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			return bad, err
		}
		if pages == 0 {
			want = int(binary.BigEndian.Uint32(page[28:]))
		}
		pages++
		// A page of zeros is a hole in a file that was cut and grew again; its sum is right.
		if err != nil || pageSum(page) != [8]byte(page[pageSize-8:]) || allZero(page) {
			bad++
		}
	}
	return bad + max(0, want-pages), nil
}

func allZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

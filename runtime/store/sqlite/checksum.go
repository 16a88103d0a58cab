package sqlite

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"
)

// pageSum is the checksum that the last 8 bytes of a page hold, of all before them
// (https://sqlite.org/cksumvfs.html).
func pageSum(page []byte) (out [8]byte) {
	var s1, s2 uint32
	for b := page[:len(page)-8]; len(b) >= 8; b = b[8:] {
		s1 += binary.LittleEndian.Uint32(b) + s2
		s2 += binary.LittleEndian.Uint32(b[4:]) + s1
	}
	binary.LittleEndian.PutUint32(out[:], s1)
	binary.LittleEndian.PutUint32(out[4:], s2)
	return out
}

// verifyFile reads a file that nobody writes to, and says how many of its pages are not
// what was written.
func verifyFile(path string, pageSize int) (bad int, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	r := bufio.NewReaderSize(f, 1<<20)
	page := make([]byte, pageSize)
	var pages, want int
	for {
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

// WAL frames, see https://sqlite.org/walformat.html.
const (
	walHeader   = 32
	frameHeader = 24
)

// lostFrames counts the frames at a write-ahead log's end that SQLite will leave out, as
// though they had never been written: those from the first one on whose checksum is
// wrong. What comes after the end of a whole log is of an earlier round and does not
// count. A power cut may leave one too; it was not acknowledged to anybody.
func lostFrames(path string) (int, error) {
	b, err := os.ReadFile(path + "-wal")
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(b) == 0 {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	if len(b) < walHeader {
		return 1, nil
	}
	size := int(binary.BigEndian.Uint32(b[8:]))
	order := binary.ByteOrder(binary.LittleEndian)
	if b[3]&1 == 1 {
		order = binary.BigEndian
	}
	s1, s2 := walSum(order, b[:24], 0, 0)
	if s1 != binary.BigEndian.Uint32(b[24:]) || s2 != binary.BigEndian.Uint32(b[28:]) {
		return 1 + (len(b)-walHeader)/(frameHeader+eventsPage), nil
	}
	lost := 0
	for at := walHeader; at+frameHeader+size <= len(b); at += frameHeader + size {
		f := b[at : at+frameHeader+size]
		if !bytes.Equal(f[8:12], b[16:20]) && !bytes.Equal(f[12:16], b[20:24]) {
			break // an earlier round
		}
		s1, s2 = walSum(order, f[:8], s1, s2)
		s1, s2 = walSum(order, f[frameHeader:], s1, s2)
		n1, n2 := binary.BigEndian.Uint32(f[16:]), binary.BigEndian.Uint32(f[20:])
		if lost > 0 || s1 != n1 || s2 != n2 || !bytes.Equal(f[8:16], b[16:24]) {
			lost++
		}
		s1, s2 = n1, n2
	}
	return lost, nil
}

func walSum(order binary.ByteOrder, b []byte, s1, s2 uint32) (uint32, uint32) {
	for ; len(b) >= 8; b = b[8:] {
		s1 += order.Uint32(b) + s2
		s2 += order.Uint32(b[4:]) + s1
	}
	return s1, s2
}

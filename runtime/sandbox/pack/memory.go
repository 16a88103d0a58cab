package pack

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"iter"
)

// pageBytes is the unit in which memory is looked at: most of a fresh guest's is zero.
const pageBytes = 4096

// Runs are the stretches of memory's pages that are not zero, as offsets.
func Runs(memory []byte) iter.Seq2[int, int] {
	zero := make([]byte, pageBytes)
	isZero := func(at int) bool {
		page := memory[at:min(at+pageBytes, len(memory))]
		return bytes.Equal(page, zero[:len(page)])
	}
	return func(yield func(from, to int) bool) {
		for at := 0; at < len(memory); at += pageBytes {
			if isZero(at) {
				continue
			}
			from := at
			for at < len(memory) && !isZero(at) {
				at += pageBytes
			}
			if !yield(from, min(at, len(memory))) {
				return
			}
		}
	}
}

// appendRuns appends each run: the number of its first page, how many bytes, and these.
func appendRuns(b, memory []byte) []byte {
	for from, to := range Runs(memory) {
		b = binary.LittleEndian.AppendUint32(b, uint32(from/pageBytes))
		b = binary.LittleEndian.AppendUint32(b, uint32(to-from))
		b = append(b, memory[from:to]...)
	}
	return b
}

var errRuns = errors.New("its memory cannot be read")

// readRuns lays runs out in a memory. They stand in order and do not touch each other, so
// that there is one way to write a memory down.
func readRuns(r io.Reader, memory []byte) error {
	for next := int64(0); ; {
		var header [8]byte
		if _, err := io.ReadFull(r, header[:]); err == io.EOF {
			return nil
		} else if err != nil {
			return errRuns
		}
		at, n := int64(binary.LittleEndian.Uint32(header[:]))*pageBytes, int64(binary.LittleEndian.Uint32(header[4:]))
		if at < next || n == 0 || at+n > int64(len(memory)) {
			return errRuns
		}
		if _, err := io.ReadFull(r, memory[at:at+n]); err != nil {
			return errRuns
		}
		next = at + n
	}
}

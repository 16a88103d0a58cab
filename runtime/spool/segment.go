package spool

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

const (
	// magic begins a segment.
	magic = "TOCSPL1\n"
	// frameHead is the length and the checksum of a record.
	frameHead = 8
	suffix    = ".spool"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// segment is one file of the queue.
type segment struct {
	number  uint64
	size    int64
	records int
}

func (s segment) path(dir string) string {
	return filepath.Join(dir, fmt.Sprintf("%016x%s", s.number, suffix))
}

// appendFrame writes a record behind b.
func appendFrame(b, record []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(record)))
	b = binary.BigEndian.AppendUint32(b, crc32.Checksum(record, castagnoli))
	return append(b, record...)
}

// errTorn is a frame that was not written to its end, or changed since.
var errTorn = errors.New("spool: a torn frame")

// readFrame reads the next record; io.EOF is the end of the segment.
func readFrame(r io.Reader, most int64) ([]byte, error) {
	var head [frameHead]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, io.EOF
		}
		return nil, errTorn
	}
	n := binary.BigEndian.Uint32(head[:4])
	if int64(n) > most {
		return nil, errTorn
	}
	record := make([]byte, n)
	if _, err := io.ReadFull(r, record); err != nil {
		return nil, errTorn
	}
	if crc32.Checksum(record, castagnoli) != binary.BigEndian.Uint32(head[4:]) {
		return nil, errTorn
	}
	return record, nil
}

// scan reads a segment from an offset on and calls see with each record and the offset
// behind it, until see returns false or the records end. torn says that they end before
// the file does.
func scan(path string, from int64, see func(record []byte, end int64) bool) (torn bool, err error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return false, err
	}
	head := make([]byte, len(magic))
	if _, err := io.ReadFull(f, head); err != nil || string(head) != magic {
		return true, nil
	}
	from = max(from, int64(len(magic)))
	if _, err := f.Seek(from, io.SeekStart); err != nil {
		return false, err
	}
	r := bufio.NewReaderSize(f, 64<<10)
	for {
		record, err := readFrame(r, info.Size())
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil {
			return true, nil
		}
		from += frameHead + int64(len(record))
		if !see(record, from) {
			return false, nil
		}
	}
}

// list finds the segments of a folder, oldest first.
func list(dir string) ([]segment, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var all []segment
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), suffix)
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(name, 16, 64)
		if err != nil || n == 0 || len(name) != 16 {
			continue // not ours
		}
		all = append(all, segment{number: n})
	}
	slices.SortFunc(all, func(a, b segment) int { return int(int64(a.number - b.number)) })
	return all, nil
}

// mend counts a segment's records and cuts off what is torn.
func (s *segment) mend(dir string) (damaged int64, err error) {
	good := int64(0)
	s.records = 0
	torn, err := scan(s.path(dir), 0, func(_ []byte, end int64) bool {
		s.records, good = s.records+1, end
		return true
	})
	if err != nil {
		return 0, err
	}
	info, err := os.Stat(s.path(dir))
	if err != nil {
		return 0, err
	}
	s.size = info.Size()
	if !torn {
		return 0, nil
	}
	damaged, s.size = s.size-good, good
	return damaged, os.Truncate(s.path(dir), good)
}

package sqlite

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"hash/fnv"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/store"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sum is the checksum of a row, made column after column.
type sum uint32

func (s sum) int(n int64) sum {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], uint64(n))
	return sum(crc32.Update(uint32(s), castagnoli, b[:]))
}

// bytes adds a column and its length, so that columns cannot shift into each other.
func (s sum) bytes(b []byte) sum {
	return sum(crc32.Update(uint32(s.int(int64(len(b)))), castagnoli, b))
}

func (s sum) text(t string) sum { return s.bytes([]byte(t)) }

// hashOf is what an event id is found by: eight bytes in the index instead of the id.
func hashOf(id string) int64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(id)) // a hash takes everything
	return int64(h.Sum64())
}

// nanos is a time in the file; zero is 0.
func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func timeOf(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}

// encodePairs writes pairs: their number, then rule and target of each, with lengths.
func encodePairs(pairs []store.Pair) []byte {
	b := binary.AppendUvarint(nil, uint64(len(pairs)))
	for _, p := range pairs {
		for _, s := range [...]string{p.Rule, p.Target} {
			b = binary.AppendUvarint(b, uint64(len(s)))
			b = append(b, s...)
		}
	}
	return b
}

var errPairs = errors.New("sqlite: an entry's pairs are damaged")

// readPairs reads what encodePairs wrote.
func readPairs(b []byte) ([]store.Pair, error) {
	n, b, ok := readLength(b, 2)
	if !ok {
		return nil, errPairs
	}
	pairs := make([]store.Pair, n)
	for i := range pairs {
		for _, s := range [...]*string{&pairs[i].Rule, &pairs[i].Target} {
			var size int
			if size, b, ok = readLength(b, 1); !ok {
				return nil, errPairs
			}
			*s, b = string(b[:size]), b[size:]
		}
	}
	if len(b) > 0 {
		return nil, errPairs
	}
	return pairs, nil
}

// readLength reads the number of things that follow, each of at least size bytes.
func readLength(b []byte, size int) (n int, rest []byte, ok bool) {
	v, used := binary.Uvarint(b)
	if used <= 0 || v > uint64(len(b)-used)/uint64(size) {
		return 0, nil, false
	}
	return int(v), b[used:], true
}

// oldSum is the checksum of a row in schema 1.
func oldSum(parts ...[]byte) int64 {
	var sum uint32
	for _, p := range parts {
		sum = crc32.Update(sum, castagnoli, p)
		sum = crc32.Update(sum, castagnoli, []byte{0xff})
	}
	return int64(sum)
}

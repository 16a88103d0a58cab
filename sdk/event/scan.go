package event

import (
	"encoding/binary"
	"math/bits"
)

// Most bytes of most events stand in long strings, so strings are looked at eight bytes
// at a time.
const (
	ones    = 0x0101010101010101
	highs   = 0x80 * ones
	quotes  = '"' * ones
	escapes = '\\' * ones
	blanks  = ' ' * ones
)

// below marks with their high bit the bytes of w that are zero or above 0x7f. Only the
// lowest mark is right.
func below(w uint64) uint64 { return (w - ones) | w }

// plain passes over eight bytes at a time that mean only themselves: neither a quote nor a
// backslash, no control character, nothing beyond ASCII. It may stop before such a byte.
func plain(b []byte, i int) int {
	for ; i+8 <= len(b); i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		if m := (below(w^quotes) | below(w^escapes) | (w - blanks) | w) & highs; m != 0 {
			return i + bits.TrailingZeros64(m)>>3
		}
	}
	return i
}

// inner is plain that passes over everything but quotes and backslashes.
func inner(b []byte, i int) int {
	for ; i+8 <= len(b); i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		if m := (zeros(w^quotes) | zeros(w^escapes)) & highs; m != 0 {
			return i + bits.TrailingZeros64(m)>>3
		}
	}
	return i
}

// zeros marks with their high bit the bytes of w that are zero. Only the lowest mark is
// right.
func zeros(w uint64) uint64 { return (w - ones) &^ w }

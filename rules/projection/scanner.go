package projection

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// scanner finds the ends of names and values, eight bytes at a time.
type scanner struct {
	b []byte
	// escape is where the next backslash is, len(b) if there is none: before it every
	// quote is what it looks like. Most events have few, and one search for all of them
	// costs a tenth of looking for them in each string.
	escape int
}

func newScanner(b []byte) scanner {
	s := scanner{b: b}
	s.findEscape(0)
	return s
}

func (s *scanner) findEscape(from int) {
	from = min(from, len(s.b))
	if n := bytes.IndexByte(s.b[from:], '\\'); n >= 0 {
		s.escape = from + n
	} else {
		s.escape = len(s.b)
	}
}

const (
	ones   = 0x0101010101010101
	highs  = 0x8080808080808080
	quotes = '"' * ones
)

// zeros marks with their high bit the bytes of w that are zero. Bytes above a zero one
// may be marked wrongly, the lowest mark is right.
func zeros(w uint64) uint64 { return (w - ones) &^ w & highs }

// stringEnd returns the index of the quote that ends the string whose content starts
// at b[i], and whether there are escapes in it; len(b) if it does not end.
func (s *scanner) stringEnd(i int) (end int, escapes bool) {
	end = s.quote(i)
	for s.escape < end {
		escapes = true
		after := s.escape + 2
		s.findEscape(after)
		if end < after { // it is escaped itself
			end = s.quote(after)
		}
	}
	return end, escapes
}

// quote returns the index of the next quote from b[i] on, or len(b).
func (s *scanner) quote(i int) int {
	b := s.b
	for ; i+8 <= len(b); i += 8 {
		if m := zeros(binary.LittleEndian.Uint64(b[i:]) ^ quotes); m != 0 {
			return i + bits.TrailingZeros64(m)>>3
		}
	}
	for ; i < len(b); i++ {
		if b[i] == '"' {
			return i
		}
	}
	return len(b)
}

// skipValue returns the index after the value that starts at b[i].
func (s *scanner) skipValue(i int) int {
	b := s.b
	switch b[i] {
	case '"':
		end, _ := s.stringEnd(i + 1)
		return min(end+1, len(b))
	case '{', '[':
		return s.skipContainer(i)
	}
	for i++; i < len(b) && !endsScalar[b[i]]; i++ {
	}
	return i
}

// skipContainer returns the index after the object or list that starts at b[i]. Most of
// an event goes through here, and most of what stands between two strings is one byte.
func (s *scanner) skipContainer(i int) int {
	b, depth := s.b, 0
	for i < len(b) {
		switch b[i] {
		case '"':
			i, _ = s.stringEnd(i + 1)
			if i+2 < len(b) && b[i+2] == '"' {
				i += 2
				continue
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
		i++
	}
	return len(b)
}

// endsScalar has the bytes that may stand after a number or literal.
var endsScalar = [256]bool{',': true, '}': true, ']': true, ' ': true, '\t': true, '\n': true, '\r': true}

func skipSpace(b []byte, i int) int {
	for i < len(b) && isSpace(b[i]) {
		i++
	}
	return i
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

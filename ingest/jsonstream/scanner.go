package jsonstream

import (
	"bytes"
	"strings"
)

// scanner finds where a value ends. It knows strings and brackets only: event.Check
// judges the value once it is whole.
type scanner struct {
	depth    int
	inString bool
	escaped  bool
}

// scan returns how many bytes of chunk belong to the object or list, and whether its
// last bracket is among them.
func (s *scanner) scan(chunk []byte) (n int, closed bool) {
	for i := 0; i < len(chunk); i++ {
		if s.inString && !s.escaped { // most bytes stand in strings: leap to the next that counts
			if i += plain(chunk[i:]); i == len(chunk) {
				break
			}
		}
		c := chunk[i]
		if s.inString {
			s.string(c)
			continue
		}
		switch c {
		case '"':
			s.inString = true
		case '{', '[':
			s.depth++
		case '}', ']':
			if s.depth--; s.depth == 0 {
				return i + 1, true
			}
		}
	}
	return len(chunk), false
}

// plain is how many bytes of b come before a quote or a backslash.
func plain(b []byte) int {
	quote := bytes.IndexByte(b, '"')
	if quote < 0 {
		quote = len(b)
	}
	if slash := bytes.IndexByte(b[:quote], '\\'); slash >= 0 {
		return slash
	}
	return quote
}

// word returns how many bytes of chunk belong to a value that is neither object nor
// list: those up to one of ends, outside a string. The byte that ends it stays.
func (s *scanner) word(chunk []byte, ends string) (n int, ended bool) {
	for i, c := range chunk {
		switch {
		case s.inString && c != '\n':
			s.string(c)
		case strings.IndexByte(ends, c) >= 0:
			return i, true
		case c == '"':
			s.inString = true
		}
	}
	return len(chunk), false
}

func (s *scanner) string(c byte) {
	switch {
	case s.escaped:
		s.escaped = false
	case c == '\\':
		s.escaped = true
	case c == '"':
		s.inString = false
	}
}

package pattern

import (
	"bytes"
	"strings"
)

// Wildcard is a text in which * stands for any run of characters: the literal pieces
// between the stars. Valid UTF-8 pieces can only match at character boundaries, so it
// works on bytes. The first piece is a prefix, the last a suffix, and those between
// are looked for from left to right; there is nothing to be ambiguous about, so
// wildcards need no complexity limit (decision D5).
type Wildcard struct {
	// Pieces has one element more than there are stars.
	Pieces []string
}

// parseWildcard cuts text at its stars. at is the byte where it stops being a
// wildcard, -1 if it does not.
func parseWildcard(text string) (w Wildcard, at int) {
	var piece strings.Builder
	star := -1 // where the last unescaped star stands
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '*':
			if star >= 0 && star == i-1 {
				return w, i
			}
			star = i
			w.Pieces = append(w.Pieces, piece.String())
			piece.Reset()
		case '\\':
			if i+1 == len(text) || text[i+1] != '*' && text[i+1] != '\\' {
				return w, i
			}
			i++
			piece.WriteByte(text[i])
		default:
			piece.WriteByte(c)
		}
	}
	w.Pieces = append(w.Pieces, piece.String())
	return w, -1
}

// match says whether the whole of s matches.
func (w Wildcard) match(s []byte) bool {
	last := len(w.Pieces) - 1
	if last == 0 {
		return string(s) == w.Pieces[0]
	}
	head, tail := w.Pieces[0], w.Pieces[last]
	if len(s) < len(head)+len(tail) || string(s[:len(head)]) != head || string(s[len(s)-len(tail):]) != tail {
		return false
	}
	s = s[len(head) : len(s)-len(tail)]
	for _, piece := range w.Pieces[1:last] {
		i := indexOf(s, piece)
		if i < 0 {
			return false
		}
		s = s[i+len(piece):]
	}
	return true
}

// indexOf is bytes.Index for a string, without making bytes of it.
func indexOf(s []byte, piece string) int {
	if piece == "" {
		return 0
	}
	for from := 0; ; {
		i := bytes.IndexByte(s[from:], piece[0])
		if i < 0 || len(s)-from-i < len(piece) {
			return -1
		}
		from += i
		if string(s[from:from+len(piece)]) == piece {
			return from
		}
		from++
	}
}

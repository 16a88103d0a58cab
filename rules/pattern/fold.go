package pattern

import (
	"unicode"
	"unicode/utf8"
)

// Case folding is Unicode's simple folding, one character to one character, and
// symmetric (decision D3): K, k and the Kelvin sign are one letter, ß and SS are not.

// foldRune returns the smallest character that differs from r only in case.
func foldRune(r rune) rune {
	if r < utf8.RuneSelf {
		// k and s have a third form beyond ASCII, but the smallest one is within.
		if r >= 'a' && r <= 'z' {
			return r - ('a' - 'A')
		}
		return r
	}
	least := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	return least
}

// Fold returns s with every character folded; texts that differ only in case fold to
// the same text, and a prefix folds to a prefix.
func Fold(s string) string { return string(AppendFold(nil, []byte(s))) }

// AppendFold appends s, folded, to b.
func AppendFold(b, s []byte) []byte {
	for len(s) > 0 {
		if c := s[0]; c < utf8.RuneSelf {
			b, s = append(b, byte(foldRune(rune(c)))), s[1:]
			continue
		}
		r, n := utf8.DecodeRune(s)
		b = utf8.AppendRune(b, foldRune(r))
		s = s[n:]
	}
	return b
}

// cutFolded removes from the front of s the text that folds to folded.
func cutFolded(s []byte, folded string) (rest []byte, ok bool) {
	for folded != "" {
		if len(s) == 0 {
			return nil, false
		}
		r, n := utf8.DecodeRune(s)
		want, m := utf8.DecodeRuneInString(folded)
		if foldRune(r) != want {
			return nil, false
		}
		s, folded = s[n:], folded[m:]
	}
	return s, true
}

func hasFoldedSuffix(s []byte, folded string) bool {
	for folded != "" {
		if len(s) == 0 {
			return false
		}
		r, n := utf8.DecodeLastRune(s)
		want, m := utf8.DecodeLastRuneInString(folded)
		if foldRune(r) != want {
			return false
		}
		s, folded = s[:len(s)-n], folded[:len(folded)-m]
	}
	return true
}

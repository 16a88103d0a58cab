package yaml

import (
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/tocsin-engine/tocsin/rules/source"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// quoted reads the quoted text that begins here.
func (r *reader) quoted(parent int) *source.Value {
	start := r.pos
	quote := r.src[start]
	v := &source.Value{Kind: event.String}
	t := folded{r: r}
	for r.pos++; ; {
		switch c := r.peek(r.pos); {
		case c == '\n':
			if !r.quotedBreak(parent, &t) {
				return r.unclosed(v, &t, start)
			}
		case c == quote && quote == '\'' && r.peek(r.pos+1) == quote:
			t.add('\'', r.pos)
			r.pos += 2
		case c == quote:
			v.Text, v.Pos = t.String(), r.place(start, r.pos+1)
			r.marks[v] = &mark{at: t.end(r.pos)}
			r.pos++
			return v
		case c == '\\' && quote == '"':
			r.escape(&t)
		default:
			n := r.runeLen(r.pos)
			t.copy(r.pos, r.pos+n)
			r.pos += n
		}
	}
}

// quotedBreak folds the line breaks that begin here. It says no where the next line is
// not one of the text's: the closing quote is missing.
func (r *reader) quotedBreak(parent int, t *folded) bool {
	at, breaks := r.pos, 0
	for r.pos < len(r.src) && isSpace(r.src[r.pos]) {
		if r.src[r.pos] == '\n' {
			breaks++
		}
		r.pos++
	}
	if r.pos == len(r.src) || r.column() <= parent || r.separator() {
		r.pos = at
		return false
	}
	t.trim()
	t.fold(at, breaks)
	return true
}

// unclosed reports a quote without its partner and takes the first line as the text.
func (r *reader) unclosed(v *source.Value, t *folded, start int) *source.Value {
	end := r.lineEnd(start)
	r.find(start, end, "Y010", fmt.Sprintf("this %c is never closed", r.src[start]), fmt.Sprintf("close it with another %c", r.src[start]), "")
	v.Text, v.Pos = t.String(), r.place(start, end)
	r.marks[v] = &mark{at: t.end(end)}
	r.pos = end
	return v
}

// escapes are the characters that a backslash and one letter stand for.
var escapes = map[byte]rune{
	'0': 0, 'a': '\a', 'b': '\b', 't': '\t', '\t': '\t', 'n': '\n', 'v': '\v', 'f': '\f', 'r': '\r', 'e': 0x1b,
	' ': ' ', '"': '"', '/': '/', '\\': '\\', 'N': 0x85, '_': 0xa0, 'L': '\u2028', 'P': '\u2029',
}

// hexDigits is how many digits follow a backslash and one of these letters.
var hexDigits = map[byte]int{'x': 2, 'u': 4, 'U': 8}

// escape reads the escape that begins here, in double quotes.
func (r *reader) escape(t *folded) {
	at, letter := r.pos, r.peek(r.pos+1)
	defer func() { t.fixed = len(t.text) }()
	if c, ok := escapes[letter]; ok {
		t.add(c, at)
		r.pos += 2
		return
	}
	if letter == '\n' && r.pos+1 < len(r.src) {
		r.joinLines(t)
		return
	}
	c, end := r.hex(at)
	if c < 0 {
		n := r.runeLen(at + 1)
		if letter == '\n' {
			n = 0
		}
		r.find(at, at+1+n, "Y016", fmt.Sprintf("%s is no escape", r.src[at:at+1+n]), `write \\ for a backslash`,
			"text in single quotes takes a backslash as it is")
		t.copy(at, at+1+n)
		r.pos = at + 1 + n
		return
	}
	t.add(c, at)
	r.pos = end
}

// joinLines moves over an escaped line break and the white space after it.
func (r *reader) joinLines(t *folded) {
	t.lines++
	for r.pos += 2; r.pos < len(r.src) && isSpace(r.src[r.pos]); r.pos++ {
		if r.src[r.pos] == '\n' {
			t.add('\n', r.pos)
		}
	}
}

// hex reads the escape \xHH, \uHHHH or \UHHHHHHHH at an offset, two of them where they
// are a surrogate pair as in JSON. It returns -1 if it is none.
func (r *reader) hex(at int) (rune, int) {
	c, end := r.codePoint(at)
	if utf16.IsSurrogate(c) && r.peek(end) == '\\' {
		low, next := r.codePoint(end)
		c, end = utf16.DecodeRune(c, low), next
		if c == utf8.RuneError {
			return -1, 0
		}
	}
	if !utf8.ValidRune(c) {
		return -1, 0
	}
	return c, end
}

// codePoint reads one hexadecimal escape.
func (r *reader) codePoint(at int) (rune, int) {
	n := hexDigits[r.peek(at+1)]
	if n == 0 || at+2+n > len(r.src) {
		return -1, 0
	}
	code, err := strconv.ParseUint(string(r.src[at+2:at+2+n]), 16, 31)
	if err != nil {
		return -1, 0
	}
	return rune(code), at + 2 + n
}

package event

import (
	"bytes"
	"iter"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// Kind is the kind of a JSON value.
type Kind uint8

// The kinds of a JSON value. Missing is the kind of a nil Value.
const (
	Missing Kind = iota
	Null
	Bool
	Number
	String
	Array
	Object
)

var kindNames = [...]string{"nothing", "null", "true or false", "a number", "a string", "a list", "an object"}

// String names the kind as a sentence would: "a number", "an object".
func (k Kind) String() string { return kindNames[k] }

// Value is one JSON value as its bytes, without space around it. Its text must have
// passed Check (the value of an Event always has); nothing is decoded before it is
// asked for. The nil Value is a value that is not there.
type Value []byte

// Kind says what kind of value v is.
func (v Value) Kind() Kind {
	if len(v) == 0 {
		return Missing
	}
	switch v[0] {
	case '{':
		return Object
	case '[':
		return Array
	case '"':
		return String
	case 't', 'f':
		return Bool
	case 'n':
		return Null
	}
	return Number
}

// Text returns a string's content; ok is false for every other kind.
func (v Value) Text() (s string, ok bool) {
	if v.Kind() != String {
		return "", false
	}
	return unescape(v[1 : len(v)-1]), true
}

// AppendText appends a string's content to b; nothing for every other kind.
func (v Value) AppendText(b []byte) []byte {
	if v.Kind() != String {
		return b
	}
	return appendUnescaped(b, v[1:len(v)-1])
}

// Float returns a number as the nearest float64; ok is false for every other kind.
// The exact number is string(v).
func (v Value) Float() (f float64, ok bool) {
	if v.Kind() != Number {
		return 0, false
	}
	f, _ = strconv.ParseFloat(string(v), 64)
	return f, true
}

// IsTrue says whether v is the literal true.
func (v Value) IsTrue() bool { return len(v) > 0 && v[0] == 't' }

// Get follows member names from v and returns what is there, or nil. It goes through
// objects only; use Items for arrays.
func (v Value) Get(path ...string) Value {
	for _, name := range path {
		v = v.member(name)
	}
	return v
}

func (v Value) member(name string) Value {
	if v.Kind() != Object {
		return nil
	}
	for i := skipSpace(v, 1); v[i] != '}'; {
		end := skipValue(v, i)
		found := sameName(v[i+1:end-1], name)
		i = skipSpace(v, skipSpace(v, end)+1)
		end = skipValue(v, i)
		if found {
			return v[i:end:end]
		}
		if i = skipSpace(v, end); v[i] == ',' {
			i = skipSpace(v, i+1)
		}
	}
	return nil
}

// sameName compares a member's name, the bytes between its quotes, with name.
func sameName(quoted []byte, name string) bool {
	if string(quoted) == name {
		return bytes.IndexByte(quoted, '\\') < 0
	}
	return len(quoted) > len(name) && bytes.IndexByte(quoted, '\\') >= 0 && unescape(quoted) == name
}

// With is an object with the value of a member replaced: names are written anew, the other
// values stay byte for byte. A name that is not there is not added.
func (v Value) With(name string, value []byte) []byte {
	out := append(make([]byte, 0, len(v)+len(value)), '{')
	for n, member := range v.Members() {
		if len(out) > 1 {
			out = append(out, ',')
		}
		if n == name {
			member = value
		}
		out = append(append(AppendString(out, n), ':'), member...)
	}
	return append(out, '}')
}

// Members yields the members of an object in their order, nothing for other kinds.
func (v Value) Members() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		if v.Kind() != Object {
			return
		}
		for i := skipSpace(v, 1); v[i] != '}'; {
			end := skipValue(v, i)
			name := v[i+1 : end-1]
			i = skipSpace(v, skipSpace(v, end)+1)
			end = skipValue(v, i)
			if !yield(unescape(name), v[i:end:end]) {
				return
			}
			if i = skipSpace(v, end); v[i] == ',' {
				i = skipSpace(v, i+1)
			}
		}
	}
}

// Items yields the elements of an array in their order, nothing for other kinds.
func (v Value) Items() iter.Seq[Value] {
	return func(yield func(Value) bool) {
		if v.Kind() != Array {
			return
		}
		for i := skipSpace(v, 1); v[i] != ']'; {
			end := skipValue(v, i)
			if !yield(v[i:end:end]) {
				return
			}
			if i = skipSpace(v, end); v[i] == ',' {
				i = skipSpace(v, i+1)
			}
		}
	}
}

// Cut splits checked JSON text after the value that it starts with. White space, commas
// and colons in front of the value are passed over, so that a caller who knows a text's
// shape reads it in one go, where Members and Items go over what they hand out a second
// time.
func Cut(b []byte) (v Value, rest []byte) {
	i := 0
	for i < len(b) && (isSpace(b[i]) || b[i] == ',' || b[i] == ':') {
		i++
	}
	if i == len(b) || b[i] == ']' || b[i] == '}' {
		return nil, b[i:]
	}
	end := skipValue(b, i)
	return b[i:end:end], b[end:]
}

// skipValue returns the index after the value that starts at b[i].
func skipValue(b []byte, i int) int {
	switch b[i] {
	case '"':
		return skipString(b, i)
	case '{', '[':
		depth := 0
		for {
			switch b[i] {
			case '"':
				i = skipString(b, i)
				continue
			case '{', '[':
				depth++
			case '}', ']':
				depth--
			}
			i++
			if depth == 0 {
				return i
			}
		}
	}
	for i < len(b) && b[i] != ',' && b[i] != '}' && b[i] != ']' && !isSpace(b[i]) {
		i++
	}
	return i
}

func skipString(b []byte, i int) int {
	for i++; ; i++ {
		switch i = inner(b, i); b[i] {
		case '"':
			return i + 1
		case '\\':
			i++
		}
	}
}

func skipSpace(b []byte, i int) int {
	for i < len(b) && isSpace(b[i]) {
		i++
	}
	return i
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// trim cuts the white space that JSON allows around a value.
func trim(b []byte) []byte {
	i := skipSpace(b, 0)
	for len(b) > i && isSpace(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b[i:]
}

// unescape decodes the bytes between a string's quotes. A lone surrogate becomes
// U+FFFD, as in encoding/json.
func unescape(b []byte) string {
	if bytes.IndexByte(b, '\\') < 0 {
		return string(b)
	}
	return string(appendUnescaped(make([]byte, 0, len(b)), b))
}

func appendUnescaped(out, b []byte) []byte {
	for len(b) > 0 {
		i := bytes.IndexByte(b, '\\')
		if i < 0 {
			return append(out, b...)
		}
		out = append(out, b[:i]...)
		r, n := unescapeRune(b[i:])
		out = utf8.AppendRune(out, r)
		b = b[i+n:]
	}
	return out
}

// unescapeRune decodes the escape that b starts with and says how long it is. What is
// no escape, which Check refuses, becomes U+FFFD.
func unescapeRune(b []byte) (r rune, n int) {
	if len(b) < 2 || b[1] == 'u' && len(b) < 6 {
		return utf8.RuneError, len(b)
	}
	switch b[1] {
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	case 'u':
		r = hex4(b[2:])
		if !utf16.IsSurrogate(r) {
			return r, 6
		}
		if len(b) >= 12 && b[6] == '\\' && b[7] == 'u' {
			if both := utf16.DecodeRune(r, hex4(b[8:])); both != utf8.RuneError {
				return both, 12
			}
		}
		return utf8.RuneError, 6
	}
	return rune(b[1]), 2
}

func hex4(b []byte) rune {
	return rune(unhex(b[0])<<12 | unhex(b[1])<<8 | unhex(b[2])<<4 | unhex(b[3]))
}

func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

const hexDigits = "0123456789abcdef"

// AppendString appends s as a JSON string. Bytes that are not UTF-8 become U+FFFD.
func AppendString(b []byte, s string) []byte {
	b = append(b, '"')
	n := 0
	for n < len(s) && s[n] >= ' ' && s[n] < utf8.RuneSelf && s[n] != '"' && s[n] != '\\' {
		n++ // most strings mean only themselves
	}
	b = append(b, s[:n]...)
	for _, r := range s[n:] {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, '\\', 'n')
		case r == '\r':
			b = append(b, '\\', 'r')
		case r == '\t':
			b = append(b, '\\', 't')
		case r < ' ':
			b = append(b, '\\', 'u', '0', '0', hexDigits[r>>4], hexDigits[r&15])
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}

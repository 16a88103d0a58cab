package event

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// MaxDepth is how deep objects and arrays may nest in an event, the envelope counted.
// EventBridge allows 1,000; 100 keeps every walker's stack small (design, section 10).
const MaxDepth = 100

// SyntaxError says where a text stops being acceptable JSON.
type SyntaxError struct {
	// Offset counts bytes from the start of the text.
	Offset int
	// Reason says what is wrong there, as the end of a sentence.
	Reason string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("event: at byte %d: %s", e.Offset, e.Reason)
}

// Check validates that raw is one JSON text (RFC 8259) in valid UTF-8, at most
// MaxDepth deep, and that no object names a member twice. Duplicate names are refused
// because a pattern would see both values and a target only the last one: a rule
// could be bypassed. The error is a *SyntaxError. It allocates only for objects with
// more than 32 members, 64 names open at once, or escaped names.
func Check(raw []byte) error {
	c := checker{b: raw, unique: true}
	return c.check(0)
}

// CheckSyntax is Check for a text that a person wrote: names may stand twice, because
// whoever reads on tells the person about all of them.
func CheckSyntax(raw []byte) error {
	c := checker{b: raw}
	return c.check(0)
}

// check checks a text that stands so deep in another one.
func (c *checker) check(depth int) error {
	c.space()
	if !c.value(depth) {
		return &SyntaxError{c.at, c.reason}
	}
	c.space()
	if c.i < len(c.b) {
		return &SyntaxError{c.i, "text follows the JSON value"}
	}
	return nil
}

type checker struct {
	b      []byte
	i      int
	at     int // where and why it failed
	reason string

	unique bool // names may not stand twice
	// names are where the names of the open objects stand, n of them, one object after
	// the other, so that a check of a usual event needs no memory.
	names [64]span
	n     int
}

type span struct{ from, to int }

func (c *checker) fail(at int, reason string) bool {
	c.at, c.reason = at, reason
	return false
}

func (c *checker) space() {
	for c.i < len(c.b) && isSpace(c.b[c.i]) {
		c.i++
	}
}

func (c *checker) value(depth int) bool {
	if c.i == len(c.b) {
		return c.fail(c.i, "the text ends where a value is needed")
	}
	switch ch := c.b[c.i]; {
	case ch == '"':
		_, ok := c.str()
		return ok
	case ch == '{' || ch == '[':
		if depth == MaxDepth {
			return c.fail(c.i, fmt.Sprintf("nested more than %d deep", MaxDepth))
		}
		if ch == '{' {
			return c.object(depth + 1)
		}
		return c.array(depth + 1)
	case ch == '-' || ch >= '0' && ch <= '9':
		return c.number()
	default:
		return c.literal()
	}
}

func (c *checker) literal() bool {
	for _, word := range [...]string{"true", "false", "null"} {
		if len(c.b)-c.i >= len(word) && string(c.b[c.i:c.i+len(word)]) == word {
			c.i += len(word)
			return true
		}
	}
	return c.fail(c.i, "no JSON value starts like this")
}

func (c *checker) number() bool {
	start := c.i
	if c.b[c.i] == '-' {
		c.i++
	}
	lead := c.i
	if c.digits() == 0 {
		return c.fail(start, "a number needs a digit")
	}
	if c.b[lead] == '0' && c.i > lead+1 {
		return c.fail(start, "a number has no leading zero")
	}
	if c.i < len(c.b) && c.b[c.i] == '.' {
		c.i++
		if c.digits() == 0 {
			return c.fail(start, "a number needs a digit after its point")
		}
	}
	if c.i < len(c.b) && (c.b[c.i] == 'e' || c.b[c.i] == 'E') {
		c.i++
		if c.i < len(c.b) && (c.b[c.i] == '+' || c.b[c.i] == '-') {
			c.i++
		}
		if c.digits() == 0 {
			return c.fail(start, "a number needs a digit in its exponent")
		}
	}
	return true
}

func (c *checker) digits() int {
	start := c.i
	for c.i < len(c.b) && c.b[c.i] >= '0' && c.b[c.i] <= '9' {
		c.i++
	}
	return c.i - start
}

// str passes over a string and returns the bytes between its quotes.
func (c *checker) str() (inner []byte, ok bool) {
	open := c.i
	c.i++
	for c.i < len(c.b) {
		switch ch := c.b[c.i]; {
		case ch == '"':
			c.i++
			return c.b[open+1 : c.i-1], true
		case ch == '\\':
			if !c.escape() {
				return nil, false
			}
		case ch < ' ':
			return nil, c.fail(c.i, "a control character in a string must be escaped")
		case ch < utf8.RuneSelf:
			c.i = plain(c.b, c.i+1)
		default:
			r, n := utf8.DecodeRune(c.b[c.i:])
			if r == utf8.RuneError && n <= 1 {
				return nil, c.fail(c.i, "the text is not UTF-8")
			}
			c.i += n
		}
	}
	return nil, c.fail(open, "the string does not end")
}

func (c *checker) escape() bool {
	at := c.i
	c.i++
	if c.i == len(c.b) {
		return c.fail(at, "the string does not end")
	}
	switch c.b[c.i] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		c.i++
		return true
	case 'u':
		if c.i+5 > len(c.b) {
			return c.fail(at, `\u needs four hexadecimal digits`)
		}
		for _, h := range c.b[c.i+1 : c.i+5] {
			if unhex(h) < 0 {
				return c.fail(at, `\u needs four hexadecimal digits`)
			}
		}
		c.i += 5
		return true
	}
	return c.fail(at, "no such escape; JSON knows \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u")
}

func (c *checker) array(depth int) bool {
	c.i++
	c.space()
	if c.i < len(c.b) && c.b[c.i] == ']' {
		c.i++
		return true
	}
	for {
		c.space()
		if !c.value(depth) {
			return false
		}
		c.space()
		if c.i == len(c.b) {
			return c.fail(c.i, "the list does not end")
		}
		c.i++
		switch c.b[c.i-1] {
		case ']':
			return true
		case ',':
		default:
			return c.fail(c.i-1, `a "," or "]" is needed here`)
		}
	}
}

func (c *checker) object(depth int) bool {
	c.i++
	c.space()
	if c.i < len(c.b) && c.b[c.i] == '}' {
		c.i++
		return true
	}
	names := nameSet{base: c.n}
	for {
		c.space()
		if !c.name(&names) {
			return false
		}
		c.space()
		if !c.value(depth) {
			return false
		}
		c.space()
		if c.i == len(c.b) {
			return c.fail(c.i, "the object does not end")
		}
		c.i++
		switch c.b[c.i-1] {
		case '}':
			c.n = names.base
			return true
		case ',':
		default:
			return c.fail(c.i-1, `a "," or "}" is needed here`)
		}
	}
}

// name passes over a member's name and the colon after it.
func (c *checker) name(names *nameSet) bool {
	if c.i == len(c.b) || c.b[c.i] != '"' {
		return c.fail(c.i, "a member name in quotes is needed here")
	}
	at := c.i
	name, ok := c.str()
	if !ok {
		return false
	}
	if c.unique && !c.add(names, name, at+1) {
		return c.fail(at, fmt.Sprintf("the name %q stands twice in one object", unescape(name)))
	}
	c.space()
	if c.i == len(c.b) || c.b[c.i] != ':' {
		return c.fail(c.i, `a ":" is needed here`)
	}
	c.i++
	return true
}

// nameSet holds the names of one open object: the first few in checker.names from base
// on, because most objects are small, all of them in a map beyond that.
type nameSet struct {
	base int
	many map[string]struct{}
}

// few is how many names are compared one by one. CloudTrail's records have up to 30.
const few = 32

// add reports whether name, the bytes between the quotes at from, is new.
func (c *checker) add(s *nameSet, name []byte, from int) bool {
	escaped := bytes.IndexByte(name, '\\') >= 0
	if s.many == nil {
		for _, n := range c.names[s.base:c.n] {
			if string(c.b[n.from:n.to]) == string(name) {
				return false
			}
		}
		if !escaped && c.n-s.base < few && c.n < len(c.names) {
			c.names[c.n] = span{from, from + len(name)}
			c.n++
			return true
		}
		s.many = make(map[string]struct{}, 2*few)
		for _, n := range c.names[s.base:c.n] {
			s.many[string(c.b[n.from:n.to])] = struct{}{}
		}
	}
	text := string(name)
	if escaped {
		text = unescape(name)
	}
	if _, twice := s.many[text]; twice {
		return false
	}
	s.many[text] = struct{}{}
	return true
}

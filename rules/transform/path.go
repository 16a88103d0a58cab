package transform

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// path leads from the event to one value in it; the empty path is the event.
type path []step

// step goes to a member, or to an element where name is empty and list is set.
type step struct {
	name  string
	index int
	list  bool
}

// find returns the value that p leads to, nil where there is none.
func (p path) find(ev event.Event) event.Value {
	v := event.Value(bytes.Trim(ev.Raw(), " \t\r\n"))
	for _, s := range p {
		if v = s.from(v); v == nil {
			return nil
		}
	}
	return v
}

func (s step) from(v event.Value) event.Value {
	if !s.list {
		return v.Get(s.name)
	}
	i := 0
	for item := range v.Items() {
		if i == s.index {
			return item
		}
		i++
	}
	return nil
}

// String writes p in the form that parsePath reads, names in brackets where they need it.
func (p path) String() string {
	var b strings.Builder
	b.WriteByte('$')
	for _, s := range p {
		switch {
		case s.list:
			fmt.Fprintf(&b, "[%d]", s.index)
		case plain(s.name):
			b.WriteString("." + s.name)
		default:
			b.WriteString("['" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s.name) + "']")
		}
	}
	return b.String()
}

// plain says whether name may follow a dot.
func plain(name string) bool {
	return name != "" && strings.IndexFunc(name, func(r rune) bool { return strings.ContainsRune(ends, r) }) < 0
}

// ends are the characters that end a name after a dot, or mean something else in
// larger JSONPath languages.
const ends = ".[]()*?@$,'\"\\ \t\r\n"

// pathReader reads one path.
type pathReader struct {
	text string
	i    int // byte
	err  *Error
}

func parsePath(text string) (path, *Error) {
	if n := utf8.RuneCountInString(text); n > MaxPath {
		e := tooLong("the path", n, MaxPath)
		return nil, &e
	}
	r := &pathReader{text: text, i: 1}
	if !strings.HasPrefix(text, "$") {
		r.i = 0
		return nil, r.fail(1, "a path begins with $", "write $.detail.x")
	}
	var p path
	for r.i < len(text) {
		s, ok := r.step()
		if !ok {
			return nil, r.err
		}
		p = append(p, s)
	}
	return p, nil
}

// fail notes that length characters from r.i on are not as they should be.
func (r *pathReader) fail(length int, message, label string) *Error {
	r.err = &Error{Code: "I001", Offset: utf8.RuneCountInString(r.text[:r.i]), Length: length, Message: message, Label: label}
	return r.err
}

func (r *pathReader) step() (step, bool) {
	switch r.text[r.i] {
	case '.':
		r.i++
		return r.dotName()
	case '[':
		r.i++
		return r.bracket()
	}
	c, _ := utf8.DecodeRuneInString(r.text[r.i:])
	r.fail(1, fmt.Sprintf("%q does not fit here", string(c)), "write .name or [0]")
	return step{}, false
}

func (r *pathReader) dotName() (step, bool) {
	rest := r.text[r.i:]
	end := strings.IndexAny(rest, ends)
	if end < 0 {
		end = len(rest)
	}
	if end > 0 {
		r.i += end
		return step{name: rest[:end]}, true
	}
	switch {
	case strings.HasPrefix(rest, "."):
		r.fail(1, "a path leads to one value", `".." is not part of EventBridge's paths; write every name`)
	case strings.HasPrefix(rest, "*"):
		r.fail(1, "a path leads to one value", `write a name for "*"`)
	default:
		r.fail(1, "a name is missing here", "write a name, or ['a name'] with other characters")
	}
	return step{}, false
}

func (r *pathReader) bracket() (step, bool) {
	rest := r.text[r.i:]
	if rest != "" && (rest[0] == '\'' || rest[0] == '"') {
		return r.quotedName(rest[0])
	}
	end := strings.IndexByte(rest, ']')
	if end < 0 {
		r.fail(1, "the bracket is not closed", `write "]"`)
		return step{}, false
	}
	n, err := strconv.ParseUint(rest[:end], 10, 31)
	if err != nil || rest[0] == '0' && end > 1 {
		r.fail(max(1, utf8.RuneCountInString(rest[:end])), "a path leads to one value",
			"write the place in the list, [0] for the first, or ['a name']")
		return step{}, false
	}
	r.i += end + 1
	return step{list: true, index: int(n)}, true
}

// quotedName reads from the quote on.
func (r *pathReader) quotedName(quote byte) (step, bool) {
	var name []byte
	for i := r.i + 1; i < len(r.text); i++ {
		switch c := r.text[i]; {
		case c == '\\' && i+1 < len(r.text):
			i++
			name = append(name, r.text[i])
		case c == quote:
			if i+1 == len(r.text) || r.text[i+1] != ']' {
				r.i = i
				r.fail(1, "the bracket is not closed", `write "]" after the name`)
				return step{}, false
			}
			r.i = i + 2
			return step{name: string(name)}, true
		default:
			name = append(name, c)
		}
	}
	r.fail(1, "the quote is not closed", "write the closing quote")
	return step{}, false
}

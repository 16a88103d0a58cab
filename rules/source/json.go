package source

import (
	"bytes"
	"errors"
	"unicode/utf8"

	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// CodeJSON is the finding's code when a text is not JSON.
const CodeJSON = "J001"

// ParseJSON reads one JSON text (RFC 8259, UTF-8, at most event.MaxDepth deep) with
// the place of every value and name. It accepts what event.CheckSyntax accepts; a name
// that stands twice is kept twice, for whoever reads the value to report. With a
// finding there is no value.
func ParseJSON(file string, src []byte) (*Value, diag.List) {
	if err := event.CheckSyntax(src); err != nil {
		return nil, diag.List{syntaxFinding(file, src, err)}
	}
	r := jsonReader{src: src, line: 1, column: 1}
	r.space()
	return r.value(), nil
}

// syntaxFinding turns what CheckSyntax says into a place and a word on what to write.
func syntaxFinding(file string, src []byte, err error) diag.Finding {
	f := diag.Finding{Code: CodeJSON, File: file, Message: err.Error()}
	var syntax *event.SyntaxError
	if !errors.As(err, &syntax) {
		return f
	}
	f.Message = syntax.Reason
	r := jsonReader{src: src, line: 1, column: 1}
	f.Pos = r.pos(syntax.Offset, 1)
	f.Label, f.Help = advise(src, syntax.Offset)
	return f
}

// advise says what to write for the mistakes that people make most, looking at the
// character where the text stopped being JSON.
func advise(src []byte, at int) (label, help string) {
	before := bytes.TrimRight(src[:at], " \t\r\n")
	comma := len(before) > 0 && before[len(before)-1] == ','
	if at >= len(src) {
		return "the text ends here", "count the brackets and quotes: one of them is not closed"
	}
	switch c := src[at]; {
	case comma && (c == '}' || c == ']'):
		return "delete the comma before this", "JSON has no comma after the last element"
	case c == '\'':
		return `write " in place of '`, ""
	case c == '/' || c == '#':
		return "delete the comment", "JSON has no comments; a rule file in YAML has them"
	case c == 0xef && bytes.HasPrefix(src[at:], []byte("\xef\xbb\xbf")):
		return "delete the byte order mark", "save the file as UTF-8 without BOM"
	case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_':
		return "put this in double quotes", "the only bare words of JSON are true, false and null"
	}
	return "here", ""
}

// jsonReader makes values of a text that CheckSyntax has accepted.
type jsonReader struct {
	src []byte
	i   int
	// line and column are the place of src[marked].
	marked, line, column int
}

// pos is the place of src[at:], which covers n bytes of one line. It walks forward
// only, so that a text is counted once however many places are asked for.
func (r *jsonReader) pos(at, n int) diag.Pos {
	for r.marked < at {
		if r.src[r.marked] == '\n' {
			r.marked, r.line, r.column = r.marked+1, r.line+1, 1
			continue
		}
		_, size := utf8.DecodeRune(r.src[r.marked:])
		r.marked, r.column = r.marked+size, r.column+1
	}
	end := min(at+n, len(r.src))
	return diag.Pos{Line: r.line, Column: r.column, Length: max(1, utf8.RuneCount(r.src[at:end]))}
}

func (r *jsonReader) space() {
	for r.i < len(r.src) && bytes.IndexByte([]byte(" \t\r\n"), r.src[r.i]) >= 0 {
		r.i++
	}
}

func (r *jsonReader) value() *Value {
	switch r.src[r.i] {
	case '{':
		return r.object()
	case '[':
		return r.array()
	}
	token, pos := r.token()
	v := &Value{Kind: token.Kind(), Text: string(token), Pos: pos}
	if v.Kind == event.String {
		v.Text, _ = token.Text()
	}
	return v
}

// token reads a scalar or a name.
func (r *jsonReader) token() (event.Value, diag.Pos) {
	start := r.i
	if r.src[start] == '"' {
		for r.i++; r.src[r.i] != '"'; r.i++ {
			if r.src[r.i] == '\\' {
				r.i++
			}
		}
		r.i++
	} else {
		for r.i < len(r.src) && bytes.IndexByte([]byte(" \t\r\n,]}"), r.src[r.i]) < 0 {
			r.i++
		}
	}
	return r.src[start:r.i], r.pos(start, r.i-start)
}

func (r *jsonReader) object() *Value {
	v := &Value{Kind: event.Object, Pos: r.pos(r.i, 1)}
	r.elements('}', func() {
		name, pos := r.token()
		m := Member{Pos: pos}
		m.Name, _ = name.Text()
		r.space()
		r.i++ // the colon
		r.space()
		m.Value = r.value()
		v.Members = append(v.Members, m)
	})
	return v
}

func (r *jsonReader) array() *Value {
	v := &Value{Kind: event.Array, Pos: r.pos(r.i, 1)}
	r.elements(']', func() { v.Items = append(v.Items, r.value()) })
	return v
}

// elements passes over a pair of brackets and calls read at each element.
func (r *jsonReader) elements(closing byte, read func()) {
	r.i++
	r.space()
	for r.src[r.i] != closing {
		read()
		r.space()
		if r.src[r.i] == ',' {
			r.i++
			r.space()
		}
	}
	r.i++
}

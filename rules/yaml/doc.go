// Package yaml reads the strict YAML of rule files into values that know their place.
//
// It reads what rule files need and nothing else: block and flow collections, plain,
// quoted and block scalars, comments. An unquoted word is a number, true, false or null
// by JSON's rules and text otherwise, so no file can say 012 and mean 10. Anchors,
// aliases, tags, merge keys, directives and second documents are findings, and so are
// spellings that YAML reads in a way nobody expects (a missing comma that glues two
// words together). After a finding the reader goes on at the next line or item: one run
// shows them all.
//
// Why not a library: runtime/RATIONALE.md says what was measured. FuzzAgrees holds this
// reader against go.yaml.in/yaml/v3 on every text that this one takes.
package yaml

import (
	"bytes"
	"fmt"
	"sort"
	"unicode/utf8"

	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/rules/source"
)

// Doc is a file that has been read.
type Doc struct {
	// Root is the file's value; nil where the file holds none.
	Root *source.Value

	src    []byte
	starts []int // offset of each line's first byte
	marks  map[*source.Value]*mark
}

// mark is what the tree of values does not say about a value.
type mark struct {
	// end is the offset after a value in brackets; 0 for all others.
	end int
	// at is the offset in the file of each rune of the text, then of its end; nil for a
	// plain scalar of one line, which stands in the file as it is.
	at []int
	// comment is the offset of a comment on the scalar's own line, or 0.
	comment int
	// trailing is the offset of text that follows a closing quote, which is a finding.
	trailing int
}

// Quoted says whether the scalar v is anything but a plain word: in quotes, in a block,
// or on several lines.
func (d *Doc) Quoted(v *source.Value) bool {
	m := d.marks[v]
	return m != nil && m.at != nil
}

// Source returns a value in brackets, or a plain word, as it is written; "" for all
// others and for what stands on several lines.
func (d *Doc) Source(v *source.Value) string {
	start := d.offset(v.Pos)
	m := d.marks[v]
	switch {
	case m != nil && m.end > 0 && bytes.IndexByte(d.src[start:m.end], '\n') < 0:
		return string(d.src[start:m.end])
	case m == nil && v.Items == nil && v.Members == nil:
		return v.Text
	}
	return ""
}

// Within says whether a place is inside the value in brackets v.
func (d *Doc) Within(v *source.Value, p diag.Pos) bool {
	m := d.marks[v]
	if m == nil || m.end == 0 {
		return false
	}
	at := d.offset(p)
	return at >= d.offset(v.Pos) && at < m.end
}

// offset is the offset of a place.
func (d *Doc) offset(p diag.Pos) int {
	at := d.starts[p.Line-1]
	for range p.Column - 1 {
		_, n := utf8.DecodeRune(d.src[at:])
		at += n
	}
	return at
}

// Comment returns the place of the comment that follows a plain scalar on its line.
func (d *Doc) Comment(v *source.Value) (diag.Pos, bool) {
	m := d.marks[v]
	if m == nil || m.comment == 0 {
		return diag.Pos{}, false
	}
	return d.place(m.comment, d.lineEnd(m.comment)), true
}

// Cut returns the comma or bracket that ends the plain word v, and its place; 0 for what
// ends otherwise.
func (d *Doc) Cut(v *source.Value) (by byte, at diag.Pos) {
	if d.marks[v] != nil {
		return 0, diag.Pos{}
	}
	end := d.offset(v.Pos) + len(v.Text)
	for end < len(d.src) && isBlank(d.src[end]) {
		end++
	}
	if end >= len(d.src) || !isFlow(d.src[end]) {
		return 0, diag.Pos{}
	}
	return d.src[end], d.place(end, end+1)
}

// Trailing returns the place of text that follows v's closing quote; the reader made it
// a finding.
func (d *Doc) Trailing(v *source.Value) (diag.Pos, bool) {
	m := d.marks[v]
	if m == nil || m.trailing == 0 {
		return diag.Pos{}, false
	}
	return d.place(m.trailing, d.lineEnd(m.trailing)), true
}

// Locate returns the place in the file of length runes of v's text, from the rune at
// offset on. A place ends with its line.
func (d *Doc) Locate(v *source.Value, offset, length int) diag.Pos {
	m := d.marks[v]
	if m == nil || m.at == nil {
		p := v.Pos
		offset = max(0, min(offset, v.Pos.Length-1))
		p.Column += offset
		p.Length = max(1, min(length, v.Pos.Length-offset))
		return p
	}
	last := len(m.at) - 1
	from := m.at[max(0, min(offset, last))]
	// The end of the last rune, not the begin of the next, which may be a line on.
	end := m.at[max(0, min(offset+max(length, 1)-1, last))]
	return d.place(from, end+d.runeLen(end))
}

// runeLen is the length in bytes of what is written at an offset.
func (d *Doc) runeLen(offset int) int {
	_, n := utf8.DecodeRune(d.src[min(offset, len(d.src)):])
	return max(n, 1)
}

// place is the place from one offset to another, cut at the end of its line.
func (d *Doc) place(from, to int) diag.Pos {
	line := d.line(from)
	return d.placeAt(line, utf8.RuneCount(d.src[d.starts[line]:from])+1, from, to)
}

// placeAt is place where line and column are known.
func (d *Doc) placeAt(line, column, from, to int) diag.Pos {
	text := d.src[from:max(from, min(to, len(d.src)))]
	if end := bytes.IndexByte(text, '\n'); end >= 0 {
		text = text[:end]
	}
	return diag.Pos{Line: line + 1, Column: column, Length: max(1, utf8.RuneCount(text))}
}

// line is the index of the line that an offset is in.
func (d *Doc) line(offset int) int {
	return sort.SearchInts(d.starts, offset+1) - 1
}

// lineEnd is the offset of the line break, or of the end of the file, after offset.
func (d *Doc) lineEnd(offset int) int {
	if i := bytes.IndexByte(d.src[offset:], '\n'); i >= 0 {
		return offset + i
	}
	return len(d.src)
}

// byteOrderMark may begin a file; it belongs to no line.
const byteOrderMark = "\ufeff"

// maxDepth is how deep collections may nest.
const maxDepth = 100

// reader is the state of one Parse.
type reader struct {
	*Doc
	file  string
	pos   int
	depth int
	tabs  bool // a tab was found in an indentation: what follows from it is no news
	open  bool // brackets were found open, and nothing was opened since
	// tooDeep stops the reader: whatever is open stays open.
	tooDeep bool
	closers []byte // what closes the brackets that are open, the innermost last
	seen    place  // the last place that was asked for
	list    diag.List
}

// Parse reads one file. The Doc is never nil; its Root is what could be read.
func Parse(file string, src []byte) (*Doc, diag.List) {
	src = bytes.ReplaceAll(src, []byte("\r\n"), []byte("\n"))
	r := &reader{Doc: &Doc{src: src, marks: map[*source.Value]*mark{}}, file: file}
	if bytes.HasPrefix(src, []byte(byteOrderMark)) {
		r.pos = len(byteOrderMark)
	}
	r.starts = append(r.starts, r.pos)
	for i, c := range src {
		if c == '\n' {
			r.starts = append(r.starts, i+1)
		}
	}
	if r.characters() {
		r.document()
	}
	return r.Doc, r.list
}

// place is an offset whose line and column are known.
type place struct{ offset, line, column int }

// place counts on from the last place where it can: a file may be one long line.
func (r *reader) place(from, to int) diag.Pos {
	line := r.line(from)
	known := place{r.starts[line], line, 1}
	if r.seen.line == line && r.seen.column > 0 && r.seen.offset <= from {
		known = r.seen
	}
	known.column += utf8.RuneCount(r.src[known.offset:from])
	known.offset = from
	r.seen = known
	return r.placeAt(line, known.column, from, to)
}

// find adds a finding about the text between two offsets.
func (r *reader) find(from, to int, code, message, label, help string) {
	r.list = append(r.list, diag.Finding{Code: code, File: r.file, Pos: r.place(from, to),
		Message: diag.OneLine(message), Label: diag.OneLine(label), Help: help})
}

// characters looks for bytes that no text holds.
func (r *reader) characters() bool {
	for i := r.pos; i < len(r.src); {
		c, n := utf8.DecodeRune(r.src[i:])
		switch {
		case c == utf8.RuneError && n <= 1:
			r.find(i, i+1, "Y001", fmt.Sprintf("byte 0x%02x is not UTF-8", r.src[i]), "save the file as UTF-8", "")
			return false
		case c < ' ' && c != '\t' && c != '\n', c == 0x7f, c >= 0x80 && c < 0xa0, c == '\u2028', c == '\u2029', c == '\ufeff', c == 0xfffe, c == 0xffff:
			r.find(i, i+n, "Y001", fmt.Sprintf("character U+%04X cannot stand in a file of text", c),
				fmt.Sprintf("inside double quotes write \\u%04x", c), "")
			return false
		}
		i += n
	}
	return true
}

// document reads the one document of the file.
func (r *reader) document() {
	if !r.toContent() {
		return
	}
	for r.src[r.pos] == '%' && r.column() == 0 {
		r.find(r.pos, r.lineEnd(r.pos), "Y013", "a YAML directive", "remove this line", "")
		r.pos = r.lineEnd(r.pos)
		if !r.toContent() {
			return
		}
	}
	if r.separator() {
		r.pos += len("---")
	}
	if r.toContent() && !r.separator() {
		r.Root = r.block(-1)
	}
	if !r.toContent() {
		return
	}
	if r.separator() {
		r.find(r.pos, r.pos+3, "Y013", "a second document begins here", "put it into a file of its own",
			"a rule file is one document")
		return
	}
	r.find(r.pos, r.lineEnd(r.pos), "Y009", "this line belongs to nothing above it", "indent it as its neighbours are", "")
}

// separator says whether a line --- or ... begins here.
func (r *reader) separator() bool {
	rest := r.src[r.pos:]
	if r.column() != 0 || !bytes.HasPrefix(rest, []byte("---")) && !bytes.HasPrefix(rest, []byte("...")) {
		return false
	}
	return len(rest) == 3 || isSpace(rest[3])
}

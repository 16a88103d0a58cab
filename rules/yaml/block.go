package yaml

import (
	"fmt"

	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/rules/source"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// enter counts a level of nesting; too deep a file is read no further.
func (r *reader) enter() bool {
	r.depth++
	if r.depth <= maxDepth {
		return true
	}
	if !r.tooDeep && r.pos < len(r.src) {
		r.tooDeep = true
		r.find(r.pos, r.pos+1, "Y017", fmt.Sprintf("nested deeper than %d levels", maxDepth), "flatten this", "")
	}
	r.pos = len(r.src)
	return false
}

// null is a value that is not written; at is the token that it should follow.
func null(at diag.Pos) *source.Value {
	return &source.Value{Kind: event.Null, Text: "null", Pos: at}
}

// block reads the value that begins here and belongs to a parent indented by parent.
func (r *reader) block(parent int) *source.Value {
	at := r.place(r.pos, r.pos+1)
	defer func() { r.depth-- }()
	if !r.enter() {
		return null(at)
	}
	col := r.column()
	if r.entryAhead() {
		return r.sequence(col)
	}
	if r.properties() && r.atEnd() {
		return r.value(parent, at, false)
	}
	if r.keyAhead() {
		return r.mapping(col)
	}
	return r.inline(parent)
}

// mapping reads the members whose keys stand in column col, the first of them here.
func (r *reader) mapping(col int) *source.Value {
	first := r.member(col)
	v := &source.Value{Kind: event.Object, Pos: first.Pos, Members: []source.Member{first}}
	seen := map[string]diag.Pos{first.Name: first.Pos}
	for r.toContent() && r.column() >= col && !r.separator() {
		switch {
		case r.column() > col:
			r.overIndented(col, col)
		case r.entryAhead():
			r.find(r.pos, r.pos+1, "Y009", "a list item among keys", "indent it below its key", "")
			r.skipDeeper(col)
		case !r.keyAhead():
			r.noColon()
			r.skipDeeper(col)
		default:
			r.add(v, r.member(col), seen)
		}
	}
	return v
}

// add appends a member, unless its name stands already.
func (r *reader) add(v *source.Value, m source.Member, seen map[string]diag.Pos) {
	if first, twice := seen[m.Name]; twice {
		r.list = append(r.list, diag.Finding{Code: "Y008", File: r.file, Pos: m.Pos,
			Message: fmt.Sprintf("%q stands twice in one object", m.Name),
			Label:   fmt.Sprintf("it is already on line %d", first.Line)})
		return
	}
	seen[m.Name] = m.Pos
	v.Members = append(v.Members, m)
}

// overIndented reports lines that stand deeper than they should, which is in column
// want, and moves to the next line that is indented at most as far as col.
func (r *reader) overIndented(want, col int) {
	help := "a text of several lines goes into a block:  key: |"
	if r.keyAhead() {
		help = ""
	}
	if !r.tabs {
		r.find(r.pos, r.lineEnd(r.pos), "Y009", "this line does not line up with the ones above it",
			fmt.Sprintf("indent it by %d spaces", want), help)
	}
	r.skipDeeper(col)
}

// noColon reports a line among keys that is no key.
func (r *reader) noColon() {
	end := r.lineEnd(r.pos)
	text, stop := r.plainEnd(r.pos, false)
	if text > r.pos && r.peek(stop) != ':' {
		end = text
	}
	label := "write  key: value"
	for i := r.pos; i+1 < end; i++ {
		if r.src[i] == ':' && !isSpace(r.src[i+1]) {
			label = "put a space after the colon"
			break
		}
	}
	if r.src[r.pos] == '?' {
		label = "write the key as one word before a colon"
	}
	r.find(r.pos, end, "Y012", "a key and its colon are missing on this line", label, "")
}

// member reads a key, its colon and the value.
func (r *reader) member(col int) source.Member {
	m := source.Member{}
	m.Name, m.Pos = r.key(r.keyEnd())
	r.pos++
	m.Value = r.value(col, m.Pos, true)
	return m
}

// key reads the key whose colon stands at end, up to it.
func (r *reader) key(end int) (string, diag.Pos) {
	start := r.pos
	if c := r.src[start]; c == '"' || c == '\'' {
		v := r.quoted(-1)
		delete(r.marks, v)
		r.pos = end
		return v.Text, v.Pos
	}
	stop := end
	for stop > start && isBlank(r.src[stop-1]) {
		stop--
	}
	name := string(r.src[start:stop])
	r.reserved(start, stop)
	if name == "<<" {
		r.find(start, stop, "Y014", "a merge key", "write the members out", "rule files have no anchors, aliases and merge keys")
	}
	r.pos = end
	return name, r.place(start, stop)
}

// reserved reports a plain word that begins with a character YAML keeps for itself.
func (r *reader) reserved(start, stop int) {
	switch r.peek(start) {
	case '&':
		r.anchor(start, stop)
	case '*':
		r.alias(start, stop)
	case '!':
		r.tag(start, stop)
	case '-':
		if isSpace(r.peek(start + 1)) {
			r.find(start, start+1, "Y015", "a dash alone", fmt.Sprintf("write %q, or a word", r.src[start:stop]), "")
		}
	case '@', '`', '%', ',', ']', '}', '#', ':', '?':
		r.find(start, stop, "Y015", fmt.Sprintf("a word cannot begin with %q", r.src[start]), fmt.Sprintf("write %q", r.src[start:stop]), "")
	}
}

// value reads what follows a key's colon (inMapping) or a list item's dash; at is the
// place of that key or dash.
func (r *reader) value(parent int, at diag.Pos, inMapping bool) *source.Value {
	r.blanks()
	if !r.atEnd() {
		if inMapping && r.entryAhead() {
			r.find(r.pos, r.pos+1, "Y009", "a list item on the line of its key", "put it on the next line, or write [ … ]", "")
			r.skipDeeper(parent)
			return null(at)
		}
		if r.properties() && r.atEnd() {
			return r.value(parent, at, inMapping)
		}
		return r.inline(parent)
	}
	if !r.toContent() || r.separator() {
		return null(at)
	}
	switch c := r.column(); {
	case c > parent:
		return r.block(parent)
	case c == parent && inMapping && r.entryAhead():
		return r.sequence(c)
	}
	return null(at)
}

// sequence reads the list items whose dashes stand in column col.
func (r *reader) sequence(col int) *source.Value {
	v := &source.Value{Kind: event.Array, Pos: r.place(r.pos, r.pos+1)}
	for r.toContent() && r.column() >= col && !r.separator() {
		if r.column() > col {
			want := col
			if last := v.Items[len(v.Items)-1]; r.keyAhead() && last.Kind == event.Object {
				want = last.Pos.Column - 1
			}
			r.overIndented(want, col)
			continue
		}
		if !r.entryAhead() {
			return v
		}
		v.Items = append(v.Items, r.item(col))
	}
	return v
}

// item reads one list item, its dash being here.
func (r *reader) item(col int) *source.Value {
	at := r.place(r.pos, r.pos+1)
	r.pos++
	r.blanks()
	if !r.atEnd() && (r.entryAhead() || r.keyAhead()) {
		return r.block(col)
	}
	return r.value(col, at, false)
}

// inline reads a value that begins on this line, and checks that nothing follows it.
func (r *reader) inline(parent int) *source.Value {
	var v *source.Value
	switch c := r.src[r.pos]; c {
	case '[', '{':
		v = r.flow(parent)
	case '"', '\'':
		v = r.quoted(parent)
	case '|', '>':
		if v = r.text(parent); v != nil {
			return v // ends with its last line
		}
		v = r.operator(false)
	default:
		r.reservedAhead()
		v = r.plain(parent)
	}
	r.trailing(v)
	return v
}

// trailing reports what stands between a value and the end of its line.
func (r *reader) trailing(v *source.Value) {
	r.blanks()
	if r.atEnd() {
		return
	}
	end := r.lineEnd(r.pos)
	switch {
	case r.src[r.pos] == ':' && !r.Quoted(v):
		r.find(r.pos, r.pos+1, "Y011", "a second colon on this line", "quote the value", "YAML reads a colon and a space as the end of a key")
	default:
		r.find(r.pos, end, "Y006", "this follows a value that has ended", "quote the whole value", "")
		if m := r.marks[v]; m != nil {
			m.trailing = r.pos
		}
	}
	r.pos = end
}

package yaml

import (
	"bytes"
	"fmt"

	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/rules/source"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// brackets is an open pair.
type brackets struct {
	start  int  // offset of the opening one
	closer byte // the closing one
	parent int  // indentation of the block it stands in: its lines are deeper
}

// flow reads the list or object in brackets that begins here.
func (r *reader) flow(parent int) *source.Value {
	at := r.place(r.pos, r.pos+1)
	defer func() { r.depth-- }()
	if !r.enter() {
		return null(at)
	}
	r.open = false
	b := brackets{start: r.pos, closer: ']', parent: parent}
	v := &source.Value{Kind: event.Array, Pos: at}
	if r.src[r.pos] == '{' {
		v.Kind, b.closer = event.Object, '}'
	}
	r.pos++
	r.closers = append(r.closers, b.closer)
	r.flowItems(b, v)
	r.closers = r.closers[:len(r.closers)-1]
	r.marks[v] = &mark{end: r.pos}
	return v
}

// flowItems reads what stands between the brackets into v, and the closing one.
func (r *reader) flowItems(b brackets, v *source.Value) {
	seen := map[string]diag.Pos{}
	for wantComma := false; r.inside(b); {
		switch c := r.src[r.pos]; {
		case c == b.closer:
			r.pos++
			return
		case (c == ']' || c == '}') && bytes.IndexByte(r.closers, c) >= 0:
			r.neverClosed(b)
			return
		case c == ']' || c == '}':
			r.find(r.pos, r.pos+1, "Y010", fmt.Sprintf("this closes a %c that was never opened", c), fmt.Sprintf("write %c", b.closer), "")
			r.pos++
			return
		case c == ',':
			if !wantComma {
				r.find(r.pos, r.pos+1, "Y018", "nothing stands before this comma", "remove it", "")
			}
			wantComma = false
			r.pos++
			continue
		case wantComma:
			r.find(r.pos, r.pos+1, "Y018", "a comma is missing before this", "write a comma between the items", "")
		}
		if v.Kind == event.Array {
			v.Items = append(v.Items, r.flowItem(b))
		} else {
			r.flowMember(b, v, seen)
		}
		wantComma = true
	}
}

// inside moves to the next character in the brackets. Where the file or the block that
// holds them ends first, it reports the bracket that is open and says no.
func (r *reader) inside(b brackets) bool {
	line := r.line(r.pos)
	if r.space() {
		c := r.src[r.pos]
		if r.line(r.pos) == line || c == ']' || c == '}' || r.column() > b.parent && !r.separator() {
			return true
		}
	}
	r.neverClosed(b)
	r.pos = r.lineEnd(r.starts[line])
	return false
}

// neverClosed reports an open bracket, once for all that are open for the same reason.
func (r *reader) neverClosed(b brackets) {
	if !r.open && !r.tooDeep {
		open := r.src[b.start]
		r.find(b.start, b.start+1, "Y010", fmt.Sprintf("this %c is never closed", open), fmt.Sprintf("close it with %c", b.closer), "")
	}
	r.open = true
}

// flowItem reads one item of a list in brackets.
func (r *reader) flowItem(b brackets) *source.Value {
	start := r.pos
	v := r.flowValue(b)
	if !r.inside(b) || r.src[r.pos] != ':' {
		return v
	}
	r.find(start, r.pos+1, "Y018", "a key and its value inside a list", fmt.Sprintf("write {%s: …}", v.Text), "")
	r.pos++
	if r.inside(b) && !r.closes() {
		r.flowValue(b)
	}
	return v
}

// closes says whether a comma or a closing bracket is here.
func (r *reader) closes() bool {
	c := r.peek(r.pos)
	return c == ',' || c == ']' || c == '}'
}

// flowMember reads a key and its value in braces.
func (r *reader) flowMember(b brackets, v *source.Value, seen map[string]diag.Pos) {
	start := r.pos
	key := r.flowValue(b)
	stop := r.pos
	switch {
	case key.Kind == event.Array || key.Kind == event.Object:
		r.find(start, start+1, "Y012", "a key is one word", "write the key as a word", "")
	case key.Text == "<<" && !r.Quoted(key):
		r.find(start, stop, "Y014", "a merge key", "write the members out", "rule files have no anchors, aliases and merge keys")
	}
	if !r.inside(b) {
		return
	}
	if r.src[r.pos] != ':' {
		label := fmt.Sprintf("write  %s: …", key.Text)
		if i := colonInside(key.Text); i >= 0 && !r.Quoted(key) {
			label = fmt.Sprintf("put a space after the colon:  %s: %s", key.Text[:i], key.Text[i+1:])
		}
		r.find(start, stop, "Y012", "a key without a value", label, "")
		return
	}
	colon := r.pos
	r.pos++
	if !r.Quoted(key) && !isSpace(r.peek(r.pos)) {
		r.find(colon, r.pos+1, "Y012", "a colon without a space after it", "put a space after the colon", "")
	}
	m := source.Member{Name: key.Text, Pos: key.Pos, Value: null(key.Pos)}
	delete(r.marks, key)
	if r.inside(b) && !r.closes() {
		m.Value = r.flowValue(b)
	}
	r.add(v, m, seen)
	r.secondColon()
}

// secondColon reports {a: b: c} and moves over the rest of the member.
func (r *reader) secondColon() {
	r.blanks()
	if r.peek(r.pos) != ':' {
		return
	}
	r.find(r.pos, r.pos+1, "Y011", "a second colon in one member", "quote the value, or write a comma", "")
	for r.peek(r.pos) != '\n' && !r.closes() {
		r.pos++
	}
}

// colonInside is the index of a colon within a word, or -1.
func colonInside(word string) int {
	for i := 1; i+1 < len(word); i++ {
		if word[i] == ':' {
			return i
		}
	}
	return -1
}

// flowValue reads one value in brackets, which ends on its line unless it is quoted or
// in brackets itself: a word that went on in the next line would hide a missing comma.
func (r *reader) flowValue(b brackets) *source.Value {
	if r.properties() && (!r.inside(b) || r.closes()) {
		return null(r.place(r.pos, r.pos+1))
	}
	switch c := r.src[r.pos]; c {
	case '[', '{':
		return r.flow(b.parent)
	case '"', '\'':
		return r.quoted(b.parent)
	case '|', '>':
		return r.operator(true)
	}
	return r.flowWord(b)
}

// flowWord reads a plain word in brackets.
func (r *reader) flowWord(b brackets) *source.Value {
	start := r.pos
	end, stop := r.plainEnd(start, true)
	if r.entryAhead() {
		r.find(start, start+1, "Y018", "a dash inside brackets", "write the items with commas between them", "")
	} else {
		r.reserved(start, end)
	}
	r.pos = stop
	word := string(r.src[start:end])
	return &source.Value{Kind: resolve(word), Text: word, Pos: r.place(start, end)}
}

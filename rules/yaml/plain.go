package yaml

import (
	"regexp"

	"github.com/tocsin-engine/tocsin/rules/source"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// plainEnd finds the end of the plain text that begins at an offset, on its line: where
// the text ends, blanks cut, and where the reader stopped.
func (r *reader) plainEnd(offset int, inFlow bool) (text, stop int) {
	text = offset
	i := offset
	for ; i < len(r.src) && r.src[i] != '\n'; i++ {
		c := r.src[i]
		switch {
		case isBlank(c):
			continue
		case c == '#' && i > offset && isBlank(r.src[i-1]):
			return text, i
		case c == ':' && i > offset && (isSpace(r.peek(i+1)) || inFlow && isFlow(r.peek(i+1))):
			return text, i
		case inFlow && isFlow(c) && i > offset:
			return text, i
		}
		text = i + 1
	}
	return text, i
}

// plain reads a plain scalar outside brackets. It may go on in deeper lines, whose
// breaks are folded to spaces.
func (r *reader) plain(parent int) *source.Value {
	start := r.pos
	end, stop := r.plainEnd(start, false)
	r.pos = stop
	v := &source.Value{Pos: r.place(start, end)}
	t := folded{r: r}
	t.copy(start, end)
	for r.peek(r.pos) == '\n' && r.continues(parent, &t) {
		from := r.pos
		end, r.pos = r.plainEnd(from, false)
		t.copy(from, end)
	}
	switch {
	case t.lines > 0:
		v.Kind, v.Text = event.String, t.String()
		r.marks[v] = &mark{at: t.end(end)}
	default:
		v.Kind, v.Text = resolve(string(r.src[start:end])), string(r.src[start:end])
	}
	if r.comment(r.pos) {
		m := r.marks[v]
		if m == nil {
			m = &mark{}
			r.marks[v] = m
		}
		m.comment = r.pos
	}
	return v
}

// continues moves to the next line of a plain scalar, if there is one.
func (r *reader) continues(parent int, t *folded) bool {
	back := r.pos
	breaks := 0
	for r.pos < len(r.src) && isSpace(r.src[r.pos]) {
		if r.src[r.pos] == '\n' {
			breaks++
		}
		r.pos++
	}
	if r.pos == len(r.src) || r.column() <= parent || r.separator() || r.structureAhead() {
		r.pos = back
		return false
	}
	t.fold(back, breaks)
	return true
}

// structureAhead says whether this line looks like anything but text.
func (r *reader) structureAhead() bool {
	c := r.src[r.pos]
	return r.comment(r.pos) || r.keyAhead() || r.tabIndent() || (c == '-' || c == '?' || c == ':') && isSpace(r.peek(r.pos+1))
}

// tabIndent says whether a tab stands before the first character of the line.
func (r *reader) tabIndent() bool {
	for _, c := range r.src[r.starts[r.line(r.pos)]:r.pos] {
		if c == '\t' {
			return true
		}
	}
	return false
}

// number is JSON's grammar of numbers.
var number = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

// resolve is what a plain word means.
func resolve(word string) event.Kind {
	switch word {
	case "null":
		return event.Null
	case "true", "false":
		return event.Bool
	}
	if c := word[0]; (c == '-' || c >= '0' && c <= '9') && number.MatchString(word) {
		return event.Number
	}
	return event.String
}

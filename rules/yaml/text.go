package yaml

import (
	"math"

	"github.com/tocsin-engine/tocsin/rules/source"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// header is the first line of a block of text: | or > and its options.
type header struct {
	fold   bool
	chomp  byte // '-' strips the breaks at the end, '+' keeps them all, 0 keeps one
	indent int  // 0 where the first line tells
}

// text reads the block of text that begins here, or returns nil if it is none.
func (r *reader) text(parent int) *source.Value {
	start := r.pos
	h, ok := r.header()
	if !ok {
		r.pos = start
		return nil
	}
	v := &source.Value{Kind: event.String, Pos: r.place(start, start+1)}
	t := folded{r: r}
	indent := max(parent, 0) + h.indent
	if h.indent == 0 {
		indent = r.textIndent(parent)
	}
	if indent < 0 {
		indent = math.MaxInt // nothing but empty lines
	}
	r.lines(h, indent, &t)
	v.Text = t.String()
	r.marks[v] = &mark{at: t.end(max(start, r.pos-1))}
	return v
}

// header reads a block's first line and moves to the next.
func (r *reader) header() (header, bool) {
	h := header{fold: r.src[r.pos] == '>'}
	for r.pos++; ; r.pos++ {
		switch c := r.peek(r.pos); {
		case (c == '-' || c == '+') && h.chomp == 0:
			h.chomp = c
			continue
		case c >= '1' && c <= '9' && h.indent == 0:
			h.indent = int(c - '0')
			continue
		}
		break
	}
	if !isSpace(r.peek(r.pos)) {
		return h, false
	}
	r.blanks()
	if !r.atEnd() {
		return h, false
	}
	r.pos = min(r.lineEnd(r.pos)+1, len(r.src))
	return h, true
}

// textIndent is the indentation of the block's first line that holds anything, or -1.
func (r *reader) textIndent(parent int) int {
	widest, parent := 0, max(parent, 0)
	for i := r.pos; i < len(r.src); i = min(r.lineEnd(i)+1, len(r.src)) {
		spaces := r.spaces(i)
		switch c := r.peek(i + spaces); {
		case c == '\n':
			widest = max(widest, spaces)
			continue
		case spaces <= parent:
			return -1
		case c == '\t':
			r.find(i+spaces, i+spaces+1, "Y007", "a tab in the indentation", "use spaces here", "YAML measures the structure in spaces")
		case widest > spaces:
			r.find(i, i+spaces+1, "Y009", "an empty line above is indented deeper than this one", "remove the spaces of the empty line", "")
		}
		return spaces
	}
	return -1
}

// spaces counts the spaces from an offset on.
func (r *reader) spaces(offset int) int {
	n := 0
	for r.peek(offset+n) == ' ' {
		n++
	}
	return n
}

// lines reads the lines of a block, the first being here, until one is indented less.
func (r *reader) lines(h header, indent int, t *folded) {
	var (
		lastBreak = -1 // offset of the break after the last line that holds anything
		empty     []int
		deeper    bool // that line begins with a blank: its break is not folded
	)
	flush := func(fold bool) {
		switch {
		case lastBreak < 0:
		case !fold:
			t.add('\n', lastBreak)
		case len(empty) == 0:
			t.add(' ', lastBreak)
		}
		for _, offset := range empty {
			t.add('\n', offset)
		}
		empty = empty[:0]
	}
	for r.pos < len(r.src) {
		spaces := min(r.spaces(r.pos), indent)
		from, end := r.pos+spaces, r.lineEnd(r.pos)
		if from == end {
			if end < len(r.src) {
				empty = append(empty, end)
			}
			r.pos = min(end+1, len(r.src))
			continue
		}
		if spaces < indent {
			break
		}
		nowDeeper := isBlank(r.src[from])
		flush(h.fold && !deeper && !nowDeeper)
		deeper, lastBreak = nowDeeper, end
		t.copy(from, end)
		r.pos = min(end+1, len(r.src))
	}
	r.chomp(h, lastBreak, empty, t)
}

// chomp appends the breaks at a block's end.
func (r *reader) chomp(h header, lastBreak int, empty []int, t *folded) {
	if h.chomp != '-' && lastBreak >= 0 && lastBreak < len(r.src) {
		t.add('\n', lastBreak)
	}
	if h.chomp == '+' {
		for _, offset := range empty {
			t.add('\n', offset)
		}
	}
}

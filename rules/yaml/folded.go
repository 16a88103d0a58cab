package yaml

import "unicode/utf8"

// folded is a text being made from several lines or escapes, which remembers where in
// the file each of its runes is written.
type folded struct {
	r     *reader
	text  []byte
	at    []int
	lines int // breaks folded so far
	fixed int // text up to here was escaped: its blanks stay
}

// String is the text so far.
func (t *folded) String() string { return string(t.text) }

// end returns the places of the runes, and of the end of the text.
func (t *folded) end(offset int) []int { return append(t.at, offset) }

// copy appends the text between two offsets.
func (t *folded) copy(from, to int) {
	for i := from; i < to; {
		_, n := utf8.DecodeRune(t.r.src[i:to])
		t.text = append(t.text, t.r.src[i:i+n]...)
		t.at = append(t.at, i)
		i += n
	}
}

// add appends one rune that is written at an offset.
func (t *folded) add(c rune, offset int) {
	t.text = utf8.AppendRune(t.text, c)
	t.at = append(t.at, offset)
}

// fold appends what line breaks stand for: one is a space, more are one less.
func (t *folded) fold(offset, breaks int) {
	t.lines++
	if breaks == 1 {
		t.add(' ', offset)
		return
	}
	t.breaks(offset, breaks-1)
}

// breaks appends line breaks.
func (t *folded) breaks(offset, n int) {
	for range n {
		t.add('\n', offset)
	}
}

// trim removes the blanks at the end, except those that were written as escapes.
func (t *folded) trim() {
	for len(t.text) > t.fixed && isBlank(t.text[len(t.text)-1]) {
		t.text = t.text[:len(t.text)-1]
		t.at = t.at[:len(t.at)-1]
	}
}

package yaml

import (
	"fmt"
	"strings"

	"github.com/tocsin-engine/tocsin/rules/source"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// word is the end of the word that begins at an offset.
func (r *reader) word(offset int) int {
	for offset < len(r.src) && !isSpace(r.src[offset]) {
		offset++
	}
	return offset
}

// properties moves over anchors, and over tags that stand before a value of their own,
// reporting them. A tag before a plain word stays: people mean a "not" or a text.
func (r *reader) properties() bool {
	found := false
	for r.pos < len(r.src) {
		end := r.word(r.pos)
		switch c := r.src[r.pos]; {
		case c == '&':
			r.anchor(r.pos, end)
		case c == '!' && r.opensValue(end):
			r.tag(r.pos, end)
		default:
			return found
		}
		found = true
		r.pos = end
		r.blanks()
	}
	return found
}

// opensValue says whether a collection, quoted text or block of text follows on the line.
func (r *reader) opensValue(offset int) bool {
	for isBlank(r.peek(offset)) {
		offset++
	}
	return strings.IndexByte("[{\"'|>", r.peek(offset)) >= 0
}

// reservedAhead reports the plain word that begins here, if YAML keeps its first
// character for itself; the word is then read as text.
func (r *reader) reservedAhead() {
	end, _ := r.plainEnd(r.pos, false)
	r.reserved(r.pos, max(end, r.pos+1))
}

func (r *reader) anchor(from, to int) {
	r.find(from, to, "Y005", "an anchor", "remove it, or quote the text", "rule files have no anchors and aliases: write the value out")
}

func (r *reader) alias(from, to int) {
	word := string(r.src[from:to])
	if strings.ContainsAny(word[1:], "*.?/:") {
		r.find(from, to, "Y003", "quote the wildcard "+word, fmt.Sprintf("write %q", word), "YAML reads a bare * as a reference to another value")
		return
	}
	r.find(from, to, "Y003", "an alias", "write the value out, or quote the text", "rule files have no anchors and aliases")
}

func (r *reader) tag(from, to int) {
	r.find(from, to, "Y004", "YAML reads a bare ! as a type tag", fmt.Sprintf("write %q", r.src[from:to]), "an expression that begins with ! goes into a block:  when: |")
}

// operator reports a word that begins with > or | where no block of text can begin, and
// reads it as text.
func (r *reader) operator(inFlow bool) *source.Value {
	start := r.pos
	end, stop := r.plainEnd(start, inFlow)
	op := string(r.src[start:end])
	message, label := "quote "+op, fmt.Sprintf("write %q", op)
	if op == ">" || op == ">=" {
		message, label = "quote the "+op+" operator", fmt.Sprintf("write numeric: [%q, …]", op)
	}
	c := r.src[start]
	r.find(start, end, "Y002", message, label, fmt.Sprintf("YAML reads a bare %c as the start of a block of text", c))
	r.pos = stop
	return &source.Value{Kind: event.String, Text: op, Pos: r.place(start, end)}
}

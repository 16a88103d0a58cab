package wat

import (
	"fmt"
	"strconv"
)

// node is an atom, a string, or a list in parentheses.
type node struct {
	text string // of an atom; of a string its bytes
	kind byte   // 'a', '"' or '('
	list []node
	line int
}

func (n node) is(word string) bool { return n.kind == 'a' && n.text == word }

// head says whether n is a list that begins with word.
func (n node) head(word string) bool { return n.kind == '(' && len(n.list) > 0 && n.list[0].is(word) }

// parser reads nodes; depth bounds how deep they nest.
type parser struct {
	src         string
	i, line     int
	err         error
	depthBudget int
}

func (p *parser) fail(line int, format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf("wat: line %d: "+format, append([]any{line}, args...)...)
	}
	p.i = len(p.src)
}

func parse(src string) ([]node, error) {
	p := &parser{src: src, line: 1, depthBudget: 100}
	var list []node
	for p.space(); p.i < len(p.src); p.space() {
		list = append(list, p.node())
	}
	return list, p.err
}

// space passes over white space and comments.
func (p *parser) space() {
	for p.i < len(p.src) {
		switch c := p.src[p.i]; {
		case c == '\n':
			p.line++
			p.i++
		case c == ' ' || c == '\t' || c == '\r':
			p.i++
		case p.has(";;"):
			for p.i < len(p.src) && p.src[p.i] != '\n' {
				p.i++
			}
		case p.has("(;"):
			p.comment()
		default:
			return
		}
	}
}

func (p *parser) has(s string) bool { return len(p.src)-p.i >= len(s) && p.src[p.i:p.i+len(s)] == s }

func (p *parser) comment() {
	from := p.line
	for ; p.i < len(p.src) && !p.has(";)"); p.i++ {
		if p.src[p.i] == '\n' {
			p.line++
		}
	}
	if p.i == len(p.src) {
		p.fail(from, "a comment is not closed; write ;)")
		return
	}
	p.i += 2
}

func (p *parser) node() node {
	switch p.src[p.i] {
	case '(':
		return p.parens()
	case ')':
		p.fail(p.line, "a parenthesis is closed that was not opened")
		return node{}
	case '"':
		return p.string()
	}
	from := p.i
	for p.i < len(p.src) && p.src[p.i] > ' ' && p.src[p.i] != '(' && p.src[p.i] != ')' && p.src[p.i] != '"' && p.src[p.i] != ';' {
		p.i++
	}
	if p.i == from {
		p.fail(p.line, "%q belongs to no word", p.src[from])
		return node{}
	}
	return node{text: p.src[from:p.i], kind: 'a', line: p.line}
}

func (p *parser) parens() node {
	n := node{kind: '(', line: p.line}
	if p.depthBudget--; p.depthBudget < 0 {
		p.fail(p.line, "parentheses nest too deep")
		return n
	}
	p.i++
	for p.space(); p.i < len(p.src) && p.src[p.i] != ')'; p.space() {
		n.list = append(n.list, p.node())
	}
	p.depthBudget++
	if p.i == len(p.src) {
		p.fail(n.line, "a parenthesis is not closed")
		return n
	}
	p.i++
	return n
}

// string reads a string; \xx is a byte in hexadecimal.
func (p *parser) string() node {
	n := node{kind: '"', line: p.line}
	var out []byte
	for p.i++; p.i < len(p.src) && p.src[p.i] != '"' && p.src[p.i] != '\n'; p.i++ {
		c := p.src[p.i]
		if c == '\\' {
			c = p.escape()
		}
		out = append(out, c)
	}
	if p.i >= len(p.src) || p.src[p.i] != '"' {
		p.fail(n.line, "a string is not closed")
		return n
	}
	p.i++
	n.text = string(out)
	return n
}

func (p *parser) escape() byte {
	p.i++
	if p.i >= len(p.src) {
		return 0
	}
	switch c := p.src[p.i]; c {
	case 'n':
		return '\n'
	case 't':
		return '\t'
	case 'r':
		return '\r'
	case '"', '\\', '\'':
		return c
	}
	if p.i+2 <= len(p.src) {
		if v, err := strconv.ParseUint(p.src[p.i:p.i+2], 16, 8); err == nil {
			p.i++
			return byte(v)
		}
	}
	p.fail(p.line, "an escape is none of \\n \\t \\r \\\" \\\\ \\xx; write two hexadecimal digits")
	return 0
}

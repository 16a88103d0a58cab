package yaml

import "bytes"

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

func isSpace(c byte) bool { return isBlank(c) || c == '\n' }

func isFlow(c byte) bool { return bytes.IndexByte([]byte(",[]{}"), c) >= 0 }

// peek is the byte at an offset, or a line break after the end of the file.
func (r *reader) peek(offset int) byte {
	if offset < len(r.src) {
		return r.src[offset]
	}
	return '\n'
}

// column is how many bytes stand before pos in its line.
func (r *reader) column() int {
	return r.pos - r.starts[r.line(r.pos)]
}

// blanks moves over spaces and tabs.
func (r *reader) blanks() {
	for r.pos < len(r.src) && isBlank(r.src[r.pos]) {
		r.pos++
	}
}

// comment says whether a comment begins at an offset.
func (r *reader) comment(offset int) bool {
	return r.peek(offset) == '#' && offset < len(r.src) && (offset == 0 || isSpace(r.src[offset-1]))
}

// atEnd says whether the line holds nothing more.
func (r *reader) atEnd() bool {
	return r.peek(r.pos) == '\n' || r.comment(r.pos)
}

// space moves over white space and comments and says whether anything follows.
func (r *reader) space() bool {
	for r.pos < len(r.src) {
		switch {
		case isSpace(r.src[r.pos]):
			r.pos++
		case r.comment(r.pos):
			r.pos = r.lineEnd(r.pos)
		default:
			return true
		}
	}
	return false
}

// toContent is space where indentation counts: tabs in it are a finding, once a file.
func (r *reader) toContent() bool {
	if !r.space() {
		return false
	}
	start := r.starts[r.line(r.pos)]
	before := r.src[start:r.pos]
	if tab := bytes.IndexByte(before, '\t'); tab >= 0 && !r.tabs && len(bytes.Trim(before, " \t")) == 0 {
		r.tabs = true
		r.find(start+tab, r.pos, "Y007", "a tab in the indentation", "use spaces here", "YAML measures the structure in spaces")
	}
	return true
}

// skipDeeper moves to the first content line that is indented at most as far as col.
func (r *reader) skipDeeper(col int) {
	r.pos = r.lineEnd(r.pos)
	for r.space() && r.column() > col {
		r.pos = r.lineEnd(r.pos)
	}
}

// entryAhead says whether a list item begins here.
func (r *reader) entryAhead() bool {
	return r.peek(r.pos) == '-' && isSpace(r.peek(r.pos+1))
}

// keyAhead says whether a key and its colon stand here, on one line.
func (r *reader) keyAhead() bool {
	end := r.keyEnd()
	return end >= 0 && r.peek(end) == ':' && end < len(r.src)
}

// keyEnd is the offset of the colon after the key that begins here, or -1.
func (r *reader) keyEnd() int {
	switch c := r.peek(r.pos); {
	case c == '"' || c == '\'':
		end := r.quoteEnd(r.pos)
		if end < 0 {
			return -1
		}
		for isBlank(r.peek(end)) {
			end++
		}
		if r.peek(end) == ':' && isSpace(r.peek(end+1)) {
			return end
		}
		return -1
	case c == '[' || c == '{' || c == '#' || c == '|' || c == '>':
		return -1
	}
	_, stop := r.plainEnd(r.pos, false)
	if r.peek(stop) == ':' && stop < len(r.src) {
		return stop
	}
	return -1
}

// quoteEnd is the offset after the closing quote of the quoted text that begins at an
// offset, or -1 where the line ends first.
func (r *reader) quoteEnd(offset int) int {
	quote := r.src[offset]
	for i := offset + 1; i < len(r.src) && r.src[i] != '\n'; i++ {
		switch {
		case r.src[i] == '\\' && quote == '"':
			i++
		case r.src[i] == quote && quote == '\'' && r.peek(i+1) == quote:
			i++
		case r.src[i] == quote:
			return i + 1
		}
	}
	return -1
}

package projection

import (
	"encoding/binary"
	"math/bits"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// Read finds the leaves of ev at the paths of p. It allocates nothing once into has
// grown to the size of the events.
func (p *Paths) Read(ev []byte, into *Leaves) {
	into.reset(int(p.n))
	i := skipSpace(ev, 0)
	if i == len(ev) || ev[i] != '{' {
		return
	}
	r := reader{b: ev, out: into}
	r.object(i, &p.root, state{plain: true})
}

type reader struct {
	b   []byte
	out *Leaves
}

// deepest is how deep lists and objects are followed; a checked event is never deeper.
const deepest = event.MaxDepth + 1

// state is where Read is in the event.
type state struct {
	context int32
	depth   int16
	plain   bool // through members only, one name for each part of the path
}

// object reads the members of the object that starts at b[i] and returns the index
// after it.
func (r *reader) object(i int, n *node, at state) int {
	b := r.b
	for i++; i < len(b); {
		switch b[i] {
		case '"':
		case '}':
			return i + 1
		default: // a comma or space
			i++
			continue
		}
		start := i + 1
		end, marks := nameEnd(b, start)
		if end >= len(b) {
			return end
		}
		next := r.member(n, b[start:end], marks)
		for i = end + 1; i < len(b) && (b[i] == ':' || isSpace(b[i])); i++ {
		}
		if i >= len(b) {
			return i
		}
		if next == nil {
			i = skipValue(b, i)
		} else {
			inner := at
			inner.plain = at.plain && marks == 0
			i = r.value(i, next, inner)
		}
	}
	return i
}

// member finds the node that a member's name leads to.
func (r *reader) member(n *node, name []byte, marks nameMarks) *node {
	if marks == 0 {
		return n.find(keyOf(name), name)
	}
	if marks&escaped != 0 {
		text, _ := event.Value(r.quoted(name)).Text()
		name = []byte(text)
	}
	return n.dotted(name)
}

// quoted is name with its quotes, which are around it in the text.
func (r *reader) quoted(name []byte) []byte {
	q := make([]byte, 0, len(name)+2)
	return append(append(append(q, '"'), name...), '"')
}

// value reads the value at b[i], which is wanted, and returns the index after it.
func (r *reader) value(i int, n *node, at state) int {
	switch r.b[i] {
	case '{':
		if len(n.children) == 0 || at.depth == deepest {
			return skipContainer(r.b, i)
		}
		at.depth++
		return r.object(i, n, at)
	case '[':
		if at.depth == deepest {
			return skipContainer(r.b, i)
		}
		at.depth++
		at.plain = false
		return r.list(i, n, at)
	}
	if n.leaf == 0 {
		return skipValue(r.b, i)
	}
	return r.scalar(i, n.leaf-1, at)
}

// list reads the elements of the list that starts at b[i].
func (r *reader) list(i int, n *node, at state) int {
	r.out.lists++
	list := r.out.lists
	for i++; i < len(r.b); {
		switch c := r.b[i]; {
		case c == ']':
			return i + 1
		case c == ',' || isSpace(c):
			i++
		case c == '{' || c == '[':
			inner := at
			inner.context = int32(len(r.out.Contexts))
			r.out.Contexts = append(r.out.Contexts, Context{Parent: at.context, List: list})
			i = r.value(i, n, inner)
			r.out.Contexts[inner.context].End = int32(len(r.out.Contexts))
		default:
			i = r.value(i, n, at)
		}
	}
	return i
}

// scalar takes the scalar at b[i] as a leaf.
func (r *reader) scalar(i int, path int32, at state) int {
	leaf := Leaf{Path: path, Context: at.context, Plain: at.plain}
	end := i
	switch c := r.b[i]; c {
	case '"':
		leaf.Kind = event.String
		close, escapes := stringEnd(r.b, i+1)
		if close >= len(r.b) {
			return close
		}
		leaf.Text, end = r.b[i+1:close], close+1
		if escapes {
			leaf.Text = r.decode(r.b[i:end])
		}
	default:
		end = skipValue(r.b, i)
		leaf.Text = r.b[i:end]
		switch c {
		case 't', 'f':
			leaf.Kind = event.Bool
		case 'n':
			leaf.Kind = event.Null
		default:
			leaf.Kind = event.Number
		}
	}
	r.out.add(leaf)
	return end
}

// decode resolves the escapes of a string into the leaves' own memory.
func (r *reader) decode(quoted []byte) []byte {
	start := len(r.out.decoded)
	r.out.decoded = event.Value(quoted).AppendText(r.out.decoded)
	return r.out.decoded[start:len(r.out.decoded):len(r.out.decoded)]
}

const (
	ones   = 0x0101010101010101
	highs  = 0x8080808080808080
	quotes = '"' * ones
	slants = '\\' * ones
	dots   = '.' * ones
)

// zeros marks with their high bit the bytes of w that are zero. Bytes above a zero one
// may be marked wrongly, the lowest mark is right.
func zeros(w uint64) uint64 { return (w - ones) &^ w & highs }

// stringEnd returns the index of the quote that ends the string whose content starts
// at b[i], and whether there are escapes in it; len(b) if it does not end.
func stringEnd(b []byte, i int) (end int, escapes bool) {
	for i+8 <= len(b) {
		w := binary.LittleEndian.Uint64(b[i:])
		m := zeros(w^quotes) | zeros(w^slants)
		if m == 0 {
			i += 8
			continue
		}
		i += bits.TrailingZeros64(m) >> 3
		if b[i] == '"' {
			return i, escapes
		}
		escapes = true
		i += 2
	}
	for i < len(b) && b[i] != '"' {
		if b[i] == '\\' {
			escapes = true
			i++
		}
		i++
	}
	return min(i, len(b)), escapes
}

// nameMarks says what a member's name has that makes its lookup slower.
type nameMarks uint8

const (
	escaped nameMarks = 1 << iota
	hasDot
)

// nameEnd is stringEnd for a member's name.
func nameEnd(b []byte, i int) (end int, marks nameMarks) {
	for i+8 <= len(b) {
		w := binary.LittleEndian.Uint64(b[i:])
		m := zeros(w^quotes) | zeros(w^slants)
		dot := zeros(w ^ dots)
		if m == 0 {
			if dot != 0 {
				marks |= hasDot
			}
			i += 8
			continue
		}
		if dot&(m-1) != 0 && bits.TrailingZeros64(dot) < bits.TrailingZeros64(m) {
			marks |= hasDot
		}
		i += bits.TrailingZeros64(m) >> 3
		if b[i] == '"' {
			return i, marks
		}
		marks |= escaped
		i += 2
	}
	for i < len(b) && b[i] != '"' {
		switch b[i] {
		case '\\':
			marks |= escaped
			i++
		case '.':
			marks |= hasDot
		}
		i++
	}
	return min(i, len(b)), marks
}

// skipValue returns the index after the value that starts at b[i].
func skipValue(b []byte, i int) int {
	switch b[i] {
	case '"':
		end, _ := stringEnd(b, i+1)
		return min(end+1, len(b))
	case '{', '[':
		return skipContainer(b, i)
	}
	for i++; i < len(b) && class[b[i]]&ending == 0; i++ {
	}
	return i
}

// skipContainer returns the index after the object or list that starts at b[i].
func skipContainer(b []byte, i int) int {
	depth := 0
	for i < len(b) {
		c := class[b[i]]
		switch {
		case c&quote != 0:
			end, _ := stringEnd(b, i+1)
			i = end + 1
			continue
		case c&opening != 0:
			depth++
		case c&closing != 0:
			depth--
			if depth == 0 {
				return i + 1
			}
		}
		i++
	}
	return min(i, len(b))
}

// The classes of the bytes that matter between values.
const (
	quote = 1 << iota
	opening
	closing
	ending // after a number or literal
)

var class = [256]uint8{
	'"': quote, '{': opening, '[': opening, '}': closing | ending, ']': closing | ending,
	',': ending, ' ': ending, '\t': ending, '\n': ending, '\r': ending,
}

func skipSpace(b []byte, i int) int {
	for i < len(b) && isSpace(b[i]) {
		i++
	}
	return i
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

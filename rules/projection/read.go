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
		end, first, marks := nameEnd(b, start)
		if end >= len(b) {
			return end
		}
		var next *node
		if marks == 0 {
			next = n.find(keyFrom(first, end-start), b[start:end])
		} else {
			next = n.spelled(b[i:end+1], marks)
		}
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

// spelled finds the node that a name with escapes or dots leads to.
func (n *node) spelled(quoted []byte, marks nameMarks) *node {
	if marks&escaped != 0 {
		text, _ := event.Value(quoted).Text()
		return n.dotted([]byte(text))
	}
	return n.dotted(quoted[1 : len(quoted)-1])
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
	if r.b[i] == '"' {
		end, escapes := stringEnd(r.b, i+1)
		if end >= len(r.b) {
			return end
		}
		leaf := r.out.add(path, at.context)
		leaf.Kind, leaf.Plain, leaf.Text = event.String, at.plain, r.b[i+1:end]
		if escapes {
			leaf.Text = r.decode(r.b[i : end+1])
		}
		return end + 1
	}
	end := skipValue(r.b, i)
	leaf := r.out.add(path, at.context)
	leaf.Kind, leaf.Plain, leaf.Text = event.Number, at.plain, r.b[i:end]
	switch r.b[i] {
	case 't', 'f':
		leaf.Kind = event.Bool
	case 'n':
		leaf.Kind = event.Null
	}
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
	for i >= 0 && i+8 <= len(b) {
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

// nameEnd is stringEnd for a member's name; first are its first eight bytes, with what
// follows it if it is shorter.
func nameEnd(b []byte, i int) (end int, first uint64, marks nameMarks) {
	for start := i; i+8 <= len(b); i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		if i == start {
			first = w
		}
		m := zeros(w^quotes) | zeros(w^slants)
		dot := zeros(w ^ dots)
		if m == 0 {
			if dot != 0 {
				marks |= hasDot
			}
			continue
		}
		low := bits.TrailingZeros64(m)
		if dot != 0 && bits.TrailingZeros64(dot) < low {
			marks |= hasDot
		}
		if i += low >> 3; b[i] == '"' {
			return i, first, marks
		}
		return slowNameEnd(b, i, first, marks)
	}
	if i+8 > len(b) && first == 0 {
		for k, c := range b[i:] {
			first |= uint64(c) << (8 * k)
		}
	}
	return slowNameEnd(b, i, first, marks)
}

// slowNameEnd goes byte by byte: names with escapes, and the end of the text.
func slowNameEnd(b []byte, i int, first uint64, marks nameMarks) (int, uint64, nameMarks) {
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
	return min(i, len(b)), first, marks
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

// skipContainer returns the index after the object or list that starts at b[i]. Most of
// an event goes through here, so the search for a string's end is written out.
func skipContainer(b []byte, i int) int {
	depth := 0
	for i < len(b) {
		switch c := class[b[i]]; {
		case c == quote:
			i++
			for {
				if i+8 > len(b) {
					i, _ = stringEnd(b, min(i, len(b)))
					break
				}
				w := binary.LittleEndian.Uint64(b[i:])
				m := zeros(w^quotes) | zeros(w^slants)
				if m == 0 {
					i += 8
					continue
				}
				if i += bits.TrailingZeros64(m) >> 3; b[i] == '"' {
					break
				}
				i += 2
			}
		case c == opening:
			depth++
		case c&closing != 0:
			if depth--; depth == 0 {
				return i + 1
			}
		}
		i++
	}
	return len(b)
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

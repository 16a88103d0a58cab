package projection

import (
	"bytes"

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
	r := reader{scanner: newScanner(ev), out: into, shape: &into.shape}
	r.object(i, &p.root, position{plain: true, member: wholeEvent})
}

type reader struct {
	scanner
	out   *Leaves
	shape *shape
}

// deepest is how deep lists and objects are followed; a checked event is never deeper.
const deepest = event.MaxDepth + 1

// position is where Read is in the event.
type position struct {
	context int32
	depth   int16
	member  memberIndex // the member that led here
	plain   bool        // through members only, one name for each part of the path
}

// object reads the members of the object that starts at b[i] and returns the index
// after it.
func (r *reader) object(i int, n *node, at position) int {
	b := r.b
	expected := &r.shape.members[at.member].first
	for i++; i < len(b); {
		switch b[i] {
		case '"':
		case '}':
			return i + 1
		default: // a comma or space
			i++
			continue
		}
		m, after := r.shape.guess(*expected, n, b, i+1)
		if m == nil {
			if m, after = r.member(i, n, expected); after >= len(b) {
				return len(b)
			}
		}
		if m.index != unknown {
			expected = &m.next
		}
		i = skipSpace(b, after)
		switch {
		case i == len(b):
		case m.node == nil:
			i = r.skipValue(i)
		default:
			inner := at
			inner.member, inner.plain = m.index, at.plain && !m.dotted
			i = r.value(i, m.node, inner)
		}
	}
	return i
}

// member looks up the name at b[i], which was not expected. It returns the index after the
// colon.
func (r *reader) member(i int, n *node, expected *memberIndex) (*member, int) {
	end, escaped := r.stringEnd(i + 1)
	if end >= len(r.b) {
		return nil, len(r.b)
	}
	found := member{parent: n}
	found.node, found.dotted = n.spelled(r.b[i:end+1], escaped)
	m := r.shape.learn(expected, found, r.b[i+1:end], escaped)
	colon := skipSpace(r.b, end+1)
	return m, colon + 1
}

// spelled finds the node that a name leads to, and says whether the name has a dot.
func (n *node) spelled(quoted []byte, escaped bool) (*node, bool) {
	name := quoted[1 : len(quoted)-1]
	if escaped {
		text, _ := event.Value(quoted).Text()
		name = []byte(text)
	}
	if bytes.IndexByte(name, '.') >= 0 {
		return n.dotted(name), true
	}
	return n.find(keyOf(name), name), false
}

// value reads the value at b[i], which is wanted, and returns the index after it.
func (r *reader) value(i int, n *node, at position) int {
	switch r.b[i] {
	case '{':
		if len(n.children) == 0 || at.depth == deepest {
			return r.skipContainer(i)
		}
		at.depth++
		return r.object(i, n, at)
	case '[':
		if at.depth == deepest {
			return r.skipContainer(i)
		}
		at.depth++
		at.plain = false
		return r.list(i, n, at)
	}
	if n.leaf == 0 {
		return r.skipValue(i)
	}
	return r.scalar(i, n.leaf-1, at)
}

// list reads the elements of the list that starts at b[i].
func (r *reader) list(i int, n *node, at position) int {
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
func (r *reader) scalar(i int, path int32, at position) int {
	if r.b[i] == '"' {
		end, escapes := r.stringEnd(i + 1)
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
	end := r.skipValue(i)
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

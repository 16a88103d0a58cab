package projection

import "github.com/tocsin-engine/tocsin/sdk/event"

// Leaf is one scalar of an event.
type Leaf struct {
	// Path is the number of its path.
	Path int32
	// Context is the innermost list element it stands in; 0 outside of lists. A scalar
	// that is itself an element of a list stands outside of that list.
	Context int32
	// Index is the leaf's place in All.
	Index int32
	// next is the next leaf of the same path plus 1, or 0.
	next int32
	Kind event.Kind
	// Plain is set if the way to it is through members only, one for each name of the
	// path: no list, no name with a dot.
	Plain bool
	// Text is a string's content, decoded, or the text of a number or literal. It is
	// valid until the Leaves are used again.
	Text []byte
}

// Context is an object or list that is an element of a list.
type Context struct {
	// Parent is the context of the list.
	Parent int32
	// List tells the lists of an event apart.
	List int32
	// End is the number after the last context inside this one: contexts count in the
	// order of the text, so those inside are the ones between.
	End int32
}

// Leaves is what Read found in one event. It can be used for one event after the
// other; the zero Leaves is ready.
type Leaves struct {
	All []Leaf
	// Contexts has the event itself as its first.
	Contexts []Context

	lists   int32
	heads   []head
	epoch   uint32
	decoded []byte
	shape   shape
}

// head finds the leaves of one path.
type head struct {
	epoch       uint32 // the heads of other events are void
	first, last int32  // index into All
	list        int32  // see List
}

// reset makes l empty, for n paths.
func (l *Leaves) reset(n int) {
	l.All, l.Contexts, l.decoded = l.All[:0], append(l.Contexts[:0], Context{}), l.decoded[:0]
	l.lists = 0
	l.epoch++
	if len(l.heads) < n || l.epoch == 0 {
		l.heads, l.epoch = make([]head, n+n/4), 1
	}
}

// First returns the first leaf of a path, in the order of the text, or nil.
func (l *Leaves) First(path int32) *Leaf {
	if h := &l.heads[path]; h.epoch == l.epoch {
		return &l.All[h.first]
	}
	return nil
}

// Next returns the next leaf of the same path, or nil.
func (l *Leaves) Next(leaf *Leaf) *Leaf {
	if leaf.next == 0 {
		return nil
	}
	return &l.All[leaf.next-1]
}

// add makes a leaf of a path at a context. It is filled in where it stands: there are
// many of them, and copying them shows.
func (l *Leaves) add(path, context int32) *Leaf {
	at := int32(len(l.All))
	if int(at) == cap(l.All) {
		l.All = append(l.All, Leaf{})
	} else {
		l.All = l.All[:at+1]
	}
	leaf := &l.All[at]
	leaf.Path, leaf.Context, leaf.Index, leaf.next = path, context, at, 0
	list := l.Contexts[context].List
	h := &l.heads[path]
	if h.epoch == l.epoch {
		l.All[h.last].next = at + 1
		h.last = at
		if h.list != list {
			h.list = Scattered
		}
		return leaf
	}
	*h = head{l.epoch, at, at, list}
	return leaf
}

// Scattered is said of leaves that do not stand in the elements of one list.
const Scattered = -1

// List is the list in whose elements the leaves of a path stand, 0 if they stand outside
// of lists, or Scattered. There must be one.
func (l *Leaves) List(path int32) int32 { return l.heads[path].list }

// InElement returns the leaves that stand inside of the element that leaf is in, and deeper
// ones: they are next to each other.
func (l *Leaves) InElement(leaf *Leaf) []Leaf {
	end := l.Contexts[leaf.Context].End
	from, to := leaf.Index, leaf.Index+1
	for from > 0 && l.All[from-1].Context >= leaf.Context {
		from--
	}
	for int(to) < len(l.All) && l.All[to].Context >= leaf.Context && l.All[to].Context < end {
		to++
	}
	return l.All[from:to]
}

// Agree says whether two contexts can hold at once: no list is in both of them with
// different elements.
func (l *Leaves) Agree(a, b int32) bool {
	// Climb from the inner or later one until one is inside the other; the elements
	// through which they came to a common context decide.
	var viaA, viaB int32 = -1, -1
	for a != b {
		if a > b {
			viaA, a = a, l.Contexts[a].Parent
		} else {
			viaB, b = b, l.Contexts[b].Parent
		}
	}
	if viaA < 0 || viaB < 0 {
		return true
	}
	return l.Contexts[viaA].List != l.Contexts[viaB].List
}

package pattern

import "github.com/tocsin-engine/tocsin/rules/projection"

// Leaves are the leaves of one event, with their numbers read once however many tests
// ask for them. It can be used for one event after the other; the zero Leaves is ready.
type Leaves struct {
	projection.Leaves
	values []Value // by the leaf's index; those not asked for yet have no kind
}

// Read finds the leaves of ev at the paths.
func (l *Leaves) Read(paths *projection.Paths, ev []byte) {
	paths.Read(ev, &l.Leaves)
	l.values = l.values[:0]
}

// Value is a leaf's value.
func (l *Leaves) Value(leaf *projection.Leaf) *Value {
	if len(l.values) == 0 {
		l.clear()
	}
	v := &l.values[leaf.Index]
	if v.Kind == 0 {
		v.Kind, v.Text = leaf.Kind, leaf.Text
	}
	return v
}

func (l *Leaves) clear() {
	n := len(l.All)
	if cap(l.values) < n {
		l.values = make([]Value, n+n/2)
	}
	l.values = l.values[:n]
	clear(l.values)
}

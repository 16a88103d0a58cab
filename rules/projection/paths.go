package projection

import (
	"encoding/binary"
	"slices"
	"strings"
)

// Paths is a set of paths to read. A path is member names joined with dots; a name
// with a dot in it is as good as two names, in paths and in events.
type Paths struct {
	root node
	n    int32
}

// Add puts path into the set and returns its number; numbers count from 0 in the order
// in which paths were first added. It must not be called while Read runs: With is for
// that.
func (p *Paths) Add(path string) int32 {
	n := &p.root
	for name := range strings.SplitSeq(path, ".") {
		n = n.grow(name)
	}
	return p.number(n)
}

// With returns a set that has path too, and its number. p stays as it is; the two share
// what is equal.
func (p *Paths) With(path string) (*Paths, int32) {
	q := &Paths{root: p.root.clone(), n: p.n}
	n := &q.root
	for name := range strings.SplitSeq(path, ".") {
		n = n.regrow(name)
	}
	return q, q.number(n)
}

func (p *Paths) number(n *node) int32 {
	if n.leaf == 0 {
		p.n++
		n.leaf = p.n
	}
	return n.leaf - 1
}

// Len is how many paths there are.
func (p *Paths) Len() int { return int(p.n) }

// Find returns the number of a path.
func (p *Paths) Find(path string) (int32, bool) {
	if n := p.root.dotted([]byte(path)); n != nil && n.leaf > 0 {
		return n.leaf - 1, true
	}
	return 0, false
}

// node is one name on the way of some path.
type node struct {
	leaf     int32  // number of the path that ends here plus 1, or 0
	salt     uint64 // differs from node to node
	children []child
	// table finds children by hash once there are more than fit a glance: it holds
	// indexes into children plus 1, and is at most half full.
	table []int32
}

type child struct {
	key  key
	name string
	node *node
}

// key is what is compared of a name first: its length and its first bytes.
type key struct {
	word   uint64
	length int
}

const glance = 4

// keyOf makes a key; the first bytes are padded with zeros.
func keyOf(name []byte) key {
	if len(name) >= 8 {
		return key{binary.LittleEndian.Uint64(name), len(name)}
	}
	var w uint64
	for i := len(name) - 1; i >= 0; i-- {
		w = w<<8 | uint64(name[i])
	}
	return key{w, len(name)}
}

// spread is the golden ratio: multiplied by it, numbers that differ little differ much.
const spread = 0x9e3779b97f4a7c15

// hash spreads names over a table.
func (k key) hash(name []byte) uint64 {
	h := k.word
	if k.length > 8 {
		h ^= binary.LittleEndian.Uint64(name[k.length-8:]) * spread
	}
	if k.length > 16 {
		h += binary.LittleEndian.Uint64(name[k.length/2-4:])
	}
	h = (h ^ uint64(k.length)) * spread
	return h ^ h>>32
}

// find returns the node that name leads to, or nil.
func (n *node) find(k key, name []byte) *node {
	if n.table == nil {
		for i := range n.children {
			if c := &n.children[i]; c.key == k && (k.length <= 8 || c.name == string(name)) {
				return c.node
			}
		}
		return nil
	}
	mask := uint64(len(n.table) - 1)
	for h := k.hash(name); ; h++ {
		i := n.table[h&mask]
		if i == 0 {
			return nil
		}
		if c := &n.children[i-1]; c.key == k && (k.length <= 8 || c.name == string(name)) {
			return c.node
		}
	}
}

// grow returns the node that name leads to, making it if need be.
func (n *node) grow(name string) *node {
	k := keyOf([]byte(name))
	if found := n.find(k, []byte(name)); found != nil {
		return found
	}
	next := &node{salt: (n.salt ^ k.hash([]byte(name))) * spread}
	n.children = append(n.children, child{k, name, next})
	switch {
	case len(n.children) <= glance:
	case 2*len(n.children) > len(n.table):
		n.table = make([]int32, max(16, 2*len(n.table)))
		for i := range n.children {
			n.enter(i)
		}
	default:
		n.enter(len(n.children) - 1)
	}
	return next
}

// clone copies the node but not the nodes below.
func (n *node) clone() node {
	return node{n.leaf, n.salt, slices.Clone(n.children), slices.Clone(n.table)}
}

// regrow is grow for a node that is a fresh clone: the child that is there already is
// cloned too.
func (n *node) regrow(name string) *node {
	k := keyOf([]byte(name))
	if n.find(k, []byte(name)) == nil {
		return n.grow(name)
	}
	for i := range n.children {
		if c := &n.children[i]; c.key == k && c.name == name {
			fresh := c.node.clone()
			c.node = &fresh
		}
	}
	return n.find(k, []byte(name))
}

func (n *node) enter(i int) {
	c := &n.children[i]
	mask := uint64(len(n.table) - 1)
	h := c.key.hash([]byte(c.name))
	for n.table[h&mask] != 0 {
		h++
	}
	n.table[h&mask] = int32(i + 1)
}

// dotted follows a name with dots in it.
func (n *node) dotted(name []byte) *node {
	for n != nil {
		part := name
		dot := -1
		for i, c := range name {
			if c == '.' {
				part, dot = name[:i], i
				break
			}
		}
		n = n.find(keyOf(part), part)
		if dot < 0 {
			return n
		}
		name = name[dot+1:]
	}
	return nil
}

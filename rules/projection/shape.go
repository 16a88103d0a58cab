package projection

import "encoding/binary"

// shape remembers which member came after which in the events read before. Events of one
// producer have their members in one order, and a name that is guessed right is compared
// where it would have to be searched for. A wrong guess costs the comparison: the name is
// looked up then and expected the next time.
//
// It is a cache of fixed size: a member has one of two places, and what stood there is
// forgotten. What it knows is compared before it is believed, so that nothing in it can be
// wrong, only useless.
type shape struct {
	members [shapeSize + 2]member
}

const (
	shapeSize = 512
	// The last two members lead to the events themselves and to what is not remembered.
	wholeEvent memberIndex = shapeSize
	unknown    memberIndex = shapeSize + 1
)

// memberIndex is a place in shape.members.
type memberIndex uint16

// member is a name in the objects at one place of the events, and what it leads to.
type member struct {
	// parent is the node of the objects, node that of the value: nil if no path leads
	// through it.
	parent, node *node
	memberName
	index memberIndex
	// next is the member that is expected after this one, first the one that is expected
	// first inside of it.
	next, first memberIndex
	dotted      bool
}

// memberName is a name with the quote and the colon after it: the first eight bytes, the
// next eight, and the last eight. One that is shorter than eight stands in head alone.
type memberName struct {
	head, middle, tail uint64
	length             uint8 // 0 if it is not remembered
}

// longest is how many bytes of a name, a quote and a colon can be compared.
const longest = 24

func nameOf(name []byte) memberName {
	var text [longest]byte
	n := copy(text[:], name)
	text[n], text[n+1] = '"', ':'
	m := memberName{length: uint8(n + 2), head: binary.LittleEndian.Uint64(text[:])}
	if m.length < 8 {
		m.head <<= 64 - 8*m.length
		return m
	}
	m.tail = binary.LittleEndian.Uint64(text[m.length-8:])
	if m.length > 16 {
		m.middle = binary.LittleEndian.Uint64(text[8:])
	}
	return m
}

// begins says whether text begins with the name, a quote and a colon.
func (m *memberName) begins(text []byte) bool {
	head := binary.LittleEndian.Uint64(text)
	if m.length < 8 {
		return head<<(64-8*m.length) == m.head
	}
	return head == m.head && binary.LittleEndian.Uint64(text[m.length-8:]) == m.tail &&
		(m.length <= 16 || binary.LittleEndian.Uint64(text[8:]) == m.middle)
}

func (m *memberName) hash() uint64 {
	return ((m.head*spread^m.tail)*spread ^ m.middle ^ uint64(m.length)) * spread
}

// guess returns the member whose name begins at b[i], and the index after its colon, if it
// is the expected one or the one that is expected after that: some members are optional.
func (s *shape) guess(expected memberIndex, parent *node, b []byte, i int) (*member, int) {
	if i+longest > len(b) {
		return nil, 0
	}
	text := b[i : i+longest]
	m := &s.members[expected]
	if m.parent == parent && m.begins(text) {
		return m, i + int(m.length)
	}
	m = &s.members[m.next]
	if m.parent == parent && m.begins(text) {
		return m, i + int(m.length)
	}
	return nil, 0
}

// learn remembers a member that was not guessed, and expects it the next time. Names that
// are long or have escapes are not remembered.
func (s *shape) learn(expected *memberIndex, found member, name []byte, escaped bool) *member {
	if escaped || len(name)+2 > longest {
		found.index, found.parent = unknown, nil
		s.members[unknown] = found
		return &s.members[unknown]
	}
	found.memberName = nameOf(name)
	m := s.place(&found)
	if m.parent != found.parent || m.memberName != found.memberName {
		found.index, found.next = m.index, *expected
		*m = found
	}
	*expected = m.index
	return m
}

// place returns where a member is, or else where it belongs.
func (s *shape) place(found *member) *member {
	h := memberIndex((found.hash() ^ found.parent.salt) >> 40 % shapeSize)
	for _, i := range [...]memberIndex{h, h ^ 1} {
		m := &s.members[i]
		m.index = i
		if m.parent == nil || m.parent == found.parent && m.memberName == found.memberName {
			return m
		}
	}
	return &s.members[h]
}

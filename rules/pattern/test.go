package pattern

import (
	"net/netip"
	"strings"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// Op is what a Test asks of a value.
type Op uint8

// The tests. Not is a flag of Test, so there is no operator for anything-but.
const (
	// Equal: a string, number or literal of the same value.
	Equal Op = iota
	// EqualFold: an equal string but for case.
	EqualFold
	// Prefix and Suffix: a string that begins or ends with the text.
	Prefix
	PrefixFold
	Suffix
	SuffixFold
	// Wild: a string that matches the wildcard.
	Wild
	// Range: a number within bounds.
	Range
	// Block: a string that is an address within a block.
	Block
	// Exists: any value.
	Exists
)

// Operand is one thing that a value is compared with.
type Operand struct {
	// Kind is String, Number, Bool or Null.
	Kind event.Kind
	// Text is a string's content, folded for the …Fold operators, or a literal.
	Text   string
	Number Number
	// Address is set if Text is a complete address, of which any spelling is equal.
	Address netip.Addr
	Wild    Wildcard
}

// Bound is one end of a Range.
type Bound struct {
	Number Number
	// Set is false for an open end, Open says that the number itself is outside.
	Set, Open bool
}

// Test is one matcher of a field's list.
type Test struct {
	Op Op
	// Not turns the test round: it holds for a value that satisfies Op with none of
	// Operands (anything-but).
	Not bool
	// Operands are the alternatives of Op; one, except under Not.
	Operands  []Operand
	Low, High Bound
	Net       netip.Prefix
}

// Value is a scalar of an event as tests see it.
type Value struct {
	Kind event.Kind
	// Text is a string's content or a literal's or number's own text.
	Text []byte
	// number is parsed once, by whoever needs it first.
	number Number
	parsed bool
}

// Number is the value of a number.
func (v *Value) Number() Number {
	if !v.parsed {
		v.number, v.parsed = ParseNumber(v.Text), true
	}
	return v.number
}

// Holds says whether the value of one leaf satisfies the test.
func (t *Test) Holds(v *Value) bool {
	if t.Not {
		return !t.any(v)
	}
	return t.any(v)
}

func (t *Test) any(v *Value) bool {
	switch t.Op {
	case Exists:
		return true
	case Range:
		return v.Kind == event.Number && t.inRange(v.Number())
	case Block:
		return v.Kind == event.String && t.inBlock(v.Text)
	}
	for i := range t.Operands {
		if t.Operands[i].holds(t.Op, v) {
			return true
		}
	}
	return false
}

func (t *Test) inRange(n Number) bool {
	if t.Low.Set {
		if c := n.Compare(t.Low.Number); c < 0 || c == 0 && t.Low.Open {
			return false
		}
	}
	if t.High.Set {
		if c := n.Compare(t.High.Number); c > 0 || c == 0 && t.High.Open {
			return false
		}
	}
	return true
}

func (t *Test) inBlock(text []byte) bool {
	a, ok := ParseAddress(text)
	return ok && t.Net.Contains(a)
}

func (o *Operand) holds(op Op, v *Value) bool {
	if v.Kind != o.Kind {
		return false
	}
	switch op {
	case Equal:
		return o.equal(v)
	case EqualFold:
		rest, ok := cutFolded(v.Text, o.Text)
		return ok && len(rest) == 0
	case Prefix:
		return len(v.Text) >= len(o.Text) && string(v.Text[:len(o.Text)]) == o.Text
	case PrefixFold:
		_, ok := cutFolded(v.Text, o.Text)
		return ok
	case Suffix:
		return len(v.Text) >= len(o.Text) && string(v.Text[len(v.Text)-len(o.Text):]) == o.Text
	case SuffixFold:
		return hasFoldedSuffix(v.Text, o.Text)
	case Wild:
		return o.Wild.match(v.Text)
	}
	return false
}

func (o *Operand) equal(v *Value) bool {
	if o.Kind == event.Number {
		return v.Number() == o.Number
	}
	if string(v.Text) == o.Text {
		return true
	}
	if !o.Address.IsValid() {
		return false
	}
	a, ok := ParseAddress(v.Text)
	return ok && a == o.Address
}

// Field is one path and the tests of its list.
type Field struct {
	// Path is the member names joined with dots.
	Path string
	// Tests hold for a leaf if one of them does.
	Tests []Test
	// MayBeAbsent is set by {"exists": false} among the tests.
	MayBeAbsent bool
}

// Holds says whether a leaf's value satisfies one of the field's tests.
func (f *Field) Holds(v *Value) bool {
	for i := range f.Tests {
		if f.Tests[i].Holds(v) {
			return true
		}
	}
	return false
}

// Alternative is one way in which a pattern can match: all its fields hold, in the
// same elements of the event's lists.
type Alternative struct {
	Fields []*Field
}

// Segments are the parts of a path that an event's member names must spell. A name
// with a dot in it is as good as two names.
func Segments(path string) []string { return strings.Split(path, ".") }

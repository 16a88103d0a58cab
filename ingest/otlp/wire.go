package otlp

import (
	"errors"
	"fmt"
	"iter"
	"math"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
)

// maxDepth is how deep messages may nest. The deepest that a request itself needs is
// six; values may nest in each other beyond that, two or three messages a level. The
// event they become stays below event.MaxDepth.
const maxDepth = 100

// maxItems is how many entries the lists of one message may have in all, those that are
// held in memory. A byte of an attribute's list would otherwise become twelve there.
const maxItems = 10_000

// message is the bytes of one message that check has accepted.
type message []byte

// value is one field's value: a number, or bytes that lie in the message.
type value struct {
	n     uint64
	bytes []byte
}

func (v value) float() float64 { return math.Float64frombits(v.n) }
func (v value) sint32() int32  { return int32(protowire.DecodeZigZag(v.n & math.MaxUint32)) }
func (v value) text() string   { return string(v.bytes) }

// fields yields the known fields of a message, in their order. A field of another wire
// type than its own is unknown, as it is to the protobuf library.
func (m message) fields(id messageID) iter.Seq2[protowire.Number, value] {
	return func(yield func(protowire.Number, value) bool) {
		for b := []byte(m); len(b) > 0; {
			number, typ, n := protowire.ConsumeTag(b)
			b = b[n:]
			v, n := consume(b, number, typ)
			b = b[n:]
			if f := byNumber(id, number); f != nil && f.takes(typ) && !yield(number, v) {
				return
			}
		}
	}
}

// takes says whether the field may stand with this wire type.
func (f *field) takes(typ protowire.Type) bool {
	switch {
	case typ == f.kind.wireType():
		return true
	case f.kind == kindFixeds || f.kind == kindDoubles:
		return typ == protowire.Fixed64Type
	case f.kind == kindVarints:
		return typ == protowire.VarintType
	}
	return false
}

// consume reads one value; n is negative if it cannot be read.
func consume(b []byte, number protowire.Number, typ protowire.Type) (v value, n int) {
	switch typ {
	case protowire.VarintType:
		v.n, n = protowire.ConsumeVarint(b)
	case protowire.Fixed64Type:
		v.n, n = protowire.ConsumeFixed64(b)
	case protowire.Fixed32Type:
		var small uint32
		small, n = protowire.ConsumeFixed32(b)
		v.n = uint64(small)
	case protowire.BytesType:
		v.bytes, n = protowire.ConsumeBytes(b)
	default:
		n = protowire.ConsumeFieldValue(number, typ, b)
	}
	return v, n
}

// check validates the bytes of a message and of all messages in it that the schema
// names: what it accepts, the readers read without an error.
func check(b []byte, id messageID, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("messages nest deeper than %d", maxDepth)
	}
	items := 0
	for len(b) > 0 {
		number, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return errors.New("a field has no sound tag")
		}
		b = b[n:]
		v, n := consume(b, number, typ)
		if n < 0 {
			return fmt.Errorf("the value of field %d is not whole", number)
		}
		b = b[n:]
		f := byNumber(id, number)
		if f == nil || !f.takes(typ) {
			continue
		}
		if err := f.check(v, typ, depth); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		if items += f.items(v); items > maxItems {
			return fmt.Errorf("%s: one record has more than %d attributes, events, links and numbers", f.name, maxItems)
		}
	}
	return nil
}

// items is how many entries of a list one value of the field is, if the lists of the
// field are held in memory.
func (f *field) items(v value) int {
	switch {
	case f.kind == kindMessages:
		return 1
	case f.kind != kindFixeds && f.kind != kindDoubles && f.kind != kindVarints:
		return 0
	case v.bytes == nil:
		return 1
	case f.kind == kindVarints:
		return len(v.bytes) // one byte and more each
	}
	return len(v.bytes) / 8
}

// check validates one value of the field.
func (f *field) check(v value, typ protowire.Type, depth int) error {
	switch f.kind {
	case kindMessage, kindMessages, kindRecords:
		return check(v.bytes, f.of, depth+1)
	case kindString:
		if !utf8.Valid(v.bytes) {
			return errors.New("the text is not UTF-8")
		}
	case kindFixeds, kindDoubles:
		if typ == protowire.BytesType && len(v.bytes)%8 != 0 {
			return errors.New("the packed numbers are not whole")
		}
	case kindVarints:
		for b := v.bytes; len(b) > 0; {
			_, n := protowire.ConsumeVarint(b)
			if n < 0 {
				return errors.New("the packed numbers are not whole")
			}
			b = b[n:]
		}
	}
	return nil
}

// uints appends a repeated number of a field, packed or one.
func (v value) uints(to []uint64, k kind) []uint64 {
	if v.bytes == nil {
		return append(to, v.n)
	}
	for b := v.bytes; len(b) > 0; {
		var u uint64
		var n int
		if k == kindVarints {
			u, n = protowire.ConsumeVarint(b)
		} else {
			u, n = protowire.ConsumeFixed64(b)
		}
		to, b = append(to, u), b[n:]
	}
	return to
}

// merge is what a message field means that stands more than once: in protobuf, messages
// one after the other are their merger.
func merge(m, more message) message {
	if m == nil {
		return more
	}
	return append(m[:len(m):len(m)], more...)
}

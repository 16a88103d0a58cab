package otlp

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// fromJSON writes a request in OTLP's JSON as protobuf. It is protobuf's JSON mapping
// with OTLP's own rules: ids are hexadecimal, names are in lowerCamelCase only, enums
// are numbers, unknown names are passed over.
// https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
func fromJSON(text []byte, id messageID) (message, error) {
	if err := event.Check(text); err != nil {
		return nil, errors.New(strings.TrimPrefix(err.Error(), "event: "))
	}
	root, _ := event.Cut(text)
	return appendMessage(make([]byte, 0, len(text)/2), root, id, 0)
}

// appendMessage appends the fields of one object.
func appendMessage(b []byte, v event.Value, id messageID, depth int) ([]byte, error) {
	switch {
	case v.Kind() != event.Object:
		return nil, fmt.Errorf("write an object, not %s", v.Kind())
	case depth > maxDepth:
		return nil, fmt.Errorf("messages nest deeper than %d", maxDepth)
	}
	for name, member := range v.Members() {
		f := byName(id, name)
		if f == nil || member.Kind() == event.Null {
			continue
		}
		var err error
		if b, err = f.append(b, member, depth); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return b, nil
}

// append appends the field with its value.
func (f *field) append(b []byte, v event.Value, depth int) ([]byte, error) {
	switch f.kind {
	case kindFixeds, kindDoubles, kindVarints, kindMessages, kindRecords:
		if v.Kind() != event.Array {
			return nil, fmt.Errorf("write a list, not %s", v.Kind())
		}
		for item := range v.Items() {
			var err error
			if b, err = f.appendOne(b, item, depth); err != nil {
				return nil, err
			}
		}
		return b, nil
	}
	return f.appendOne(b, v, depth)
}

func (f *field) appendOne(b []byte, v event.Value, depth int) ([]byte, error) {
	switch f.kind {
	case kindMessage, kindMessages, kindRecords:
		return f.appendMessage(b, v, depth)
	case kindString, kindBytes, kindID:
		raw, err := f.kind.bytes(v)
		if err != nil {
			return nil, err
		}
		return protowire.AppendBytes(protowire.AppendTag(b, f.number, protowire.BytesType), raw), nil
	}
	n, err := f.kind.number(v)
	if err != nil {
		return nil, err
	}
	switch f.kind {
	case kindFixed32:
		return protowire.AppendFixed32(protowire.AppendTag(b, f.number, protowire.Fixed32Type), uint32(n)), nil
	case kindFixed64, kindFixeds, kindDouble, kindDoubles:
		return protowire.AppendFixed64(protowire.AppendTag(b, f.number, protowire.Fixed64Type), n), nil
	}
	return protowire.AppendVarint(protowire.AppendTag(b, f.number, protowire.VarintType), n), nil
}

// lengthRoom is how many bytes the length of a message gets before it is known.
const lengthRoom = 4

// appendMessage appends a message with its length in front: the length is written into
// room that was kept, and what follows moves up.
func (f *field) appendMessage(b []byte, v event.Value, depth int) ([]byte, error) {
	b = protowire.AppendTag(b, f.number, protowire.BytesType)
	start := len(b)
	b, err := appendMessage(append(b, make([]byte, lengthRoom)...), v, f.of, depth+1)
	if err != nil {
		return nil, err
	}
	body := b[start+lengthRoom:]
	length := len(body)
	if protowire.SizeVarint(uint64(length)) > lengthRoom {
		return nil, errors.New("a message is larger than 256 MiB")
	}
	b = protowire.AppendVarint(b[:start], uint64(length))
	return append(b, body[:length]...), nil
}

// bytes reads a text, base64 or an id.
func (k kind) bytes(v event.Value) ([]byte, error) {
	text, ok := v.Text()
	if !ok {
		return nil, fmt.Errorf("write a string, not %s", v.Kind())
	}
	switch k {
	case kindID:
		raw, err := hex.DecodeString(text)
		if err != nil {
			return nil, errors.New("write an id in hexadecimal")
		}
		return raw, nil
	case kindBytes:
		alphabet := base64.RawStdEncoding
		if strings.ContainsAny(text, "-_") {
			alphabet = base64.RawURLEncoding
		}
		raw, err := alphabet.DecodeString(strings.TrimRight(text, "="))
		if err != nil {
			return nil, errors.New("write bytes in base64")
		}
		return raw, nil
	}
	return []byte(text), nil
}

// number reads a number or a bool, as the bits that stand in protobuf.
func (k kind) number(v event.Value) (uint64, error) {
	switch k {
	case kindBool:
		if v.Kind() != event.Bool {
			return 0, fmt.Errorf("write true or false, not %s", v.Kind())
		}
		if v.IsTrue() {
			return 1, nil
		}
		return 0, nil
	case kindDouble, kindDoubles:
		f, err := double(v)
		return math.Float64bits(f), err
	}
	n, err := integer(v)
	if err != nil {
		return 0, err
	}
	if k == kindSint32 {
		if n != uint64(int64(int32(n))) {
			return 0, fmt.Errorf("%s does not fit into 32 bits", v)
		}
		return protowire.EncodeZigZag(int64(n)), nil
	}
	return n, nil
}

// digits is the text of a number, which may stand in a string.
func digits(v event.Value) (string, error) {
	if text, ok := v.Text(); ok {
		return text, nil
	}
	if v.Kind() != event.Number {
		return "", fmt.Errorf("write a number, not %s", v.Kind())
	}
	return string(v), nil
}

func double(v event.Value) (float64, error) {
	text, err := digits(v)
	if err != nil {
		return 0, err
	}
	switch text {
	case "NaN", "Infinity", "-Infinity":
	default:
		if event.Value(text).Kind() != event.Number || event.Check([]byte(text)) != nil {
			return 0, fmt.Errorf("%q is no number", text)
		}
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, fmt.Errorf("%q is no number", text)
	}
	return f, nil
}

// integer reads a whole number, signed or not, as its 64 bits. 1e3 and 5.0 are whole
// numbers too.
func integer(v event.Value) (uint64, error) {
	text, err := digits(v)
	if err != nil {
		return 0, err
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return uint64(n), nil
	}
	if n, err := strconv.ParseUint(text, 10, 64); err == nil {
		return n, nil
	}
	if f, err := double(v); err == nil && f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		return uint64(int64(f)), nil
	}
	return 0, fmt.Errorf("%q is no whole number of 64 bits", text)
}

package target

import (
	"slices"
	"strconv"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// Object writes one JSON object, member by member:
//
//	NewObject().Text("QueueUrl", url).Value("MessageBody", d.Input()).JSON()
//
// The caller names no member twice.
type Object struct{ b []byte }

// NewObject starts an object.
func NewObject() *Object { return &Object{b: append(make([]byte, 0, 128), '{')} }

func (o *Object) name(name string) *Object {
	if len(o.b) > 1 {
		o.b = append(o.b, ',')
	}
	o.b = append(event.AppendString(o.b, name), ':')
	return o
}

// Text adds a string.
func (o *Object) Text(name, value string) *Object {
	o.name(name).b = event.AppendString(o.b, value)
	return o
}

// Int adds a whole number.
func (o *Object) Int(name string, value int64) *Object {
	o.name(name).b = strconv.AppendInt(o.b, value, 10)
	return o
}

// Bool adds true or false.
func (o *Object) Bool(name string, value bool) *Object {
	o.name(name).b = strconv.AppendBool(o.b, value)
	return o
}

// Value adds JSON text as it is; nothing when v is nil.
func (o *Object) Value(name string, v event.Value) *Object {
	if v == nil {
		return o
	}
	o.name(name).b = append(o.b, v...)
	return o
}

// Object adds an object.
func (o *Object) Object(name string, value *Object) *Object {
	return o.Value(name, value.JSON())
}

// Objects adds a list of objects.
func (o *Object) Objects(name string, values ...*Object) *Object {
	o.name(name).b = append(o.b, '[')
	for i, v := range values {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		o.b = append(append(o.b, v.b...), '}')
	}
	o.b = append(o.b, ']')
	return o
}

// Texts adds a list of strings.
func (o *Object) Texts(name string, values ...string) *Object {
	o.name(name).b = append(o.b, '[')
	for i, v := range values {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		o.b = event.AppendString(o.b, v)
	}
	o.b = append(o.b, ']')
	return o
}

// JSON is the object's text. More members may follow it.
func (o *Object) JSON() event.Value { return append(slices.Clip(o.b), '}') }

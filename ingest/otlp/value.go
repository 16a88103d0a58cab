package otlp

import (
	"encoding/base64"
	"math"
	"strconv"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// Fields of AnyValue.
const (
	anyString = iota + 1
	anyBool
	anyInt
	anyDouble
	anyArray
	anyKeyValues
	anyBytes
)

// chosen is the value that an AnyValue holds, which is the last one that stands in it;
// number is 0 for none.
func (m message) chosen() (number int, v value) {
	for n, next := range m.fields(anyValue) {
		if int(n) == number && (n == anyArray || n == anyKeyValues) {
			next.bytes = merge(v.bytes, next.bytes)
		}
		number, v = int(n), next
	}
	return number, v
}

// appendAny appends an AnyValue as JSON: bytes as base64, a number that JSON has no text
// for as the string that protobuf's JSON has.
func appendAny(b []byte, m message) []byte {
	number, v := m.chosen()
	switch number {
	case anyString:
		return event.AppendString(b, v.text())
	case anyBool:
		return strconv.AppendBool(b, v.n != 0)
	case anyInt:
		return strconv.AppendInt(b, int64(v.n), 10)
	case anyDouble:
		return appendDouble(b, v.float())
	case anyArray:
		return appendArray(b, v.bytes)
	case anyKeyValues:
		var list attributes
		for _, kv := range message(v.bytes).fields(keyValueList) {
			list.add(kv.bytes)
		}
		return list.appendJSON(b)
	case anyBytes:
		b = append(b, '"')
		return append(base64.StdEncoding.AppendEncode(b, v.bytes), '"')
	}
	return append(b, "null"...)
}

func appendArray(b []byte, m message) []byte {
	b = append(b, '[')
	comma := false
	for _, item := range m.fields(arrayValue) {
		if comma {
			b = append(b, ',')
		}
		b, comma = appendAny(b, item.bytes), true
	}
	return append(b, ']')
}

func appendDouble(b []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(b, `"NaN"`...)
	case math.IsInf(f, 1):
		return append(b, `"Infinity"`...)
	case math.IsInf(f, -1):
		return append(b, `"-Infinity"`...)
	}
	return strconv.AppendFloat(b, f, 'g', -1, 64)
}

// anyText is an AnyValue as text: a string is itself, everything else its JSON.
func anyText(m message) string {
	switch number, v := m.chosen(); number {
	case 0:
		return ""
	case anyString:
		return v.text()
	}
	return string(appendAny(nil, m))
}

// firstText is a string, or the first one of a list.
func firstText(m message) string {
	number, v := m.chosen()
	switch number {
	case anyString:
		return v.text()
	case anyArray:
		for _, item := range message(v.bytes).fields(arrayValue) {
			return anyText(item.bytes)
		}
	}
	return ""
}

// attribute is one KeyValue.
type attribute struct {
	key   []byte
	value message
}

// attributes are a repeated KeyValue field. A key should stand once; if it does not, the
// last one counts.
type attributes []attribute

// add reads one KeyValue.
func (a *attributes) add(m message) {
	var kv attribute
	for n, v := range m.fields(keyValue) {
		switch n {
		case 1:
			kv.key = v.bytes
		case 2:
			kv.value = merge(kv.value, v.bytes)
		}
	}
	*a = append(*a, kv)
}

// get is the value of the first of the keys that is there, else nil.
func (a attributes) get(keys ...string) message {
	for _, key := range keys {
		for i := len(a) - 1; i >= 0; i-- {
			if string(a[i].key) == key {
				return a[i].value
			}
		}
	}
	return nil
}

// text is that value as text, "" where there is none.
func (a attributes) text(keys ...string) string { return anyText(a.get(keys...)) }

// fewAttributes are looked through one by one for a key that stands twice.
const fewAttributes = 16

// unique drops those whose key stands again later.
func (a attributes) unique() attributes {
	last := func(i int) bool {
		for _, later := range a[i+1:] {
			if string(later.key) == string(a[i].key) {
				return false
			}
		}
		return true
	}
	if len(a) > fewAttributes {
		at := make(map[string]int, len(a))
		for i := range a {
			at[string(a[i].key)] = i
		}
		last = func(i int) bool { return at[string(a[i].key)] == i }
	}
	kept := a[:0:0]
	for i := range a {
		if last(i) {
			kept = append(kept, a[i])
		}
	}
	return kept
}

// appendJSON appends the attributes as one object.
func (a attributes) appendJSON(b []byte) []byte {
	b = append(b, '{')
	for i, kv := range a.unique() {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(event.AppendString(b, string(kv.key)), ':')
		b = appendAny(b, kv.value)
	}
	return append(b, '}')
}

// object writes a JSON object member by member; members without a value are left out.
type object struct{ b []byte }

func (o *object) name(name string) {
	if last := o.b[len(o.b)-1]; last != '{' && last != '[' {
		o.b = append(o.b, ',')
	}
	if name != "" {
		o.b = append(event.AppendString(o.b, name), ':')
	}
}

// open starts an object in the object, or in the list for the name "".
func (o *object) open(name string) {
	o.name(name)
	o.b = append(o.b, '{')
}

// close ends what open began. Without a member, it is as if it had not been opened.
func (o *object) close(opened int) {
	if o.b[len(o.b)-1] == '{' {
		o.b = o.b[:opened]
		return
	}
	o.b = append(o.b, '}')
}

// within writes the members of an object that is left out if it gets none.
func (o *object) within(name string, members func()) {
	at := len(o.b)
	o.open(name)
	members()
	o.close(at)
}

func (o *object) text(name, value string) {
	if value != "" {
		o.name(name)
		o.b = event.AppendString(o.b, value)
	}
}

func (o *object) integer(name string, n int64) {
	if n != 0 {
		o.name(name)
		o.b = strconv.AppendInt(o.b, n, 10)
	}
}

func (o *object) yes(name string, is bool) {
	if is {
		o.name(name)
		o.b = append(o.b, "true"...)
	}
}

func (o *object) attributes(name string, a attributes) {
	if len(a) > 0 {
		o.name(name)
		o.b = a.appendJSON(o.b)
	}
}

// raw writes a member whose value is JSON already; the empty object is left out.
func (o *object) raw(name string, js []byte) {
	if len(js) > len("{}") {
		o.name(name)
		o.b = append(o.b, js...)
	}
}

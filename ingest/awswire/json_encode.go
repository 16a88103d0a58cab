package awswire

import (
	"encoding/base64"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// EncodeJSON writes what v points to, a struct.
func EncodeJSON(v any) []byte {
	return appendJSON(nil, reflect.ValueOf(v))
}

func appendJSON(b []byte, v reflect.Value) []byte {
	v = unpointer(v)
	if !v.IsValid() {
		return append(b, "null"...)
	}
	switch v.Type() {
	case timeType:
		return appendSeconds(b, v.Interface().(time.Time))
	case bytesType:
		return event.AppendString(b, base64.StdEncoding.EncodeToString(v.Bytes()))
	case numberType:
		return appendNumber(b, v.String())
	}
	switch v.Kind() {
	case reflect.Struct:
		return appendObject(b, v)
	case reflect.Map:
		return appendDictionary(b, v)
	case reflect.Slice:
		b = append(b, '[')
		for i := range v.Len() {
			b = appendJSON(comma(b, i), v.Index(i))
		}
		return append(b, ']')
	case reflect.String:
		return event.AppendString(b, v.String())
	}
	return append(b, scalarText(v)...)
}

func appendObject(b []byte, v reflect.Value) []byte {
	b = append(b, '{')
	n := 0
	for _, m := range planOf(v.Type()).members {
		f := v.Field(m.index)
		if !given(f, m.omitEmpty) {
			continue
		}
		b = event.AppendString(comma(b, n), m.json)
		b = appendJSON(append(b, ':'), f)
		n++
	}
	return append(b, '}')
}

// appendDictionary writes a map sorted by key, so that equal answers are equal bytes.
func appendDictionary(b []byte, v reflect.Value) []byte {
	b = append(b, '{')
	for i, key := range sortedKeys(v) {
		b = event.AppendString(comma(b, i), key.String())
		b = appendJSON(append(b, ':'), v.MapIndex(key))
	}
	return append(b, '}')
}

func comma(b []byte, i int) []byte {
	if i > 0 {
		b = append(b, ',')
	}
	return b
}

func sortedKeys(v reflect.Value) []reflect.Value {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int {
		if a.String() < b.String() {
			return -1
		}
		return 1
	})
	return keys
}

// scalarText is a bool's or number's text, in JSON and elsewhere.
func scalarText(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Bool:
		return strconv.FormatBool(v.Bool())
	case reflect.Float64:
		return formatFloat(v.Float())
	case reflect.Int, reflect.Int32, reflect.Int64:
		return strconv.FormatInt(v.Int(), 10)
	}
	panic("BUG: awswire knows no field of type " + v.Type().String())
}

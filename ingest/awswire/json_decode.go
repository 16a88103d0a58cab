package awswire

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"time"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// DecodeJSON fills into, a pointer to a struct, from a JSON object. No bytes at all
// are an empty object. The error is a SerializationException that names the member.
func DecodeJSON(raw []byte, into any) error {
	if len(raw) == 0 {
		return nil
	}
	if err := event.Check(raw); err != nil {
		var syntax *event.SyntaxError
		errors.As(err, &syntax)
		return serialization("the body is not JSON this service takes: at byte %d: %s", syntax.Offset, syntax.Reason)
	}
	v := event.Value(bytes.Trim(raw, " \t\r\n"))
	if v.Kind() != event.Object {
		return serialization("the body is %s; write an object", v.Kind())
	}
	return readJSON(v, reflect.ValueOf(into).Elem(), nil)
}

// maxItems bounds each list and map: two bytes of JSON can stand for a struct of two
// hundred. It is the longest list that any service takes (PutLogEvents).
const maxItems = 10_000

func tooMany(at *path) error {
	return serialization("%s: write at most %d items", at, maxItems)
}

// readJSON reads v into a settable value; at is its place for errors.
func readJSON(v event.Value, into reflect.Value, at *path) error {
	if v.Kind() == event.Null {
		return nil
	}
	into = settle(into)
	if into.Type() == timeType || into.Type() == bytesType {
		return readScalar(v, into, at)
	}
	switch into.Kind() {
	case reflect.Struct:
		return readObject(v, into, at)
	case reflect.Map:
		return readDictionary(v, into, at)
	case reflect.Slice:
		return readList(v, into, at)
	}
	return readScalar(v, into, at)
}

func readObject(v event.Value, into reflect.Value, at *path) error {
	if v.Kind() != event.Object {
		return wrongType(at, "an object", v)
	}
	p := planOf(into.Type())
	for name, m := range v.Members() {
		i, known := p.byJSON[name]
		if !known {
			continue
		}
		if err := readJSON(m, into.Field(p.members[i].index), &path{up: at, name: name}); err != nil {
			return err
		}
	}
	return nil
}

func readDictionary(v event.Value, into reflect.Value, at *path) error {
	if v.Kind() != event.Object {
		return wrongType(at, "an object", v)
	}
	into.Set(reflect.MakeMap(into.Type()))
	for name, m := range v.Members() {
		if m.Kind() == event.Null {
			continue
		}
		if into.Len() == maxItems {
			return tooMany(at)
		}
		item := reflect.New(into.Type().Elem()).Elem()
		if err := readJSON(m, item, &path{up: at, name: name}); err != nil {
			return err
		}
		into.SetMapIndex(reflect.ValueOf(name).Convert(into.Type().Key()), item)
	}
	return nil
}

func readList(v event.Value, into reflect.Value, at *path) error {
	if v.Kind() != event.Array {
		return wrongType(at, "a list", v)
	}
	into.Set(reflect.MakeSlice(into.Type(), 0, 0))
	i := 0
	for m := range v.Items() {
		if i == maxItems {
			return tooMany(at)
		}
		item := reflect.New(into.Type().Elem()).Elem()
		if err := readJSON(m, item, &path{up: at, index: i}); err != nil {
			return err
		}
		into.Set(reflect.Append(into, item))
		i++
	}
	return nil
}

func readScalar(v event.Value, into reflect.Value, at *path) error {
	kind := v.Kind()
	text, isString := v.Text()
	if !isString {
		text = string(v)
	}
	if want, ok := fits(kind, into); !ok && !(into.Type() == numberType && isNoNumber(text)) {
		return wrongType(at, want, v)
	}
	if err := setText(into, text); err != nil {
		return serialization("%s: %v", at, err)
	}
	return nil
}

// fits says whether a JSON value of this kind may go into a scalar, and what may.
func fits(kind event.Kind, into reflect.Value) (want string, ok bool) {
	switch {
	case into.Type() == timeType:
		return "a time in seconds since 1970", kind == event.Number || kind == event.String
	case into.Type() == bytesType:
		return "a string of base64", kind == event.String
	case into.Type() == numberType:
		return "a number", kind == event.Number
	}
	switch into.Kind() {
	case reflect.Bool:
		return "true or false", kind == event.Bool
	case reflect.Int, reflect.Int32, reflect.Int64, reflect.Float64:
		return "a number", kind == event.Number
	}
	return "a string", kind == event.String
}

// setText reads a scalar, a time or a blob from its text; every protocol ends here.
func setText(into reflect.Value, text string) (err error) {
	switch into.Type() {
	case timeType:
		var t time.Time
		if t, err = parseTime(text); err == nil {
			into.Set(reflect.ValueOf(t))
		}
		return err
	case bytesType:
		b, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return errors.New("the blob is not base64")
		}
		into.SetBytes(b)
		return nil
	case numberType:
		return setNumber(into, text)
	}
	switch into.Kind() {
	case reflect.String:
		into.SetString(text)
		return nil
	case reflect.Bool:
		if text != "true" && text != "false" {
			return fmt.Errorf("write true or false, not %q", text)
		}
		into.SetBool(text == "true")
		return nil
	case reflect.Float64:
		return setFloat(into, text)
	case reflect.Int, reflect.Int32, reflect.Int64:
		n, err := strconv.ParseInt(text, 10, into.Type().Bits())
		if err != nil {
			return fmt.Errorf("write an integer of %d bits, not %s", into.Type().Bits(), clip(text))
		}
		into.SetInt(n)
		return nil
	}
	panic("BUG: awswire knows no field of type " + into.Type().String())
}

func setFloat(into reflect.Value, text string) error {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return fmt.Errorf("write a number, not %s", clip(text))
	}
	into.SetFloat(f)
	return nil
}

func wrongType(at *path, want string, got event.Value) error {
	return serialization("%s: write %s, not %s", at, want, got.Kind())
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// clip shortens what a client sent for a message.
func clip(s string) string {
	if len(s) > 40 {
		return strconv.Quote(s[:40]) + "…"
	}
	return strconv.Quote(s)
}

package awswire

import (
	"fmt"
	"reflect"
	"strconv"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// DecodeCBOR fills into, a pointer to a struct, from a CBOR map (rpc-v2-cbor). No bytes
// at all are an empty map. The error is a SerializationException.
func DecodeCBOR(raw []byte, into any) error {
	if len(raw) == 0 {
		return nil
	}
	r := cborReader{b: raw}
	if err := r.value(settle(reflect.ValueOf(into)), nil, 0); err != nil {
		return err
	}
	if r.i < len(raw) {
		return serialization("the body has %d bytes behind its CBOR value", len(raw)-r.i)
	}
	return nil
}

// value reads one value; at is its place for errors.
func (r *cborReader) value(into reflect.Value, at *path, depth int) error {
	if depth > event.MaxDepth {
		return r.broken(fmt.Sprintf("nested more than %d deep", event.MaxDepth))
	}
	h, err := r.head()
	if err != nil || h.isNull() {
		return err
	}
	into = settle(into)
	switch {
	case into.Type() == timeType:
		return r.time(h, into, at)
	case into.Type() == bytesType:
		return r.blob(h, into, at)
	}
	switch into.Kind() {
	case reflect.Struct, reflect.Map:
		if h.major != cborMap {
			return cborWrongType(at, "an object", h)
		}
		return r.members(h, into, at, depth)
	case reflect.Slice:
		if h.major != cborArray {
			return cborWrongType(at, "a list", h)
		}
		return r.list(h, into, at, depth)
	}
	return r.scalar(h, into, at)
}

// members reads a map into a struct or a map.
func (r *cborReader) members(h cborHead, into reflect.Value, at *path, depth int) error {
	if into.Kind() == reflect.Map {
		into.Set(reflect.MakeMap(into.Type()))
	}
	seen := map[string]bool{}
	for i := uint64(0); ; i++ {
		more, err := r.more(h, i)
		if err != nil || !more {
			return err
		}
		name, err := r.key()
		if err != nil {
			return err
		}
		if seen[name] {
			return serialization("%s: the name %q stands twice", at, name)
		}
		if seen[name] = true; len(seen) > maxItems {
			return tooMany(at)
		}
		if err := r.member(name, into, at, depth); err != nil {
			return err
		}
	}
}

func (r *cborReader) member(name string, into reflect.Value, at *path, depth int) error {
	at = &path{up: at, name: name}
	if into.Kind() == reflect.Map {
		item := reflect.New(into.Type().Elem()).Elem()
		if r.i < len(r.b) && (r.b[r.i] == cborSimple<<5|cborNull || r.b[r.i] == cborSimple<<5|cborUndefined) {
			r.i++
			return nil
		}
		err := r.value(item, at, depth+1)
		into.SetMapIndex(reflect.ValueOf(name).Convert(into.Type().Key()), item)
		return err
	}
	p := planOf(into.Type())
	i, known := p.byJSON[name]
	if !known {
		return r.skip(depth + 1)
	}
	return r.value(into.Field(p.members[i].index), at, depth+1)
}

func (r *cborReader) key() (string, error) {
	h, err := r.head()
	if err != nil {
		return "", err
	}
	if h.major != cborText {
		return "", r.broken("a name must be a string, not " + h.kind())
	}
	return r.text(h)
}

func (r *cborReader) list(h cborHead, into reflect.Value, at *path, depth int) error {
	into.Set(reflect.MakeSlice(into.Type(), 0, 0))
	for i := uint64(0); ; i++ {
		more, err := r.more(h, i)
		if err != nil || !more {
			return err
		}
		if i == maxItems {
			return tooMany(at)
		}
		item := reflect.New(into.Type().Elem()).Elem()
		if err := r.value(item, &path{up: at, index: int(i)}, depth+1); err != nil {
			return err
		}
		into.Set(reflect.Append(into, item))
	}
}

func (r *cborReader) blob(h cborHead, into reflect.Value, at *path) error {
	if h.major != cborBytes {
		return cborWrongType(at, "bytes", h)
	}
	b, err := r.chunks(h)
	if err == nil {
		into.SetBytes(append([]byte{}, b...))
	}
	return err
}

// time reads seconds since 1970, with the tag that says so or without.
func (r *cborReader) time(h cborHead, into reflect.Value, at *path) (err error) {
	if h.major == cborTag && h.arg == cborEpoch {
		if h, err = r.head(); err != nil {
			return err
		}
	}
	text, ok := h.number()
	if !ok {
		return cborWrongType(at, "a time in seconds since 1970", h)
	}
	if err := setText(into, text); err != nil {
		return serialization("%s: %v", at, err)
	}
	return nil
}

func (r *cborReader) scalar(h cborHead, into reflect.Value, at *path) error {
	var text string
	var err error
	ok := false
	want := "a string"
	switch kind := into.Kind(); {
	case kind == reflect.Bool:
		want = "true or false"
		text, ok = strconv.FormatBool(h.info == cborTrue), h.major == cborSimple && (h.info == cborTrue || h.info == cborFalse)
	case kind != reflect.String, into.Type() == numberType:
		want = "a number"
		text, ok = h.number()
	default:
		if ok = h.major == cborText; ok {
			text, err = r.text(h)
		}
	}
	switch {
	case !ok:
		return cborWrongType(at, want, h)
	case err != nil:
		return err
	}
	if err := setText(into, text); err != nil {
		return serialization("%s: %v", at, err)
	}
	return nil
}

// skip passes over one value.
func (r *cborReader) skip(depth int) error {
	if depth > event.MaxDepth {
		return r.broken(fmt.Sprintf("nested more than %d deep", event.MaxDepth))
	}
	h, err := r.head()
	if err != nil {
		return err
	}
	switch h.major {
	case cborBytes, cborText:
		_, err := r.chunks(h)
		return err
	case cborTag:
		return r.skip(depth + 1)
	case cborArray, cborMap:
		for i := uint64(0); ; i++ {
			more, err := r.more(h, i)
			if err != nil || !more {
				return err
			}
			if h.major == cborMap {
				if _, err := r.key(); err != nil {
					return err
				}
			}
			if err := r.skip(depth + 1); err != nil {
				return err
			}
		}
	}
	if h.major == cborSimple && h.indefinite() {
		return r.broken("a break stands where a value is needed")
	}
	return nil
}

func cborWrongType(at *path, want string, h cborHead) error {
	return serialization("%s: write %s, not %s", at, want, h.kind())
}

package awswire

import (
	"encoding/base64"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// EncodeForm writes a call of an operation, in a struct that v points to, as a form.
func EncodeForm(action, version string, v any, ec2 bool) []byte {
	w := formWriter{ec2: ec2, b: []byte("Action=" + url.QueryEscape(action) + "&Version=" + url.QueryEscape(version))}
	w.object("", unpointer(reflect.ValueOf(v)))
	return w.b
}

type formWriter struct {
	ec2 bool
	b   []byte
}

func (w *formWriter) put(name, value string) {
	w.b = append(w.b, '&')
	w.b = append(w.b, url.QueryEscape(name)...)
	w.b = append(w.b, '=')
	w.b = append(w.b, url.QueryEscape(value)...)
}

func (w *formWriter) object(path string, v reflect.Value) {
	for _, m := range planOf(v.Type()).members {
		f := v.Field(m.index)
		if !given(f, m.omitEmpty) {
			continue
		}
		name := m.query
		if w.ec2 {
			name = strings.ToUpper(name[:1]) + name[1:]
		}
		w.value(join(path, name), f, m)
	}
}

func (w *formWriter) value(path string, v reflect.Value, m member) {
	v = unpointer(v)
	switch {
	case !v.IsValid():
	case v.Type() == timeType, v.Type() == bytesType:
		w.put(path, plainText(v))
	case v.Kind() == reflect.Struct:
		w.object(path, v)
	case v.Kind() == reflect.Slice:
		w.list(path, v, m)
	case v.Kind() == reflect.Map:
		w.dictionary(path, v, m)
	default:
		w.put(path, plainText(v))
	}
}

func (w *formWriter) list(path string, v reflect.Value, m member) {
	if v.Len() == 0 && !w.ec2 {
		w.put(path, "")
		return
	}
	if !m.flat && !w.ec2 {
		path += "." + orElse(m.a, "member")
	}
	for i := range v.Len() {
		w.value(path+"."+strconv.Itoa(i+1), v.Index(i), member{})
	}
}

func (w *formWriter) dictionary(path string, v reflect.Value, m member) {
	if !m.flat {
		path += ".entry"
	}
	for i, key := range sortedKeys(v) {
		at := path + "." + strconv.Itoa(i+1) + "."
		w.put(at+orElse(m.a, "key"), key.String())
		w.value(at+orElse(m.b, "value"), v.MapIndex(key), member{})
	}
}

// plainText is a scalar's text in forms and XML.
func plainText(v reflect.Value) string {
	switch v.Type() {
	case timeType:
		return formatISO(v.Interface().(time.Time))
	case bytesType:
		return base64.StdEncoding.EncodeToString(v.Bytes())
	}
	if v.Kind() == reflect.String {
		return v.String()
	}
	return scalarText(v)
}

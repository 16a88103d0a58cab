package awswire

import (
	"bytes"
	"encoding/xml"
	"reflect"
	"strings"
)

// xmlWriter writes the answers of query and ec2-query.
type xmlWriter struct {
	ec2 bool
	b   bytes.Buffer
}

// open and shut write an element's two ends.
func (w *xmlWriter) open(name string) { w.b.WriteString("<" + name + ">") }
func (w *xmlWriter) shut(name string) { w.b.WriteString("</" + name + ">") }

func (w *xmlWriter) text(name, text string) {
	w.open(name)
	// A bytes.Buffer takes every write.
	_ = xml.EscapeText(&w.b, []byte(text))
	w.shut(name)
}

func (w *xmlWriter) object(v reflect.Value) {
	for _, m := range planOf(v.Type()).members {
		f := v.Field(m.index)
		if !given(f, m.omitEmpty) {
			continue
		}
		name := m.query
		if w.ec2 {
			name = strings.ToLower(name[:1]) + name[1:]
		}
		w.value(name, f, m)
	}
}

func (w *xmlWriter) value(name string, v reflect.Value, m member) {
	v = unpointer(v)
	switch {
	case !v.IsValid():
	case v.Type() == timeType, v.Type() == bytesType:
		w.text(name, plainText(v))
	case v.Kind() == reflect.Struct:
		w.open(name)
		w.object(v)
		w.shut(name)
	case v.Kind() == reflect.Slice:
		w.list(name, v, m)
	case v.Kind() == reflect.Map:
		w.dictionary(name, v, m)
	default:
		w.text(name, plainText(v))
	}
}

func (w *xmlWriter) list(name string, v reflect.Value, m member) {
	if m.flat && !w.ec2 {
		for i := range v.Len() {
			w.value(name, v.Index(i), member{})
		}
		return
	}
	item := orElse(m.a, "member")
	if w.ec2 {
		item = "item"
	}
	w.open(name)
	for i := range v.Len() {
		w.value(item, v.Index(i), member{})
	}
	w.shut(name)
}

func (w *xmlWriter) dictionary(name string, v reflect.Value, m member) {
	entry := name
	if !m.flat {
		entry = "entry"
		w.open(name)
	}
	for _, key := range sortedKeys(v) {
		w.open(entry)
		w.text(orElse(m.a, "key"), key.String())
		w.value(orElse(m.b, "value"), v.MapIndex(key), member{})
		w.shut(entry)
	}
	if !m.flat {
		w.shut(name)
	}
}

// encodeQuery writes the answer of a query operation.
func encodeQuery(r Route, requestID string, v any) []byte {
	var w xmlWriter
	w.b.WriteString("<" + r.Operation + "Response" + xmlns(r.Service) + ">")
	s := unpointer(reflect.ValueOf(v))
	if s.IsValid() && len(planOf(s.Type()).members) > 0 {
		w.open(r.Operation + "Result")
		w.object(s)
		w.shut(r.Operation + "Result")
	}
	w.open("ResponseMetadata")
	w.text("RequestId", requestID)
	w.shut("ResponseMetadata")
	w.shut(r.Operation + "Response")
	return w.b.Bytes()
}

// encodeEC2 writes the answer of an ec2-query operation.
func encodeEC2(r Route, requestID string, v any) []byte {
	w := xmlWriter{ec2: true}
	w.b.WriteString("<" + r.Operation + "Response" + xmlns(r.Service) + ">")
	w.text("requestId", requestID)
	if s := unpointer(reflect.ValueOf(v)); s.IsValid() {
		w.object(s)
	}
	w.shut(r.Operation + "Response")
	return w.b.Bytes()
}

func xmlns(service string) string {
	if s, ok := services[service]; ok && s.Namespace != "" {
		return ` xmlns="` + s.Namespace + `"`
	}
	return ""
}

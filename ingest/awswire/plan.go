package awswire

import (
	"reflect"
	"strings"
	"sync"
	"time"
)

var (
	timeType  = reflect.TypeFor[time.Time]()
	bytesType = reflect.TypeFor[[]byte]()
)

// member is what the tags of one field say.
type member struct {
	index     int
	json      string
	omitEmpty bool
	// query is the name in forms and XML; flat, a and b are as doc.go says.
	query string
	flat  bool
	a, b  string
	// rest is the name in paths and their queries.
	rest string
}

// plan is a struct's members in their order.
type plan struct {
	members []member
	byJSON  map[string]int
}

var plans sync.Map // reflect.Type → *plan

func planOf(t reflect.Type) *plan {
	if p, ok := plans.Load(t); ok {
		return p.(*plan)
	}
	p := &plan{byJSON: map[string]int{}}
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() || f.Tag.Get("json") == "-" {
			continue
		}
		m := memberOf(f)
		m.index = i
		p.byJSON[m.json] = len(p.members)
		p.members = append(p.members, m)
	}
	stored, _ := plans.LoadOrStore(t, p)
	return stored.(*plan)
}

func memberOf(f reflect.StructField) member {
	name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
	m := member{json: name, omitEmpty: options == "omitempty"}
	if m.json == "" {
		m.json = f.Name
	}
	m.rest = orElse(f.Tag.Get("rest"), m.json)
	parts := strings.Split(f.Tag.Get("query"), ",")
	m.query, parts = parts[0], parts[1:]
	if m.query == "" {
		m.query = m.json
	}
	if len(parts) > 0 {
		m.flat = parts[0] == "flat"
		parts = parts[1:]
	}
	if len(parts) > 0 {
		m.a = parts[0]
	}
	if len(parts) > 1 {
		m.b = parts[1]
	}
	return m
}

// given says whether a member is written at all.
func given(v reflect.Value, omitEmpty bool) bool {
	switch v.Kind() {
	case reflect.Pointer:
		return !v.IsNil()
	case reflect.Slice, reflect.Map:
		return !omitEmpty || v.Len() > 0
	case reflect.Struct:
		return v.Type() != timeType || !v.Interface().(time.Time).IsZero()
	default:
		return !omitEmpty || !v.IsZero()
	}
}

// settle makes what pointers on the way to v point to, and returns the value there.
func settle(v reflect.Value) reflect.Value {
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		v = v.Elem()
	}
	return v
}

// unpointer follows pointers; a nil one gives an invalid Value.
func unpointer(v reflect.Value) reflect.Value {
	for v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	return v
}

// Package source is a JSON-shaped value that knows where it was written.
//
// A pattern stands in JSON files, in YAML rule files and on command lines; a rule
// file has fields beside it. Whoever reads text (YAML in rulefile, JSON here) makes
// the same Value, so that there is one compiler of patterns and every finding has a
// line and a column.
package source

import (
	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// Value is one JSON value and its place.
type Value struct {
	// Kind is one of event's kinds; never Missing.
	Kind event.Kind
	// Text is a string's content, a number's own text, or "true", "false", "null".
	Text string
	// Members of an object, in the order written. A name that stands twice stands
	// twice here too; pattern.Compile reports it.
	Members []Member
	// Items of an array.
	Items []*Value
	// Pos is the place of the value; for an object or array, of its first character.
	Pos diag.Pos
}

// Member is one member of an object.
type Member struct {
	Name  string
	Pos   diag.Pos // of the name
	Value *Value
}

// Get returns the member called name, or nil.
func (v *Value) Get(name string) *Value {
	if v == nil {
		return nil
	}
	for i := range v.Members {
		if v.Members[i].Name == name {
			return v.Members[i].Value
		}
	}
	return nil
}

// AppendJSON appends v as compact JSON; numbers keep their text.
func (v *Value) AppendJSON(b []byte) []byte {
	switch v.Kind {
	case event.String:
		return event.AppendString(b, v.Text)
	case event.Array:
		b = append(b, '[')
		for i, item := range v.Items {
			if i > 0 {
				b = append(b, ',')
			}
			b = item.AppendJSON(b)
		}
		return append(b, ']')
	case event.Object:
		b = append(b, '{')
		for i, m := range v.Members {
			if i > 0 {
				b = append(b, ',')
			}
			b = event.AppendString(b, m.Name)
			b = append(b, ':')
			b = m.Value.AppendJSON(b)
		}
		return append(b, '}')
	}
	return append(b, v.Text...)
}

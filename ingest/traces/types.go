package traces

import (
	"unicode/utf8"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// kinds are the types of the members that a segment may have beside its ids, name and
// times. Null counts as not given, and other members are the SDKs' own.
var kinds = map[string]event.Kind{
	"in_progress": event.Bool, "error": event.Bool, "fault": event.Bool, "throttle": event.Bool,
	"type": event.String, "namespace": event.String, "user": event.String, "origin": event.String,
	"resource_arn": event.String, "http": event.Object, "aws": event.Object, "service": event.Object,
	"sql": event.Object, "annotations": event.Object, "metadata": event.Object,
	"precursor_ids": event.Array, "links": event.Array, "subsegments": event.Array,
}

// rest checks what is not needed to put the segment into its trace. How many annotations
// there are and what they hold is not judged: X-Ray indexes 50 scalars of a trace and
// leaves the others alone, and rules see them all.
func (m *member) rest() *Error {
	for name, v := range m.v.Members() {
		want, known := kinds[name]
		if known && v.Kind() != want && v.Kind() != event.Null {
			return m.refuse("ParseError", "%s is %s, not %s", name, want, v.Kind())
		}
		var err *Error
		switch name {
		case "cause":
			err = m.cause(v)
		case "subsegments":
			err = m.subsegments(v)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// exceptionID is how many characters the id of an exception has.
const exceptionID = 16

// cause is an object, or the id of an exception that another subsegment describes.
func (m *member) cause(v event.Value) *Error {
	id, isText := v.Text()
	switch {
	case isText && utf8.RuneCountInString(id) != exceptionID:
		return m.refuse("ParseError", "cause is an object, or the id of an exception with its %d characters, not %q", exceptionID, id)
	case !isText && v.Kind() != event.Object && v.Kind() != event.Null:
		return m.refuse("ParseError", "cause is an object or the id of an exception, not %s", v.Kind())
	}
	return nil
}

// subsegments have no trace of their own; the segment's error tells which one is wrong.
func (m *member) subsegments(v event.Value) *Error {
	for item := range v.Items() {
		sub := &member{v: item, id: m.id, inside: true}
		if item.Kind() != event.Object {
			return sub.refuse("ParseError", "a subsegment is one JSON object, not %s", item.Kind())
		}
		if _, err := sub.text("id", "Id", segmentID, "16 hexadecimal digits"); err != nil {
			return err
		}
		if _, err := sub.name(); err != nil {
			return err
		}
		if _, _, err := sub.times(); err != nil {
			return err
		}
		if err := sub.rest(); err != nil {
			return err
		}
	}
	return nil
}

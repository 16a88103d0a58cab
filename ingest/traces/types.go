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

// read takes the members out of a segment.
func read(v event.Value) (f fields) {
	for name, value := range v.Members() {
		switch name {
		case "id":
			f.id = value
		case "trace_id":
			f.traceID = value
		case "parent_id":
			f.parentID = value
		case "name":
			f.name = value
		case "start_time":
			f.start = value
		case "end_time":
			f.end = value
		case "in_progress":
			f.inProgress = value
		case "type":
			f.kind = value
		case "cause":
			f.cause = value
		case "subsegments":
			f.subsegments = value
		}
		want, known := kinds[name]
		if known && f.wrong == "" && value.Kind() != want && value.Kind() != event.Null {
			f.wrong, f.wrongType = name, value.Kind()
		}
	}
	return f
}

// rest checks what is not needed to put the segment into its trace. How many annotations
// there are and what they hold is not judged: X-Ray indexes 50 scalars of a trace and
// leaves the others alone, and rules see them all.
func (m *member) rest() *Error {
	if name := m.fields.wrong; name != "" {
		return m.refuse("ParseError", "%s is %s, not %s", name, kinds[name], m.fields.wrongType)
	}
	if err := m.cause(m.fields.cause); err != nil {
		return err
	}
	return m.subsegments(m.fields.subsegments)
}

// exceptionID is how many characters the id of an exception has.
const exceptionID = 16

// cause is an object, or the id of an exception that another subsegment describes.
func (m *member) cause(v event.Value) *Error {
	id, isText := v.Text()
	switch {
	case isText && utf8.RuneCountInString(id) != exceptionID:
		return m.refuse("ParseError", "cause is an object, or the id of an exception with its %d characters, not %q", exceptionID, id)
	case !isText && !isNothing(v) && v.Kind() != event.Object:
		return m.refuse("ParseError", "cause is an object or the id of an exception, not %s", v.Kind())
	}
	return nil
}

// subsegments have no trace of their own; the segment's error tells which one is wrong.
func (m *member) subsegments(v event.Value) *Error {
	for item := range v.Items() {
		sub := &member{id: m.id, inside: true}
		if item.Kind() != event.Object {
			return sub.refuse("ParseError", "a subsegment is one JSON object, not %s", item.Kind())
		}
		sub.fields = read(item)
		if _, err := sub.ownID(); err != nil {
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

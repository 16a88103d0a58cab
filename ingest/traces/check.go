package traces

import (
	"fmt"
	"math"
	"regexp"
	"time"
	"unicode/utf8"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// The limits of X-Ray
// (https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html).
const (
	// MaxDocument is how many bytes a document has at most.
	MaxDocument = 64 << 10
	// MaxName is how many characters a segment's name has.
	MaxName = 200
)

var (
	segmentID = regexp.MustCompile(`^[0-9a-fA-F]{16}$`)
	// W3C's ids are accepted as they are, and cut like X-Ray's.
	traceID     = regexp.MustCompile(`^(1-[0-9a-fA-F]{8}-[0-9a-fA-F]{24}|[0-9a-fA-F]{32})$`)
	segmentName = regexp.MustCompile(`^[\p{L}\p{N}\s_.:/%&#=+\\\-@]+$`)
)

// member is a segment, or a subsegment inside of one, while it is checked.
type member struct {
	id string
	// inside is set for a subsegment in its segment: that one has its trace.
	inside bool

	fields fields
}

// fields are the members that the check looks at, taken out in one pass: a segment holds
// its subsegments, and to look for each name by itself would walk over all of them.
type fields struct {
	id, traceID, parentID, name, kind, start, end, inProgress, cause, subsegments event.Value
	// wrong is the first one of the others that has not its type.
	wrong     string
	wrongType event.Kind
}

// refuse makes an error in X-Ray's form; why says what to write instead.
func (m *member) refuse(code, why string, args ...any) *Error {
	kind := "segment"
	if m.inside || m.isSubsegment() {
		kind = "subsegment"
	}
	return &Error{ID: m.id, Code: code, Message: "Invalid " + kind + ". ErrorCode: " + code + ", Cause: " + fmt.Sprintf(why, args...)}
}

func (m *member) isSubsegment() bool {
	kind, _ := m.fields.kind.Text()
	return kind == "subsegment"
}

// parse checks one segment that stands by itself.
func parse(v event.Value) (Segment, *Error) {
	m := &member{}
	if v.Kind() != event.Object {
		return Segment{}, m.refuse("ParseError", "a segment is one JSON object, not %s", v.Kind())
	}
	m.fields = read(v)
	s := Segment{document: v}
	var err *Error
	if s.ID, err = m.ownID(); err != nil {
		return s, err
	}
	m.id = s.ID
	if s.TraceID, err = m.text(m.fields.traceID, "trace_id", "TraceId", traceID, "1-5759e988-bd862e3fe1be46a994272793, or 32 hexadecimal digits"); err != nil {
		return s, err
	}
	if s.ParentID, err = m.parent(); err != nil {
		return s, err
	}
	if s.Name, err = m.name(); err != nil {
		return s, err
	}
	if s.Start, s.End, err = m.times(); err != nil {
		return s, err
	}
	return s, m.rest()
}

// text checks a member that must be there and look as allowed says.
func (m *member) text(v event.Value, name, code string, allowed *regexp.Regexp, like string) (string, *Error) {
	s, ok := v.Text()
	switch {
	case isNothing(v) || ok && s == "":
		return "", m.refuse("Missing"+code, "give %s: %s", name, like)
	case !ok:
		return "", m.refuse("ParseError", "%s is a string, not %s", name, v.Kind())
	case !allowed.MatchString(s):
		return "", m.refuse("Invalid"+code, "write %s as %s", name, like)
	}
	return s, nil
}

// isNothing says whether a member is not there, or null, which counts as not given.
func isNothing(v event.Value) bool { return v == nil || v.Kind() == event.Null }

func (m *member) ownID() (string, *Error) {
	return m.text(m.fields.id, "id", "Id", segmentID, "16 hexadecimal digits")
}

// parent reads parent_id, which only a subsegment that stands by itself must have.
func (m *member) parent() (string, *Error) {
	if isNothing(m.fields.parentID) && !m.isSubsegment() {
		return "", nil
	}
	return m.text(m.fields.parentID, "parent_id", "ParentId", segmentID, "the 16 hexadecimal digits of its parent's id")
}

func (m *member) name() (string, *Error) {
	s, err := m.text(m.fields.name, "name", "Name", segmentName, `letters, digits, spaces and _ . : / % & # = + \ - @`)
	if err == nil && utf8.RuneCountInString(s) > MaxName {
		err = m.refuse("InvalidName", "a name has at most %d characters", MaxName)
	}
	return s, err
}

// times reads start_time and end_time; a segment in progress has no end.
func (m *member) times() (start, end time.Time, err *Error) {
	if start, err = m.time(m.fields.start, "start_time", "StartTime"); err != nil {
		return start, end, err
	}
	if m.fields.inProgress.IsTrue() {
		return start, end, nil
	}
	end, err = m.time(m.fields.end, "end_time", "EndTime")
	return start, end, err
}

// time reads seconds since 1970. A year beyond 9999 could not be written as a date.
func (m *member) time(v event.Value, name, code string) (time.Time, *Error) {
	seconds, ok := v.Float()
	switch {
	case isNothing(v):
		return time.Time{}, m.refuse("Missing"+code, "give %s: seconds since 1970, as 1478293361.271", name)
	case !ok:
		return time.Time{}, m.refuse("ParseError", "%s is a number, not %s", name, v.Kind())
	case seconds < 0 || seconds >= 253402300800:
		return time.Time{}, m.refuse("Invalid"+code, "write %s as seconds since 1970, as 1478293361.271", name)
	}
	whole, part := math.Modf(seconds)
	return time.Unix(int64(whole), int64(part*1e9)).UTC(), nil
}

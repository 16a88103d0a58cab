package traces

import (
	"bytes"
	_ "embed"
	"time"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// Source and DetailType are those of a segment's event.
const (
	Source     = "tocsin.xray"
	DetailType = "Trace Segment"
)

//go:embed schema.json
var schema []byte

// Schema is the JSON Schema (draft 2020-12) of the event's detail.
func Schema() []byte { return schema }

// Segment is one segment, or one subsegment that was sent by itself. Make one with
// Parse.
type Segment struct {
	ID, TraceID, ParentID, Name string
	// Start is when it began; End when it ended, zero while it is in progress. Both are
	// as exact as a float64 of seconds; the document has every digit.
	Start, End time.Time

	document event.Value
}

// Error is why a segment is refused, in X-Ray's words.
type Error struct {
	// ID is the segment's, "" where none could be read.
	ID string
	// Code is X-Ray's: InvalidTraceId.
	Code    string
	Message string
}

func (e *Error) Error() string { return e.Message }

// Parse reads a document that is one segment. The error is an *Error.
func Parse(document []byte) (Segment, error) {
	v, err := checked(document)
	if err != nil {
		return Segment{}, err
	}
	s, err := parse(v)
	if err != nil {
		return Segment{}, err
	}
	return s, nil
}

// ParseAll reads a document as PutTraceSegments takes it: one segment, or a list of
// independent subsegments. One that is refused does not stop the others.
func ParseAll(document []byte) (segments []Segment, refused []*Error) {
	v, err := checked(document)
	if err != nil {
		return nil, []*Error{err}
	}
	items := []event.Value{v}
	if v.Kind() == event.Array {
		items = items[:0]
		for item := range v.Items() {
			items = append(items, item)
		}
		if len(items) == 0 {
			return nil, []*Error{(&member{}).refuse("MissingId", "the list holds no segment")}
		}
	}
	for _, item := range items {
		if s, err := parse(item); err != nil {
			refused = append(refused, err)
		} else {
			segments = append(segments, s)
		}
	}
	return segments, refused
}

// checked checks the text of a document.
func checked(document []byte) (event.Value, *Error) {
	document = bytes.TrimSpace(document)
	whole := &member{}
	switch err := event.Check(document); {
	case len(document) > MaxDocument:
		return nil, whole.refuse("SegmentTooLarge", "a document has at most %d bytes, this one %d", MaxDocument, len(document))
	case err != nil:
		return nil, whole.refuse("ParseError", "%v", err)
	}
	return document, nil
}

// Event is the event of a segment; its time is the segment's start. ID, Account, Region
// and Resources are taken from defaults. The error is about a segment that is as deep as
// JSON may be by itself, and a level too deep below the envelope.
func (s Segment) Event(defaults event.Fields) (event.Event, error) {
	defaults.Source, defaults.DetailType, defaults.Time, defaults.Detail = Source, DetailType, s.Start, s.document
	return event.New(defaults)
}

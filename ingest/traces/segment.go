package traces

import (
	"bytes"
	"time"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// Source and DetailType are those of the events that segments become.
const (
	Source     = "tocsin.xray"
	DetailType = "Trace Segment"
)

// Segment is one segment, or one subsegment that was sent by itself. Make one with
// Parse.
type Segment struct {
	ID, TraceID, ParentID, Name string
	// Start is when it began; End when it ended, zero while it is in progress.
	Start, End time.Time

	document []byte
}

// Error says why a segment is refused, in X-Ray's words.
type Error struct {
	// ID is the segment's, "" where it has none that could be read.
	ID string
	// Code is X-Ray's: "InvalidTraceId".
	Code string
	// Message is for the person who sends.
	Message string
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Parse reads a document that holds one segment. The error is an *Error.
func Parse(document []byte) (Segment, error) {
	document = bytes.TrimSpace(document)
	if err := event.Check(document); err != nil {
		return Segment{}, &Error{Code: "ParseError", Message: err.Error()}
	}
	return Segment{document: document}, nil
}

// Event is the event of the segment; ID, Account and Region are taken from defaults.
func (s Segment) Event(defaults event.Fields) (event.Event, error) {
	return event.New(event.Fields{
		ID: defaults.ID, DetailType: DetailType, Source: Source, Account: defaults.Account, Region: defaults.Region,
		Time: s.Start, Resources: defaults.Resources, Detail: s.document,
	})
}

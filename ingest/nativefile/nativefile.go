package nativefile

import (
	"fmt"
	"io"
	"strings"

	"github.com/tocsin-engine/tocsin/ingest/calls"
	"github.com/tocsin-engine/tocsin/ingest/jsonstream"
	"github.com/tocsin-engine/tocsin/ingest/metrics"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// Options are what a Reader needs to know.
type Options struct {
	// Defaults are the members of the next event that its value does not say: a new ID,
	// Account, Region and Time. Required.
	Defaults func() event.Fields
}

// Reader hands out the events of one file.
type Reader struct {
	o      Options
	stream *jsonstream.Reader
	// waiting are further events of the last value.
	waiting [][]byte
}

// Error is why no event could be made of a value. Reading goes on behind it.
type Error struct{ Err error }

func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns what is wrong.
func (e *Error) Unwrap() error { return e.Err }

// NewReader reads from r, which may be gzip-ed.
func NewReader(r io.Reader, o Options) (*Reader, error) {
	stream, err := jsonstream.NewReader(r)
	if err != nil {
		return nil, err
	}
	return &Reader{o: o, stream: stream}, nil
}

// Next returns the next event, or a value of no known shape, or io.EOF after the last one.
// The bytes are valid until the following call. Reading goes on after an *Error, and
// after a *jsonstream.Error that is not fatal.
func (r *Reader) Next() ([]byte, error) {
	for len(r.waiting) == 0 {
		raw, err := r.stream.Next()
		if err != nil {
			return nil, err
		}
		v := event.Value(raw)
		s := shapeOf(v)
		if s == nil || s.events == nil {
			return raw, nil
		}
		if r.waiting, err = s.events(v, r.o.Defaults); err != nil {
			return nil, &Error{err}
		}
	}
	next := r.waiting[0]
	r.waiting = r.waiting[1:]
	return next, nil
}

// shape is one form of values.
type shape struct {
	// name is what a person calls it, with its article.
	name string
	is   func(event.Value) bool
	// events are those of a value, also beside an error about a part of it; nil where the
	// value is the event.
	events func(v event.Value, defaults func() event.Fields) ([][]byte, error)
}

// shapes are tried in this order.
var shapes = []shape{
	{"an event", isEvent, nil},
	{"a line of tocsin tail", isTail, tailed},
	{"a CloudTrail record", calls.IsRecord, call},
	{"a metric-stream line", metrics.IsStream, streamed},
	{"embedded metric format", isEMF, embedded},
	{"a batch of log events", isLogBatch, batched},
	{"an X-Ray segment", isSegment, segment},
	{"an X-Ray daemon's header line", isHeader, header},
}

// shapeOf is the shape of a value, nil if it has none of them.
func shapeOf(v event.Value) *shape {
	if v.Kind() != event.Object {
		return nil
	}
	for i := range shapes {
		if shapes[i].is(v) {
			return &shapes[i]
		}
	}
	return nil
}

// Events are the events of a value, also beside an error about a part of it. known is
// false for a value of no shape, and for one that is an event itself.
func Events(v event.Value, defaults func() event.Fields) (events [][]byte, known bool, err error) {
	s := shapeOf(v)
	if s == nil || s.events == nil {
		return nil, false, nil
	}
	events, err = s.events(v, defaults)
	return events, true, err
}

// Describe returns nil for a value that is an event, or may become one when members are
// added. For every other value the error says what was seen and what is taken.
func Describe(v event.Value) error {
	if isEvent(v) || v.Get("source") != nil {
		return nil
	}
	names := make([]string, len(shapes))
	for i, s := range shapes {
		names[i] = s.name
	}
	return fmt.Errorf("this is %s; a file holds values of these: %s", seen(v), strings.Join(names, ", "))
}

// seen says what a value is, an object with its first members.
func seen(v event.Value) string {
	if v.Kind() != event.Object {
		return v.Kind().String()
	}
	const most = 5
	var names []string
	for name := range v.Members() {
		if len(names) == most {
			names = append(names, "…")
			break
		}
		names = append(names, fmt.Sprintf("%.40q", name))
	}
	if len(names) == 0 {
		return "an empty object"
	}
	return "an object with the members " + strings.Join(names, ", ")
}

// isEvent says whether a value has what makes an event: no other shape has a detail-type.
func isEvent(v event.Value) bool { return v.Get("detail-type") != nil }

func isTail(v event.Value) bool {
	kind, _ := v.Get("kind").Text()
	return kind == "event" && v.Get("event").Kind() == event.Object && v.Get("matched").Kind() == event.Array && v.Get("at") != nil
}

// tailed is the event in a line that tail printed.
func tailed(v event.Value, _ func() event.Fields) ([][]byte, error) {
	return [][]byte{v.Get("event")}, nil
}

func call(v event.Value, defaults func() event.Fields) ([][]byte, error) {
	ev, err := calls.Event(v, defaults())
	if err != nil {
		return nil, err
	}
	return [][]byte{ev.Raw()}, nil
}

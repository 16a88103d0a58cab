package logs

import (
	"bytes"
	_ "embed"
	"errors"
	"strconv"
	"time"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// Source and DetailType are those of a record's event.
const (
	Source     = "tocsin.logs"
	DetailType = "Log Event"
)

//go:embed schema.json
var schema []byte

// Schema is the JSON Schema (draft 2020-12) of the event's detail.
func Schema() []byte { return schema }

// Record is one line of a log.
type Record struct {
	// Group is the log group, usually an application; Stream the log stream in it,
	// usually one process or file of it.
	Group, Stream string
	// Time is when it happened, Ingested when it was taken in; both count to the
	// millisecond. The zero Ingested is left out.
	Time, Ingested time.Time
	// Message is what was logged, without the end of the line. Bytes that are not UTF-8
	// become U+FFFD.
	Message string
	// Attributes is what the sender says beside the message, a JSON object; nil is
	// nothing. CloudWatch Logs has none, OTLP has severity, resource and trace there.
	Attributes []byte
}

// Event is the event of a record. What the record does not say is taken from defaults:
// ID, Account, Region, Resources, and Time for a record without one. Every message makes
// an event; the error is about Attributes, or a Time that no date can be written for.
func (r Record) Event(defaults event.Fields) (event.Event, error) {
	if r.Time.IsZero() {
		r.Time = defaults.Time
	}
	if r.Attributes != nil {
		if err := event.Check(r.Attributes); err != nil || event.Value(bytes.TrimSpace(r.Attributes)).Kind() != event.Object {
			return event.Event{}, errors.New("logs: the attributes of a record are one JSON object")
		}
	}
	defaults.Source, defaults.DetailType, defaults.Time = Source, DetailType, r.Time
	if parsed := r.parsed(); parsed != nil {
		defaults.Detail = r.detail(parsed)
		if ev, err := event.New(defaults); err == nil {
			return ev, nil
		}
		// Sound by itself, the JSON nests too deep below the envelope: it stays text.
	}
	defaults.Detail = r.detail(nil)
	return event.New(defaults)
}

// detail writes the event's detail; parsed is its json, nil for none.
func (r Record) detail(parsed []byte) []byte {
	b := make([]byte, 0, len(r.Message)+len(parsed)+len(r.Attributes)+len(r.Group)+len(r.Stream)+128)
	b = event.AppendString(append(b, `{"group":`...), r.Group)
	b = event.AppendString(append(b, `,"stream":`...), r.Stream)
	b = strconv.AppendInt(append(b, `,"timestamp":`...), r.Time.UnixMilli(), 10)
	if !r.Ingested.IsZero() {
		b = strconv.AppendInt(append(b, `,"ingestion_time":`...), r.Ingested.UnixMilli(), 10)
	}
	b = event.AppendString(append(b, `,"message":`...), r.Message)
	if parsed != nil {
		b = append(append(b, `,"json":`...), parsed...)
	}
	if r.Attributes != nil {
		b = append(append(b, `,"attributes":`...), r.Attributes...)
	}
	return append(b, '}')
}

// parsed is the message as JSON, nil where it is none. A number or a word alone is a line
// of text that happens to be JSON, so only objects and lists count. JSON that an event
// cannot carry, because a name stands twice in one object, stays text as well.
func (r Record) parsed() []byte {
	text := bytes.TrimSpace([]byte(r.Message))
	if len(text) == 0 || text[0] != '{' && text[0] != '[' || event.Check(text) != nil {
		return nil
	}
	return text
}

package logs

import (
	"bytes"
	"strconv"
	"time"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// Source and DetailType are those of the events that records become.
const (
	Source     = "tocsin.logs"
	DetailType = "Log Event"
)

// Record is one record of a log.
type Record struct {
	// Group is the log group, usually an application; Stream the log stream in it,
	// usually one process or file of it.
	Group, Stream string
	// Time is when it happened, Ingested when it was taken in; both to the millisecond.
	// The zero Ingested is left out.
	Time, Ingested time.Time
	// Message is what was logged, without the end of the line.
	Message string
	// Attributes is what the sender says beside the message, a JSON object; nil for
	// nothing. CloudWatch Logs has none, OTLP does.
	Attributes []byte
}

// Event is the event of the record. ID, Account and Region are taken from defaults, and
// Time where the record has none.
func (r Record) Event(defaults event.Fields) (event.Event, error) {
	if r.Time.IsZero() {
		r.Time = defaults.Time
	}
	return event.New(event.Fields{
		ID: defaults.ID, DetailType: DetailType, Source: Source, Account: defaults.Account, Region: defaults.Region,
		Time: r.Time, Resources: defaults.Resources, Detail: r.detail(),
	})
}

// detail writes the event's detail.
func (r Record) detail() []byte {
	b := make([]byte, 0, 2*len(r.Message)+len(r.Attributes)+200)
	b = event.AppendString(append(b, `{"logGroup":`...), r.Group)
	b = event.AppendString(append(b, `,"logStream":`...), r.Stream)
	b = strconv.AppendInt(append(b, `,"timestamp":`...), r.Time.UnixMilli(), 10)
	if !r.Ingested.IsZero() {
		b = strconv.AppendInt(append(b, `,"ingestionTime":`...), r.Ingested.UnixMilli(), 10)
	}
	b = event.AppendString(append(b, `,"message":`...), r.Message)
	if v := r.parsed(); v != nil {
		b = append(append(b, `,"json":`...), v...)
	}
	if len(r.Attributes) > 0 {
		b = append(append(b, `,"attributes":`...), r.Attributes...)
	}
	return append(b, '}')
}

// parsed is the message as JSON, nil where it is none. A number or a word by itself is a
// line of text that happens to be JSON as well, so only objects and lists count. What
// an event cannot carry (a name twice in one object, nested too deep) stays text.
func (r Record) parsed() []byte {
	text := bytes.TrimSpace([]byte(r.Message))
	if len(text) == 0 || text[0] != '{' && text[0] != '[' {
		return nil
	}
	if event.Check(text) != nil {
		return nil
	}
	return text
}

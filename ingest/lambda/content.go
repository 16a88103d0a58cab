package lambda

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tocsin-engine/tocsin/ingest/calls"
	"github.com/tocsin-engine/tocsin/ingest/logs"
	"github.com/tocsin-engine/tocsin/ingest/nativefile"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

const (
	// nesting bounds how many wrappings are opened; AWS makes three (S3 in SNS in SQS).
	nesting = 4
	// unpacked bounds what a gzip-ed record may hold, in bytes: Lambda's payloads have
	// 6 MB, and log text packs about ten to one.
	unpacked = 64 << 20
)

// message is what a queue, a topic or a stream carried, and who says so.
type message struct {
	data []byte
	// source and detailType are those of the event that the message becomes when it is
	// nothing that is known.
	source, detailType, id string
	// members say what the carrier says about it.
	members object
	fields  event.Fields
}

// open reads a message: what is known inside it, or else an event of the message itself.
func (r reader) open(m message) (Content, error) {
	m.fields.Account = cmp.Or(m.fields.Account, r.defaults.Account)
	m.fields.Region = cmp.Or(m.fields.Region, r.defaults.Region)
	if m.fields.Time.IsZero() {
		m.fields.Time = r.defaults.Time
	}
	inner := reader{m.fields}
	c, known, err := inner.known(m.data, nesting)
	if err != nil || known {
		return c, err
	}
	ev, err := inner.message(m)
	if err != nil {
		return Content{}, err
	}
	return Content{Events: []event.Event{ev}}, nil
}

// message is the event of a message: its text under message, and what it is as JSON
// under json, as in events of logs; bytes that are no text under base64.
func (r reader) message(m message) (event.Event, error) {
	detail := m.members
	switch {
	case !utf8.Valid(m.data):
		detail = detail.text("base64", base64.StdEncoding.EncodeToString(m.data))
	default:
		detail = detail.value("message", event.AppendString(nil, string(m.data)))
		if trimmed := bytes.TrimSpace(m.data); structured(trimmed) {
			detail = detail.value("json", trimmed)
		}
	}
	return event.New(event.Fields{
		ID: nameID(m.source, m.id), DetailType: m.detailType, Source: m.source,
		Account: r.defaults.Account, Region: r.defaults.Region, Time: r.defaults.Time, Detail: detail.bytes(),
	})
}

// structured says whether a text is a JSON object or list that an event may hold.
func structured(text []byte) bool {
	return len(text) > 0 && (text[0] == '{' || text[0] == '[') && event.Check(text) == nil
}

// known reads what AWS services put into messages; ok is false for everything else. A
// message of several values, one a line, is known if each of them is.
func (r reader) known(data []byte, depth int) (c Content, ok bool, err error) {
	if bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
		if data, err = gunzip(data); err != nil {
			return c, false, err
		}
	}
	values := lines(data)
	for _, v := range values {
		inner, ok, err := r.value(v, depth)
		if err != nil || !ok {
			return Content{}, false, err
		}
		c.Events = append(c.Events, inner.Events...)
		c.Objects = append(c.Objects, inner.Objects...)
		c.Skipped = cmp.Or(c.Skipped, inner.Skipped)
	}
	return c, len(values) > 0, nil
}

// lines are the JSON objects of a message: one, or one a line. Nil if there is anything
// else in it.
func lines(data []byte) []event.Value {
	whole := bytes.TrimSpace(data)
	if len(whole) == 0 || whole[0] != '{' {
		return nil
	}
	if event.CheckSyntax(whole) == nil {
		return []event.Value{event.Value(whole)}
	}
	var values []event.Value
	for line := range bytes.Lines(whole) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		if line[0] != '{' || event.CheckSyntax(line) != nil {
			return nil
		}
		values = append(values, event.Value(line))
	}
	return values
}

// value reads one JSON object that a service wrote.
func (r reader) value(v event.Value, depth int) (c Content, ok bool, err error) {
	switch {
	case depth == 0:
		return c, false, nil
	case text(v.Get("Type")) == "Notification" && v.Get("TopicArn") != nil:
		return r.nested(v, depth)
	case v.Get("detail-type") != nil && v.Get("source") != nil:
		record := r.envelope(v)
		return record.Content, true, record.Err
	case v.Get("logEvents") != nil && v.Get("messageType") != nil:
		c, err = r.subscribed(v)
		return c, true, err
	case v.Get("AlarmName") != nil && v.Get("NewStateValue") != nil:
		ev, err := r.alarmMessage(v)
		return Content{Events: []event.Event{ev}}, true, err
	case isTestEvent(v):
		return Content{Skipped: "S3's test event"}, true, nil
	case v.Get("s3Bucket") != nil && v.Get("s3ObjectKey") != nil:
		return Content{Objects: trailNote(v)}, true, nil
	}
	if c, ok, err = r.native(v); ok {
		return c, true, err
	}
	return r.list(v)
}

// native reads what each signal's own tools write, as package nativefile reads it from a
// file: a record of CloudTrail, a line of a metric stream, a segment.
func (r reader) native(v event.Value) (c Content, ok bool, err error) {
	raws, ok, err := nativefile.Events(v, r.named(v))
	if err != nil || !ok {
		return c, ok, err
	}
	for _, raw := range raws {
		ev, err := event.Complete(raw, r.defaults)
		if err != nil {
			return c, true, err
		}
		c.Events = append(c.Events, ev)
	}
	if len(raws) == 0 {
		c.Skipped = "a value without events"
	}
	return c, true, nil
}

// named are the defaults for the events of a value that may have no ids.
func (r reader) named(v event.Value) func() event.Fields {
	n := 0
	return func() event.Fields {
		n++
		f := r.defaults
		f.ID = nameID("native", string(v), strconv.Itoa(n))
		return f
	}
}

// list reads {"Records": […]} of S3's notifications or of CloudTrail.
func (r reader) list(v event.Value) (c Content, ok bool, err error) {
	n := 0
	for record := range v.Get("Records").Items() {
		switch {
		case text(record.Get("eventSource")) == "aws:s3":
			read := r.s3(record)
			if read.Err != nil {
				return c, true, read.Err
			}
			c.Events, c.Objects = append(c.Events, read.Events...), append(c.Objects, read.Objects...)
		case calls.IsRecord(record):
			ev, err := calls.Event(record, r.named(record)())
			if err != nil {
				return c, true, err
			}
			c.Events = append(c.Events, ev)
		default:
			return Content{}, false, nil
		}
		n++
	}
	return c, n > 0, nil
}

// nested reads a topic's notification inside another message.
func (r reader) nested(v event.Value, depth int) (c Content, ok bool, err error) {
	body := text(v.Get("Message"))
	r.defaults.Time = r.time(text(v.Get("Timestamp")), r.defaults.Time)
	if c, ok, err = r.known([]byte(body), depth-1); ok || err != nil {
		return c, ok, err
	}
	ev, err := r.message(notification(v, body))
	return Content{Events: []event.Event{ev}}, true, err
}

// notification is the message of a topic, whose attributes rules can match.
func notification(v event.Value, body string) message {
	return message{
		data: []byte(body), source: "tocsin.sns", detailType: "SNS Notification", id: text(v.Get("MessageId")),
		members: object(nil).value("messageId", v.Get("MessageId")).value("topicArn", v.Get("TopicArn")).
			value("subject", v.Get("Subject")).value("messageAttributes", v.Get("MessageAttributes")),
	}
}

// subscribed is the content of a log subscription; control messages have nothing.
func (r reader) subscribed(v event.Value) (c Content, err error) {
	if kind := text(v.Get("messageType")); kind != "DATA_MESSAGE" {
		return Content{Skipped: "a control message of a log subscription (" + kind + ")"}, nil
	}
	fields := r.defaults
	fields.Account = cmp.Or(text(v.Get("owner")), fields.Account)
	for e := range v.Get("logEvents").Items() {
		fields.ID = nameID("log", text(v.Get("logGroup")), text(v.Get("logStream")), text(e.Get("id")), text(e.Get("message")))
		record := logs.Record{
			Group: text(v.Get("logGroup")), Stream: text(v.Get("logStream")),
			Time: r.millis(e.Get("timestamp")), Message: text(e.Get("message")),
		}
		if extracted := e.Get("extractedFields"); extracted.Kind() == event.Object {
			record.Attributes = extracted
		}
		ev, err := record.Event(fields)
		if err != nil {
			return c, fmt.Errorf("log event %s: %w", text(e.Get("id")), err)
		}
		c.Events = append(c.Events, ev)
	}
	return c, nil
}

// subscription is the content of Lambda's form of a log subscription.
func (r reader) subscription(data event.Value) Record {
	packed, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text(data)))
	if err != nil {
		return Record{Err: fmt.Errorf("awslogs.data is no base64: %w", err)}
	}
	plain, err := gunzip(packed)
	if err != nil {
		return Record{Err: fmt.Errorf("awslogs.data: %w", err)}
	}
	if err := event.CheckSyntax(plain); err != nil {
		return Record{Err: fmt.Errorf("awslogs.data is no JSON: %w", err)}
	}
	c, err := r.subscribed(bytes.TrimSpace(plain))
	return Record{Content: c, Err: err}
}

// gunzip unpacks, up to a bound. Tools that write test payloads leave gzip's header away
// and send zlib.
func gunzip(packed []byte) ([]byte, error) {
	var z io.Reader
	var err error
	if bytes.HasPrefix(packed, []byte{0x78}) {
		z, err = zlib.NewReader(bytes.NewReader(packed))
	} else {
		z, err = gzip.NewReader(bytes.NewReader(packed))
	}
	if err != nil {
		return nil, fmt.Errorf("this is no gzip: %w", err)
	}
	plain, err := io.ReadAll(io.LimitReader(z, unpacked+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("the gzip is damaged: %w", err)
	case len(plain) > unpacked:
		return nil, fmt.Errorf("the gzip holds more than %d MiB", unpacked>>20)
	}
	return plain, nil
}

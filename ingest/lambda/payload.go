package lambda

import (
	"bytes"
	"cmp"
	"fmt"
	"strings"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// Kind is what invoked the function.
type Kind string

// The kinds of invocation, as people are told.
const (
	EventBridge Kind = "EventBridge"
	Alarm       Kind = "CloudWatch alarm"
	Logs        Kind = "CloudWatch Logs subscription"
	Kinesis     Kind = "Kinesis stream"
	DynamoDB    Kind = "DynamoDB stream"
	SQS         Kind = "SQS queue"
	SNS         Kind = "SNS topic"
	S3          Kind = "S3 notification"
	Firehose    Kind = "Firehose transformation"
	HTTP        Kind = "HTTP request"
	// Direct is what services put into messages, sent by itself: a rule with an input
	// path passes on the record of an API call like that.
	Direct Kind = "direct invocation"
)

// Payload is one invocation's payload.
type Payload struct {
	Kind Kind
	// Records are in the order of the payload. A kind whose answer names no records has
	// one or more records without an ID.
	Records []Record
	// FIFO says that the records come from a FIFO queue: after one that failed, none of
	// those behind it may count as done.
	FIFO bool
	// Request is that of kind HTTP, which has no records.
	Request *Request
}

// Record is one part of a payload that the answer can name.
type Record struct {
	// ID is what the answer calls it: a sequence number, a message id, a record id; ""
	// for kinds whose answer names no records.
	ID string
	Content
	// Data is what came in it; Firehose gets it back.
	Data []byte
	// Err says why it could not be read.
	Err error
}

// Content is what was found in a record.
type Content struct {
	Events []event.Event
	// Objects hold further records, of API calls.
	Objects []Object
	// Skipped says why there is nothing in it that could match: "a control message".
	Skipped string
}

// Object is an object of S3 that holds records of CloudTrail.
type Object struct {
	Bucket, Key, Region string
}

// Read takes a payload apart. defaults stand in events for what the payload does not
// say; defaults.Time is when the function was invoked. An error means that no source is
// known that sends such a payload; it shows what was seen.
func Read(payload []byte, defaults event.Fields) (Payload, error) {
	if err := event.CheckSyntax(payload); err != nil {
		return Payload{}, fmt.Errorf("the payload is no JSON: %w", err)
	}
	v := event.Value(bytes.TrimSpace(payload))
	if v.Kind() != event.Object {
		return Payload{}, unknown(v)
	}
	r := reader{defaults}
	switch {
	case v.Get("awslogs", "data") != nil:
		return one(Logs, r.subscription(v.Get("awslogs", "data"))), nil
	case v.Get("alarmData") != nil && v.Get("alarmArn") != nil:
		return one(Alarm, r.alarm(v)), nil
	case v.Get("detail-type") != nil && v.Get("source") != nil:
		return one(EventBridge, r.envelope(v)), nil
	case v.Get("invocationId") != nil && v.Get("records").Kind() == event.Array && v.Get("applicationArn") == nil:
		return r.firehose(v), nil
	case v.Get("Records").Kind() == event.Array:
		return r.records(v)
	case isTestEvent(v):
		return one(S3, Record{Content: Content{Skipped: "S3's test event"}}), nil
	}
	if request, ok, err := readRequest(v); ok || err != nil {
		return Payload{Kind: HTTP, Request: request}, err
	}
	if c, ok, err := r.value(v, nesting); ok {
		return one(Direct, Record{Content: c, Err: err}), nil
	}
	return Payload{}, unknown(v)
}

// reader makes events of what lies in a payload.
type reader struct{ defaults event.Fields }

func one(k Kind, r Record) Payload { return Payload{Kind: k, Records: []Record{r}} }

// records reads the payloads that are lists, by their first record.
func (r reader) records(v event.Value) (Payload, error) {
	p := Payload{}
	for record := range v.Get("Records").Items() {
		kind, read := r.bySource(record)
		if read == nil {
			return Payload{}, unknown(v)
		}
		if p.Kind == "" {
			p.Kind = kind
			p.FIFO = kind == SQS && strings.HasSuffix(text(record.Get("eventSourceARN")), ".fifo")
		}
		if p.Kind != kind {
			return Payload{}, fmt.Errorf("the payload mixes records of a %s and a %s", p.Kind, kind)
		}
		p.Records = append(p.Records, read(record))
	}
	if p.Kind == "" {
		return Payload{}, fmt.Errorf("the payload's list of Records is empty, so its source is not known")
	}
	return p, nil
}

// bySource is the reader of one record. SNS alone writes EventSource with a capital.
func (r reader) bySource(record event.Value) (Kind, func(event.Value) Record) {
	switch cmp.Or(text(record.Get("eventSource")), text(record.Get("EventSource"))) {
	case "aws:kinesis":
		return Kinesis, r.kinesis
	case "aws:dynamodb":
		return DynamoDB, r.dynamodb
	case "aws:sqs":
		return SQS, r.sqs
	case "aws:sns":
		return SNS, r.sns
	case "aws:s3":
		return S3, r.s3
	}
	return "", nil
}

// shown bounds what an error shows of a payload.
const shown = 200

// unknown says what was seen of a payload that no source sends.
func unknown(v event.Value) error {
	seen := v.Kind().String()
	if v.Kind() == event.Object {
		var names []string
		for name := range v.Members() {
			if len(names) == 12 {
				names = append(names, "…")
				break
			}
			names = append(names, name)
		}
		seen = "an object with the members " + strings.Join(names, ", ")
		if len(names) == 0 {
			seen = "an empty object"
		}
	}
	for record := range v.Get("Records").Items() {
		if source := text(record.Get("eventSource")); source != "" {
			seen += "; its records are from " + source
		}
		break
	}
	raw := string(v)
	if len(raw) > shown {
		raw = strings.ToValidUTF8(raw[:shown], "") + "…"
	}
	return fmt.Errorf("no known source sends such a payload. Seen: %s: %s. "+
		"An event needs detail-type and source; other senders are listed in ingest/README.md", seen, raw)
}

// text is a string's content, "" for everything else.
func text(v event.Value) string {
	s, _ := v.Text()
	return s
}

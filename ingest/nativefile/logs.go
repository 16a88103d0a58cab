package nativefile

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-engine/tocsin/ingest/logs"
	"github.com/tocsin-engine/tocsin/ingest/traces"
	"github.com/tocsin-engine/tocsin/ingest/xray"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// A batch of log events is what a subscription of CloudWatch Logs delivers, or the request
// of PutLogEvents (`aws logs put-log-events --cli-input-json`).
func isLogBatch(v event.Value) bool {
	return v.Get("logEvents").Kind() == event.Array && (v.Get("logGroup") != nil || v.Get("logGroupName") != nil)
}

// batched are the events of a batch, the good ones beside those that are wrong. An id
// that CloudWatch Logs gave stays, so that a file that is fed in twice gives the same
// events.
func batched(v event.Value, defaults func() event.Fields) (events [][]byte, err error) {
	group, stream := firstText(v, "logGroup", "logGroupName"), firstText(v, "logStream", "logStreamName")
	owner := firstText(v, "owner")
	i := -1
	var wrong []string
	for item := range v.Get("logEvents").Items() {
		i++
		millis, errTime := strconv.ParseInt(string(item.Get("timestamp")), 10, 64)
		message, isText := item.Get("message").Text()
		if errTime != nil || !isText {
			wrong = append(wrong, fmt.Sprintf("logEvents[%d]: a log event has a timestamp, a whole number of milliseconds since 1970, and a message, a string", i))
			continue
		}
		f := defaults()
		if id := firstText(item, "id"); id != "" {
			f.ID = id
		}
		if owner != "" {
			f.Account = owner
		}
		ev, err := logs.Record{Group: group, Stream: stream, Time: time.UnixMilli(millis), Message: message}.Event(f)
		if err != nil {
			wrong = append(wrong, fmt.Sprintf("logEvents[%d]: %v", i, err))
			continue
		}
		events = append(events, ev.Raw())
	}
	if len(wrong) > 0 {
		return events, errors.New(strings.Join(wrong, "; "))
	}
	return events, nil
}

// firstText is the first of these members that is a string.
func firstText(v event.Value, names ...string) string {
	for _, name := range names {
		if s, ok := v.Get(name).Text(); ok {
			return s
		}
	}
	return ""
}

func isSegment(v event.Value) bool {
	return v.Get("trace_id").Kind() == event.String && v.Get("id").Kind() == event.String && v.Get("name") != nil
}

func segment(v event.Value, defaults func() event.Fields) ([][]byte, error) {
	s, err := traces.Parse(v)
	if err != nil {
		return nil, err
	}
	ev, err := s.Event(defaults())
	if err != nil {
		return nil, err
	}
	return [][]byte{ev.Raw()}, nil
}

// maxHeader is how long a header line is at most, spaces and all.
const maxHeader = 100

// isHeader says whether a value is the line that SDKs send to the X-Ray daemon before each
// segment; it stands in recordings of what they sent.
func isHeader(v event.Value) bool {
	if len(v) > maxHeader { // most values are not asked further
		return false
	}
	_, err := xray.Document(append(append([]byte{}, v...), "\n{}"...))
	return err == nil
}

func header(event.Value, func() event.Fields) ([][]byte, error) { return nil, nil }

package nativefile

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-engine/tocsin/ingest/emf"
	"github.com/tocsin-engine/tocsin/ingest/metrics"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// streamed is the event of a line of a metric stream.
func streamed(v event.Value, defaults func() event.Fields) ([][]byte, error) {
	ev, err := metrics.StreamEvent(v, defaults())
	if err != nil {
		return nil, err
	}
	return [][]byte{ev.Raw()}, nil
}

func isEMF(v event.Value) bool { return v.Get("_aws", "CloudWatchMetrics") != nil }

// embedded are the metrics of an EMF message, the good ones beside those that are wrong.
func embedded(v event.Value, defaults func() event.Fields) ([][]byte, error) {
	measured := defaults().Time
	if millis, err := strconv.ParseInt(string(v.Get("_aws", "Timestamp")), 10, 64); err == nil {
		measured = time.UnixMilli(millis) // a file is a record of the past: no age is too great
	}
	r := emf.Read(v, true, measured)
	var events [][]byte
	for _, d := range r.Data {
		ev, err := d.Event(defaults())
		if err != nil {
			return nil, err
		}
		events = append(events, ev.Raw())
	}
	if wrong := append(r.Parsing, r.Validation...); len(wrong) > 0 {
		return events, errors.New(strings.Join(wrong, "; "))
	}
	return events, nil
}

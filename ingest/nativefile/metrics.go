package nativefile

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-engine/tocsin/ingest/emf"
	"github.com/tocsin-engine/tocsin/ingest/metrics"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// isStream says whether a value is a line of a metric stream in JSON format
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-metric-streams-formats-json.html).
func isStream(v event.Value) bool {
	return v.Get("namespace").Kind() == event.String && v.Get("metric_name").Kind() == event.String && v.Get("value").Kind() == event.Object
}

// streamed is the event of such a line. Its account and region are the event's, its
// percentiles stand among the statistics.
func streamed(v event.Value, defaults func() event.Fields) ([][]byte, error) {
	d := metrics.Datum{Statistics: &metrics.StatisticSet{}}
	f := defaults()
	for name, m := range v.Members() {
		text, _ := m.Text()
		switch name {
		case "account_id":
			f.Account = text
		case "region":
			f.Region = text
		case "namespace":
			d.Namespace = text
		case "metric_name":
			d.Name = text
		case "unit":
			d.Unit = text
		case "timestamp":
			millis, err := strconv.ParseInt(string(m), 10, 64)
			if err != nil {
				return nil, fmt.Errorf("timestamp is a whole number of milliseconds since 1970, not %s", m.Kind())
			}
			d.Time = time.UnixMilli(millis).UTC()
		case "dimensions":
			for name, value := range m.Members() {
				text, _ := value.Text()
				d.Dimensions = append(d.Dimensions, metrics.Dimension{Name: name, Value: text})
			}
		case "value":
			if err := statistics(m, d.Statistics); err != nil {
				return nil, err
			}
		}
	}
	var found metrics.Findings
	d.Validate(&found, "metric", d.Time) // a file is a record of the past: no age is too great
	if err := found.Err(); err != nil {
		return nil, errors.New(strings.ReplaceAll(err.Message, "\n", " "))
	}
	ev, err := d.Event(f)
	if err != nil {
		return nil, err
	}
	return [][]byte{ev.Raw()}, nil
}

func statistics(v event.Value, s *metrics.StatisticSet) error {
	for name, m := range v.Members() {
		if m.Kind() != event.Number {
			return fmt.Errorf("value.%s is a number, not %s", name, m.Kind())
		}
		n := json.Number(m)
		switch name {
		case "count":
			s.SampleCount = n
		case "sum":
			s.Sum = n
		case "min":
			s.Minimum = n
		case "max":
			s.Maximum = n
		default:
			s.Extended = append(s.Extended, metrics.Statistic{Name: name, Value: n})
		}
	}
	return nil
}

func isEMF(v event.Value) bool { return v.Get("_aws", "CloudWatchMetrics") != nil }

// embedded are the metrics of an EMF message, the good ones beside those that are wrong.
func embedded(v event.Value, defaults func() event.Fields) ([][]byte, error) {
	measured := defaults().Time
	if millis, err := strconv.ParseInt(string(v.Get("_aws", "Timestamp")), 10, 64); err == nil {
		measured = time.UnixMilli(millis) // as above
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

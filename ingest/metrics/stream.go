package metrics

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// IsStream says whether a value is a line of a metric stream in JSON format
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-metric-streams-formats-json.html).
func IsStream(v event.Value) bool {
	return v.Get("namespace").Kind() == event.String && v.Get("metric_name").Kind() == event.String && v.Get("value").Kind() == event.Object
}

// StreamEvent is the event of such a line. Its account and region are the event's, its
// percentiles stand among the statistics. It is a record of the past: no age is too great.
func StreamEvent(v event.Value, defaults event.Fields) (event.Event, error) {
	d := Datum{Statistics: &StatisticSet{}}
	for name, m := range v.Members() {
		text, _ := m.Text()
		switch name {
		case "account_id":
			defaults.Account = cmp.Or(text, defaults.Account)
		case "region":
			defaults.Region = cmp.Or(text, defaults.Region)
		case "namespace":
			d.Namespace = text
		case "metric_name":
			d.Name = text
		case "unit":
			d.Unit = text
		case "timestamp":
			millis, err := strconv.ParseInt(string(m), 10, 64)
			if err != nil {
				return event.Event{}, fmt.Errorf("timestamp is a whole number of milliseconds since 1970, not %s", m.Kind())
			}
			d.Time = time.UnixMilli(millis).UTC()
		case "dimensions":
			for name, value := range m.Members() {
				text, _ := value.Text()
				d.Dimensions = append(d.Dimensions, Dimension{Name: name, Value: text})
			}
		case "value":
			if err := d.Statistics.read(m); err != nil {
				return event.Event{}, err
			}
		}
	}
	var found Findings
	d.Validate(&found, "metric", d.Time)
	if err := found.Err(); err != nil {
		return event.Event{}, errors.New(strings.ReplaceAll(err.Message, "\n", " "))
	}
	return d.Event(defaults)
}

// read reads the statistics of a line.
func (s *StatisticSet) read(v event.Value) error {
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
			s.Extended = append(s.Extended, Statistic{Name: name, Value: n})
		}
	}
	return nil
}

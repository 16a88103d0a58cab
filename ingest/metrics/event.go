package metrics

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strconv"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// Event is the event of a datum. What the datum does not say is taken from defaults:
// ID, Account, Region, and Time for a datum without one.
func (d Datum) Event(defaults event.Fields) (event.Event, error) {
	at := d.Time
	if at.IsZero() {
		at = defaults.Time
	}
	defaults.Source, defaults.DetailType, defaults.Time = Source, DetailType, at
	defaults.Detail = d.appendDetail(make([]byte, 0, 256), at.UnixMilli())
	return event.New(defaults)
}

func (d Datum) appendDetail(b []byte, millis int64) []byte {
	b = event.AppendString(append(b, `{"namespace":`...), d.Namespace)
	b = event.AppendString(append(b, `,"name":`...), d.Name)
	b = append(b, `,"dimensions":{`...)
	for i, dim := range d.Dimensions {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(event.AppendString(b, dim.Name), ':')
		b = event.AppendString(b, dim.Value)
	}
	b = strconv.AppendInt(append(b, `},"timestamp":`...), millis, 10)
	if v := d.single(); v != "" {
		b = append(append(b, `,"value":`...), v...)
	}
	b = d.summary().append(append(b, `,"statistics":`...))
	if len(d.Values) > 0 {
		b = appendNumbers(append(b, `,"values":`...), d.Values)
		b = appendNumbers(append(b, `,"counts":`...), d.counts())
	}
	b = event.AppendString(append(b, `,"unit":`...), cmp.Or(d.Unit, "None"))
	b = strconv.AppendInt(append(b, `,"storage_resolution":`...), int64(cmp.Or(d.StorageResolution, 60)), 10)
	if d.Entity != nil {
		b = appendTexts(append(b, `,"entity":{"key_attributes":`...), d.Entity.KeyAttributes)
		b = append(appendTexts(append(b, `,"attributes":`...), d.Entity.Attributes), '}')
	}
	return append(b, '}')
}

func (s StatisticSet) append(b []byte) []byte {
	b = append(append(b, `{"count":`...), s.SampleCount...)
	b = append(append(b, `,"sum":`...), s.Sum...)
	b = append(append(b, `,"min":`...), s.Minimum...)
	b = append(append(b, `,"max":`...), s.Maximum...)
	for _, m := range s.Extended {
		b = append(event.AppendString(append(b, ','), m.Name), ':')
		b = append(b, m.Value...)
	}
	return append(b, '}')
}

func appendNumbers(b []byte, numbers []json.Number) []byte {
	b = append(b, '[')
	for i, n := range numbers {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, n...)
	}
	return append(b, ']')
}

// appendTexts writes texts in the order of their names, so that equal data make equal
// events.
func appendTexts(b []byte, texts map[string]string) []byte {
	b = append(b, '{')
	for i, name := range slices.Sorted(maps.Keys(texts)) {
		if i > 0 {
			b = append(b, ',')
		}
		b = event.AppendString(append(event.AppendString(b, name), ':'), texts[name])
	}
	return append(b, '}')
}

// counts are Counts, or a 1 for each value where there are none.
func (d Datum) counts() []json.Number {
	if len(d.Counts) > 0 {
		return d.Counts
	}
	ones := make([]json.Number, len(d.Values))
	for i := range ones {
		ones[i] = "1"
	}
	return ones
}

// single is the datum's number if it is one sample, else "".
func (d Datum) single() json.Number {
	switch {
	case d.Value != "":
		return d.Value
	case d.Statistics != nil:
		if isOne(d.Statistics.SampleCount) {
			return d.Statistics.Sum // Values beside it may be the middle of a bucket
		}
	case len(d.Values) == 1 && isOne(d.counts()[0]):
		return d.Values[0]
	}
	return ""
}

func isOne(n json.Number) bool {
	f, err := n.Float64()
	return err == nil && f == 1
}

// summary is the datum's statistics: those the client gave, or those of its samples. A
// rule can so compare statistics.max whatever form a client chose.
func (d Datum) summary() StatisticSet {
	switch {
	case d.Statistics != nil:
		return *d.Statistics
	case d.Value != "":
		return StatisticSet{SampleCount: "1", Sum: d.Value, Minimum: d.Value, Maximum: d.Value}
	}
	s := StatisticSet{}
	var count, sum, least, most float64
	for i, c := range d.counts() {
		v, _ := d.Values[i].Float64()
		n, _ := c.Float64()
		count, sum = count+n, sum+v*n
		if i == 0 || v < least {
			least, s.Minimum = v, d.Values[i]
		}
		if i == 0 || v > most {
			most, s.Maximum = v, d.Values[i]
		}
	}
	s.SampleCount, s.Sum = Float(count), Float(sum)
	return s
}

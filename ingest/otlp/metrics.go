package otlp

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/tocsin-engine/tocsin/ingest/metrics"
)

// Sample is one data point: data, or a running total.
type Sample struct {
	// Data are the point's data: one, and for a summary one more for each quantile. A
	// point that says it has no value has none.
	Data []metrics.Datum
	// Running is set, and Data not, where the point counts from a start on and not since
	// the last point: Running.Since makes data of it.
	Running *Running
}

// Temporality is since when a point counts.
const (
	delta      = 1
	cumulative = 2
)

// noRecordedValue is the flag of a point that only says that its series has ended.
const noRecordedValue = 1

// Samples yields the data points of a request, or why one is refused.
//
// The namespace is the resource's service; the dimensions are the point's attributes
// and those of the resource that Options.Dimensions names, the point's first.
func (r Request) Samples(o Options) iter.Seq2[Sample, error] {
	return func(yield func(Sample, error) bool) {
		r.each(func(from *origin, m message) bool {
			return readMetric(from, m, o).samples(yield)
		})
	}
}

// metricFields are what a Metric says.
type metricFields struct {
	name, unit string
	kind       messageID // gauge, sum, …; noMessage for none of them
	data       message
	namespace  string
	from       *origin
	dimensions []metrics.Dimension // of the resource

	temporality uint64
	monotonic   bool
}

func readMetric(from *origin, m message, o Options) *metricFields {
	f := metricFields{namespace: from.service(), from: from}
	for n, v := range m.fields(metric) {
		switch n {
		case 1:
			f.name = v.text()
		case 3:
			f.unit = v.text()
		case 5, 7, 9, 10, 11:
			kind := byNumber(metric, n).of
			if kind == f.kind {
				v.bytes = merge(f.data, v.bytes)
			}
			f.kind, f.data = kind, v.bytes
		}
	}
	if f.kind == sum || f.kind == histogram || f.kind == exponentialHistogram {
		for n, v := range f.data.fields(f.kind) {
			switch n {
			case 2:
				f.temporality = v.n
			case 3:
				f.monotonic = v.n != 0
			}
		}
	}
	for _, name := range o.Dimensions {
		if text := from.resource.text(name); text != "" {
			f.dimensions = append(f.dimensions, metrics.Dimension{Name: name, Value: text})
		}
	}
	return &f
}

// samples yields the metric's points.
func (f *metricFields) samples(yield func(Sample, error) bool) bool {
	for n, p := range f.data.fields(f.kind) {
		if n != 1 {
			continue
		}
		s, err := f.sample(p.bytes)
		if err != nil {
			err = fmt.Errorf("metric %q: %w", f.name, err)
		}
		if !yield(s, err) {
			return false
		}
	}
	return true
}

func (f *metricFields) sample(m message) (Sample, error) {
	if f.kind != gauge && f.kind != summary && f.temporality != delta && f.temporality != cumulative {
		return Sample{}, errors.New("its aggregationTemporality is unspecified; write 1 (delta) or 2 (cumulative)")
	}
	p := readPoint(m, f.kind)
	if p.flags&noRecordedValue != 0 || p.isEmpty(f.kind) {
		return Sample{}, nil
	}
	d, err := f.datum(p)
	switch {
	case err != nil:
		return Sample{}, err
	case p.broken != nil:
		return Sample{}, p.broken
	case f.counts():
		return Sample{Running: &Running{key: f.key(p), kind: f.kind, datum: d, point: p}}, nil
	}
	return Sample{Data: p.data(d, f.kind)}, nil
}

// counts says whether points are running totals. A cumulative sum that can fall is not:
// it is what there is now, like a gauge.
func (f *metricFields) counts() bool {
	switch f.kind {
	case sum:
		return f.temporality == cumulative && f.monotonic
	case histogram, exponentialHistogram:
		return f.temporality == cumulative
	}
	return f.kind == summary
}

// datum is the datum of a point, but for its numbers.
func (f *metricFields) datum(p *point) (metrics.Datum, error) {
	at, err := nanos(p.time)
	if err != nil {
		return metrics.Datum{}, err
	}
	d := metrics.Datum{Namespace: f.namespace, Name: f.name, Unit: Unit(f.unit), Time: at}
	for _, kv := range p.attributes.unique() {
		if text := anyText(kv.value); text != "" { // CloudWatch has no empty values
			d.Dimensions = append(d.Dimensions, metrics.Dimension{Name: string(kv.key), Value: text})
		}
	}
	own := len(d.Dimensions)
	for _, dim := range f.dimensions {
		if !slices.ContainsFunc(d.Dimensions[:own], func(other metrics.Dimension) bool { return other.Name == dim.Name }) {
			d.Dimensions = append(d.Dimensions, dim)
		}
	}
	return d, nil
}

// units are CloudWatch's names of units in UCUM.
var units = map[string]string{
	"s": "Seconds", "ms": "Milliseconds", "us": "Microseconds", "By": "Bytes", "kBy": "Kilobytes", "MBy": "Megabytes", "GBy": "Gigabytes",
	"TBy": "Terabytes", "bit": "Bits", "kbit": "Kilobits", "Mbit": "Megabits", "Gbit": "Gigabits", "Tbit": "Terabits", "%": "Percent",
}

// Unit is CloudWatch's name of a unit; "" for one that it does not have. What is
// counted stands in braces: {request} is a Count. 1 is a ratio, and KiBy is not a
// kilobyte: neither has a name.
func Unit(ucum string) string {
	base, per := strings.CutSuffix(ucum, "/s")
	name := units[base]
	if strings.HasPrefix(base, "{") && strings.HasSuffix(base, "}") {
		name = "Count"
	}
	switch {
	case name == "" || !per:
		return name
	case name == "Count" || strings.HasPrefix(name, "Bytes") || strings.HasSuffix(name, "bytes") || strings.HasSuffix(name, "bits") || name == "Bits":
		return name + "/Second"
	}
	return ""
}

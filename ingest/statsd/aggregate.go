package statsd

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-engine/tocsin/ingest/metrics"
)

// Config says what becomes of samples.
type Config struct {
	// Namespace is that of the data. Default: CWAgent.
	Namespace string
	// Resolution is the data's storage resolution, 1 or 60. Default: 60.
	Resolution int
	// MaxMetrics bounds the metrics of an interval, and the gauges that are remembered.
	// Default: 10,000.
	MaxMetrics int
	// MaxMembers bounds the members of all sets of an interval. Default: 1,000,000.
	MaxMembers int
}

// ErrFull means that an interval has as many metrics, or members of sets, as it may.
var ErrFull = errors.New("statsd: there are too many metrics in one interval")

// Aggregator sums samples up. It is not for concurrent use.
type Aggregator struct {
	c       Config
	metrics map[string]*metric
	members int // of all sets
	// gauges are the last values of all intervals.
	gauges map[string]float64
	// alone are samples that have a time of their own.
	alone []metrics.Datum
}

// New makes an Aggregator.
func New(c Config) *Aggregator {
	c.Namespace = cmp.Or(c.Namespace, "CWAgent")
	c.MaxMetrics, c.MaxMembers = cmp.Or(c.MaxMetrics, 10_000), cmp.Or(c.MaxMembers, 1_000_000)
	return &Aggregator{c: c, metrics: map[string]*metric{}, gauges: map[string]float64{}}
}

// metric is what an interval knows of one metric.
type metric struct {
	kind       Kind
	name       string
	dimensions []metrics.Dimension
	value      float64
	members    map[string]struct{}
	spread     *spread
}

// Add takes a sample received at now. An error says why it is refused: ErrFull, or a limit of
// CloudWatch that its name or tags break.
func (a *Aggregator) Add(s Sample, now time.Time) error {
	key := keyOf(s)
	if !s.Time.IsZero() && (s.Kind == Counter || s.Kind == Gauge) {
		return a.addAlone(key, s, now)
	}
	m, ok := a.metrics[key]
	if !ok {
		if a.full() {
			return ErrFull
		}
		m = a.metric(key, s)
		if err := m.check(a.c, now); err != nil {
			return err
		}
	}
	if s.Kind == Set {
		if a.members == a.c.MaxMembers {
			return ErrFull
		}
		a.members -= len(m.members)
		defer func() { a.members += len(m.members) }()
	}
	m.add(s)
	a.metrics[key] = m
	a.remember(key, m)
	return nil
}

// addAlone takes a sample with a time of its own: what others say in the interval is of
// other times.
func (a *Aggregator) addAlone(key string, s Sample, now time.Time) error {
	if a.full() {
		return ErrFull
	}
	m := a.metric(key, s)
	m.add(s)
	d := m.datum(a.c)
	d.Time = s.Time
	if err := validate(d, now); err != nil {
		return err
	}
	a.alone = append(a.alone, d)
	a.remember(key, m)
	return nil
}

func (a *Aggregator) full() bool { return len(a.metrics)+len(a.alone) >= a.c.MaxMetrics }

// metric makes the metric of a sample; a gauge begins where it was.
func (a *Aggregator) metric(key string, s Sample) *metric {
	return &metric{kind: s.Kind, name: strings.ReplaceAll(s.Name, ".", "_"), dimensions: dimensions(s), value: a.gauges[key]}
}

// remember keeps a gauge's value for the intervals to come.
func (a *Aggregator) remember(key string, m *metric) {
	if _, known := a.gauges[key]; m.kind == Gauge && (known || len(a.gauges) < a.c.MaxMetrics) {
		a.gauges[key] = m.value
	}
}

// Flush ends an interval: its data, the metrics in the order of their names, and an error
// for each metric that cannot be a datum.
func (a *Aggregator) Flush(now time.Time) (data []metrics.Datum, refused []error) {
	data = a.alone
	for _, key := range slices.Sorted(maps.Keys(a.metrics)) {
		d := a.metrics[key].datum(a.c)
		d.Time = now
		if err := validate(d, now); err != nil {
			refused = append(refused, err)
			continue
		}
		data = append(data, d)
	}
	a.metrics, a.members, a.alone = map[string]*metric{}, 0, nil
	return data, refused
}

// keyOf is the identity of a sample's metric. No part of a line has a control character
// in it that would not be refused later.
func keyOf(s Sample) string {
	var b strings.Builder
	b.WriteString(s.Name + "\x00" + string(s.Kind))
	for _, t := range s.Tags {
		b.WriteString("\x00" + t.Name + "\x00" + t.Value)
	}
	return b.String()
}

// dimensions are the tags and, unless a tag is called so, the metric's type.
func dimensions(s Sample) []metrics.Dimension {
	const metricType = "metric_type"
	if slices.ContainsFunc(s.Tags, func(d metrics.Dimension) bool { return d.Name == metricType }) {
		return s.Tags
	}
	return append([]metrics.Dimension{{Name: metricType, Value: string(s.Kind)}}, s.Tags...)
}

func validate(d metrics.Datum, now time.Time) error {
	var found metrics.Findings
	d.Validate(&found, d.Name, now)
	if err := found.Err(); err != nil {
		return fmt.Errorf("statsd: %s", strings.ReplaceAll(err.Message, "\n", " "))
	}
	return nil
}

// add takes one more sample of the metric.
func (m *metric) add(s Sample) {
	switch s.Kind {
	case Counter:
		m.value += s.Value / s.Rate
	case Gauge:
		if s.Relative {
			m.value += s.Value
		} else {
			m.value = s.Value
		}
	case Set:
		if m.members == nil {
			m.members = map[string]struct{}{}
		}
		m.members[s.Member] = struct{}{}
	default:
		if m.spread == nil {
			m.spread = newSpread()
		}
		m.spread.add(s.Value, 1/s.Rate)
	}
}

// check validates the names of a metric that has no sample yet.
func (m *metric) check(c Config, now time.Time) error {
	d := m.datum(c)
	d.Value = "0"
	return validate(d, now)
}

// datum is the metric as it stands.
func (m *metric) datum(c Config) metrics.Datum {
	d := metrics.Datum{Namespace: c.Namespace, Name: m.name, Dimensions: m.dimensions, StorageResolution: c.Resolution}
	switch {
	case m.spread != nil:
		m.spread.fill(&d)
	case m.kind == Set:
		d.Value = metrics.Int(int64(len(m.members)))
	default:
		d.Value = metrics.Float(m.value)
	}
	return d
}

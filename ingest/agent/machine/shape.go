package machine

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-engine/tocsin/ingest/metrics"
)

// maxDimensions is CloudWatch's limit for one metric.
const maxDimensions = 30

// Shape is what all plugins of a configuration share.
type Shape struct {
	Namespace string
	// Dimensions stand on every metric.
	Dimensions []metrics.Dimension
	// Aggregations are sets of dimension names. A metric that has all of a set's is sent
	// again with only those; CloudWatch sums up what then has one identity.
	Aggregations [][]string
}

// Data makes data of the samples that the plugin's measurements name.
func (s Shape) Data(p Plugin, samples []Sample, now time.Time) []metrics.Datum {
	var data []metrics.Datum
	for _, m := range p.Measurements {
		for _, sample := range samples {
			if sample.Field == m.Field {
				data = s.add(data, p, m, sample, now)
			}
		}
	}
	return data
}

func (s Shape) add(data []metrics.Datum, p Plugin, m Measurement, sample Sample, now time.Time) []metrics.Datum {
	d := metrics.Datum{
		Namespace: s.Namespace, Name: cmp.Or(m.Rename, metricName(p.Name, m.Field)), Time: now,
		Unit: cmp.Or(m.Unit, catalog[p.Name][m.Field]), StorageResolution: 60, Value: metrics.Float(sample.Value),
		Dimensions: dimensions(sample.Dimensions, p.Dimensions, s.Dimensions),
	}
	if p.Every < time.Minute {
		d.StorageResolution = 1
	}
	if !slices.Contains(p.DropOriginal, m.Field) {
		data = append(data, d)
	}
	for _, set := range s.Aggregations {
		if kept, ok := subset(d.Dimensions, set); ok && len(kept) < len(d.Dimensions) {
			d := d
			d.Dimensions = kept
			data = append(data, d)
		}
	}
	return data
}

// metricName is the agent's: the count of a procstat's processes comes from a plugin of
// its own there.
func metricName(plugin, field string) string {
	if plugin == "procstat" && field == "pid_count" {
		return "procstat_lookup_pid_count"
	}
	return plugin + "_" + field
}

// dimensions puts lists together, sorted by name; of two with one name the first stays.
func dimensions(lists ...[]metrics.Dimension) []metrics.Dimension {
	var all []metrics.Dimension
	for _, list := range lists {
		for _, d := range list {
			known := slices.ContainsFunc(all, func(o metrics.Dimension) bool { return o.Name == d.Name })
			if !known && d.Value != "" && len(all) < maxDimensions {
				all = append(all, d)
			}
		}
	}
	slices.SortFunc(all, func(a, b metrics.Dimension) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// subset are the dimensions that names name; ok is false unless all are there.
func subset(dims []metrics.Dimension, names []string) (kept []metrics.Dimension, ok bool) {
	for _, d := range dims {
		if slices.Contains(names, d.Name) {
			kept = append(kept, d)
		}
	}
	return kept, len(kept) == len(names)
}

package otlp

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"

	"github.com/tocsin-engine/tocsin/ingest/metrics"
)

// data writes the point's numbers into the datum d, and more data behind it for the
// quantiles of a summary.
func (p *point) data(d metrics.Datum, kind messageID) []metrics.Datum {
	switch {
	case kind == gauge || kind == sum:
		d.Value = p.number()
		return []metrics.Datum{d}
	case p.count == 0: // nothing came to a running total
		return nil
	}
	all := []metrics.Datum{p.statistics(d)}
	for _, q := range p.quantiles {
		one := d
		one.Value = metrics.Float(q.value)
		one.Dimensions = append(slices.Clone(d.Dimensions), metrics.Dimension{Name: "quantile", Value: string(metrics.Float(q.quantile))})
		all = append(all, one)
	}
	return all
}

func (p *point) number() json.Number {
	if p.isInt {
		return metrics.Int(int64(p.value))
	}
	return metrics.Float(math.Float64frombits(p.value))
}

// statistics are a histogram or a summary: a statistic set, and what is known of how the
// samples are spread as values with their counts.
func (p *point) statistics(d metrics.Datum) metrics.Datum {
	p.bound()
	low, high, total := p.extremes()
	d.Statistics = &metrics.StatisticSet{
		SampleCount: count(p.count), Sum: metrics.Float(total), Minimum: metrics.Float(low), Maximum: metrics.Float(high),
	}
	for _, b := range fewer(p.buckets) {
		d.Values = append(d.Values, metrics.Float(b.middle()))
		d.Counts = append(d.Counts, count(b.count))
	}
	return d
}

func count(n uint64) json.Number { return json.Number(strconv.FormatUint(n, 10)) }

// bound gives the outermost buckets the bounds that the point tells: its minimum and
// maximum. Without those, the first one begins at zero if it can and the last one ends
// where it begins.
func (p *point) bound() {
	for i := range p.buckets {
		b := &p.buckets[i]
		if p.hasMin {
			b.low, b.high = max(b.low, p.min), max(b.high, p.min)
		}
		if p.hasMax {
			b.low, b.high = min(b.low, p.max), min(b.high, p.max)
		}
		switch {
		case math.IsInf(b.low, -1) && math.IsInf(b.high, 1):
			b.low = p.sum / float64(p.count)
			b.high = b.low
		case math.IsInf(b.low, -1):
			b.low = min(b.high, 0)
		case math.IsInf(b.high, 1):
			b.high = b.low
		}
	}
}

// extremes are the least and the greatest sample and the sum of all, as far as the point
// tells. What it does not tell is read off the buckets, or the quantiles, or is the mean.
func (p *point) extremes() (low, high, total float64) {
	total = p.sum
	if !p.hasSum {
		for _, b := range p.buckets {
			total += b.middle() * float64(b.count)
		}
	}
	low = total / float64(p.count)
	high = low
	switch {
	case len(p.buckets) > 0:
		low, high = p.buckets[0].low, p.buckets[len(p.buckets)-1].high
	case len(p.quantiles) > 0:
		low, high = p.quantiles[0].value, p.quantiles[len(p.quantiles)-1].value
	}
	if p.hasMin {
		low = p.min
	}
	if p.hasMax {
		high = p.max
	}
	return low, high, total
}

// maxValues is how many different values CloudWatch takes in one datum.
const maxValues = 150

// bucket is how many samples lie between two bounds.
type bucket struct {
	low, high float64
	count     uint64
}

// middle stands for the samples of the bucket, as in the CloudWatch agent.
func (b bucket) middle() float64 { return b.low + (b.high-b.low)/2 }

// fewer merges neighbours until there are at most maxValues.
func fewer(all []bucket) []bucket {
	for len(all) > maxValues {
		merged := make([]bucket, 0, (len(all)+1)/2)
		for i := 0; i < len(all); i += 2 {
			b := all[i]
			if i+1 < len(all) {
				b.high, b.count = all[i+1].high, b.count+all[i+1].count
			}
			merged = append(merged, b)
		}
		all = merged
	}
	return all
}

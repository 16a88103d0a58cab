package otlp

import (
	"slices"
)

// point is a data point of any kind, read.
type point struct {
	attributes  attributes
	start, time uint64
	flags       uint64

	isInt  bool // of a number: value is an int64
	hasOne bool
	value  uint64

	count                  uint64
	sum, min, max          float64
	hasSum, hasMin, hasMax bool
	buckets                []bucket // in the order of their values, none of them empty
	broken                 error    // why the buckets make no sense
	quantiles              []quantile
}

type quantile struct{ quantile, value float64 }

// readPoint reads a data point of a metric of this kind.
func readPoint(m message, kind messageID) *point {
	p := &point{}
	switch kind {
	case gauge, sum:
		p.readNumber(m)
	case histogram:
		p.readHistogram(m)
	case exponentialHistogram:
		p.readExponential(m)
	case summary:
		p.readSummary(m)
	}
	return p
}

func (p *point) readNumber(m message) {
	for n, v := range m.fields(numberPoint) {
		switch n {
		case 2:
			p.start = v.n
		case 3:
			p.time = v.n
		case 4, 6:
			p.value, p.isInt, p.hasOne = v.n, n == 6, true
		case 7:
			p.attributes.add(v.bytes)
		case 8:
			p.flags = v.n
		}
	}
}

func (p *point) readHistogram(m message) {
	var counts, bounds []uint64
	for n, v := range m.fields(histogramPoint) {
		switch n {
		case 2:
			p.start = v.n
		case 3:
			p.time = v.n
		case 4:
			p.count = v.n
		case 5:
			p.sum, p.hasSum = v.float(), true
		case 6:
			counts = v.uints(counts, kindFixeds)
		case 7:
			bounds = v.uints(bounds, kindDoubles)
		case 9:
			p.attributes.add(v.bytes)
		case 10:
			p.flags = v.n
		case 11:
			p.min, p.hasMin = v.float(), true
		case 12:
			p.max, p.hasMax = v.float(), true
		}
	}
	p.explicitBuckets(counts, bounds)
}

func (p *point) readExponential(m message) {
	var e exponential
	for n, v := range m.fields(exponentialPoint) {
		switch n {
		case 1:
			p.attributes.add(v.bytes)
		case 2:
			p.start = v.n
		case 3:
			p.time = v.n
		case 4:
			p.count = v.n
		case 5:
			p.sum, p.hasSum = v.float(), true
		case 6:
			e.scale = v.sint32()
		case 7:
			e.zeros = v.n
		case 8:
			e.positive = merge(e.positive, v.bytes)
		case 9:
			e.negative = merge(e.negative, v.bytes)
		case 10:
			p.flags = v.n
		case 12:
			p.min, p.hasMin = v.float(), true
		case 13:
			p.max, p.hasMax = v.float(), true
		}
	}
	p.exponentialBuckets(e)
}

func (p *point) readSummary(m message) {
	for n, v := range m.fields(summaryPoint) {
		switch n {
		case 2:
			p.start = v.n
		case 3:
			p.time = v.n
		case 4:
			p.count = v.n
		case 5:
			p.sum, p.hasSum = v.float(), true
		case 6:
			var q quantile
			for n, v := range message(v.bytes).fields(quantileValue) {
				switch n {
				case 1:
					q.quantile = v.float()
				case 2:
					q.value = v.float()
				}
			}
			p.quantiles = append(p.quantiles, q)
		case 7:
			p.attributes.add(v.bytes)
		case 8:
			p.flags = v.n
		}
	}
	slices.SortFunc(p.quantiles, func(a, b quantile) int { return compare(a.quantile, b.quantile) })
}

func compare(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// isEmpty says whether there is nothing to record: CloudWatch has no datum of no samples.
func (p *point) isEmpty(kind messageID) bool {
	if kind == gauge || kind == sum {
		return !p.hasOne
	}
	return p.count == 0 && p.broken == nil
}

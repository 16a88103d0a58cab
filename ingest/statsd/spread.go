package statsd

import (
	"maps"
	"math"
	"slices"

	"github.com/tocsin-engine/tocsin/ingest/metrics"
)

// spread is how the values of a timer or histogram are distributed: exactly, as long as
// a datum has room for all different ones; then in buckets, each bound so many times the
// one before it, as the CloudWatch agent's distribution has them.
type spread struct {
	count, sum, least, most float64
	// weights are the values' or, with a ratio, the buckets' middles'.
	weights map[float64]float64
	// ratio is between two bounds; 0 while the values are exact.
	ratio float64
}

// firstRatio is the agent's.
const firstRatio = 1.1

func newSpread() *spread {
	return &spread{least: math.Inf(1), most: math.Inf(-1), weights: map[float64]float64{}}
}

func (s *spread) add(value, weight float64) {
	s.count += weight
	s.sum += value * weight
	s.least, s.most = min(s.least, value), max(s.most, value)
	s.weights[s.bucket(value)] += weight
	for len(s.weights) > metrics.MaxValues {
		s.widen()
	}
}

// widen makes the buckets larger.
func (s *spread) widen() {
	if s.ratio *= s.ratio; s.ratio == 0 {
		s.ratio = firstRatio
	}
	narrow := s.weights
	s.weights = make(map[float64]float64, metrics.MaxValues)
	for value, weight := range narrow {
		s.weights[s.bucket(value)] += weight
	}
}

// bucket is the middle of the value's bucket; zero has one of its own.
func (s *spread) bucket(value float64) float64 {
	if s.ratio == 0 || value == 0 {
		return value
	}
	n := math.Floor(math.Log(math.Abs(value)) / math.Log(s.ratio))
	middle := math.Copysign(math.Pow(s.ratio, n+0.5), value)
	return min(max(middle, -metrics.MaxNumber), metrics.MaxNumber)
}

// fill puts the statistics and the values into a datum.
func (s *spread) fill(d *metrics.Datum) {
	d.Statistics = &metrics.StatisticSet{
		SampleCount: metrics.Float(s.count), Sum: metrics.Float(s.sum), Minimum: metrics.Float(s.least), Maximum: metrics.Float(s.most),
	}
	for _, value := range slices.Sorted(maps.Keys(s.weights)) {
		d.Values = append(d.Values, metrics.Float(value))
		d.Counts = append(d.Counts, metrics.Float(s.weights[value]))
	}
}

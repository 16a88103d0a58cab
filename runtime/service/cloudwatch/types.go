package cloudwatch

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-engine/tocsin/ingest/metrics"
)

// PutMetricDataRequest is data of one namespace.
type PutMetricDataRequest struct {
	Namespace        string
	MetricData       []MetricDatum      `json:",omitempty"`
	EntityMetricData []EntityMetricData `json:",omitempty"`
}

// EntityMetricData is data about one entity.
type EntityMetricData struct {
	Entity     *Entity       `json:",omitempty"`
	MetricData []MetricDatum `json:",omitempty"`
}

// Entity is a resource or service.
type Entity struct {
	KeyAttributes map[string]string `json:",omitempty"`
	Attributes    map[string]string `json:",omitempty"`
}

// MetricDatum is one datum.
type MetricDatum struct {
	MetricName        string
	Dimensions        []metrics.Dimension `json:",omitempty"`
	Timestamp         time.Time
	Value             *json.Number  `json:",omitempty"`
	StatisticValues   *StatisticSet `json:",omitempty"`
	Values            []json.Number `json:",omitempty"`
	Counts            []json.Number `json:",omitempty"`
	Unit              string        `json:",omitempty"`
	StorageResolution int           `json:",omitempty"`
}

// StatisticSet sums samples up.
type StatisticSet struct {
	SampleCount *json.Number `json:",omitempty"`
	Sum         *json.Number `json:",omitempty"`
	Minimum     *json.Number `json:",omitempty"`
	Maximum     *json.Number `json:",omitempty"`
}

// PutMetricDataResponse says nothing; how many rules matched each datum stands in a
// header.
type PutMetricDataResponse struct {
	matched []int
}

// ResponseHeaders implements awsapi.Headers.
func (r *PutMetricDataResponse) ResponseHeaders() map[string]string {
	counts := make([]string, len(r.matched))
	for i, n := range r.matched {
		counts[i] = strconv.Itoa(n)
	}
	return map[string]string{"x-tocsin-matched": strings.Join(counts, ", ")}
}

func (d MetricDatum) datum(namespace string, entity *metrics.Entity) metrics.Datum {
	out := metrics.Datum{
		Namespace: namespace, Name: d.MetricName, Dimensions: d.Dimensions, Time: d.Timestamp, Unit: d.Unit,
		StorageResolution: d.StorageResolution, Value: number(d.Value), Values: numbers(d.Values), Counts: numbers(d.Counts),
		Entity: entity,
	}
	if s := d.StatisticValues; s != nil {
		out.Statistics = &metrics.StatisticSet{
			SampleCount: number(s.SampleCount), Sum: number(s.Sum), Minimum: number(s.Minimum), Maximum: number(s.Maximum),
		}
	}
	return out
}

// NewMetricDatum is a datum as a client sends it.
func NewMetricDatum(d metrics.Datum) MetricDatum {
	out := MetricDatum{
		MetricName: d.Name, Dimensions: d.Dimensions, Timestamp: d.Time, Unit: d.Unit, StorageResolution: d.StorageResolution,
		Value: given(d.Value), Values: d.Values, Counts: d.Counts,
	}
	if s := d.Statistics; s != nil {
		out.StatisticValues = &StatisticSet{
			SampleCount: given(s.SampleCount), Sum: given(s.Sum), Minimum: given(s.Minimum), Maximum: given(s.Maximum),
		}
	}
	return out
}

// given is nil for no number.
func given(n json.Number) *json.Number {
	if n == "" {
		return nil
	}
	return &n
}

// number gives a number the text that JSON has for it; "" stays nothing.
func number(n *json.Number) json.Number {
	if n == nil {
		return ""
	}
	if parsed, ok := metrics.ParseNumber(string(*n)); ok {
		return parsed
	}
	return *n
}

func numbers(given []json.Number) []json.Number {
	for i := range given {
		given[i] = number(&given[i])
	}
	return given
}

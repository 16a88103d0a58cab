package metrics

import (
	"encoding/json"
	"time"
)

// Source and DetailType are those of a datum's event.
const (
	Source     = "tocsin.metrics"
	DetailType = "Metric Datum"
)

// Datum is one datum of one metric. It holds a Value, or Statistics, or Values with
// their Counts; Statistics and Values may stand together, as the CloudWatch agent sends
// them. Make its numbers with ParseNumber, Float or Int.
type Datum struct {
	Namespace, Name string
	// Dimensions in the order of the client; their names differ.
	Dimensions []Dimension
	// Time is when it was measured; zero means when it was received.
	Time time.Time
	// Unit is one of Units; "" means None.
	Unit string
	// StorageResolution is 1 or 60 seconds; 0 means 60.
	StorageResolution int
	// Value is the number of a datum that is one sample; "" is none.
	Value json.Number
	// Statistics sum samples up.
	Statistics *StatisticSet
	// Values are distinct samples, Counts how often each occurred; without Counts each
	// occurred once.
	Values, Counts []json.Number
	// Entity is what the metric is about, if the client said so.
	Entity *Entity
}

// Entity is a resource or service as CloudWatch's entities describe it.
type Entity struct{ KeyAttributes, Attributes map[string]string }

// Dimension is one part of a metric's identity.
type Dimension struct{ Name, Value string }

// StatisticSet sums up samples.
type StatisticSet struct {
	SampleCount, Sum, Minimum, Maximum json.Number
	// Extended are further statistics that a metric stream carries: p99, TM(25%:75%).
	Extended []Statistic
}

// Statistic is a named number.
type Statistic struct {
	Name  string
	Value json.Number
}

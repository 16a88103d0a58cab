package metrics

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// CloudWatch's limits of a datum (API reference, PutMetricData and MetricDatum).
const (
	MaxNamespace      = 255
	MaxName           = 255
	MaxDimensions     = 30
	MaxDimensionName  = 255
	MaxDimensionValue = 1024
	MaxValues         = 150
	// MaxNumber is the greatest absolute value of a number.
	MaxNumber = 0x1p360
	MaxPast   = 14 * 24 * time.Hour
	MaxFuture = 2 * time.Hour
)

// Units are CloudWatch's, in the order in which it lists them.
var Units = []string{
	"Seconds", "Microseconds", "Milliseconds", "Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes",
	"Bits", "Kilobits", "Megabits", "Gigabits", "Terabits", "Percent", "Count", "Bytes/Second", "Kilobytes/Second",
	"Megabytes/Second", "Gigabytes/Second", "Terabytes/Second", "Bits/Second", "Kilobits/Second", "Megabits/Second",
	"Gigabits/Second", "Terabits/Second", "Count/Second", "None",
}

// Codes of errors, as the query protocol has them.
const (
	InvalidValue       = "InvalidParameterValue"
	InvalidCombination = "InvalidParameterCombination"
	Missing            = "MissingParameter"
)

// Error is why data are refused, in CloudWatch's words. Its message has a line for each
// thing that is wrong, its code is that of the first.
type Error struct{ Code, Message string }

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Findings collects errors.
type Findings struct {
	code     string
	messages []string
}

// Add notes one thing that is wrong.
func (f *Findings) Add(code, format string, args ...any) {
	f.code = cmp.Or(f.code, code)
	f.messages = append(f.messages, fmt.Sprintf(format, args...))
}

// Err is everything that was found, nil if that is nothing.
func (f *Findings) Err() *Error {
	if f.code == "" {
		return nil
	}
	return &Error{f.code, strings.Join(f.messages, "\n")}
}

// place names a member in messages: "MetricData.member.1" and ".Values" and the item 2
// are MetricData.member.1.Values.member.3. Its text is made only where something is wrong.
type place struct {
	datum, list string
	item        int
	leaf        string
}

func (p place) String() string {
	if p.list == "" {
		return p.datum + p.leaf
	}
	return p.datum + p.list + ".member." + strconv.Itoa(p.item+1) + p.leaf
}

// Validate checks a datum against CloudWatch's limits and notes what is wrong. at names
// the datum in messages, as "MetricData.member.1"; now is when it was received. The
// namespace is the request's: see ValidateNamespace.
func (d Datum) Validate(f *Findings, at string, now time.Time) {
	f.text(place{datum: at, leaf: ".MetricName"}, d.Name, MaxName)
	d.validateDimensions(f, at)
	if !d.Time.IsZero() && d.Time.Before(now.Add(-MaxPast)) {
		f.Add(InvalidValue, "The parameter %s.Timestamp must specify a time within the past two weeks.", at)
	}
	if d.Time.After(now.Add(MaxFuture)) {
		f.Add(InvalidValue, "The parameter %s.Timestamp must specify a time no more than two hours in the future.", at)
	}
	if d.Unit != "" && !slices.Contains(Units, d.Unit) {
		f.Add(InvalidValue, "The parameter %s.Unit must be a value in the set [ %s ].", at, strings.Join(Units, ", "))
	}
	if r := d.StorageResolution; r != 0 && r != 1 && r != 60 {
		f.Add(InvalidValue, "The parameter %s.StorageResolution must be a value in the set [ 1, 60 ].", at)
	}
	d.validateForm(f, at)
	d.validateNumbers(f, at)
}

// ValidateNamespace checks a namespace; names that begin with AWS/ are the services' own.
func ValidateNamespace(f *Findings, namespace string) {
	f.text(place{leaf: "Namespace"}, namespace, MaxNamespace)
	if strings.HasPrefix(namespace, "AWS/") {
		f.Add(InvalidValue, "The value AWS/ for parameter Namespace is invalid.")
	}
	if strings.HasPrefix(namespace, ":") {
		f.Add(InvalidValue, "The value %s for parameter Namespace is invalid.", namespace)
	}
}

// text checks a name: it is there, not too long, and ASCII with something to see.
func (f *Findings) text(at place, text string, most int) {
	switch {
	case text == "":
		f.Add(Missing, "The parameter %s is required.", at)
	case strings.IndexFunc(text, func(r rune) bool { return r >= 0x7f || r < ' ' }) >= 0:
		f.Add(InvalidValue, "The value for parameter %s contains non-ASCII characters.", at)
	case strings.TrimSpace(text) == "":
		f.Add(InvalidValue, "The value %s for parameter %s is invalid.", text, at)
	}
	if len(text) > most {
		f.Add(InvalidValue, "The parameter %s must be shorter than %d characters.", at, most+1)
	}
}

func (d Datum) validateDimensions(f *Findings, at string) {
	const list = ".Dimensions"
	if len(d.Dimensions) > MaxDimensions {
		f.Add(InvalidValue, "The collection %s must not have a size greater than %d.", at+list, MaxDimensions)
		return
	}
	for i, dim := range d.Dimensions {
		f.text(place{at, list, i, ".Name"}, dim.Name, MaxDimensionName)
		f.text(place{at, list, i, ".Value"}, dim.Value, MaxDimensionValue)
		if strings.HasPrefix(dim.Name, ":") {
			f.Add(InvalidValue, "The value %s for parameter %s is invalid.", dim.Name, place{at, list, i, ".Name"})
		}
		if slices.ContainsFunc(d.Dimensions[:i], func(other Dimension) bool { return other.Name == dim.Name }) {
			f.Add(InvalidValue, "No metric may specify the same dimension name twice.")
		}
	}
}

// validateForm checks which of Value, StatisticValues and Values stand together.
func (d Datum) validateForm(f *Findings, at string) {
	switch {
	case d.Value != "" && len(d.Values) > 0:
		f.exclusive(at, "Value", "Values")
	case d.Value != "" && d.Statistics != nil:
		f.exclusive(at, "Value", "StatisticValues")
	case d.Value == "" && d.Statistics == nil && len(d.Values) == 0:
		f.Add(InvalidCombination, "At least one of the parameters %s.Value, %s.Values and %s.StatisticValues must be specified.", at, at, at)
	}
	if len(d.Values) > MaxValues {
		f.Add(InvalidValue, "The collection %s.Values must not have a size greater than %d.", at, MaxValues)
	}
	if len(d.Counts) > 0 && len(d.Counts) != len(d.Values) {
		f.Add(InvalidValue, "The parameters %s.Values and %s.Counts must be of the same size.", at, at)
	}
}

func (f *Findings) exclusive(at, a, b string) {
	f.Add(InvalidCombination, "The parameters %s.%s and %s.%s are mutually exclusive and you have specified both.", at, a, at, b)
}

func (d Datum) validateNumbers(f *Findings, at string) {
	if d.Value != "" {
		f.number(place{datum: at, leaf: ".Value"}, d.Value)
	}
	for i, v := range d.Values {
		f.number(place{at, ".Values", i, ""}, v)
	}
	for i, c := range d.Counts {
		member := place{at, ".Counts", i, ""}
		if n, ok := f.number(member, c); ok && n <= 0 {
			f.Add(InvalidValue, "The value %s for parameter %s is invalid.", c, member)
		}
	}
	if d.Statistics != nil {
		d.Statistics.validate(f, at+".StatisticValues")
	}
}

func (s StatisticSet) validate(f *Findings, at string) {
	var numbers [4]float64
	good := true
	for i, m := range [...]Statistic{{".SampleCount", s.SampleCount}, {".Sum", s.Sum}, {".Minimum", s.Minimum}, {".Maximum", s.Maximum}} {
		member := place{datum: at, leaf: m.Name}
		if m.Value == "" {
			f.Add(Missing, "The parameter %s is required.", member)
			good = false
			continue
		}
		n, ok := f.number(member, m.Value)
		numbers[i], good = n, good && ok
	}
	for i, m := range s.Extended {
		f.number(place{at, ".Extended", i, ""}, m.Value)
	}
	if !good {
		return
	}
	if numbers[0] <= 0 {
		f.Add(InvalidValue, "The parameter %s.SampleCount must be greater than 0.", at)
	}
	if numbers[2] > numbers[3] {
		f.Add(InvalidValue, "The parameter %s.Maximum must be greater than %s.Minimum.", at, at)
	}
}

// number checks one number. ok says that it is one and within the bounds.
func (f *Findings) number(at place, text json.Number) (n float64, ok bool) {
	n, err := text.Float64()
	if err != nil || math.IsNaN(n) || math.Abs(n) > MaxNumber {
		f.Add(InvalidValue, "The value %s for parameter %s is invalid.", text, at)
		return 0, false
	}
	return n, true
}

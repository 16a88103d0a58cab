package otlp_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/ingest/otlp"
)

// start is when the series of these tests began: a minute after watching did.
var start = watching.Add(time.Minute)

// at is the time n seconds after start, as the protocol writes it.
func at(n int) string { return fmt.Sprint(start.Add(time.Duration(n) * time.Second).UnixNano()) }

// running reads the one point of a request, which is a running total.
func running(t *testing.T, metric string) *otlp.Running {
	t.Helper()
	body := `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[` + metric + `]}]}]}`
	for sample, err := range parse(t, []byte(body), otlp.Metrics, otlp.JSON).Samples(options) {
		if err != nil || sample.Running == nil {
			t.Fatalf("%+v, %v: want a running total", sample, err)
		}
		return sample.Running
	}
	t.Fatal("there is no point")
	return nil
}

// TestSince goes through the points of series and looks at what each becomes: value, or
// count, sum and the counts of the values, or nothing.
func TestSince(t *testing.T) {
	counter := func(point string) string {
		return `{"name":"c","sum":{"aggregationTemporality":2,"isMonotonic":true,"dataPoints":[` + point + `]}}`
	}
	integer := func(began, n int, value string) string {
		return counter(fmt.Sprintf(`{"startTimeUnixNano":"%s","timeUnixNano":"%s","asInt":"%s"}`, at(began), at(n), value))
	}
	hist := func(n, count int, sum float64, counts string) string {
		return fmt.Sprintf(`{"name":"h","histogram":{"aggregationTemporality":2,"dataPoints":[{"startTimeUnixNano":"%s","timeUnixNano":"%s",
			"count":%d,"sum":%v,"max":99,"bucketCounts":[%s],"explicitBounds":[1,2]}]}}`, at(0), at(n), count, sum, counts)
	}
	exponential := func(n, count, scale int, counts string) string {
		return fmt.Sprintf(`{"name":"e","exponentialHistogram":{"aggregationTemporality":2,"dataPoints":[{"startTimeUnixNano":"%s","timeUnixNano":"%s",
			"count":%d,"sum":%d,"scale":%d,"positive":{"bucketCounts":[%s]}}]}}`, at(0), at(n), count, 3*count, scale, counts)
	}
	for _, tc := range []struct {
		name   string
		points []string
		want   string
	}{
		{"a counter", []string{integer(0, 1, "5"), integer(0, 2, "5"), integer(0, 3, "9007199254740999")}, "5, 0, 9007199254740994"},
		{"one that began before watching did", []string{integer(-3600, 1, "5"), integer(-3600, 2, "7")}, "-, 2"},
		{"one that does not say when it began", []string{counter(`{"timeUnixNano":"` + at(1) + `","asInt":"5"}`), counter(`{"timeUnixNano":"` + at(2) + `","asInt":"6"}`)}, "-, 1"},
		{"the same point again, and an older one", []string{integer(0, 2, "5"), integer(0, 2, "5"), integer(0, 1, "4"), integer(0, 3, "6")}, "5, -, -, 1"},
		{"points that do not say when", []string{counter(`{"asInt":"5"}`), counter(`{"asInt":"6"}`), counter(`{"asInt":"8"}`)}, "-, 1, 2"},
		{"a new start", []string{integer(0, 1, "5"), integer(2, 3, "4")}, "5, 4"},
		{"a fall without a new start", []string{integer(0, 1, "5"), integer(0, 2, "3")}, "5, 3"},
		{"an integer, then a number", []string{integer(0, 1, "1"), counter(fmt.Sprintf(`{"startTimeUnixNano":"%s","timeUnixNano":"%s","asDouble":1.5}`, at(0), at(2)))}, "1, 0.5"},
		{"a histogram", []string{hist(1, 3, 4, "1,2,0"), hist(2, 6, 14, "1,3,2"), hist(3, 6, 14, "1,3,2")}, "3/4 [1 2], 3/10 [1 2], -"},
		{"a histogram that fell", []string{hist(1, 3, 4, "1,2,0"), hist(2, 1, 1, "1,0,0")}, "3/4 [1 2], 1/1 [1]"},
		{"an exponential histogram that got coarser", []string{exponential(1, 3, 1, "1,1,1"), exponential(2, 5, 0, "4,1")}, "3/9 [1 1 1], 2/6 [2]"},
		{"a summary", []string{
			`{"name":"s","summary":{"dataPoints":[{"startTimeUnixNano":"` + at(0) + `","timeUnixNano":"` + at(1) + `","count":2,"sum":5}]}}`,
			`{"name":"s","summary":{"dataPoints":[{"startTimeUnixNano":"` + at(0) + `","timeUnixNano":"` + at(2) + `","count":3,"sum":9}]}}`,
		}, "2/5 [], 1/4 []"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var last *otlp.Total
			var got []string
			for _, p := range tc.points {
				data, next := running(t, p).Since(last, watching)
				last = next
				switch {
				case len(data) == 0:
					got = append(got, "-")
				case data[0].Value != "":
					got = append(got, string(data[0].Value))
				default:
					got = append(got, fmt.Sprintf("%s/%s %v", data[0].Statistics.SampleCount, data[0].Statistics.Sum, data[0].Counts))
				}
			}
			if diff := cmp.Diff(tc.want, strings.Join(got, ", ")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestKey: a series is its resource, scope, name, unit, kind and attributes, these in any
// order.
func TestKey(t *testing.T) {
	point := func(attributes string) string {
		return `{"name":"c","sum":{"aggregationTemporality":2,"isMonotonic":true,"dataPoints":[{"timeUnixNano":"1","asInt":"1","attributes":[` + attributes + `]}]}}`
	}
	const a, b = `{"key":"a","value":{"intValue":"1"}}`, `{"key":"b","value":{"stringValue":"1"}}`
	one := running(t, point(a+","+b)).Key()
	if running(t, point(b+","+a)).Key() != one {
		t.Error("the order of attributes makes another series")
	}
	for _, other := range []string{point(a), point(b), point(""), strings.Replace(point(a+","+b), `"name":"c"`, `"name":"d"`, 1), strings.Replace(point(a+","+b), `"name":"c"`, `"name":"c","unit":"s"`, 1)} {
		if running(t, other).Key() == one {
			t.Errorf("%s is the same series", other)
		}
	}
}

func TestUnit(t *testing.T) {
	for ucum, want := range map[string]string{
		"s": "Seconds", "ms": "Milliseconds", "By": "Bytes", "By/s": "Bytes/Second", "kBy/s": "Kilobytes/Second", "bit/s": "Bits/Second",
		"{request}": "Count", "{request}/s": "Count/Second", "%": "Percent", "1": "", "": "", "ns": "", "KiBy": "", "s/s": "", "%/s": "",
	} {
		if got := otlp.Unit(ucum); got != want {
			t.Errorf("Unit(%q) = %q, want %q", ucum, got, want)
		}
	}
}

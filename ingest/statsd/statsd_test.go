package statsd_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/ingest/metrics"
	"github.com/tocsin-engine/tocsin/ingest/statsd"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

var now = time.Date(2026, 11, 22, 18, 0, 0, 0, time.UTC)

func tags(pairs ...string) []metrics.Dimension {
	all := []metrics.Dimension{}
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, metrics.Dimension{Name: pairs[i], Value: pairs[i+1]})
	}
	return all
}

func TestParse(t *testing.T) {
	sample := func(kind statsd.Kind, value float64) statsd.Sample {
		return statsd.Sample{Name: "a.b", Kind: kind, Value: value, Rate: 1, Tags: tags()}
	}
	with := func(s statsd.Sample, change func(*statsd.Sample)) statsd.Sample { change(&s); return s }
	for _, tc := range []struct {
		line string
		want []statsd.Sample
	}{
		{"a.b:1|c", []statsd.Sample{sample(statsd.Counter, 1)}},
		{"a.b:-1.5|c|@0.1", []statsd.Sample{with(sample(statsd.Counter, -1.5), func(s *statsd.Sample) { s.Rate = 0.1 })}},
		{"a.b:+4|g", []statsd.Sample{with(sample(statsd.Gauge, 4), func(s *statsd.Sample) { s.Relative = true })}},
		{"a.b:-4|g", []statsd.Sample{with(sample(statsd.Gauge, -4), func(s *statsd.Sample) { s.Relative = true })}},
		{"a.b:4|g|@0.5", []statsd.Sample{sample(statsd.Gauge, 4)}},
		{"a.b:.5|ms|@0.5", []statsd.Sample{with(sample(statsd.Timing, .5), func(s *statsd.Sample) { s.Rate = 0.5 })}},
		{"a.b:7|h", []statsd.Sample{sample(statsd.Histogram, 7)}},
		{"a.b:7|d", []statsd.Sample{sample(statsd.Histogram, 7)}},
		{"a.b:user:7|s", []statsd.Sample{ // as everywhere, a colon separates values
			with(sample(statsd.Set, 0), func(s *statsd.Sample) { s.Member = "user" }),
			with(sample(statsd.Set, 0), func(s *statsd.Sample) { s.Member = "7" }),
		}},
		{"a.b:1:2|c", []statsd.Sample{sample(statsd.Counter, 1), sample(statsd.Counter, 2)}},
		{"a.b:1|c:2|g:3|c", []statsd.Sample{sample(statsd.Counter, 1), sample(statsd.Gauge, 2), sample(statsd.Counter, 3)}},
		{"a.b:1|c|@0.5:2|c", []statsd.Sample{with(sample(statsd.Counter, 1), func(s *statsd.Sample) { s.Rate = 0.5 }), sample(statsd.Counter, 2)}},
		{"a.b:1|c|#env:prod,x:y:z,alone,", []statsd.Sample{with(sample(statsd.Counter, 1), func(s *statsd.Sample) {
			s.Tags = tags("alone", "<empty>", "env", "prod", "x", "y:z")
		})}},
		{"a.b,env=prod,zone=a:1|c|#env:test", []statsd.Sample{with(sample(statsd.Counter, 1), func(s *statsd.Sample) {
			s.Tags = tags("env", "test", "zone", "a")
		})}},
		{"a.b:1|c|#t:v|c:container|T1656581400|e:pod", []statsd.Sample{with(sample(statsd.Counter, 1), func(s *statsd.Sample) {
			s.Tags, s.Time = tags("t", "v"), time.Unix(1656581400, 0).UTC()
		})}},
	} {
		got, err := statsd.Parse(tc.line)
		if err != nil {
			t.Errorf("Parse(%q): %v", tc.line, err)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("Parse(%q) (-want +got):\n%s", tc.line, diff)
		}
	}
}

func TestMalformed(t *testing.T) {
	for line, want := range map[string]string{
		"a":                          "write NAME:VALUE|TYPE",
		"a:1":                        "write NAME:VALUE|TYPE",
		":1|c":                       "it has no name",
		",t=v:1|c":                   "it has no name",
		"a:1|x":                      `there is no type "x"; write c, g, ms, h, d or s`,
		"a:1|":                       `there is no type ""`,
		"a:|c":                       `"" is no number`,
		"a:one|c":                    `"one" is no number`,
		"a:NaN|g":                    `"NaN" is no number`,
		"a:1e999|g":                  `"1e999" is no number`,
		"a:1e200|g":                  `no number between -2^360 and 2^360`,
		"a:0x10|g":                   `"0x10" is no number`,
		"a:|s":                       "a set needs a member",
		"a:1|c|@0":                   `the sample rate "0" is a number above 0, at most 1`,
		"a:1|c|@1.1":                 "above 0, at most 1",
		"a:1|c|@":                    "above 0, at most 1",
		"a:1|c|@NaN":                 "above 0, at most 1",
		"a:1|c|":                     "there is nothing behind the last |",
		"a:1|c|0.5":                  `"0.5" is no @RATE, #TAGS or T SECONDS`,
		"a:1|c|Tnow":                 `the time "now" is in seconds since 1970`,
		"a:1|c:2":                    "write NAME:VALUE|TYPE",
		"a:1|c|@0.5:2":               "write NAME:VALUE|TYPE",
		"_e{1,1}:a|b":                "events and service checks are not metrics",
		"_sc|x|0":                    "events and service checks are not metrics",
		"a\tb:1|c":                   "control character",
		strings.Repeat("x", 200):     "x…",
		"a:1|c|#t:" + "v\x00" + "|c": "control character",
	} {
		if got, err := statsd.Parse(line); err == nil || !strings.Contains(err.Error(), want) || got != nil {
			t.Errorf("Parse(%q) = %v, %v; want %q", line, got, err, want)
		}
	}
}

func TestLines(t *testing.T) {
	if got := slices.Collect(statsd.Lines([]byte("a:1|c\n\n b:2|c \r\n"))); !slices.Equal(got, []string{"a:1|c", "b:2|c"}) {
		t.Errorf("Lines = %q", got)
	}
	if got := slices.Collect(statsd.Lines(nil)); got != nil {
		t.Errorf("Lines of nothing = %q", got)
	}
}

// add takes lines, all of which must be good.
func add(t *testing.T, a *statsd.Aggregator, lines ...string) {
	t.Helper()
	for _, line := range lines {
		samples, err := statsd.Parse(line)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range samples {
			if err := a.Add(s, now); err != nil {
				t.Fatalf("Add(%q): %v", line, err)
			}
		}
	}
}

// flush returns the data of an interval as the details of their events.
func flush(t *testing.T, a *statsd.Aggregator) []string {
	t.Helper()
	data, refused := a.Flush(now)
	if len(refused) > 0 {
		t.Errorf("refused %v", refused)
	}
	var details []string
	for _, d := range data {
		ev, err := d.Event(event.Fields{ID: "1"})
		if err != nil {
			t.Fatal(err)
		}
		detail := strings.Replace(string(ev.Detail()), `{"namespace":"CWAgent","name":`, "", 1)
		detail = strings.Replace(detail, `"timestamp":1795370400000,`, "", 1)
		details = append(details, strings.Replace(detail, `,"unit":"None","storage_resolution":60}`, "", 1))
	}
	return details
}

func TestAggregate(t *testing.T) {
	one := func(name, kind, tags, value string) string {
		return fmt.Sprintf(`"%s","dimensions":{"metric_type":"%s"%s},"value":%s,"statistics":{"count":1,"sum":%[4]s,"min":%[4]s,"max":%[4]s}`, name, kind, tags, value)
	}
	for _, tc := range []struct {
		name  string
		lines []string
		want  []string
	}{
		{"a counter", []string{"req.count:1|c", "req.count:2|c", "req.count:-0.5|c"}, []string{one("req_count", "counter", "", "2.5")}},
		{"a sampled counter", []string{"a:1|c|@0.1", "a:1|c"}, []string{one("a", "counter", "", "11")}},
		{"counters by tags", []string{"a:1|c|#svc:x", "a:2|c|#svc:y", "a:3|c|#svc:x"},
			[]string{one("a", "counter", `,"svc":"x"`, "4"), one("a", "counter", `,"svc":"y"`, "2")}},
		{"tags in any order", []string{"a:1|c|#x:1,y:2", "a:2|c|#y:2,x:1"}, []string{one("a", "counter", `,"x":"1","y":"2"`, "3")}},
		{"a gauge", []string{"a:1|g", "a:7|g", "a:3|g"}, []string{one("a", "gauge", "", "3")}},
		{"a gauge up and down", []string{"a:10|g", "a:+4|g", "a:-20|g"}, []string{one("a", "gauge", "", "-6")}},
		{"a set", []string{"a:x|s", "a:y|s", "a:x|s"}, []string{one("a", "set", "", "2")}},
		{"two kinds of one name", []string{"a:1|g", "a:1|c"}, []string{one("a", "counter", "", "1"), one("a", "gauge", "", "1")}},
		{"a tag called metric_type", []string{"a:1|c|#metric_type:mine"}, []string{`"a","dimensions":{"metric_type":"mine"},"value":1,"statistics":{"count":1,"sum":1,"min":1,"max":1}`}},
		{"one timing", []string{"lat:12|ms|#metric_type:t"},
			[]string{`"lat","dimensions":{"metric_type":"t"},"value":12,"statistics":{"count":1,"sum":12,"min":12,"max":12},"values":[12],"counts":[1]`}},
		{"timings", []string{"lat:3|ms", "lat:1|ms", "lat:3|ms|@0.5", "lat:-2|ms"},
			[]string{`"lat","dimensions":{"metric_type":"timing"},"statistics":{"count":5,"sum":8,"min":-2,"max":3},"values":[-2,1,3],"counts":[1,1,3]`}},
		{"a histogram", []string{"h:0|h", "h:0.25|d"},
			[]string{`"h","dimensions":{"metric_type":"histogram"},"statistics":{"count":2,"sum":0.25,"min":0,"max":0.25},"values":[0,0.25],"counts":[1,1]`}},
		{"nothing", nil, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := statsd.New(statsd.Config{})
			add(t, a, tc.lines...)
			if diff := cmp.Diff(tc.want, flush(t, a)); diff != "" {
				t.Errorf("data (-want +got):\n%s", diff)
			}
			if again := flush(t, a); again != nil {
				t.Errorf("the next interval begins with %s", again)
			}
		})
	}
}

// TestGaugeIsRemembered: what was set in one interval is what "+1" means in the next.
func TestGaugeIsRemembered(t *testing.T) {
	a := statsd.New(statsd.Config{})
	add(t, a, "a:10|g")
	flush(t, a)
	add(t, a, "a:+1|g", "a:+1|g")
	if got := flush(t, a); len(got) != 1 || !strings.Contains(got[0], `"value":12,`) {
		t.Errorf("data %s, want 12", got)
	}
}

// TestOwnTime: a sample with a time stands alone, and changes nothing else.
func TestOwnTime(t *testing.T) {
	a := statsd.New(statsd.Config{Namespace: "Shop", Resolution: 1})
	at := now.Add(-time.Hour).Unix()
	add(t, a, "a:5|c", fmt.Sprintf("a:7|c|T%d", at), "a:1|c")
	data, refused := a.Flush(now)
	want := []metrics.Datum{
		{Namespace: "Shop", Name: "a", Dimensions: tags("metric_type", "counter"), Time: time.Unix(at, 0).UTC(), StorageResolution: 1, Value: "7"},
		{Namespace: "Shop", Name: "a", Dimensions: tags("metric_type", "counter"), Time: now, StorageResolution: 1, Value: "6"},
	}
	if diff := cmp.Diff(want, data); diff != "" || len(refused) > 0 {
		t.Errorf("data (-want +got):\n%s%v", diff, refused)
	}
	samples, _ := statsd.Parse("a:7|c|T1000000000")
	if err := a.Add(samples[0], now); err == nil || !strings.Contains(err.Error(), "within the past two weeks") {
		t.Errorf("a sample of 2001: %v", err)
	}
}

func TestRefused(t *testing.T) {
	for line, want := range map[string]string{
		strings.Repeat("n", 256) + ":1|c": "must be shorter than 256 characters",
		"größe:1|c":                       "contains non-ASCII characters",
		"a:1|c|#t:ß":                      "contains non-ASCII characters",
		"a:1|c|#" + strings.Repeat("t:v,", 1) + list(30): "must not have a size greater than 30",
		"a:1|c|# :v": "is invalid",
	} {
		samples, err := statsd.Parse(line)
		if err != nil {
			t.Fatal(err)
		}
		a := statsd.New(statsd.Config{})
		if err := a.Add(samples[0], now); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Add(%.40q) = %v, want %q", line, err, want)
		}
		if data, _ := a.Flush(now); data != nil {
			t.Errorf("%.40q was refused and gives %v", line, data)
		}
	}
	// A sum can leave the bounds, though no sample did.
	a := statsd.New(statsd.Config{})
	add(t, a, "a:2e108|c", "a:2e108|c", "b:1|c")
	if data, refused := a.Flush(now); len(data) != 1 || len(refused) != 1 || !strings.Contains(refused[0].Error(), "a.Value is invalid") {
		t.Errorf("data %v, refused %v", data, refused)
	}
}

func list(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "t%d:v,", i)
	}
	return b.String()
}

func TestBounds(t *testing.T) {
	a := statsd.New(statsd.Config{MaxMetrics: 2, MaxMembers: 2})
	try := func(line string) error {
		samples, err := statsd.Parse(line)
		if err != nil {
			t.Fatal(err)
		}
		return a.Add(samples[0], now)
	}
	for _, tc := range []struct {
		line string
		full bool
	}{
		{"a:1|c", false}, {"b:1|s", false}, {"c:1|c", true}, {"c:1|c|T1795370400", true}, {"a:1|c", false},
		{"b:1|s", false}, {"b:2|s", false}, {"b:3|s", true},
	} {
		if err := try(tc.line); errors.Is(err, statsd.ErrFull) != tc.full {
			t.Errorf("Add(%q) = %v, full: %v", tc.line, err, tc.full)
		}
	}
	flush(t, a)
	if err := try("b:3|s"); err != nil {
		t.Errorf("in the next interval: %v", err)
	}
}

// TestManyValues: a datum has room for 150 values; beyond that they fall into buckets
// that are as narrow as they can be, and nothing is lost of count, sum, least and most.
func TestManyValues(t *testing.T) {
	for _, tc := range []struct {
		name  string
		value func(i int) float64
		exact bool
		off   float64 // how far a bucket's middle may be from the value
	}{
		{"150 values", func(i int) float64 { return float64(i % 150) }, true, 1},
		{"151 values", func(i int) float64 { return float64(i % 151) }, false, 1.05},
		{"wide", func(i int) float64 { return math.Pow(1.02, float64(i%1000)-500) }, false, 1.22},
		{"as wide as it gets", func(i int) float64 { return math.Ldexp(1, i%700-350) }, false, math.Inf(1)},
		{"negative", func(i int) float64 { return float64(i%1000) - 500 }, false, 1.05},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := statsd.New(statsd.Config{})
			var sum float64
			const n = 10_000
			for i := range n {
				sum += tc.value(i)
				if err := a.Add(statsd.Sample{Name: "a", Kind: statsd.Timing, Value: tc.value(i), Rate: 1}, now); err != nil {
					t.Fatal(err)
				}
			}
			data, refused := a.Flush(now)
			if len(data) != 1 || len(refused) > 0 {
				t.Fatalf("data %v, refused %v", data, refused)
			}
			d := data[0]
			var count float64
			for _, c := range d.Counts {
				f, _ := c.Float64()
				count += f
			}
			if total, _ := d.Statistics.Sum.Float64(); d.Statistics.SampleCount != "10000" || count != n || total != sum || len(d.Values) > 150 {
				t.Errorf("count %s and %v, sum %v, want %v; %d values", d.Statistics.SampleCount, count, total, sum, len(d.Values))
			}
			if exact := slices.Contains(d.Values, json.Number("149")); exact != tc.exact {
				t.Errorf("values %v", d.Values)
			}
			for i := range n {
				if v := tc.value(i); v != 0 && nearest(d.Values, v) > tc.off {
					t.Fatalf("no bucket is near %v: %v", v, d.Values)
				}
			}
		})
	}
}

// nearest is how many times the nearest of values is v, or v it.
func nearest(values []json.Number, v float64) float64 {
	best := math.Inf(1)
	for _, n := range values {
		f, _ := n.Float64()
		if ratio := f / v; ratio > 0 {
			best = min(best, max(ratio, 1/ratio))
		}
	}
	return best
}

// FuzzParse: what is read has a name, a rate and a number in bounds; it adds up to data
// that are valid; and as many samples are counted as were read.
func FuzzParse(f *testing.F) {
	for _, line := range []string{
		"a.b:1|c|@0.1|#t:v,x", "a,t=v:+1|g", "a:1:2:3|ms|@0.5", "a:1|c:2|g|#x:y", "a:x|s", "a:1|h|T1795370400|c:id", "_e{1,1}:a|b", "a:1e108|d\na:2|d",
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, packet string) {
		a := statsd.New(statsd.Config{})
		taken, sets := 0.0, false
		for line := range statsd.Lines([]byte(packet)) {
			samples, err := statsd.Parse(line)
			if (err == nil) != (len(samples) > 0) {
				t.Fatalf("Parse(%q) = %v, %v", line, samples, err)
			}
			for _, s := range samples {
				if s.Name == "" || !(s.Rate > 0 && s.Rate <= 1) || math.Abs(s.Value) > metrics.MaxNumber {
					t.Fatalf("Parse(%q) = %+v", line, s)
				}
				sets = sets || s.Kind != statsd.Timing || s.Rate != 1
				if a.Add(s, now) == nil {
					taken++
				}
			}
		}
		data, _ := a.Flush(now)
		total := 0.0
		for _, d := range data {
			var found metrics.Findings
			if d.Validate(&found, "datum", now); found.Err() != nil {
				t.Fatalf("%q gives %+v: %v", packet, d, found.Err())
			}
			if _, err := d.Event(event.Fields{ID: "1"}); err != nil {
				t.Fatalf("%q gives %+v: %v", packet, d, err)
			}
			if d.Statistics != nil {
				n, _ := d.Statistics.SampleCount.Float64()
				total += n
			}
		}
		if !sets && total != taken && !strings.Contains(packet, "e10") {
			t.Fatalf("%q: %v timings were taken, %v are in the data", packet, taken, total)
		}
	})
}

func BenchmarkAdd(b *testing.B) {
	line := "web.request.latency:12.5|ms|@0.5|#env:prod,service:cart"
	a := statsd.New(statsd.Config{})
	b.ReportAllocs()
	b.SetBytes(int64(len(line)))
	for b.Loop() {
		samples, err := statsd.Parse(line)
		if err != nil {
			b.Fatal(err)
		}
		if err := a.Add(samples[0], now); err != nil {
			b.Fatal(err)
		}
	}
}

package metrics_test

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/tocsin-engine/tocsin/ingest/metrics"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

var (
	now      = time.Date(2026, 11, 22, 18, 0, 0, 0, time.UTC)
	defaults = event.Fields{ID: "1", Account: "123456789012", Region: "us-east-1", Time: now}
)

// datum is good; tests change it.
func datum() metrics.Datum {
	return metrics.Datum{
		Namespace: "Shop", Name: "latency", Dimensions: []metrics.Dimension{{Name: "service", Value: "cart"}, {Name: "az", Value: "a"}},
		Time: now.Add(-1500 * time.Millisecond), Unit: "Milliseconds", StorageResolution: 1, Value: "12.50",
	}
}

func TestEvent(t *testing.T) {
	statistics := &metrics.StatisticSet{SampleCount: "2", Sum: "3.10", Minimum: "1", Maximum: "2.10"}
	for _, tc := range []struct {
		name   string
		change func(*metrics.Datum)
		want   string // of the detail, behind the dimensions
	}{
		{"a value", func(*metrics.Datum) {},
			`"timestamp":1795370398500,"value":12.50,"statistics":{"count":1,"sum":12.50,"min":12.50,"max":12.50},"unit":"Milliseconds","storage_resolution":1}`},
		{"defaults", func(d *metrics.Datum) { d.Time, d.Unit, d.StorageResolution = time.Time{}, "", 0 },
			`"timestamp":1795370400000,"value":12.50,"statistics":{"count":1,"sum":12.50,"min":12.50,"max":12.50},"unit":"None","storage_resolution":60}`},
		{"digits", func(d *metrics.Datum) { d.Value = "0.1234567890123456789" },
			`"timestamp":1795370398500,"value":0.1234567890123456789,"statistics":{"count":1,"sum":0.1234567890123456789,"min":0.1234567890123456789,"max":0.1234567890123456789},"unit":"Milliseconds","storage_resolution":1}`},
		{"statistics", func(d *metrics.Datum) { d.Value, d.Statistics = "", statistics },
			`"timestamp":1795370398500,"statistics":{"count":2,"sum":3.10,"min":1,"max":2.10},"unit":"Milliseconds","storage_resolution":1}`},
		{"statistics of one sample", func(d *metrics.Datum) {
			d.Value, d.Statistics = "", &metrics.StatisticSet{SampleCount: "1.0", Sum: "7", Minimum: "7", Maximum: "7"}
		}, `"timestamp":1795370398500,"value":7,"statistics":{"count":1.0,"sum":7,"min":7,"max":7},"unit":"Milliseconds","storage_resolution":1}`},
		{"values and counts", func(d *metrics.Datum) {
			d.Value, d.Values, d.Counts = "", []json.Number{"2.0", "5", "1"}, []json.Number{"3", "1", "2"}
		}, `"timestamp":1795370398500,"statistics":{"count":6,"sum":13,"min":1,"max":5},"values":[2.0,5,1],"counts":[3,1,2],"unit":"Milliseconds","storage_resolution":1}`},
		{"values without counts", func(d *metrics.Datum) { d.Value, d.Values = "", []json.Number{"2", "5"} },
			`"timestamp":1795370398500,"statistics":{"count":2,"sum":7,"min":2,"max":5},"values":[2,5],"counts":[1,1],"unit":"Milliseconds","storage_resolution":1}`},
		{"one value once", func(d *metrics.Datum) { d.Value, d.Values = "", []json.Number{"2"} },
			`"timestamp":1795370398500,"value":2,"statistics":{"count":1,"sum":2,"min":2,"max":2},"values":[2],"counts":[1],"unit":"Milliseconds","storage_resolution":1}`},
		{"one value twice", func(d *metrics.Datum) { d.Value, d.Values, d.Counts = "", []json.Number{"2"}, []json.Number{"2"} },
			`"timestamp":1795370398500,"statistics":{"count":2,"sum":4,"min":2,"max":2},"values":[2],"counts":[2],"unit":"Milliseconds","storage_resolution":1}`},
		// The CloudWatch agent's StatsD timers: the value is the middle of a bucket, the
		// statistics are what was measured.
		{"as the agent mixes them", func(d *metrics.Datum) {
			d.Value, d.Values, d.Counts = "", []json.Number{"12.499889006822224"}, []json.Number{"1"}
			d.Statistics = &metrics.StatisticSet{SampleCount: "1", Sum: "12", Minimum: "12", Maximum: "12"}
		}, `"timestamp":1795370398500,"value":12,"statistics":{"count":1,"sum":12,"min":12,"max":12},"values":[12.499889006822224],"counts":[1],"unit":"Milliseconds","storage_resolution":1}`},
		{"a stream's percentiles", func(d *metrics.Datum) {
			s := *statistics
			s.Extended = []metrics.Statistic{{Name: "p99", Value: "2.09"}, {Name: `TM("%`, Value: "1"}}
			d.Value, d.Statistics = "", &s
		}, `"timestamp":1795370398500,"statistics":{"count":2,"sum":3.10,"min":1,"max":2.10,"p99":2.09,"TM(\"%":1},"unit":"Milliseconds","storage_resolution":1}`},
		{"an entity", func(d *metrics.Datum) {
			d.Entity = &metrics.Entity{KeyAttributes: map[string]string{"Type": "Service", "Name": "cart"}}
		}, `"timestamp":1795370398500,"value":12.50,"statistics":{"count":1,"sum":12.50,"min":12.50,"max":12.50},"unit":"Milliseconds","storage_resolution":1,` +
			`"entity":{"key_attributes":{"Name":"cart","Type":"Service"},"attributes":{}}}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := datum()
			tc.change(&d)
			ev, err := d.Event(defaults)
			if err != nil {
				t.Fatal(err)
			}
			want := `{"namespace":"Shop","name":"latency","dimensions":{"service":"cart","az":"a"},` + tc.want
			if diff := cmp.Diff(want, string(ev.Detail())); diff != "" {
				t.Errorf("detail (-want +got):\n%s", diff)
			}
			if ev.Source != "tocsin.metrics" || ev.DetailType != "Metric Datum" || ev.Account != defaults.Account || ev.ID != "1" {
				t.Errorf("envelope %s", ev.Raw())
			}
			validate(t, ev.Detail())
		})
	}
}

var schema = func() *jsonschema.Schema {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(metrics.Schema()))
	if err != nil {
		panic(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("datum.json", doc); err != nil {
		panic(err)
	}
	return c.MustCompile("datum.json")
}()

// validate checks a detail against the schema.
func validate(t *testing.T, detail []byte) {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(detail))
	if err == nil {
		err = schema.Validate(doc)
	}
	if err != nil {
		t.Errorf("%s is not as the schema says: %v", detail, err)
	}
}

func TestSchemaHasAllUnits(t *testing.T) {
	var doc struct {
		Properties struct {
			Unit struct{ Enum []string }
		}
	}
	if err := json.Unmarshal(metrics.Schema(), &doc); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(metrics.Units, doc.Properties.Unit.Enum); diff != "" || len(metrics.Units) != 27 {
		t.Errorf("units (-code +schema):\n%s", diff)
	}
}

// many makes n dimensions.
func many(n int) []metrics.Dimension {
	all := make([]metrics.Dimension, n)
	for i := range all {
		all[i] = metrics.Dimension{Name: "d" + string(metrics.Int(int64(i))), Value: "v"}
	}
	return all
}

// TestValidate has every limit from both sides; no message means accepted.
func TestValidate(t *testing.T) {
	numbers := func(n int) []json.Number { return strings2numbers(strings.Repeat("1 ", n)) }
	set := func(count, sum, least, most json.Number) func(*metrics.Datum) {
		return func(d *metrics.Datum) {
			d.Value, d.Statistics = "", &metrics.StatisticSet{SampleCount: count, Sum: sum, Minimum: least, Maximum: most}
		}
	}
	value := func(v json.Number) func(*metrics.Datum) { return func(d *metrics.Datum) { d.Value = v } }
	unit := func(u string) func(*metrics.Datum) { return func(d *metrics.Datum) { d.Unit = u } }
	ago := func(past time.Duration) func(*metrics.Datum) {
		return func(d *metrics.Datum) { d.Time = now.Add(-past) }
	}
	name := func(n string) func(*metrics.Datum) { return func(d *metrics.Datum) { d.Name = n } }
	dims := func(all ...metrics.Dimension) func(*metrics.Datum) {
		return func(d *metrics.Datum) { d.Dimensions = all }
	}
	dim := func(name, value string) func(*metrics.Datum) {
		return dims(metrics.Dimension{Name: name, Value: value})
	}
	resolution := func(n int) func(*metrics.Datum) { return func(d *metrics.Datum) { d.StorageResolution = n } }
	values := func(v, c int) func(*metrics.Datum) {
		return func(d *metrics.Datum) { d.Value, d.Values, d.Counts = "", numbers(v), numbers(c) }
	}
	const largest = "2348542582773833227889480596789337027375682548908319870707290971532209025114608443463698998384768703031934976" // 2^360
	for _, tc := range []struct {
		name, code, want string
		change           func(*metrics.Datum)
	}{
		{"name at the limit", "", "", name(strings.Repeat("n", 255))},
		{"name", metrics.InvalidValue, "The parameter @.MetricName must be shorter than 256 characters.", name(strings.Repeat("n", 256))},
		{"no name", metrics.Missing, "The parameter @.MetricName is required.", name("")},
		{"name not ASCII", metrics.InvalidValue, "The value for parameter @.MetricName contains non-ASCII characters.", name("größe")},
		{"name of a space", metrics.InvalidValue, "The value   for parameter @.MetricName is invalid.", name(" ")},
		{"30 dimensions", "", "", dims(many(30)...)},
		{"31 dimensions", metrics.InvalidValue, "The collection @.Dimensions must not have a size greater than 30.", dims(many(31)...)},
		{"no dimensions", "", "", dims()},
		{"a dimension twice", metrics.InvalidValue, "No metric may specify the same dimension name twice.", dims(append(many(1), many(1)...)...)},
		{"dimension name at the limit", "", "", dim(strings.Repeat("n", 255), "v")},
		{"dimension name", metrics.InvalidValue, "The parameter @.Dimensions.member.1.Name must be shorter than 256 characters.", dim(strings.Repeat("n", 256), "v")},
		{"dimension name with a colon", metrics.InvalidValue, "The value :n for parameter @.Dimensions.member.1.Name is invalid.", dim(":n", "v")},
		{"no dimension name", metrics.Missing, "The parameter @.Dimensions.member.1.Name is required.", dim("", "v")},
		{"dimension value at the limit", "", "", dim("n", strings.Repeat("v", 1024))},
		{"dimension value", metrics.InvalidValue, "The parameter @.Dimensions.member.1.Value must be shorter than 1025 characters.", dim("n", strings.Repeat("v", 1025))},
		{"no dimension value", metrics.Missing, "The parameter @.Dimensions.member.1.Value is required.", dim("n", "")},
		{"dimension value with a line end", metrics.InvalidValue, "The value for parameter @.Dimensions.member.1.Value contains non-ASCII characters.", dim("n", "a\nb")},
		{"two weeks ago", "", "", ago(14 * 24 * time.Hour)},
		{"more than two weeks ago", metrics.InvalidValue, "The parameter @.Timestamp must specify a time within the past two weeks.", ago(14*24*time.Hour + 1)},
		{"in two hours", "", "", ago(-2 * time.Hour)},
		{"in more than two hours", metrics.InvalidValue, "The parameter @.Timestamp must specify a time no more than two hours in the future.", ago(-2*time.Hour - 1)},
		{"no time", "", "", func(d *metrics.Datum) { d.Time = time.Time{} }},
		{"no unit", "", "", unit("")},
		{"unit None", "", "", unit("None")},
		{"unit in small letters", metrics.InvalidValue, "The parameter @.Unit must be a value in the set [ Seconds, Microseconds, ", unit("count")},
		{"resolution 60", "", "", resolution(60)},
		{"resolution 5", metrics.InvalidValue, "The parameter @.StorageResolution must be a value in the set [ 1, 60 ].", resolution(5)},
		{"2^360", "", "", value(largest)},
		{"-2^360", "", "", value("-" + largest)},
		{"more than 2^360", metrics.InvalidValue, "The value 2.4e108 for parameter @.Value is invalid.", value("2.4e108")},
		{"less than -2^360", metrics.InvalidValue, "The value -2.4e108 for parameter @.Value is invalid.", value("-2.4e108")},
		{"beyond float64", metrics.InvalidValue, "The value 1e999 for parameter @.Value is invalid.", value("1e999")},
		{"NaN", metrics.InvalidValue, "The value NaN for parameter @.Value is invalid.", value(metrics.NaN)},
		{"infinity", metrics.InvalidValue, "The value Infinity for parameter @.Value is invalid.", value(metrics.Infinity)},
		{"a small number", "", "", value("1e-300")},
		{"nothing measured", metrics.InvalidCombination, "At least one of the parameters @.Value, @.Values and @.StatisticValues must be specified.", value("")},
		{"150 values", "", "", values(150, 150)},
		{"151 values", metrics.InvalidValue, "The collection @.Values must not have a size greater than 150.", values(151, 151)},
		{"too many counts", metrics.InvalidValue, "The parameters @.Values and @.Counts must be of the same size.", values(1, 2)},
		{"value and values", metrics.InvalidCombination, "The parameters @.Value and @.Values are mutually exclusive and you have specified both.",
			func(d *metrics.Datum) { d.Values = numbers(1) }},
		{"value and statistics", metrics.InvalidCombination, "The parameters @.Value and @.StatisticValues are mutually exclusive and you have specified both.",
			func(d *metrics.Datum) { set("1", "1", "1", "1")(d); d.Value = "1" }},
		{"statistics and values", "", "", func(d *metrics.Datum) { set("1", "1", "1", "1")(d); d.Values = numbers(2) }},
		{"NaN among values", metrics.InvalidValue, "The value NaN for parameter @.Values.member.2 is invalid.",
			func(d *metrics.Datum) { d.Value, d.Values = "", []json.Number{"1", "NaN"} }},
		{"a count of zero", metrics.InvalidValue, "The value 0 for parameter @.Counts.member.1 is invalid.",
			func(d *metrics.Datum) { d.Value, d.Values, d.Counts = "", []json.Number{"1"}, []json.Number{"0"} }},
		{"statistics", "", "", set("0.5", "1", "2", "2")},
		{"no samples", metrics.InvalidValue, "The parameter @.StatisticValues.SampleCount must be greater than 0.", set("0", "1", "1", "1")},
		{"minimum above maximum", metrics.InvalidValue, "The parameter @.StatisticValues.Maximum must be greater than @.StatisticValues.Minimum.", set("1", "1", "2", "1")},
		{"no sum", metrics.Missing, "The parameter @.StatisticValues.Sum is required.", set("1", "", "1", "1")},
		{"maximum beyond the bounds", metrics.InvalidValue, "The value -1.79769E308 for parameter @.StatisticValues.Maximum is invalid.", set("1", "1", "1", "-1.79769E308")},
		{"a percentile beyond the bounds", metrics.InvalidValue, "The value 1e999 for parameter @.StatisticValues.Extended.member.1 is invalid.", func(d *metrics.Datum) {
			set("1", "1", "1", "1")(d)
			d.Statistics.Extended = []metrics.Statistic{{Name: "p99", Value: "1e999"}}
		}},
		{"everything at once", metrics.Missing, "The parameter @.MetricName is required.\nThe value NaN for parameter @.Value is invalid.",
			func(d *metrics.Datum) { d.Name, d.Value = "", metrics.NaN }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := datum()
			tc.change(&d)
			var f metrics.Findings
			d.Validate(&f, "MetricData.member.7", now)
			wantFound(t, f, tc.code, strings.ReplaceAll(tc.want, "@", "MetricData.member.7"))
			if f.Err() == nil {
				if ev, err := d.Event(defaults); err != nil {
					t.Errorf("no event of a good datum: %v", err)
				} else {
					validate(t, ev.Detail())
				}
			}
		})
	}
}

func strings2numbers(text string) []json.Number {
	var all []json.Number
	for _, f := range strings.Fields(text) {
		all = append(all, json.Number(f))
	}
	return all
}

func wantFound(t *testing.T, f metrics.Findings, code, want string) {
	t.Helper()
	err := f.Err()
	switch {
	case err == nil && code == "":
	case err == nil || err.Code != code || !strings.HasPrefix(err.Message, want) || strings.Count(err.Message, "\n") != strings.Count(want, "\n"):
		t.Errorf("found %+v\nwant %q %q", err, code, want)
	}
}

func TestValidateNamespace(t *testing.T) {
	for _, tc := range []struct{ namespace, code, want string }{
		{"Shop", "", ""},
		{"AWSish/EC2", "", ""},
		{strings.Repeat("n", 255), "", ""},
		{strings.Repeat("n", 256), metrics.InvalidValue, "The parameter Namespace must be shorter than 256 characters."},
		{"", metrics.Missing, "The parameter Namespace is required."},
		{"AWS/EC2", metrics.InvalidValue, "The value AWS/ for parameter Namespace is invalid."},
		{":x", metrics.InvalidValue, "The value :x for parameter Namespace is invalid."},
		{"é", metrics.InvalidValue, "The value for parameter Namespace contains non-ASCII characters."},
	} {
		var f metrics.Findings
		metrics.ValidateNamespace(&f, tc.namespace)
		wantFound(t, f, tc.code, tc.want)
	}
}

func TestParseNumber(t *testing.T) {
	for text, want := range map[string]json.Number{
		"1": "1", "1.50": "1.50", "-0": "-0", "1e3": "1e3", "1E+3": "1E+3", "1e999": "1e999",
		"+1": "1", ".5": "0.5", "1.": "1", "-.5e1": "-5", "007": "7",
		"NaN": metrics.NaN, "nan": metrics.NaN, "+Inf": metrics.Infinity, "Infinity": metrics.Infinity, "-inf": metrics.NegInfinity,
		"": "", " 1": "", "1 ": "", "0x1p-2": "", "1_000": "", "one": "", "--1": "", "1e": "", "+": "", "[1]": "", "true": "", `"1"`: "",
	} {
		got, ok := metrics.ParseNumber(text)
		if got != want || ok != (want != "") {
			t.Errorf("ParseNumber(%q) = %q, %v; want %q", text, got, ok, want)
		}
	}
	for f, want := range map[float64]json.Number{
		0: "0", 1e6: "1000000", 1e21: "1e+21", 1e-7: "1e-07", -2.5: "-2.5", math.Inf(1): "Infinity", math.Inf(-1): "-Infinity",
	} {
		if got := metrics.Float(f); got != want {
			t.Errorf("Float(%v) = %q, want %q", f, got, want)
		}
	}
	if got := metrics.Float(math.NaN()); got != metrics.NaN {
		t.Errorf("Float(NaN) = %q", got)
	}
}

// FuzzParseNumber: what is read as a number is JSON, or one of three words, and the same
// number; reading it again leaves it alone.
func FuzzParseNumber(f *testing.F) {
	for _, text := range []string{"1", "+1", ".5", "1.", "1e999", "-0.0e-0", "NaN", "-Inf", "0x1", "1_0", " 1"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, ok := metrics.ParseNumber(text)
		if !ok {
			return
		}
		if again, ok := metrics.ParseNumber(string(n)); !ok || again != n {
			t.Fatalf("%q is %q, which is %q, %v", text, n, again, ok)
		}
		if n == metrics.NaN || n == metrics.Infinity || n == metrics.NegInfinity {
			return
		}
		if !json.Valid([]byte(n)) {
			t.Fatalf("%q is %q, which JSON does not take", text, n)
		}
		a, _ := json.Number(text).Float64()
		b, _ := n.Float64()
		if a != b {
			t.Fatalf("%q is %q: %v is not %v", text, n, a, b)
		}
	})
}

// FuzzDatum: what Validate accepts makes an event as the schema says, with the texts of
// its numbers in it.
func FuzzDatum(f *testing.F) {
	f.Add("Shop", "latency", "service", "cart", "12.50", "", "Seconds", int64(0))
	f.Add("Shop", "latency", "a\"b", "\\", "", "1.50", "", int64(1795370400))
	f.Add("n", "m", "d", "v", "1", "2", "None", int64(-1))
	f.Fuzz(func(t *testing.T, namespace, name, dimension, value, number, sample, unit string, seconds int64) {
		d := metrics.Datum{Namespace: namespace, Name: name, Dimensions: []metrics.Dimension{{Name: dimension, Value: value}}, Unit: unit}
		d.Value, _ = metrics.ParseNumber(number)
		if n, ok := metrics.ParseNumber(sample); ok {
			d.Values = []json.Number{n}
		}
		if seconds != 0 {
			d.Time = time.Unix(seconds, 0)
		}
		var found metrics.Findings
		metrics.ValidateNamespace(&found, namespace)
		d.Validate(&found, "MetricData.member.1", now)
		if found.Err() != nil {
			return
		}
		ev, err := d.Event(defaults)
		if err != nil {
			t.Fatalf("%+v was accepted, but: %v", d, err)
		}
		validate(t, ev.Detail())
		if got := event.Value(ev.Detail()).Get("value"); string(got) != string(d.Value)+string(append(d.Values, "")[0]) {
			t.Errorf("%+v has the value %s", d, got)
		}
	})
}

// TestReadmeExample: the datum that README.md shows is one.
func TestReadmeExample(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(readme), "\n## Metrics\n")
	_, block, _ := strings.Cut(section, "```json\n")
	block, _, found := strings.Cut(block, "```")
	if !found {
		t.Fatal("README.md shows no datum")
	}
	validate(t, []byte(block))
}

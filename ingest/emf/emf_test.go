package emf_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/ingest/emf"
	"github.com/tocsin-engine/tocsin/ingest/metrics"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

var now = time.Date(2026, 11, 22, 18, 0, 0, 0, time.UTC)

// lambda is the example of the specification.
const lambda = `{"_aws":{"Timestamp":1795370000123,"CloudWatchMetrics":[{"Namespace":"lambda-function-metrics","Dimensions":[["functionVersion"]],` +
	`"Metrics":[{"Name":"time","Unit":"Milliseconds","StorageResolution":60}]}]},"functionVersion":"$LATEST","time":100.50,"requestId":"989ffbf8"}`

// message is an EMF message of one directive and a root.
func message(directive, root string) string {
	return `{"_aws":{"Timestamp":1795370000123,"CloudWatchMetrics":[` + directive + `]},` + root + `}`
}

func datum(value json.Number, values ...json.Number) metrics.Datum {
	return metrics.Datum{Namespace: "n", Name: "m", Time: time.UnixMilli(1795370000123).UTC(), Value: value, Values: values}
}

func TestRead(t *testing.T) {
	with := func(d metrics.Datum, change func(*metrics.Datum)) metrics.Datum { change(&d); return d }
	dims := func(pairs ...string) []metrics.Dimension {
		var all []metrics.Dimension
		for i := 0; i < len(pairs); i += 2 {
			all = append(all, metrics.Dimension{Name: pairs[i], Value: pairs[i+1]})
		}
		return all
	}
	const one = `{"Namespace":"n","Dimensions":[],"Metrics":[{"Name":"m"}]}`
	for _, tc := range []struct {
		name, message string
		want          []metrics.Datum
	}{
		{"the specification's", lambda, []metrics.Datum{{
			Namespace: "lambda-function-metrics", Name: "time", Dimensions: dims("functionVersion", "$LATEST"),
			Time: time.UnixMilli(1795370000123).UTC(), Unit: "Milliseconds", Value: "100.50",
		}}},
		{"no dimensions", message(one, `"m":1`), []metrics.Datum{datum("1")}},
		{"an empty set", message(strings.Replace(one, "[]", "[[]]", 1), `"m":1`), []metrics.Datum{datum("1")}},
		{"a list", message(one, `"m":[1.0,2,2]`), []metrics.Datum{datum("", "1.0", "2", "2")}},
		{"two sets", message(strings.Replace(one, "[]", `[["a"],["a","b"]]`, 1), `"a":"1","b":"2","m":1`), []metrics.Datum{
			with(datum("1"), func(d *metrics.Datum) { d.Dimensions = dims("a", "1") }),
			with(datum("1"), func(d *metrics.Datum) { d.Dimensions = dims("a", "1", "b", "2") }),
		}},
		{"two directives", message(one+","+strings.Replace(one, `"n"`, `"o"`, 1), `"m":1`), []metrics.Datum{
			datum("1"), with(datum("1"), func(d *metrics.Datum) { d.Namespace = "o" }),
		}},
		{"high resolution", message(strings.Replace(one, `"Name":"m"`, `"Name":"m","StorageResolution":1,"Unit":"Count"`, 1), `"m":1`), []metrics.Datum{
			with(datum("1"), func(d *metrics.Datum) { d.StorageResolution, d.Unit = 1, "Count" }),
		}},
		{"a name in escapes", message(strings.Replace(one, `"Name":"m"`, `"Name":"\u006d"`, 1), `"\u006d":1`), []metrics.Datum{datum("1")}},
		{"white space around it", " \n" + message(one, `"m":1`) + "\n", []metrics.Datum{datum("1")}},
		{"no EMF", `{"level":"info"}`, nil},
		{"text that speaks of it", `see "_aws"`, nil},
		{"another _aws", `{"_aws":{"account":1}}`, nil},
		{"no directives", message("", `"m":1`), nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := emf.Read([]byte(tc.message), false, now)
			if diff := cmp.Diff(emf.Result{Data: tc.want}, got); diff != "" {
				t.Errorf("Read(%s) (-want +got):\n%s", tc.message, diff)
			}
		})
	}
}

// list is n times item, separated by commas; # in it is its number.
func list(n int, item string) string {
	all := make([]string, n)
	for i := range all {
		all[i] = strings.ReplaceAll(item, "#", fmt.Sprint(i))
	}
	return strings.Join(all, ",")
}

// TestErrors: what is wrong is counted as AWS does, and takes nothing else with it.
func TestErrors(t *testing.T) {
	directive := func(dimensions, definitions string) string {
		return `{"Namespace":"n","Dimensions":` + dimensions + `,"Metrics":[` + definitions + `]}`
	}
	for _, tc := range []struct {
		name, message       string
		declared            bool
		data                int
		parsing, validation string // the one error there is
	}{
		{"cut off", `{"_aws":{"CloudWatchMetrics":[`, false, 0, "the message is not JSON", ""},
		{"declared, but text", `hello`, true, 0, "the message is not JSON", ""},
		{"declared, without metrics", `{}`, true, 0, "_aws.CloudWatchMetrics is a list, not nothing", ""},
		{"a name twice", `{"_aws":{"CloudWatchMetrics":[]},"a":1,"a":2}`, false, 0, `the name "a" stands twice`, ""},
		{"directives", `{"_aws":{"CloudWatchMetrics":{}}}`, false, 0, "_aws.CloudWatchMetrics is a list, not an object", ""},
		{"no time", `{"_aws":{"CloudWatchMetrics":[]}}`, false, 0, "_aws.Timestamp is a whole number of milliseconds since 1970, not nothing", ""},
		{"time in words", `{"_aws":{"CloudWatchMetrics":[],"Timestamp":"now"}}`, false, 0, "_aws.Timestamp is a whole number", ""},
		{"time with a fraction", `{"_aws":{"CloudWatchMetrics":[],"Timestamp":1.5}}`, false, 0, "_aws.Timestamp is a whole number", ""},
		{"a directive", message(`1,`+directive("[]", `{"Name":"m"}`), `"m":1`), false, 1, "_aws.CloudWatchMetrics[0] is an object, not a number", ""},
		{"no namespace", message(`{"Dimensions":[],"Metrics":[]}`, `"m":1`), false, 0, "CloudWatchMetrics[0].Namespace is a string, not nothing", ""},
		{"a reserved namespace", message(`{"Namespace":"AWS/EC2","Dimensions":[],"Metrics":[]}`, `"m":1`), false, 0, "", "The value AWS/ for parameter Namespace is invalid."},
		{"no dimensions", message(`{"Namespace":"n","Metrics":[]}`, `"m":1`), false, 0, "Dimensions is a list of lists of names, not nothing", ""},
		{"no metrics", message(`{"Namespace":"n","Dimensions":[]}`, `"m":1`), false, 0, "Metrics is a list, not nothing", ""},
		{"a set that is a name", message(directive(`["a",["b"]]`, `{"Name":"m"}`), `"m":1,"b":"1"`), false, 1, "Dimensions[0] is a list of names, not a string", ""},
		{"a number as a name", message(directive(`[[1]]`, `{"Name":"m"}`), `"m":1`), false, 0, "Dimensions[0] holds names, not a number", ""},
		{"a dimension that is not there", message(directive(`[["a"],[]]`, `{"Name":"m"}`), `"m":1`), false, 1, "", `the dimension "a" is a string at the message's root, not nothing`},
		{"a dimension that is a number", message(directive(`[["a"]]`, `{"Name":"m"}`), `"m":1,"a":404`), false, 0, "", `the dimension "a" is a string at the message's root, not a number`},
		{"30 dimensions", message(directive("[["+list(30, `"d#"`)+"]]", `{"Name":"m"}`), `"m":1,`+list(30, `"d#":"v"`)), false, 1, "", ""},
		{"31 dimensions", message(directive("[["+list(31, `"d#"`)+"]]", `{"Name":"m"}`), `"m":1,`+list(31, `"d#":"v"`)), false, 0, "", "has more than 30 dimensions"},
		{"a definition", message(directive("[]", `"m",{"Name":"m"}`), `"m":1`), false, 1, "Metrics[0] is an object, not a string", ""},
		{"no name", message(directive("[]", `{}`), `"m":1`), false, 0, "Metrics[0].Name is a string, not nothing", ""},
		{"a unit that is a number", message(directive("[]", `{"Name":"m","Unit":1}`), `"m":1`), false, 0, "Metrics[0].Unit is a string, not a number", ""},
		{"a unit there is not", message(directive("[]", `{"Name":"m","Unit":"seconds"},{"Name":"o"}`), `"m":1,"o":2`), false, 1, "", "Unit must be a value in the set"},
		{"a resolution", message(directive("[]", `{"Name":"m","StorageResolution":5}`), `"m":1`), false, 0, "", "StorageResolution is 1 or 60"},
		{"a metric that is not there", message(directive("[]", `{"Name":"m"},{"Name":"o"}`), `"o":2`), false, 1, "", `the metric "m" is a number or a list of numbers at the message's root, not nothing`},
		{"a metric in words", message(directive("[]", `{"Name":"m"}`), `"m":"1"`), false, 0, "", "not a string"},
		{"a list with a word", message(directive("[]", `{"Name":"m"}`), `"m":[1,"2"]`), false, 0, "", "holds numbers, not a string"},
		{"an empty list", message(directive("[]", `{"Name":"m"}`), `"m":[]`), false, 0, "", "has 1 to 100 numbers, not 0"},
		{"100 numbers", message(directive("[]", `{"Name":"m"}`), `"m":[`+list(100, "#")+`]`), false, 1, "", ""},
		{"101 numbers", message(directive("[]", `{"Name":"m"}`), `"m":[`+list(101, "#")+`]`), false, 0, "", "has 1 to 100 numbers, not 101"},
		{"too great a number", message(directive("[]", `{"Name":"m"}`), `"m":1e200`), false, 0, "", "The value 1e200 for parameter datum.Value is invalid."},
		{"100 metrics", message(directive("[]", list(100, `{"Name":"m"}`)), `"m":1`), false, 100, "", ""},
		{"101 metrics", message(directive("[]", list(101, `{"Name":"m"}`)), `"m":1`), false, 100, "", "has more than 100 metrics"},
		{"too old", strings.Replace(message(directive("[]", `{"Name":"m"}`), `"m":1`), "1795370000123", "1700000000000", 1), false, 0, "", "within the past two weeks"},
		{"10000 data", message(directive("["+list(100, `["d#"]`)+"]", list(100, `{"Name":"m"}`)), `"m":1,`+list(100, `"d#":"v"`)), false, 10_000, "", ""},
		{"more than 10000 data", message(directive("["+list(101, `["d#"]`)+"]", list(100, `{"Name":"m"}`)), `"m":1,`+list(101, `"d#":"v"`)), false, 10_000, "", "more than 10000 data"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := emf.Read([]byte(tc.message), tc.declared, now)
			if len(got.Data) != tc.data {
				t.Errorf("%d data, want %d", len(got.Data), tc.data)
			}
			wantOne(t, "parsing", got.Parsing, tc.parsing)
			wantOne(t, "validation", got.Validation, tc.validation)
		})
	}
}

func wantOne(t *testing.T, kind string, got []string, want string) {
	t.Helper()
	switch {
	case want == "" && len(got) > 0, want != "" && (len(got) != 1 || !strings.Contains(got[0], want)):
		t.Errorf("%s errors %q, want %q", kind, got, want)
	}
}

// FuzzRead: every datum is valid and makes an event whose numbers stand in the message;
// a declared message gives the same data, or else an error.
func FuzzRead(f *testing.F) {
	f.Add(lambda)
	f.Add(message(`{"Namespace":"n","Dimensions":[["a"],[]],"Metrics":[{"Name":"m"},{"Name":"o","Unit":"Count"}]}`, `"a":"1","m":[1,2e0],"o":-0.10`))
	f.Add(`{"_aws":{"CloudWatchMetrics":[{}],"Timestamp":1795370000123}}`)
	f.Add(`{"_aws":1}`)
	f.Add(`"_aws"`)
	f.Fuzz(func(t *testing.T, text string) {
		got := emf.Read([]byte(text), false, now)
		for _, d := range got.Data {
			var found metrics.Findings
			metrics.ValidateNamespace(&found, d.Namespace)
			if d.Validate(&found, "datum", now); found.Err() != nil {
				t.Fatalf("%q gives %+v: %v", text, d, found.Err())
			}
			if _, err := d.Event(event.Fields{ID: "1", Time: now}); err != nil {
				t.Fatalf("%q gives %+v: %v", text, d, err)
			}
			for _, n := range append(d.Values, d.Value) {
				if !strings.Contains(text, string(n)) {
					t.Fatalf("%q gives the number %s", text, n)
				}
			}
		}
		declared := emf.Read([]byte(text), true, now)
		if diff := cmp.Diff(got.Data, declared.Data); diff != "" {
			t.Fatalf("declared, %q gives other data (-want +got):\n%s", text, diff)
		}
		if len(declared.Data)+len(declared.Parsing)+len(declared.Validation) == 0 && !emf.Is([]byte(text)) {
			t.Fatalf("declared, %q is silently nothing", text)
		}
	})
}

func BenchmarkIs(b *testing.B) {
	line := []byte(`{"level":"info","msg":"request done","path":"/cart","status":200,"took":0.0123}`)
	b.ReportAllocs()
	b.SetBytes(int64(len(line)))
	for b.Loop() {
		if emf.Is(line) {
			b.Fatal("it is not")
		}
	}
}

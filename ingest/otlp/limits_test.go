package otlp_test

import (
	"bytes"
	"runtime"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/tocsin-engine/tocsin/ingest/logs"
	"github.com/tocsin-engine/tocsin/ingest/metrics"
	"github.com/tocsin-engine/tocsin/ingest/otlp"
	"github.com/tocsin-engine/tocsin/ingest/traces"
)

// inside wraps protobuf into messages: field numbers from the outermost in.
func inside(b []byte, numbers ...protowire.Number) []byte {
	for i := len(numbers) - 1; i >= 0; i-- {
		b = protowire.AppendBytes(protowire.AppendTag(nil, numbers[i], protowire.BytesType), b)
	}
	return b
}

// nested is a log record whose body is a list in a list, n deep.
func nested(n int) []byte {
	var b []byte
	for range n {
		b = inside(b, 5, 1) // AnyValue.array_value, ArrayValue.values
	}
	return inside(b, 1, 2, 2, 5)
}

// attributes is a log record with n empty attributes.
func attributes(n int) []byte { return inside(bytes.Repeat([]byte{6<<3 | 2, 0}, n), 1, 2, 2) }

// TestLimits has what is refused as a whole, each limit from both sides.
func TestLimits(t *testing.T) {
	packed := func(n int) []byte {
		return inside(inside(make([]byte, n), 8, 2), 1, 2, 2, 10, 1) // one byte a count
	}
	for _, tc := range []struct {
		name, refused string
		body          []byte
		signal        otlp.Signal
		encoding      otlp.Encoding
	}{
		{"nothing", "", nil, otlp.Logs, otlp.Protobuf},
		{"nothing in JSON", "the text ends where a value is needed", []byte(""), otlp.Logs, otlp.JSON},
		{"an empty object", "", []byte("{}"), otlp.Traces, otlp.JSON},
		{"a list", "write an object, not a list", []byte("[]"), otlp.Traces, otlp.JSON},
		{"unknown members", "", []byte(`{"x":[{"y":1}],"resource_logs":7}`), otlp.Logs, otlp.JSON},
		{"null", "", []byte(`{"resourceLogs":null}`), otlp.Logs, otlp.JSON},
		{"a member twice", "stands twice", []byte(`{"resourceLogs":[],"resourceLogs":[]}`), otlp.Logs, otlp.JSON},
		{"depth that fits", "", nested(48), otlp.Logs, otlp.Protobuf},
		{"too deep", "nest deeper than 100", nested(49), otlp.Logs, otlp.Protobuf},
		{"far too deep", "nest deeper than 100", nested(10_000), otlp.Logs, otlp.Protobuf},
		{"far too deep in JSON", "deep", []byte(strings.Repeat(`{"resourceLogs":[`, 5_000)), otlp.Logs, otlp.JSON},
		{"attributes that fit", "", attributes(10_000), otlp.Logs, otlp.Protobuf},
		{"too many attributes", "more than 10000", attributes(10_001), otlp.Logs, otlp.Protobuf},
		{"buckets that fit", "", packed(10_000), otlp.Metrics, otlp.Protobuf},
		{"too many buckets", "more than 10000", packed(10_001), otlp.Metrics, otlp.Protobuf},
		{"text that is not UTF-8", "severityText: the text is not UTF-8", inside([]byte{3<<3 | 2, 1, 0xff}, 1, 2, 2), otlp.Logs, otlp.Protobuf},
		{"a length beyond the end", "not whole", []byte{0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f}, otlp.Logs, otlp.Protobuf},
		{"half a tag", "no sound tag", []byte{0x80}, otlp.Logs, otlp.Protobuf},
		{"JSON sent as protobuf", "protobuf of logs", []byte(`{"resourceLogs":[]}`), otlp.Logs, otlp.Protobuf},
		{"an id in base64", "traceId: write an id in hexadecimal", []byte(`{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"W47/95gDgQPSabYzgT/GDA=="}]}]}]}`), otlp.Traces, otlp.JSON},
		{"an enum by its name", "is no whole number", []byte(`{"resourceSpans":[{"scopeSpans":[{"spans":[{"kind":"SPAN_KIND_SERVER"}]}]}]}`), otlp.Traces, otlp.JSON},
		{"a number of 65 bits", "64 bits", []byte(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"18446744073709551616"}]}]}]}`), otlp.Logs, otlp.JSON},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := otlp.Parse(tc.body, tc.signal, tc.encoding)
			if tc.refused == "" && err != nil || tc.refused != "" && (err == nil || !strings.Contains(err.Error(), tc.refused)) {
				t.Errorf("Parse: %v, want it to say %q", err, tc.refused)
			}
		})
	}
}

// TestMemory: what a request costs while it is read does not depend on how many records
// it has, and the lists of one record are bounded.
func TestMemory(t *testing.T) {
	body := inside(bytes.Repeat(inside(nil, 2), 500_000), 1, 2) // half a million empty log records
	r := parse(t, body, otlp.Logs, otlp.Protobuf)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	most := uint64(0)
	n := 0
	for range r.Records(options) {
		if n++; n%100_000 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&after)
			most = max(most, after.HeapAlloc)
		}
	}
	if n != 500_000 || most > before.HeapAlloc+1<<20 {
		t.Errorf("%d records, %d bytes more in memory", n, int64(most-before.HeapAlloc))
	}
}

// TestManyBuckets: more buckets than CloudWatch takes values are merged, none is lost.
func TestManyBuckets(t *testing.T) {
	text := `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"e","exponentialHistogram":{"aggregationTemporality":1,"dataPoints":[
		{"timeUnixNano":"1","count":"320","sum":1,"scale":5,"positive":{"bucketCounts":[` + strings.Repeat("1,", 319) + `1]}}]}}]}]}]}`
	for sample, err := range parse(t, []byte(text), otlp.Metrics, otlp.JSON).Samples(options) {
		if err != nil {
			t.Fatal(err)
		}
		total := 0
		for _, c := range sample.Data[0].Counts {
			n, _ := c.Int64()
			total += int(n)
		}
		if n := len(sample.Data[0].Values); n != 80 || total != 320 {
			t.Errorf("%d values of %d samples, want 80 of 320", n, total)
		}
	}
}

// TestSchemas: what the requests of testdata become is what the schemas of the signals
// say.
func TestSchemas(t *testing.T) {
	for s, schema := range map[otlp.Signal][]byte{otlp.Logs: logs.Schema(), otlp.Metrics: metrics.Schema(), otlp.Traces: traces.Schema()} {
		t.Run(s.String(), func(t *testing.T) {
			doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
			if err != nil {
				t.Fatal(err)
			}
			c := jsonschema.NewCompiler()
			if err := c.AddResource("schema.json", doc); err != nil {
				t.Fatal(err)
			}
			compiled, err := c.Compile("schema.json")
			if err != nil {
				t.Fatal(err)
			}
			for _, detail := range details(parse(t, file(t, s.String()+".json"), s, otlp.JSON), s) {
				if bytes.HasPrefix(detail, []byte(`{"refused"`)) {
					continue
				}
				v, err := jsonschema.UnmarshalJSON(bytes.NewReader(detail))
				if err == nil {
					err = compiled.Validate(v)
				}
				if err != nil {
					t.Errorf("%s: %v", detail, err)
				}
			}
		})
	}
}

// TestAnswers has the bodies of answers, byte for byte.
func TestAnswers(t *testing.T) {
	for _, tc := range []struct {
		name string
		got  []byte
		want string
	}{
		{"all taken", otlp.Answer(otlp.Protobuf, otlp.Logs, 0, ""), ""},
		{"all taken, JSON", otlp.Answer(otlp.JSON, otlp.Logs, 0, ""), `{}`},
		{"partly", otlp.Answer(otlp.Protobuf, otlp.Metrics, 300, "no"), "\x0a\x07\x08\xac\x02\x12\x02no"},
		{"partly, JSON", otlp.Answer(otlp.JSON, otlp.Metrics, 3, "no"), `{"partialSuccess":{"rejectedDataPoints":"3","errorMessage":"no"}}`},
		{"partly, logs", otlp.Answer(otlp.JSON, otlp.Logs, 1, ""), `{"partialSuccess":{"rejectedLogRecords":"1"}}`},
		{"a warning", otlp.Answer(otlp.JSON, otlp.Traces, 0, "look"), `{"partialSuccess":{"errorMessage":"look"}}`},
		{"status", otlp.Status(otlp.Protobuf, otlp.InvalidArgument, "no"), "\x08\x03\x12\x02no"},
		{"status, JSON", otlp.Status(otlp.JSON, otlp.Unavailable, `"no"`), `{"code":14,"message":"\"no\""}`},
	} {
		if string(tc.got) != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, tc.got, tc.want)
		}
	}
}

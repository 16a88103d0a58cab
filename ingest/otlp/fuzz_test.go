package otlp_test

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/tocsin-engine/tocsin/ingest/otlp"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// generated is the request in the generated types. On the wire, LogsData and its likes
// are what the export requests are.
func generated(s otlp.Signal) proto.Message {
	return [...]proto.Message{&logspb.LogsData{}, &metricspb.MetricsData{}, &tracepb.TracesData{}}[s]
}

var jsonIDs = regexp.MustCompile(`"(traceId|spanId|parentSpanId)":(\s*)"([^"]*)"`)

// officialJSON is the request in OTLP's JSON: what protojson writes, ids in hexadecimal.
func officialJSON(t testing.TB, m proto.Message) []byte {
	t.Helper()
	text, err := protojson.MarshalOptions{UseEnumNumbers: true}.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return jsonIDs.ReplaceAllFunc(text, func(found []byte) []byte {
		part := jsonIDs.FindSubmatch(found)
		raw, err := base64.StdEncoding.DecodeString(string(part[3]))
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Appendf(nil, `"%s":%s"%s"`, part[1], part[2], hex.EncodeToString(raw))
	})
}

// toProtobuf is a file of testdata in protobuf, written by the generated types.
func toProtobuf(t testing.TB, text []byte, s otlp.Signal) []byte {
	t.Helper()
	text = jsonIDs.ReplaceAllFunc(text, func(found []byte) []byte {
		part := jsonIDs.FindSubmatch(found)
		raw, err := hex.DecodeString(string(part[3]))
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Appendf(nil, `"%s":"%s"`, part[1], base64.StdEncoding.EncodeToString(raw))
	})
	m := generated(s)
	if err := protojson.Unmarshal(text, m); err != nil {
		t.Fatal(err)
	}
	body, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// ownLimits are refusals that the protobuf library does not know.
var ownLimits = regexp.MustCompile(`deeper than|one record has more than`)

// FuzzParse: what the generated types take, Parse takes; both find the same number of
// records; and the same request in JSON becomes the same, byte for byte.
func FuzzParse(f *testing.F) {
	for _, s := range []otlp.Signal{otlp.Logs, otlp.Metrics, otlp.Traces} {
		f.Add(uint8(s), toProtobuf(f, file(f, s.String()+".json"), s))
	}
	f.Add(uint8(0), []byte{})
	f.Add(uint8(0), []byte{0x0a, 0x02, 0x08, 0x01}) // a field of another wire type
	f.Fuzz(func(t *testing.T, signal uint8, body []byte) {
		s := otlp.Signal(signal % 3)
		m := generated(s)
		official := proto.Unmarshal(body, m)
		r, err := otlp.Parse(body, s, otlp.Protobuf)
		if err != nil {
			if official == nil && !ownLimits.MatchString(err.Error()) {
				t.Fatalf("the generated types take it, Parse says: %v", err)
			}
			return
		}
		got := details(r, s)
		for _, d := range got {
			if err := event.Check(d); err != nil {
				t.Fatalf("%v: %s", err, d)
			}
		}
		if official != nil {
			return
		}
		if want := records(m); r.Len() != want {
			t.Fatalf("%d records, the generated types have %d", r.Len(), want)
		}
		text := officialJSON(t, m)
		again, err := otlp.Parse(text, s, otlp.JSON)
		if err != nil {
			if !ownLimits.MatchString(err.Error()) && !strings.Contains(err.Error(), "deep") {
				t.Fatalf("in JSON: %v\n%s", err, text)
			}
			return
		}
		if diff := cmp.Diff(got, details(again, s)); diff != "" {
			t.Errorf("in JSON it becomes something else (-protobuf +json):\n%s\n%s", diff, text)
		}
	})
}

// records counts the records of a request in the generated types.
func records(m proto.Message) (n int) {
	switch m := m.(type) {
	case *logspb.LogsData:
		for _, r := range m.ResourceLogs {
			for _, s := range r.ScopeLogs {
				n += len(s.LogRecords)
			}
		}
	case *metricspb.MetricsData:
		for _, r := range m.ResourceMetrics {
			for _, s := range r.ScopeMetrics {
				for _, m := range s.Metrics {
					n += len(m.GetGauge().GetDataPoints()) + len(m.GetSum().GetDataPoints()) + len(m.GetHistogram().GetDataPoints()) +
						len(m.GetExponentialHistogram().GetDataPoints()) + len(m.GetSummary().GetDataPoints())
				}
			}
		}
	case *tracepb.TracesData:
		for _, r := range m.ResourceSpans {
			for _, s := range r.ScopeSpans {
				n += len(s.Spans)
			}
		}
	}
	return n
}

// FuzzParseJSON: what is taken makes sound events, and Len counts what is yielded.
func FuzzParseJSON(f *testing.F) {
	for _, s := range []otlp.Signal{otlp.Logs, otlp.Metrics, otlp.Traces} {
		f.Add(uint8(s), file(f, s.String()+".json"))
	}
	f.Add(uint8(0), []byte(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"arrayValue":{"values":[{"doubleValue":"NaN"},null]}}}]}]}]}`))
	f.Fuzz(func(t *testing.T, signal uint8, text []byte) {
		s := otlp.Signal(signal % 3)
		r, err := otlp.Parse(text, s, otlp.JSON)
		if err != nil {
			return
		}
		for _, d := range details(r, s) {
			if err := event.Check(d); err != nil {
				t.Fatalf("%v: %s", err, d)
			}
		}
		n := 0
		switch s {
		case otlp.Logs:
			for range r.Records(options) {
				n++
			}
		case otlp.Metrics:
			for range r.Samples(options) {
				n++
			}
		case otlp.Traces:
			for range r.Segments() {
				n++
			}
		}
		if n != r.Len() {
			t.Errorf("Len is %d, %d are yielded", r.Len(), n)
		}
	})
}

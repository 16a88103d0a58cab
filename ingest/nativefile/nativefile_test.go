package nativefile_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/ingest/jsonstream"
	"github.com/tocsin-engine/tocsin/ingest/nativefile"
	"github.com/tocsin-engine/tocsin/sdk/event"
	"github.com/tocsin-engine/tocsin/sdk/sharedtest"
)

// numbered are defaults with a new id each time.
func numbered() func() event.Fields {
	n := 0
	return func() event.Fields {
		n++
		return event.Fields{ID: fmt.Sprint(n), Account: "123456789012", Region: "us-east-1", Time: time.Unix(1_600_000_000, 0)}
	}
}

// read returns all events of a file and, between them, what could not be read.
func read(t testing.TB, text string) (got []string) {
	t.Helper()
	r, err := nativefile.NewReader(strings.NewReader(text), nativefile.Options{Defaults: numbered()})
	if err != nil {
		t.Fatal(err)
	}
	for {
		value, err := r.Next()
		var native *nativefile.Error
		var syntax *jsonstream.Error
		switch {
		case errors.Is(err, io.EOF):
			return got
		case errors.As(err, &native), errors.As(err, &syntax) && !syntax.Fatal:
			got = append(got, "error: "+err.Error())
		case err != nil:
			return append(got, "fatal: "+err.Error())
		default:
			got = append(got, string(value))
		}
	}
}

const (
	streamLine = `{"metric_stream_name":"MyStream","account_id":"999","region":"eu-west-1","namespace":"AWS/EC2","metric_name":"DiskWriteOps",` +
		`"dimensions":{"InstanceId":"i-1"},"timestamp":1611929698123,"value":{"count":3.0,"sum":20.0,"max":18.0,"min":0.0,"p99":17.56,"TM(25%:75%)":16.43},"unit":"Seconds"}`
	streamEvent = `{"version":"0","id":"1","detail-type":"Metric Datum","source":"tocsin.metrics","account":"999","time":"2021-01-29T14:14:58Z","region":"eu-west-1","resources":[],` +
		`"detail":{"namespace":"AWS/EC2","name":"DiskWriteOps","dimensions":{"InstanceId":"i-1"},"timestamp":1611929698123,` +
		`"statistics":{"count":3.0,"sum":20.0,"min":0.0,"max":18.0,"p99":17.56,"TM(25%:75%)":16.43},"unit":"Seconds","storage_resolution":60}}`
	emfLine = `{"_aws":{"Timestamp":1574109732004,"CloudWatchMetrics":[{"Namespace":"n","Dimensions":[["v"],[]],"Metrics":[{"Name":"a"}]}]},"v":"1","a":100}`
)

// datumEvent is the event of a datum of emfLine.
func datumEvent(id, dimensions string) string {
	return `{"version":"0","id":"` + id + `","detail-type":"Metric Datum","source":"tocsin.metrics","account":"123456789012","time":"2019-11-18T20:42:12Z","region":"us-east-1","resources":[],` +
		`"detail":{"namespace":"n","name":"a","dimensions":{` + dimensions + `},"timestamp":1574109732004,"value":100,"statistics":{"count":1,"sum":100,"min":100,"max":100},"unit":"None","storage_resolution":60}}`
}

func TestRead(t *testing.T) {
	const ev = `{"source":"a", "detail-type":"b"}`
	const call = `{"eventSource":"s3.amazonaws.com","eventName":"CreateBucket","eventID":"e"}`
	for _, tc := range []struct {
		name, text string
		want       []string
	}{
		{"an event", ev, []string{ev}},
		{"a line of tail", `{"kind":"event","at":"x","event":` + ev + `,"matched":[]}`, []string{ev}},
		{"a CloudTrail record", call, []string{`{"version":"0","id":"e","detail-type":"AWS API Call via CloudTrail","source":"aws.s3","account":"123456789012","time":"2020-09-13T12:26:40Z","region":"us-east-1","resources":[],"detail":` + call + `}`}},
		{"a CloudTrail file", `{"Records":[` + call + `,` + strings.Replace(call, "eventID", "x", 1) + `]}`, []string{
			`{"version":"0","id":"e","detail-type":"AWS API Call via CloudTrail","source":"aws.s3","account":"123456789012","time":"2020-09-13T12:26:40Z","region":"us-east-1","resources":[],"detail":` + call + `}`,
			`{"version":"0","id":"2","detail-type":"AWS API Call via CloudTrail","source":"aws.s3","account":"123456789012","time":"2020-09-13T12:26:40Z","region":"us-east-1","resources":[],"detail":` + strings.Replace(call, "eventID", "x", 1) + `}`,
		}},
		{"a metric stream", streamLine, []string{streamEvent}},
		{"EMF", emfLine, []string{datumEvent("2", `"v":"1"`), datumEvent("3", "")}},
		{"EMF with an error", strings.Replace(emfLine, `{"Name":"a"}`, `{"Name":"b"},{"Name":"a"}`, 1), []string{
			`error: _aws.CloudWatchMetrics[0].Metrics[0]: the metric "b" is a number or a list of numbers at the message's root, not nothing`,
			datumEvent("2", `"v":"1"`), datumEvent("3", ""),
		}},
		{"EMF that is none", `{"_aws":{"CloudWatchMetrics":{}}}`, []string{"error: _aws.CloudWatchMetrics is a list, not an object"}},
		{"EMF without metrics", `{"_aws":{"CloudWatchMetrics":[],"Timestamp":1}} 1`, []string{"1"}},
		{"something else", `{"a":1} [2] "x"`, []string{`{"a":1}`, `2`, `"x"`}},
		{"all of them", ev + "\n" + streamLine + "\n" + emfLine + "\n{\"a\":}\n" + ev, []string{
			ev, streamEvent, datumEvent("3", `"v":"1"`), datumEvent("4", ""), `error: line 4: no JSON value starts like this`, ev,
		}},
		{"a record of no known type", `{"eventSource":"a","eventName":"b","eventType":"c"} 1`, []string{`error: calls: no event is known for a record of eventType "c"`, "1"}},
		{"a stream with words", strings.Replace(streamLine, "18.0", `"many"`, 1), []string{"error: value.max is a number, not a string"}},
		{"a stream without a count", strings.Replace(streamLine, `"count"`, `"p50"`, 1), []string{"error: The parameter metric.StatisticValues.SampleCount is required."}},
		{"a stream's time in words", strings.Replace(streamLine, "1611929698123", `"now"`, 1), []string{"error: timestamp is a whole number of milliseconds since 1970, not a string"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := read(t, tc.text)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("read (-want +got):\n%s", diff)
			}
		})
	}
}

// TestDocumentedSample: the line of a metric stream in the CloudWatch guide.
func TestDocumentedSample(t *testing.T) {
	raw, err := os.ReadFile(sharedtest.Path(t, "aws-docs-samples/amazon-cloudwatch-user-guide__CloudWatch-metric-streams-formats-json__01.json"))
	if err != nil {
		t.Fatal(err)
	}
	got := read(t, string(raw))
	if len(got) != 1 || !strings.Contains(got[0], `"statistics":{"count":3.0,"sum":20.0,"min":0.0,"max":18.0,"p99":17.56,"p99.9":17.8764,"TM(25%:75%)":16.43}`) ||
		!strings.Contains(got[0], `"account":"1234567890"`) {
		t.Errorf("read %s", got)
	}
}

func TestDescribe(t *testing.T) {
	for value, want := range map[string]string{
		`{"detail-type":"a"}`: "",
		`{"source":"a"}`:      "",
		`5`:                   "this is a number; a file holds values of these: an event, a line of tocsin tail, a CloudTrail record, a metric-stream line, embedded metric format",
		`{}`:                  "this is an empty object; ",
		`{"level":"info","msg":"x","a":1,"b":2,"c":3,"d":4}`: `this is an object with the members "level", "msg", "a", "b", "c", …; a file holds`,
		`{"` + strings.Repeat("n", 50) + `":1}`:              `members "` + strings.Repeat("n", 40) + `"; a file`,
	} {
		err := nativefile.Describe(event.Value(value))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("Describe(%s) = %v, want %q", value, err, want)
		}
	}
}

// FuzzRead: what is handed out is JSON that is taken everywhere; an event stays as it is;
// and reading an event that was made changes it no more.
func FuzzRead(f *testing.F) {
	f.Add(streamLine)
	f.Add(emfLine)
	f.Add(`{"source":"a","detail-type":"b"} {"kind":"event","at":1,"event":{},"matched":[]}`)
	f.Add(`{"Records":[{"eventSource":"s3.amazonaws.com","eventName":"x"}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		got := slices.DeleteFunc(read(t, text), func(s string) bool {
			return strings.HasPrefix(s, "error: ") || strings.HasPrefix(s, "fatal: ")
		})
		for _, value := range got {
			if err := event.Check([]byte(value)); err != nil {
				t.Fatalf("%q gives %q: %v", text, value, err)
			}
			if event.Value(value).Get("detail-type") == nil {
				continue
			}
			if again := read(t, value); len(again) != 1 || again[0] != value {
				t.Fatalf("the event %q is read as %q", value, again)
			}
		}
	})
}

package server

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/tocsin-engine/tocsin/runtime/doors"
	"github.com/tocsin-engine/tocsin/runtime/engine"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/service/cloudwatch"
	"github.com/tocsin-engine/tocsin/runtime/service/events"
	"github.com/tocsin-engine/tocsin/runtime/service/logs"
	"github.com/tocsin-engine/tocsin/runtime/service/xray"
	"github.com/tocsin-engine/tocsin/runtime/store/memory"
)

// perRequest is how many events each request of a workload has.
const perRequest = 10

// workload is one kind of request, of perRequest events.
type workload struct {
	name, path string
	header     map[string]string
	body       string
	// text is the body as JSON, which is the body itself but for protobuf: what
	// json.Valid is measured on.
	text string
}

// listOf is n times the item, %d in it counted up, with commas between.
func listOf(item string, n int) string {
	var all []string
	for i := range n {
		all = append(all, strings.ReplaceAll(item, "%d", fmt.Sprint(i)))
	}
	return strings.Join(all, ",")
}

// workloads are requests of every door behind the port, of the size that clients send.
func workloads(t testing.TB, now time.Time) []workload {
	t.Helper()
	aws := func(target, version string) map[string]string {
		return map[string]string{"Content-Type": "application/x-amz-json-" + version, "X-Amz-Target": target}
	}
	millis, nanos, seconds := fmt.Sprint(now.UnixMilli()), fmt.Sprint(now.UnixNano()), fmt.Sprint(now.Unix())
	order := `{"order":"A-%d","amount":1250,"customer":{"id":"c-7","country":"FR"},"items":[{"sku":"a","n":2},{"sku":"b","n":1}]}`
	segment := `{"name":"shop","id":"70de5b6f19ff9a0%d","trace_id":"1-581cf771-a006649127e371903a2de979","start_time":` + seconds + `.1,"end_time":` + seconds + `.2,"http":{"request":{"method":"GET","url":"https://shop.example/pay"},"response":{"status":200}}}`
	resource := `"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"checkout"}},{"key":"host.name","value":{"stringValue":"web-1"}}]}`
	attributes := `"attributes":[{"key":"http.route","value":{"stringValue":"/pay"}},{"key":"n","value":{"intValue":"%d"}}]`
	otlpLogs := `{"resourceLogs":[{` + resource + `,"scopeLogs":[{"logRecords":[` + listOf(`{"timeUnixNano":"`+nanos+`","severityNumber":9,"body":{"stringValue":"GET /pay 200 in 12 ms"},`+attributes+`}`, perRequest) + `]}]}]}`
	otlpMetrics := `{"resourceMetrics":[{` + resource + `,"scopeMetrics":[{"metrics":[{"name":"duration","unit":"ms","gauge":{"dataPoints":[` + listOf(`{"timeUnixNano":"`+nanos+`","asDouble":12.5,`+attributes+`}`, perRequest) + `]}}]}]}]}`
	otlpTraces := `{"resourceSpans":[{` + resource + `,"scopeSpans":[{"spans":[` + listOf(`{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b17%d","name":"GET /pay","kind":2,"startTimeUnixNano":"`+nanos+`","endTimeUnixNano":"`+nanos+`",`+attributes+`}`, perRequest) + `]}]}]}`
	json := map[string]string{"Content-Type": "application/json"}
	all := []workload{
		{name: "api", path: "/api/v1/events", header: json, body: "[" + listOf(`{"source":"shop.orders","detail-type":"OrderPlaced","detail":`+order+`}`, perRequest) + "]"},
		{name: "PutEvents", path: "/", header: aws("AWSEvents.PutEvents", "1.1"), body: `{"Entries":[` + listOf(`{"Source":"shop.orders","DetailType":"OrderPlaced","Detail":"`+strings.ReplaceAll(order, `"`, `\"`)+`"}`, perRequest) + `]}`},
		{name: "PutMetricData", path: "/", header: aws("GraniteServiceVersion20100801.PutMetricData", "1.0"), body: `{"Namespace":"shop","MetricData":[` + listOf(`{"MetricName":"latency","Value":12.5,"Unit":"Milliseconds","Dimensions":[{"Name":"route","Value":"/pay"},{"Name":"n","Value":"%d"}]}`, perRequest) + `]}`},
		{name: "PutLogEvents", path: "/", header: aws("Logs_20140328.PutLogEvents", "1.1"), body: `{"logGroupName":"web","logStreamName":"a","logEvents":[` + listOf(`{"timestamp":`+millis+`,"message":"10.0.0.%d - - \"GET /pay HTTP/1.1\" 200 1234 0.012"}`, perRequest) + `]}`},
		{name: "PutTraceSegments", path: "/TraceSegments", header: json, body: `{"TraceSegmentDocuments":[` + listOf(`"`+strings.ReplaceAll(segment, `"`, `\"`)+`"`, perRequest) + `]}`},
		{name: "CloudEvents", path: "/cloudevents", header: map[string]string{"Content-Type": "application/cloudevents-batch+json"}, body: "[" + listOf(`{"specversion":"1.0","id":"A-%d","source":"shop","type":"placed","data":`+order+`}`, perRequest) + "]"},
		{name: "OTLPLogs/encoding=json", path: "/v1/logs", header: json, body: otlpLogs},
		{name: "OTLPMetrics/encoding=json", path: "/v1/metrics", header: json, body: otlpMetrics},
		{name: "OTLPTraces/encoding=json", path: "/v1/traces", header: json, body: otlpTraces},
	}
	for i := range all {
		all[i].text = all[i].body
	}
	protobuf := map[string]string{"Content-Type": "application/x-protobuf"}
	return append(all,
		workload{"OTLPLogs/encoding=protobuf", "/v1/logs", protobuf, toProtobuf(t, otlpLogs, &logspb.LogsData{}), otlpLogs},
		workload{"OTLPMetrics/encoding=protobuf", "/v1/metrics", protobuf, toProtobuf(t, otlpMetrics, &metricspb.MetricsData{}), otlpMetrics},
		workload{"OTLPTraces/encoding=protobuf", "/v1/traces", protobuf, toProtobuf(t, otlpTraces, &tracepb.TracesData{}), otlpTraces},
	)
}

var otlpIDs = regexp.MustCompile(`"(traceId|spanId)":"([0-9a-f]+)"`)

// toProtobuf writes OTLP's JSON in protobuf with the generated types, which want ids in
// base64.
func toProtobuf(t testing.TB, text string, m proto.Message) string {
	t.Helper()
	text = otlpIDs.ReplaceAllStringFunc(text, func(found string) string {
		part := otlpIDs.FindStringSubmatch(found)
		raw, err := hex.DecodeString(part[2])
		if err != nil {
			t.Fatal(err)
		}
		return `"` + part[1] + `":"` + base64.StdEncoding.EncodeToString(raw) + `"`
	})
	if err := protojson.Unmarshal([]byte(text), m); err != nil {
		t.Fatal(err)
	}
	body, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// preparations make the group and the stream that the workloads write to.
var preparations = []workload{
	{path: "/", header: map[string]string{"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "Logs_20140328.CreateLogGroup"}, body: `{"logGroupName":"web"}`},
	{path: "/", header: map[string]string{"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "Logs_20140328.CreateLogStream"}, body: `{"logGroupName":"web","logStreamName":"a"}`},
}

func (w workload) request(url string) *http.Request {
	r, err := http.NewRequest(http.MethodPost, url+w.path, strings.NewReader(w.body))
	if err != nil {
		panic(err)
	}
	for name, value := range w.header {
		r.Header.Set(name, value)
	}
	return r
}

// allDoors is a configuration with an engine without rules behind every door.
func allDoors(t testing.TB) (Config, *engine.Engine) {
	t.Helper()
	st := memory.New(memory.Config{})
	e, err := engine.New(engine.Config{Store: st, Plugins: plugins{}, Account: "123456789012", Region: "eu-west-1"})
	if err != nil {
		t.Fatal(err)
	}
	d := doors.Config{Engine: e, Account: "123456789012", Region: "eu-west-1", Now: time.Now}
	bus := events.New(events.Config{Store: st, Engine: e, Now: time.Now, Rules: e.Rules})
	log := logs.New(logs.Config{Store: st, Engine: e, Now: time.Now})
	table := service.NewTable(bus.Operations(), log.Operations(),
		cloudwatch.New(cloudwatch.Config{Engine: e, Now: time.Now}).Operations(), xray.New(xray.Config{Engine: e, Now: time.Now}).Operations())
	return Config{
		Listen: "127.0.0.1:0", Account: "123456789012", Region: "eu-west-1", Engine: e, Services: table,
		HTTPDoors: []doors.HTTP{doors.NewOTLP(d, nil), doors.NewCloudEvents(d)},
	}, e
}

package awsapi_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/ingest/awswire"
	"github.com/tocsin-engine/tocsin/runtime/awsapi"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/service/cloudwatch"
	"github.com/tocsin-engine/tocsin/runtime/service/events"
	"github.com/tocsin-engine/tocsin/runtime/service/local"
	"github.com/tocsin-engine/tocsin/runtime/service/logs"
	"github.com/tocsin-engine/tocsin/runtime/service/xray"
	"github.com/tocsin-engine/tocsin/runtime/store/memory"
	"github.com/tocsin-engine/tocsin/sdk/sharedtest"
)

// request is one request of a real client as it was recorded.
type request struct {
	Method, Path string
	Headers      map[string]string
	Body         struct {
		Text string
		B64  []byte
	}
}

func (r request) http() *http.Request {
	body := r.Body.B64
	if body == nil {
		body = []byte(r.Body.Text)
	}
	out := httptest.NewRequest(r.Method, r.Path, bytes.NewReader(body))
	for name, value := range r.Headers {
		out.Header.Set(name, value)
	}
	return out
}

// recordedRequests calls each with every recorded request of every client.
func recordedRequests(t *testing.T, each func(file string, r request)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(sharedtest.Path(t, "wire"), "*.jsonl"))
	if err != nil || len(files) == 0 {
		t.Fatal("no recordings", err)
	}
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		lines := bufio.NewScanner(f)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var r request
			if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
				t.Fatal(err)
			}
			each(filepath.Base(file), r)
		}
		if err := lines.Err(); err != nil {
			t.Fatal(err)
		}
	}
}

// notHere are the recorded calls of operations that Tocsin does not answer. Each gets
// its protocol's error for an unknown operation, which its client can read.
var notHere = []string{
	"cloudtrail DescribeTrails awsJson1.1",
	"cloudtrail LookupEvents awsJson1.1",
	"events PutRule awsJson1.1",
	"lambda GET /2015-03-31/functions rest-json",
	"lambda GET /2015-03-31/functions/ rest-json",
	"logs FilterLogEvents awsJson1.1",
	"logs TestMetricFilter awsJson1.1",
	"monitoring DescribeAlarms awsJson1.0",
	"monitoring DescribeAlarms query",
	"monitoring GetMetricStatistics awsJson1.0",
	"monitoring GetMetricStatistics query",
	"monitoring ListMetrics awsJson1.0",
	"monitoring ListMetrics query",
	"monitoring ListMetrics rpc-v2-cbor",
	"monitoring PutMetricAlarm awsJson1.0",
	"monitoring PutMetricAlarm query",
	"pipes GET /v1/pipes rest-json",
	"scheduler GET /schedules rest-json",
	"schemas GET /v1/registries rest-json",
	"xray POST /TraceSummaries rest-json",
}

func TestRecordedRequests(t *testing.T) {
	engine := &collector{}
	st := memory.New(memory.Config{})
	buses := events.New(events.Config{Store: st, Engine: engine, Now: time.Now})
	metric := cloudwatch.New(cloudwatch.Config{Engine: engine, Now: recordedAt})
	log := logs.New(logs.Config{Store: st, Engine: engine, Now: recordedAt})
	trace := xray.New(xray.Config{Engine: engine, Now: recordedAt})
	table := service.NewTable(buses.Operations(), metric.Operations(), log.Operations(), trace.Operations(), local.Operations(st, time.Now, nil))
	h := awsapi.New(awsapi.Config{Table: table, Account: "123456789012", Region: "us-east-1"})
	var unknown []string
	answered := map[string]int{}
	recordedRequests(t, func(file string, r request) {
		request := r.http()
		route := routeOf(t, r)
		makeStream(t, log, route, r)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, request)
		name := route.Service + " " + route.Operation
		_, here := table.Find(route.Service, route.Operation)
		if route.Protocol == awswire.REST {
			_, _, here = table.FindPath(route.Service, r.Method, r.Path)
		}
		if here {
			answered[route.Service]++
			if w.Code != 200 && !isAboutState(w.Body.String()) {
				t.Errorf("%s: %s: %d %s", file, name, w.Code, w.Body)
			}
			return
		}
		unknown = append(unknown, name+" "+route.Protocol.String())
		if !isUnknownOperation(route.Protocol, w) {
			t.Errorf("%s: %s (%s): %d %s", file, name, route.Protocol, w.Code, w.Body)
		}
	})
	slices.Sort(unknown)
	if diff := cmp.Diff(notHere, slices.Compact(unknown)); diff != "" {
		t.Errorf("the list of what is not here (-list +recorded):\n%s", diff)
	}
	if answered["events"] != 6 || answered["monitoring"] != 18 || answered["logs"] != 20 || answered["xray"] != 14 {
		t.Errorf("answered %v", answered)
	}
	if diff := cmp.Diff(eventsOf, engine.sources()); diff != "" {
		t.Errorf("the events of all requests (-want +got):\n%s", diff)
	}
}

// recordedAt is shortly after the recordings: data may not be too old.
func recordedAt() time.Time { return time.Date(2026, 11, 22, 20, 0, 0, 0, time.UTC) }

// eventsOf is how many events of each source all recorded requests make.
var eventsOf = map[string]int{"a": 2, "com.x": 2, "tocsin.metrics": 1096, "tocsin.logs": 11, "tocsin.xray": 11}

// makeStream makes the log group and stream that a recorded PutLogEvents is for: those
// of the agent had been made before it was recorded.
func makeStream(t *testing.T, s *logs.Service, route awswire.Route, r request) {
	if route.Service != "logs" || route.Operation != "PutLogEvents" {
		return
	}
	body := []byte(r.Body.Text)
	if r.Body.B64 != nil {
		var err error
		if body, err = (&awswire.Budget{Max: 1 << 30}).Room().Inflate("gzip", r.Body.B64, 1<<20); err != nil {
			t.Fatal(err)
		}
	}
	var put logs.PutLogEventsRequest
	if err := json.Unmarshal(body, &put); err != nil {
		t.Fatal(err)
	}
	_, _ = s.CreateLogGroup(t.Context(), service.Caller{}, &logs.CreateLogGroupRequest{LogGroupName: put.LogGroupName})
	_, _ = s.CreateLogStream(t.Context(), service.Caller{}, &logs.LogStreamRequest{LogGroupName: put.LogGroupName, LogStreamName: put.LogStreamName})
}

// isAboutState says whether an error is about what is there or not: the recordings
// were made on other servers, and each begins anew.
func isAboutState(body string) bool {
	for _, part := range []string{"NotFound", "not found", "ResourceInUseException", "ResourceAlreadyExistsException"} {
		if strings.Contains(body, part) {
			return true
		}
	}
	return false
}

// routeOf is the route of a request, its form read.
func routeOf(t *testing.T, r request) awswire.Route {
	t.Helper()
	route := awswire.RouteOf(r.http())
	if !route.Protocol.IsForm() {
		return route
	}
	body := []byte(r.Body.Text)
	if r.Body.B64 != nil {
		var err error
		if body, err = (&awswire.Budget{Max: 1 << 30}).Room().Inflate("gzip", r.Body.B64, 1<<20); err != nil {
			t.Fatal(err)
		}
	}
	form, err := awswire.ParseForm(string(body))
	if err != nil {
		t.Fatal(err)
	}
	return route.WithForm(form)
}

func isUnknownOperation(p awswire.Protocol, w *httptest.ResponseRecorder) bool {
	body := w.Body.String()
	switch {
	case len(w.Header().Get("X-Amzn-Requestid")) != 36:
		return false
	case p.IsForm():
		return w.Code == 400 && strings.HasPrefix(body, "<ErrorResponse") && strings.Contains(body, "<Code>InvalidAction</Code>")
	case p == awswire.REST:
		return w.Code == 404 && w.Header().Get("X-Amzn-Errortype") == "UnknownOperationException"
	case p == awswire.CBOR:
		return w.Code == 400 && strings.Contains(body, "\x66__type\x78\x19UnknownOperationException")
	}
	return w.Code == 400 && strings.HasPrefix(body, `{"__type":"UnknownOperationException"`)
}

package logs_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/runtime/service/logs"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// emf is a message in the embedded metric format; metrics are its definitions.
func (w *world) emf(metrics, members string) string {
	return fmt.Sprintf(`{"_aws":{"Timestamp":%d,"CloudWatchMetrics":[{"Namespace":"shop","Dimensions":[["svc"]],"Metrics":[%s]}]},"svc":"a"%s}`,
		w.now.UnixMilli(), metrics, members)
}

// putMessages puts messages as the log events of one call, and returns the events: the
// source's end, and for a metric its name, dimensions and value.
func (w *world) putMessages(header http.Header, messages ...string) []string {
	w.t.Helper()
	w.group("g")
	w.stream("g", "s")
	request := logs.PutLogEventsRequest{LogGroupName: "g", LogStreamName: "s"}
	for _, message := range messages {
		request.LogEvents = append(request.LogEvents, logs.InputLogEvent{Timestamp: new(w.now.UnixMilli()), Message: &message})
	}
	c := caller
	c.Header = header
	if _, err := w.PutLogEvents(w.t.Context(), c, &request); err != nil {
		w.t.Fatal(err)
	}
	var got []string
	keys := map[string]bool{}
	for _, s := range w.engine.got {
		keys[s.Key] = true
		v := event.Value(s.Event.Detail())
		if s.Event.Source == "tocsin.logs" {
			got = append(got, "log")
			continue
		}
		got = append(got, fmt.Sprintf("%s %s %s %s", v.Get("namespace"), v.Get("name"), v.Get("dimensions"), v.Get("value")))
	}
	if len(keys) != len(got) {
		w.t.Errorf("%d events of a call have %d keys", len(got), len(keys))
	}
	return got
}

// TestEMF: the metrics in log events become events beside them, the good ones beside
// those that are wrong.
func TestEMF(t *testing.T) {
	w := newWorld(t)
	got := w.putMessages(nil,
		w.emf(`{"Name":"latency","Unit":"Milliseconds"},{"Name":"gone"}`, `,"latency":1.50`),
		`plain`,
		w.emf(`{"Name":"latency"}`, `,"latency":7`),
		`{"_aws":{"CloudWatchMetrics":[]}}`,
	)
	want := []string{
		"log", `"shop" "latency" {"svc":"a"} 1.50`,
		"log",
		"log", `"shop" "latency" {"svc":"a"} 7`,
		"log",
		`"AWS/Logs" "EMFParsingErrors" {"LogGroupName":"g"} 1`,
		`"AWS/Logs" "EMFValidationErrors" {"LogGroupName":"g"} 1`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if s := w.Stats(); s.EMFParsing != 1 || s.EMFValidation != 1 {
		t.Errorf("counted %+v", s)
	}
}

// TestDeclaredEMF: a client that says that all is EMF is told what is not.
func TestDeclaredEMF(t *testing.T) {
	w := newWorld(t)
	got := w.putMessages(http.Header{"X-Amzn-Logs-Format": {"json/emf"}}, "plain")
	if diff := cmp.Diff([]string{"log", `"AWS/Logs" "EMFParsingErrors" {"LogGroupName":"g"} 1`}, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// TestManyMetrics: a batch cannot make more metrics than its bound.
func TestManyMetrics(t *testing.T) {
	if testing.Short() {
		t.Skip("makes 50,000 events")
	}
	w := newWorld(t)
	sets := strings.TrimSuffix(strings.Repeat(`["svc"],`, 100), ",")
	definitions := strings.TrimSuffix(strings.Repeat(`{"Name":"n"},`, 100), ",")
	message := strings.Replace(w.emf(definitions, `,"n":1`), `[["svc"]]`, "["+sets+"]", 1)
	got := w.putMessages(nil, message, message, message, message, message, message)
	if last := got[len(got)-1]; len(got) != 50_000+6+1 || last != `"AWS/Logs" "EMFValidationErrors" {"LogGroupName":"g"} 10000` {
		t.Errorf("%d events, the last is %s", len(got), last)
	}
}

package doors

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/tocsin-engine/tocsin/ingest/cloudevents"
)

// FuzzTake: a request is refused as a whole and nothing is taken, or each of its records
// is counted once, and the answer says how many were refused.
func FuzzTake(f *testing.F) {
	f.Add("/v1/logs", logBody(`{"body":{"stringValue":"x"}}`, `{"timeUnixNano":"1"}`))
	f.Add("/v1/metrics", counterBody(2, 5))
	f.Add("/v1/traces", `{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","startTimeUnixNano":"1"},{}]}]}]}`)
	f.Fuzz(func(t *testing.T, path, body string) {
		if _, ok := signals[path]; !ok {
			path = "/v1/metrics"
		}
		e := &engine{}
		d := NewOTLP(e.config(), nil)
		answer, err := d.Take(t.Context(), post(path, "application/json", body))
		if err != nil {
			var refused *Error
			if !errors.As(err, &refused) || len(e.events) > 0 {
				t.Fatalf("%v, %d events were taken", err, len(e.events))
			}
			return
		}
		var said struct {
			PartialSuccess struct {
				RejectedLogRecords, RejectedDataPoints, RejectedSpans int `json:",string"`
			}
		}
		if err := json.Unmarshal(answer.Body, &said); err != nil {
			t.Fatalf("%v: %s", err, answer.Body)
		}
		s, c := said.PartialSuccess, d.Counts()
		if refused := c["logs_refused"] + c["metrics_refused"] + c["traces_refused"]; int(refused) != s.RejectedLogRecords+s.RejectedDataPoints+s.RejectedSpans {
			t.Errorf("%d were refused, the answer says %s", refused, answer.Body)
		}
		if taken := c["logs_taken"] + c["metrics_taken"] + c["traces_taken"]; int(taken) > len(e.events) {
			t.Errorf("%d were taken, they made %d events", taken, len(e.events))
		}
	})
}

// FuzzTakeCloudEvents: the answer to a batch says of each event what became of it.
func FuzzTakeCloudEvents(f *testing.F) {
	f.Add("[" + placed + ",{}," + placed + "]")
	f.Fuzz(func(t *testing.T, body string) {
		e := &engine{}
		answer, err := NewCloudEvents(e.config()).Take(t.Context(), post("/cloudevents", cloudevents.Batch, body))
		if err != nil {
			if len(e.events) > 0 {
				t.Errorf("%v, %d events were taken", err, len(e.events))
			}
			return
		}
		var said struct {
			Accepted, Failed int
			Events           []json.RawMessage
		}
		if err := json.Unmarshal(answer.Body, &said); err != nil || said.Accepted != len(e.events) || said.Accepted+said.Failed != len(said.Events) {
			t.Errorf("%v: %s; %d events", err, answer.Body, len(e.events))
		}
	})
}

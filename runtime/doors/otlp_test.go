package doors

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/store"
)

var now = time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)

// engine takes events in, or fails.
type engine struct {
	mu     sync.Mutex
	events []service.Submission
	puts   int
	err    error
}

func (e *engine) Put(_ context.Context, submissions []service.Submission) ([]service.Receipt, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err != nil {
		return nil, e.err
	}
	e.puts++
	receipts := make([]service.Receipt, len(submissions))
	for i, s := range submissions {
		receipts[i] = service.Receipt{ID: s.Event.ID, Duplicate: s.Key != "" && e.has(s.Key)}
	}
	e.events = append(e.events, submissions...)
	return receipts, nil
}

func (e *engine) has(key string) bool {
	for _, s := range e.events {
		if s.Key == key {
			return true
		}
	}
	return false
}

func (e *engine) config() Config {
	return Config{Engine: e, Account: "123456789012", Region: "eu-west-1", Now: func() time.Time { return now }}
}

func post(path, contentType, body string) *Request {
	return &Request{Path: path, Header: http.Header{"Content-Type": {contentType}}, Body: []byte(body)}
}

func take(t *testing.T, d HTTP, r *Request) *Response {
	t.Helper()
	answer, err := d.Take(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func logBody(records ...string) string {
	return `{"resourceLogs":[{"scopeLogs":[{"logRecords":[` + strings.Join(records, ",") + `]}]}]}`
}

func nanos(at time.Time) string { return fmt.Sprint(at.UnixNano()) }

// TestRefusedRecords: each limit of a signal refuses its record and no other.
func TestRefusedRecords(t *testing.T) {
	record := func(at time.Time) string {
		return `{"timeUnixNano":"` + nanos(at) + `","body":{"stringValue":"x"}}`
	}
	gauge := func(member string) string {
		return `{"resourceMetrics":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"s"}}]},"scopeMetrics":[{"metrics":[
			{"name":"m","gauge":{"dataPoints":[{"asInt":"1"},{` + member + `}]}}]}]}]}`
	}
	span := func(member string) string {
		return `{"resourceSpans":[{"scopeSpans":[{"spans":[
			{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","name":"a","startTimeUnixNano":"1","endTimeUnixNano":"2"},{` + member + `}]}]}]}`
	}
	manyDimensions := strings.Repeat(`{"key":"a","value":{"intValue":"1"}},`, 31)
	for i := range 31 {
		manyDimensions = strings.Replace(manyDimensions, `"a"`, fmt.Sprintf(`"d%d"`, i), 1)
	}
	for _, tc := range []struct{ name, path, body, want string }{
		{"as old as may be", "/v1/logs", logBody(record(now.Add(-14 * 24 * time.Hour))), `{}`},
		{"too old", "/v1/logs", logBody(record(now), record(now.Add(-14*24*time.Hour-time.Millisecond))), "a log record's time is at most 14 days past and 2 hours ahead"},
		{"as new as may be", "/v1/logs", logBody(record(now.Add(2 * time.Hour))), `{}`},
		{"too new", "/v1/logs", logBody(record(now), record(now.Add(2*time.Hour+time.Millisecond))), "2 hours ahead"},
		{"too large", "/v1/logs", logBody(record(now), `{"body":{"stringValue":"`+strings.Repeat("x", 1<<20)+`"}}`), "a log event may have 1048576 bytes"},
		{"its attributes too large", "/v1/logs", logBody(record(now), `{"attributes":[{"key":"a","value":{"stringValue":"`+strings.Repeat("x", 1<<20)+`"}}],"body":{"stringValue":"x"}}`), "an event may have 1024 KiB"},
		{"no number", "/v1/metrics", gauge(`"asDouble":"NaN"`), "The value NaN"},
		{"an old point", "/v1/metrics", gauge(`"asInt":"1","timeUnixNano":"1"`), "within the past two weeks"},
		{"too many dimensions", "/v1/metrics", gauge(`"asInt":"1","attributes":[` + strings.TrimSuffix(manyDimensions, ",") + `]`), "must not have a size greater than 30"},
		{"a span without ids", "/v1/traces", span(`"name":"b","startTimeUnixNano":"1"`), "a traceId and a spanId that are not zero"},
		{"a span of 64 KiB", "/v1/traces", span(`"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b175","startTimeUnixNano":"1","name":"` + strings.Repeat("x", 64<<10) + `"`), "SegmentTooLarge"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := &engine{}
			answer := take(t, NewOTLP(e.config(), nil), post(tc.path, "application/json", tc.body))
			got := string(answer.Body)
			if answer.Status != 200 || !strings.Contains(got, tc.want) || len(e.events) != 1 {
				t.Errorf("%d %.300s; the engine got %d events", answer.Status, got, len(e.events))
			}
			if tc.want != "{}" && !strings.Contains(got, `":"1","errorMessage`) {
				t.Errorf("one is refused: %.300s", got)
			}
		})
	}
}

// counterBody is a running total as of a second, which began a second after the door.
func counterBody(second, value int) string {
	return fmt.Sprintf(`{"resourceMetrics":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"s"}}]},"scopeMetrics":[{"metrics":[
		{"name":"c","sum":{"aggregationTemporality":2,"isMonotonic":true,"dataPoints":[{"startTimeUnixNano":"%s","timeUnixNano":"%s","asInt":"%d"}]}}]}]}]}`,
		nanos(now.Add(time.Second)), nanos(now.Add(time.Duration(second)*time.Second)), value)
}

// TestRunningTotals: a request that failed can be sent again and counts once; one that
// was taken counts nothing the second time.
func TestRunningTotals(t *testing.T) {
	e := &engine{}
	d := NewOTLP(e.config(), nil)
	send := func(second, value int) {
		take(t, d, post("/v1/metrics", "application/json", counterBody(second, value)))
	}
	send(2, 5)
	send(2, 5)
	e.err = store.ErrFull
	if _, err := d.Take(t.Context(), post("/v1/metrics", "application/json", counterBody(3, 9))); !errors.Is(err, store.ErrFull) {
		t.Fatalf("Take: %v, want ErrFull", err)
	}
	e.err = nil
	send(3, 9)
	send(4, 10)
	var got []string
	for _, s := range e.events {
		v := string(s.Event.Detail())
		_, v, _ = strings.Cut(v, `"value":`)
		v, _, _ = strings.Cut(v, ",")
		got = append(got, v)
	}
	if diff := cmp.Diff([]string{"5", "4", "1"}, got); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
	if c := d.Counts(); c["metrics_taken"] != 3 || c["metrics_without_news"] != 1 {
		t.Errorf("counts %v", c)
	}
}

// TestTotalsAreBounded: the series that were silent longest are forgotten, and count
// from there on as unknown.
func TestTotalsAreBounded(t *testing.T) {
	e := &engine{}
	d := NewOTLP(e.config(), nil)
	d.totals.most = 1000
	body := func(name string, second, value int) string {
		return strings.Replace(counterBody(second, value), `"name":"c"`, `"name":"`+name+`"`, 1)
	}
	for i := range 100 {
		take(t, d, post("/v1/metrics", "application/json", body(fmt.Sprint("c", i), 2, 5)))
	}
	if n := len(d.totals.young) + len(d.totals.old); n > 20 {
		t.Errorf("%d series are remembered", n)
	}
	later := now.Add(time.Hour)
	d.c.Now = func() time.Time { return later }
	for i := range 100 { // the clock moved on, so forgetting shows
		take(t, d, post("/v1/metrics", "application/json", body(fmt.Sprint("d", i), 2, 5)))
	}
	before := len(e.events)
	take(t, d, post("/v1/metrics", "application/json", body("c0", 3, 7)))
	if len(e.events) != before {
		t.Error("a forgotten series counted from its beginning")
	}
	take(t, d, post("/v1/metrics", "application/json", body("c0", 4, 8)))
	if len(e.events) != before+1 {
		t.Error("a series that is known again makes no data")
	}
}

func TestTotals_hammer(t *testing.T) {
	e := &engine{}
	d := NewOTLP(e.config(), nil)
	d.totals.most = 2000
	var all sync.WaitGroup
	for p := range 8 {
		all.Go(func() {
			for i := range 100 {
				body := strings.Replace(counterBody(i+2, i), `"name":"c"`, fmt.Sprintf(`"name":"c%d"`, (p*i)%10), 1)
				if _, err := d.Take(t.Context(), post("/v1/metrics", "application/json", body)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	c := d.Counts()
	if c["metrics_taken"]+c["metrics_without_news"] != 800 || int(c["metrics_taken"]) != len(e.events) {
		t.Errorf("counts %v, %d events", c, len(e.events))
	}
}

// TestTooMuch: a large resource that every record repeats is bounded in what it makes;
// what was made before counts.
func TestTooMuch(t *testing.T) {
	e := &engine{}
	d := NewOTLP(e.config(), nil)
	d.most = 1 << 20
	records := strings.TrimSuffix(strings.Repeat(`{"body":{"stringValue":"x"}},`, 200), ",")
	body := `{"resourceLogs":[{"resource":{"attributes":[{"key":"big","value":{"stringValue":"` + strings.Repeat("x", 100<<10) + `"}}]},
		"scopeLogs":[{"logRecords":[` + records + `]}]}]}`
	answer := take(t, d, post("/v1/logs", "application/json", body))
	if got := string(answer.Body); !strings.Contains(got, "because each of them repeats its resource") {
		t.Errorf("%s", got)
	}
	if c := d.Counts(); c["logs_taken"] != 10 || c["logs_refused"] != 190 || len(e.events) != 10 {
		t.Errorf("counts %v, %d events", c, len(e.events))
	}
}

// TestCommits: a large request is some commits, not one and not thousands.
func TestCommits(t *testing.T) {
	e := &engine{}
	take(t, NewOTLP(e.config(), nil), post("/v1/logs", "application/json", logBody(strings.TrimSuffix(strings.Repeat(`{"body":{"stringValue":"x"}},`, 1200), ","))))
	if len(e.events) != 1200 || e.puts != 3 {
		t.Errorf("%d events in %d commits", len(e.events), e.puts)
	}
}

package server

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/hashicorp/go-hclog"

	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/runtime/archive"
	"github.com/tocsin-engine/tocsin/runtime/dispatch"
	"github.com/tocsin-engine/tocsin/runtime/engine"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/service/events"
	"github.com/tocsin-engine/tocsin/runtime/store/memory"
)

const testRules = `
version: 1
buses: [side]
targets:
  - {name: works, plugin: log}
  - {name: broken, plugin: log}
rules:
  - {name: orders, description: every order, pattern: {source: [shop], detail-type: [Order]}, targets: [works]}
  - {name: big, pattern: {source: [shop]}, when: detail.n > 100, targets: [works, broken], tags: {team: a}}
  - {name: off, state: disabled, pattern: {source: [shop]}, targets: [works]}
`

// plugins are targets that take everything, but for the one called broken.
type plugins struct{}

func (plugins) Digest(context.Context, rulefile.Target, *rulefile.Plugin) (string, error) {
	return "", nil
}

func (plugins) Open(_ context.Context, t rulefile.Target, _ *rulefile.Plugin, _ engine.Host) (engine.Runner, error) {
	return runner(t.Name), nil
}

type runner string

func (runner) Close() error { return nil }

func (r runner) Deliver(_ context.Context, batch []dispatch.Delivery) []dispatch.Outcome {
	out := make([]dispatch.Outcome, len(batch))
	for i := range out {
		out[i] = dispatch.Outcome{OK: r == "works", Code: "NO_PERMISSIONS", Message: "not allowed"}
	}
	return out
}

// world is a server on loopback with an engine behind it that delivers on Step.
type world struct {
	t        *testing.T
	server   *Server
	engine   *engine.Engine
	archives *archive.Archives
	stop     func() error // ends Run and returns what it returned
	sign     func(*http.Request, []byte)
}

func newWorld(t *testing.T, change func(*Config)) *world {
	t.Helper()
	st := memory.New(memory.Config{})
	archives := archive.New(archive.Config{Store: st, Rehearsal: true})
	e, err := engine.New(engine.Config{Store: st, Plugins: plugins{}, Archives: archives, Account: "123456789012", Region: "eu-west-1"})
	if err != nil {
		t.Fatal(err)
	}
	set, findings := rulefile.Load([]rulefile.File{{Name: "rules.yaml", Data: []byte(testRules)}}, rulefile.Options{})
	if findings.Errors() > 0 {
		t.Fatal(findings)
	}
	if err := e.Load(t.Context(), set); err != nil {
		t.Fatal(err)
	}
	svc := events.New(events.Config{Store: st, Engine: e, Now: time.Now, Rules: e.Rules})
	c := Config{
		Listen: "127.0.0.1:0", Account: "123456789012", Region: "eu-west-1", Engine: e, Archives: archives,
		Services: service.NewTable(svc.Operations()), Doors: map[string]func() any{"events": func() any { return svc.Stats() }}, Version: "v0",
	}
	if change != nil {
		change(&c)
	}
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	stop := sync.OnceValue(func() error { cancel(); return <-done })
	t.Cleanup(func() { _ = stop() })
	return &world{t: t, server: s, engine: e, archives: archives, stop: stop}
}

// deliver delivers all that is due.
func (w *world) deliver() {
	w.t.Helper()
	for {
		worked, _, err := w.engine.Step(w.t.Context())
		if err != nil {
			w.t.Fatal(err)
		}
		if !worked {
			return
		}
	}
}

// do makes a request and returns the answer's status and JSON.
func (w *world) do(method, path, body string, header ...string) (int, map[string]any) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.server.URL()+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
		r.Header.Set(header[i], header[i+1])
	}
	if w.sign != nil {
		w.sign(r, []byte(body))
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	var answer map[string]any
	if err := json.Unmarshal(raw, &answer); err != nil {
		answer = map[string]any{"text": string(raw)}
	}
	return response.StatusCode, answer
}

// want fails unless the value at a path of the answer prints as wanted; steps of the
// path are names and indexes.
func want(t *testing.T, answer any, path, text string) {
	t.Helper()
	v := answer
	for step := range strings.SplitSeq(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[step]
		case []any:
			var i int
			if _, err := fmt.Sscan(step, &i); err != nil || i >= len(x) {
				t.Errorf("%s: no %s in %v", path, step, x)
				return
			}
			v = x[i]
		default:
			v = nil
		}
	}
	if got := fmt.Sprint(v); !strings.Contains(got, text) || text == "" && got != "" {
		t.Errorf("%s is %q, want %q; the answer: %v", path, got, text, answer)
	}
}

const order = `{"source":"shop","detail-type":"Order","detail":{"n":5}}`

func zipped(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := io.WriteString(z, text)
	if err := errors.Join(err, z.Close()); err != nil {
		panic(err)
	}
	return b.String()
}

func TestPutEvents(t *testing.T) {
	w := newWorld(t, nil)
	for _, tc := range []struct {
		name, path, body string
		status           int
		accepted, failed string
		want             []string // path, text, …
	}{
		{"one", "", order, 200, "1", "0", []string{"events.0.matched.0", "orders", "events.0.targets", "1", "events.0.index", "0"}},
		{"two rules", "", `{"source":"shop","detail-type":"Order","detail":{"n":500}}`, 200, "1", "0", []string{"events.0.matched", "[orders big]", "events.0.targets", "3"}},
		{"no rule", "", `{"source":"bank","detail-type":"Order"}`, 200, "1", "0", []string{"events.0.matched", "[]"}},
		{"a list", "", "[" + order + "," + order + "]", 200, "2", "0", nil},
		{"lines", "", order + "\n" + order + "\n" + order, 200, "3", "0", nil},
		{"gzip", "", zipped(order), 200, "1", "0", nil},
		{"own id", "", `{"id":"mine","source":"shop","detail-type":"Order"}`, 200, "1", "0", []string{"events.0.id", "mine"}},
		{"aws source", "", `{"source":"aws.ec2","detail-type":"x"}`, 200, "1", "0", nil},
		{"another bus", "?bus=side", order, 200, "1", "0", []string{"events.0.matched", "[]"}},
		{"a bad one between good ones", "", order + "\n{\"source\":\"shop\"}\n" + order, 207, "2", "1",
			[]string{"events.1.index", "1", "events.1.error.code", "bad_event", "events.1.error.message", `no "detail-type"`, "events.2.matched", "orders"}},
		{"a broken line", "", order + "\n{]\n" + order, 207, "2", "1", []string{"events.1.error.code", "bad_json", "events.1.error.message", "line 2"}},
		{"a name twice", "", `{"source":"shop","source":"bank","detail-type":"x"}`, 400, "0", "1", []string{"events.0.error.code", "bad_json"}},
		{"cut off", "", "[" + order, 207, "1", "1", []string{"events.1.error.message", "cut off"}},
		{"only bad ones", "", `{}`, 400, "0", "1", []string{"events.0.error.code", "bad_event"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			status, answer := w.do("POST", "/api/v1/events"+tc.path, tc.body)
			if status != tc.status {
				t.Errorf("status %d, want %d: %v", status, tc.status, answer)
			}
			want(t, answer, "accepted", tc.accepted)
			want(t, answer, "failed", tc.failed)
			for i := 0; i < len(tc.want); i += 2 {
				want(t, answer, tc.want[i], tc.want[i+1])
			}
		})
	}
}

func TestPutEventsRefuses(t *testing.T) {
	w := newWorld(t, nil)
	for _, tc := range []struct {
		name, path, body string
		status           int
		code, message    string
		header           []string
	}{
		{"nothing", "", "", 400, "bad_request", "the body has no event", nil},
		{"bad bus", "?bus=a+b", order, 400, "bad_request", "bus:", nil},
		{"too large", "", strings.Repeat(" ", maxEventsBody+1), 413, "too_large", "", nil},
		{"a bomb", "", zipped(strings.Repeat(" ", maxEventsBody+1)), 413, "too_large", "bomb", nil},
		{"zipped twice", "", zipped(zipped(order)), 400, "bad_request", "compressed twice", nil},
		{"not gzip", "", order, 400, "bad_request", "not gzip", []string{"Content-Encoding", "gzip"}},
		{"unknown encoding", "", order, 400, "bad_request", "Content-Encoding", []string{"Content-Encoding", "br"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			status, answer := w.do("POST", "/api/v1/events"+tc.path, tc.body, tc.header...)
			if tc.code == "bad_request" && status != 400 || status < 400 || status >= 500 || tc.code == "too_large" && status != 413 {
				t.Errorf("status %d", status)
			}
			want(t, answer, "error.code", tc.code)
			if tc.message != "" {
				want(t, answer, "error.message", tc.message)
			}
		})
	}
}

func TestPutEventsHasABoundOnTheirNumber(t *testing.T) {
	w := newWorld(t, nil)
	status, answer := w.do("POST", "/api/v1/events", strings.Repeat(`{"source":"bank","detail-type":"x"}`+"\n", maxEvents+2))
	if status != 207 {
		t.Errorf("status %d", status)
	}
	want(t, answer, "accepted", "10000")
	want(t, answer, "failed", "1")
	want(t, answer, "events.10000.error.message", "those after it were not read")
}

func TestPutEventsIsIdempotent(t *testing.T) {
	w := newWorld(t, nil)
	_, first := w.do("POST", "/api/v1/events", order+"\n"+order, "Idempotency-Key", "k")
	_, again := w.do("POST", "/api/v1/events", order+"\n"+order, "Idempotency-Key", "k")
	want(t, again, "events.0.duplicate", "true")
	want(t, again, "events.1.duplicate", "true")
	firstID := first["events"].([]any)[0].(map[string]any)["id"].(string)
	want(t, again, "events.0.id", firstID)
	_, other := w.do("POST", "/api/v1/events", order, "Idempotency-Key", "l")
	want(t, other, "events.0.duplicate", "<nil>")
}

func TestReads(t *testing.T) {
	w := newWorld(t, nil)
	if status, answer := w.do("GET", "/api/v1/events/last", ""); status != 404 {
		t.Errorf("no event yet: %d %v", status, answer)
	}
	w.do("POST", "/api/v1/events", `{"id":"one","source":"shop","detail-type":"Order","detail":{"n":500,"exact":1.50}}`)
	w.do("POST", "/api/v1/events", `{"id":"two","source":"bank","detail-type":"Order"}`)
	w.deliver()

	_, answer := w.do("GET", "/api/v1/events", "")
	want(t, answer, "events.0.event.id", "two")
	want(t, answer, "events.1.matched", "[orders big]")
	_, answer = w.do("GET", "/api/v1/events?unmatched=true", "")
	want(t, answer, "events.0.event.id", "two")
	_, answer = w.do("GET", "/api/v1/events?rule=big&limit=1", "")
	want(t, answer, "events.0.event.id", "one")

	_, answer = w.do("GET", "/api/v1/events/one", "")
	want(t, answer, "state", "dead")
	want(t, answer, "deliveries.0.state", "delivered")
	want(t, answer, "deliveries.2.target", "broken")
	want(t, answer, "deliveries.2.code", "NO_PERMISSIONS")
	_, answer = w.do("GET", "/api/v1/events/last", "")
	want(t, answer, "state", "unmatched")
	status, answer := w.do("GET", "/api/v1/events/nobody", "")
	want(t, answer, "state", "not kept")
	if status != 404 {
		t.Errorf("an unknown event: %d", status)
	}

	_, answer = w.do("GET", "/api/v1/rules", "")
	want(t, answer, "rules.0.pattern.source", "[shop]")
	want(t, answer, "rules.1.when", "detail.n > 100")
	want(t, answer, "rules.1.tags.team", "a")
	want(t, answer, "rules.1.counts.matched", "1")
	want(t, answer, "rules.2.disabled", "true")

	_, answer = w.do("GET", "/api/v1/targets", "")
	want(t, answer, "targets.0.counts.delivered", "2")
	want(t, answer, "targets.1.counts.dead", "1")
	want(t, answer, "targets.1.waiting.unread", "0")

	_, answer = w.do("GET", "/api/v1/dead-letters?target=broken&limit=1", "")
	want(t, answer, "dead_letters.0.event.id", "one")
	want(t, answer, "dead_letters.0.rule", "big")
	if answer["next"] != nil {
		t.Errorf("the last page says that there is more after %v", answer["next"])
	}
	_, answer = w.do("GET", "/api/v1/dead-letters?after=1", "")
	want(t, answer, "dead_letters", "[]")

	_, answer = w.do("GET", "/api/v1/status", "")
	want(t, answer, "ok", "true")
	want(t, answer, "tocsin", "v0")
	want(t, answer, "engine.rules", "3")
	want(t, answer, "engine.store.kind", "memory")
	want(t, answer, "counts.received", "2")
	want(t, answer, "doors.api.requests", "1")
	want(t, answer, "warnings", "no access keys")
}

func TestReadsRefuse(t *testing.T) {
	w := newWorld(t, nil)
	for _, tc := range []struct {
		method, path, body string
		status             int
		message            string
	}{
		{"GET", "/api/v1/events?limit=0", "", 400, "limit: write a number from 1 to 1000"},
		{"GET", "/api/v1/events?limit=x", "", 400, "limit"},
		{"GET", "/api/v1/events?unmatched=perhaps", "", 400, "true or false"},
		{"GET", "/api/v1/dead-letters?after=x", "", 400, "after"},
		{"GET", "/api/v1/tail?pattern={", "", 400, "pattern"},
		{"GET", "/api/v1/tail?pattern=" + `%7B%22source%22:%22shop%22%7D`, "", 400, "pattern.source"},
		{"GET", "/api/v1/tail?when=detail.", "", 400, "when"},
		{"POST", "/api/v1/explain", `{`, 400, `write {"event":{…}}`},
		{"POST", "/api/v1/explain", `{"id":"a","event":{}}`, 400, `write {"event":{…}}`},
		{"POST", "/api/v1/explain", `{"event":{}}`, 400, "detail-type"},
		{"POST", "/api/v1/explain", `{"event":` + order + `,"rules":1}`, 400, `"rules"`},
		{"POST", "/api/v1/explain", `{"event":` + order + `,"rule":"order"}`, 404, `did you mean "orders"?`},
		{"POST", "/api/v1/explain", `{"id":"nobody"}`, 404, "no event with this id"},
		{"POST", "/api/v1/reload", "", 400, "no rule files"},
		{"GET", "/api/v1/nothing", "", 404, "API.md"},
		{"GET", "/api/v2/events", "", 404, "API.md"},
		{"DELETE", "/api/v1/events", "", 405, "use GET"},
		{"POST", "/api/v1/status", "", 405, "use GET"},
		{"GET", "/api/v1/reload", "", 405, "use POST"},
	} {
		t.Run(tc.method+" "+tc.path, func(t *testing.T) {
			status, answer := w.do(tc.method, tc.path, tc.body)
			if status != tc.status {
				t.Errorf("status %d, want %d", status, tc.status)
			}
			want(t, answer, "error.message", tc.message)
		})
	}
}

func TestExplain(t *testing.T) {
	w := newWorld(t, nil)
	w.do("POST", "/api/v1/events", `{"id":"one","source":"shop","detail-type":"order","detail":{"n":500}}`)
	for _, body := range []string{`{"id":"one"}`, `{"id":"last"}`, `{"event":{"source":"shop","detail-type":"order","detail":{"n":500}}}`} {
		_, answer := w.do("POST", "/api/v1/explain", body)
		want(t, answer, "rules.0.rule", "big")
		want(t, answer, "rules.0.matches", "true")
		want(t, answer, "rules.1.disabled", "true")
		want(t, answer, "rules.2.rule", "orders")
		want(t, answer, "rules.2.matches", "false")
		want(t, answer, "rules.2.conditions", "differs only in case")
	}
	_, answer := w.do("POST", "/api/v1/explain", `{"rule":"orders","bus":"side","event":`+order+`}`)
	want(t, answer, "rules.0.other_bus", "default")
}

func TestReload(t *testing.T) {
	findings := diag.List{{Code: "R001", File: "rules.yaml", Pos: diag.Pos{Line: 3, Column: 1}, Message: "wrong"}}
	var err error
	w := newWorld(t, func(c *Config) {
		c.Reload = func(context.Context) (diag.List, error) { return findings, err }
	})
	err = engine.ErrFindings
	status, answer := w.do("POST", "/api/v1/reload", "")
	if status != 422 {
		t.Errorf("status %d", status)
	}
	want(t, answer, "error.message", "the rules of before stay in force")
	want(t, answer, "findings.0.severity", "error")
	want(t, answer, "findings.0.line", "3")
	findings, err = nil, nil
	status, answer = w.do("POST", "/api/v1/reload", "")
	if status != 200 {
		t.Errorf("status %d", status)
	}
	want(t, answer, "findings", "[]")
}

func TestAWSClientsShareThePort(t *testing.T) {
	w := newWorld(t, nil)
	_, answer := w.do("POST", "/", `{"Entries":[{"Source":"shop","DetailType":"Order","Detail":"{}"},{"Source":"shop","DetailType":"Order","Detail":"{}","EventBusName":"nowhere"}]}`,
		"X-Amz-Target", "AWSEvents.PutEvents", "Content-Type", "application/x-amz-json-1.1")
	want(t, answer, "FailedEntryCount", "0")
	_, answer = w.do("GET", "/api/v1/status", "")
	want(t, answer, "doors.aws.requests", "1")
	want(t, answer, "doors.events.events_to_unknown_bus", "1")
	want(t, answer, "counts.matched", "1")
}

func TestSignatures(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.Keys = map[string]string{"AK": "secret"} })
	signer := func(key, secret, name string) func(*http.Request, []byte) {
		return func(r *http.Request, body []byte) {
			sum := sha256.Sum256(body)
			err := v4.NewSigner().SignHTTP(r.Context(), aws.Credentials{AccessKeyID: key, SecretAccessKey: secret}, r, hex.EncodeToString(sum[:]), name, "eu-west-1", time.Now())
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, tc := range []struct {
		name   string
		sign   func(*http.Request, []byte)
		status int
		code   string
	}{
		{"signed", signer("AK", "secret", "tocsin"), 200, ""},
		{"unsigned", nil, 403, "MissingAuthenticationTokenException"},
		{"another service", signer("AK", "secret", "events"), 403, "InvalidSignatureException"},
		{"unknown key", signer("AX", "secret", "tocsin"), 403, "UnrecognizedClientException"},
		{"wrong secret", signer("AK", "guess", "tocsin"), 403, "InvalidSignatureException"},
		{"another body", func(r *http.Request, _ []byte) { signer("AK", "secret", "tocsin")(r, []byte("{}")) }, 403, "InvalidSignatureException"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w.sign = tc.sign
			status, answer := w.do("POST", "/api/v1/events", order)
			if status != tc.status {
				t.Errorf("status %d: %v", status, answer)
			}
			if tc.code != "" {
				want(t, answer, "error.code", tc.code)
			}
		})
	}
	w.sign = nil
	for path, body := range map[string]string{"/healthz": "ok\n", "/readyz": "ready\n"} {
		if status, answer := w.do("GET", path, ""); status != 200 || answer["text"] != body {
			t.Errorf("%s: %d %v", path, status, answer)
		}
	}
	w.sign = signer("AK", "secret", "tocsin")
	_, answer := w.do("GET", "/api/v1/status", "")
	want(t, answer, "doors.api.refused", "5")
	if status, answer := w.do("GET", "/api/v1/events?limit=3&rule=or+ders", ""); status != 200 {
		t.Errorf("a signed query: %d %v", status, answer)
	}
}

func TestWebPagesAreKeptOut(t *testing.T) {
	w := newWorld(t, nil)
	for _, tc := range []struct {
		name   string
		header []string
		status int
	}{
		{"own origin", []string{"Origin", w.server.URL()}, 200},
		{"another origin", []string{"Origin", "https://evil.example"}, 403},
		{"no origin to name", []string{"Origin", "null"}, 403},
		{"localhost", []string{"Host", "localhost:7575"}, 200},
		{"a name below localhost", []string{"Host", "tocsin.localhost"}, 200},
		{"an address", []string{"Host", "[::1]:7575"}, 200},
		{"a name that resolves to loopback", []string{"Host", "evil.example:7575"}, 403},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, path := range []string{"/api/v1/status", "/?Action=ListTopics"} {
				if status, answer := w.do("GET", path, "", tc.header...); (status == 403) != (tc.status == 403) {
					t.Errorf("%s: %d %v, want %d", path, status, answer, tc.status)
				}
			}
		})
	}
	keys := newWorld(t, func(c *Config) { c.Keys = map[string]string{"AK": "secret"} })
	_, answer := keys.do("GET", "/api/v1/status", "", "Host", "tocsin.example")
	want(t, answer, "error.code", "MissingAuthenticationTokenException")
}

func TestNoRoomForBodies(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.MaxBodies = 10 })
	status, answer := w.do("POST", "/api/v1/events", order)
	if status != 503 {
		t.Errorf("status %d", status)
	}
	want(t, answer, "error.code", "throttled")
	if status, _ := w.do("GET", "/api/v1/status", ""); status != 200 {
		t.Errorf("a request without a body: %d", status)
	}
}

func TestLargeHeadersAreRefused(t *testing.T) {
	w := newWorld(t, nil)
	if status, _ := w.do("GET", "/healthz", "", "X-Large", strings.Repeat("x", 2*maxHeader)); status != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("status %d", status)
	}
}

// fuzzEngine is an engine without rules, one for all inputs.
var fuzzEngine = sync.OnceValue(func() *engine.Engine {
	e, err := engine.New(engine.Config{Store: memory.New(memory.Config{}), Plugins: plugins{}})
	if err != nil {
		panic(err)
	}
	return e
})

// FuzzPutEvents: whatever is sent, each event is accepted or has its error, and the
// status says which.
func FuzzPutEvents(f *testing.F) {
	f.Add([]byte(order))
	f.Add([]byte("[" + order + ",{}]"))
	f.Add([]byte(zipped(order)))
	f.Add([]byte(`{"Records":[{}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		w := fuzzEngine()
		before := w.Stats().Received
		s := &Server{c: Config{Engine: w, Now: time.Now, Account: "1", Region: "r"}, log: hclog.NewNullLogger()}
		r, err := http.NewRequest("POST", "/api/v1/events", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		c := &call{Request: r}
		if c.body = body; isGzip(body) {
			return
		}
		answer, err := s.putEvents(c)
		if err != nil {
			var e *apiError
			if !errors.As(err, &e) || e.Status != 400 {
				t.Fatalf("%q: %v", body, err)
			}
			return
		}
		if other, ok := answer.(withStatus); ok {
			answer = other.body
		}
		a := answer.(putAnswer)
		if a.Accepted+a.Failed != len(a.Events) || w.Stats().Received-before != uint64(a.Accepted) {
			t.Fatalf("%q: %+v; the engine got %d", body, a, w.Stats().Received-before)
		}
	})
}

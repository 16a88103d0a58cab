package awsapi

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-hclog"

	"github.com/tocsin-engine/tocsin/ingest/awswire"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/store"
)

type echoRequest struct {
	Text     string
	N        int    `json:",omitempty"`
	QueueURL string `json:"QueueUrl,omitempty"`
}

type echoResponse struct {
	Text string
}

func (echoResponse) ResponseHeaders() map[string]string { return map[string]string{"x-extra": "yes"} }

var caller service.Caller // of the last call

func echo(_ context.Context, c service.Caller, r *echoRequest) (*echoResponse, error) {
	caller = c
	switch r.Text {
	case "queue":
		return &echoResponse{r.QueueURL}, nil
	case "full":
		return nil, store.ErrFull
	case "broken":
		return nil, errors.New("the disk is on fire")
	case "known":
		return nil, &service.Error{Code: "QueueDoesNotExist", QueryCode: "AWS.SimpleQueueService.NonExistentQueue", Message: "No."}
	}
	return &echoResponse{r.Text}, nil
}

func testTable() *service.Table {
	var ops []service.Operation
	for _, s := range []string{"events", "sqs", "sns", "ec2"} {
		ops = append(ops, service.Op(s, "Echo", echo))
	}
	small := service.Op("events", "Small", echo)
	small.MaxBody = 100
	traces := service.Op("xray", "Echo", echo)
	traces.Path = "POST /TraceSegments"
	named := service.Op("schemas", "EchoName", echo)
	named.Path = "GET /v1/registries/name/{Text}/schemas"
	return service.NewTable(ops, []service.Operation{small, traces, named})
}

var testTime = time.Date(2026, 11, 22, 18, 34, 24, 0, time.UTC)

func scoped(name string) string {
	return "AWS4-HMAC-SHA256 Credential=AK/20261122/us-east-1/" + name + "/aws4_request, SignedHeaders=host;x-amz-date, Signature=00"
}

func post(target, contentType, auth, body string) *http.Request {
	r := httptest.NewRequest("POST", "http://127.0.0.1:7575/", strings.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	if target != "" {
		r.Header.Set("X-Amz-Target", target)
	}
	if auth != "" {
		r.Header.Set("Authorization", auth)
	}
	return r
}

func rest(method, path, name, body string) *http.Request {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", scoped(name))
	return r
}

const (
	json10 = "application/x-amz-json-1.0"
	json11 = "application/x-amz-json-1.1"
	form   = "application/x-www-form-urlencoded; charset=utf-8"
)

func TestHandler(t *testing.T) {
	for _, tc := range []struct {
		name   string
		r      *http.Request
		status int
		body   string // part of it
		count  Stats
	}{
		{"json", post("AWSEvents.Echo", json11, scoped("events"), `{"Text":"a"}`), 200, `{"Text":"a"}`, Stats{}},
		{"no signature", post("AWSEvents.Echo", json11, "", `{"Text":"a"}`), 200, `{"Text":"a"}`, Stats{}},
		{"query", post("", form, scoped("sns"), `Action=Echo&Version=2010-03-31&Text=a`), 200, `<EchoResult><Text>a</Text></EchoResult>`, Stats{}},
		{"query in the address", httptest.NewRequest("GET", "/?Action=Echo&Version=2010-03-31&Text=a", nil), 200, `<Text>a</Text>`, Stats{}},
		{"sqs by query", post("", form, scoped("sqs"), `Action=Echo&Version=2012-11-05&Text=a`), 200, `<EchoResult><Text>a</Text></EchoResult>`, Stats{}},
		{"ec2", post("", form, scoped("ec2"), `Action=Echo&Version=2016-11-15&Text=a`), 200, `<text>a</text>`, Stats{}},
		{"unknown in json", post("AWSEvents.Nope", json11, scoped("events"), `{`), 400, `"__type":"UnknownOperationException"`, Stats{Unknown: 1}},
		{"another service's operation", post("AmazonSQS.Echo", json10, scoped("events"), `{}`), 400, `UnknownOperationException`, Stats{Unknown: 1}},
		{"unknown in query", post("", form, scoped("sns"), `Action=Nope`), 400, `<Code>InvalidAction</Code>`, Stats{Unknown: 1}},
		{"no action", post("", form, scoped("sns"), `Text=a`), 400, `<Code>MissingAction</Code>`, Stats{Unknown: 1}},
		{"unknown in ec2", post("", form, scoped("ec2"), `Action=Nope`), 400, `<Response><Errors><Error><Code>InvalidAction</Code>`, Stats{Unknown: 1}},
		{"rest-json", rest("POST", "/TraceSegments", "xray", `{"Text":"a"}`), 200, `{"Text":"a"}`, Stats{}},
		{"rest-json with a slash", rest("POST", "/TraceSegments/", "xray", `{"Text":"a"}`), 200, `{"Text":"a"}`, Stats{}},
		{"rest-json without a signature", httptest.NewRequest("POST", "/TraceSegments", strings.NewReader(`{"Text":"a"}`)), 200, `{"Text":"a"}`, Stats{}},
		{"rest-json with a label", rest("GET", "/v1/registries/name/a%2Fb/schemas?N=1", "schemas", ""), 200, `{"Text":"a/b"}`, Stats{}},
		{"rest-json, wrong method", rest("GET", "/TraceSegments", "xray", ""), 404, `UnknownOperationException`, Stats{Unknown: 1}},
		{"rest-json of another service", rest("POST", "/TraceSegments", "lambda", `{}`), 404, `UnknownOperationException`, Stats{Unknown: 1}},
		{"rest-json, malformed", rest("POST", "/TraceSegments", "xray", `{"Text":1}`), 400, `"message":"Text: write a string, not a number"`, Stats{Malformed: 1}},
		{"rest-json, operation's error", rest("POST", "/TraceSegments", "xray", `{"Text":"known"}`), 400, `"message":"No."`, Stats{Failed: 1}},
		{"rest", httptest.NewRequest("GET", "/v1/registries", nil), 404, `GET /v1/registries`, Stats{Unknown: 1}},
		{"malformed json", post("AWSEvents.Echo", json11, scoped("events"), `{"Text":1}`), 400, `{"__type":"SerializationException","message":"Text: write a string, not a number"}`, Stats{Malformed: 1}},
		{"malformed form", post("", form, scoped("sns"), `Action=Echo&N=x`), 400, `<Code>MalformedQueryString</Code>`, Stats{Malformed: 1}},
		{"form with a bad escape", post("", form, scoped("sns"), `%`), 400, `<Code>MalformedQueryString</Code>`, Stats{Malformed: 1}},
		{"too large", post("AWSEvents.Small", json11, scoped("events"), `{"Text":"`+strings.Repeat("x", 100)+`"}`), 413, "RequestEntityTooLarge", Stats{Malformed: 1}},
		{"operation's error", post("AmazonSQS.Echo", json10, scoped("sqs"), `{"Text":"known"}`), 400, `{"__type":"QueueDoesNotExist","message":"No."}`, Stats{Failed: 1}},
		{"operation's error in query", post("", form, scoped("sqs"), `Action=Echo&Text=known`), 400, `<Code>AWS.SimpleQueueService.NonExistentQueue</Code>`, Stats{Failed: 1}},
		{"store full", post("AWSEvents.Echo", json11, scoped("events"), `{"Text":"full"}`), 503, `ThrottlingException`, Stats{Throttled: 1}},
		{"our fault", post("AWSEvents.Echo", json11, scoped("events"), `{"Text":"broken"}`), 500, `InternalFailure`, Stats{Internal: 1}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var log bytes.Buffer
			h := New(Config{Table: testTable(), Account: "000000000000", Region: "us-east-1", Log: hclog.New(&hclog.LoggerOptions{Output: &log})})
			w := httptest.NewRecorder()
			h.ServeHTTP(w, tc.r)
			if w.Code != tc.status || !strings.Contains(w.Body.String(), tc.body) {
				t.Errorf("got %d %s, want %d … %s", w.Code, w.Body, tc.status, tc.body)
			}
			if id := w.Header().Get("x-amzn-RequestId"); len(id) != 36 {
				t.Errorf("request id %q", id)
			}
			tc.count.Requests = 1
			if diff := cmp.Diff(tc.count, h.Stats()); diff != "" {
				t.Errorf("counts (-want +got):\n%s", diff)
			}
			if logged := log.Len() > 0; logged != (tc.count.Internal > 0) {
				t.Errorf("log: %q", log.String())
			}
			if strings.Contains(w.Body.String(), "fire") {
				t.Errorf("our own error went out: %s", w.Body)
			}
		})
	}
}

func TestHandlerTellsTheOperation(t *testing.T) {
	h := New(Config{Table: testTable(), Account: "123456789012", Region: "eu-west-1"})
	r := post("AWSEvents.Echo", json11, scoped("events"), `{"Text":"a"}`)
	r.Header.Set("amz-sdk-invocation-id", "inv")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	want := service.Caller{Account: "123456789012", Region: "eu-west-1", RequestID: w.Header().Get("x-amzn-requestid"), InvocationID: "inv", Header: r.Header, Endpoint: "http://127.0.0.1:7575"}
	if diff := cmp.Diff(want, caller); diff != "" {
		t.Error(diff)
	}
	if w.Header().Get("x-extra") != "yes" {
		t.Error("the response's own header is missing")
	}
}

func TestHandlerTakesTheQueueFromThePath(t *testing.T) {
	for _, tc := range []struct{ path, body, want string }{
		{"/123456789012/q", "Action=Echo&Text=queue", "<Text>http://127.0.0.1:7575/123456789012/q</Text>"},
		{"/123456789012/q", "Action=Echo&Text=queue&QueueUrl=other", "<Text>other</Text>"},
		{"/", "Action=Echo&Text=queue", "<Text></Text>"},
	} {
		r := post("", form, scoped("sqs"), tc.body)
		r.URL.Path = tc.path
		w := httptest.NewRecorder()
		New(Config{Table: testTable()}).ServeHTTP(w, r)
		if !strings.Contains(w.Body.String(), tc.want) {
			t.Errorf("%s %s = %s, want %s", tc.path, tc.body, w.Body, tc.want)
		}
	}
}

func TestHandler_hammer(t *testing.T) {
	h := New(Config{Table: testTable(), Budget: &awswire.Budget{Max: 3 * 4096}})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				w := httptest.NewRecorder()
				h.ServeHTTP(w, post("", form, "", "Action=Nope&Version=2010-03-31"))
				if w.Code != 400 && w.Code != 503 {
					t.Errorf("%d %s", w.Code, w.Body)
				}
			}
		})
	}
	wg.Wait()
	if s := h.Stats(); s.Requests != 1600 || s.Unknown+s.Throttled != 1600 || h.c.Budget.Used() != 0 {
		t.Errorf("%+v, %d bytes left in flight", s, h.c.Budget.Used())
	}
}

func TestHandlerTakesGzip(t *testing.T) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, `{"Text":"zipped"}`); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	r := post("AWSEvents.Echo", json11, scoped("events"), b.String())
	r.Header.Set("Content-Encoding", "gzip")
	w := httptest.NewRecorder()
	New(Config{Table: testTable()}).ServeHTTP(w, r)
	if w.Body.String() != `{"Text":"zipped"}` {
		t.Errorf("got %s", w.Body)
	}
}

func TestHandlerThrottlesBodies(t *testing.T) {
	h := New(Config{Table: testTable(), Budget: &awswire.Budget{Max: 4096}})
	w := httptest.NewRecorder()
	h.ServeHTTP(w, post("AWSEvents.Echo", json11, scoped("events"), `{"Text":"`+strings.Repeat("x", 4096)+`"}`))
	if w.Code != 503 || h.Stats().Throttled != 1 || h.c.Budget.Used() != 0 {
		t.Errorf("got %d, %+v", w.Code, h.Stats())
	}
	w = httptest.NewRecorder()
	h.ServeHTTP(w, post("AWSEvents.Echo", json11, scoped("events"), `{}`))
	if w.Code != 200 || h.c.Budget.Used() != 0 {
		t.Errorf("got %d, %+v", w.Code, h.Stats())
	}
}

// unread is a body that must not be read.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("the body was read before the signature's headers were checked")
	return 0, io.EOF
}

func TestHandlerVerifies(t *testing.T) {
	verifier := awswire.NewVerifier(awswire.VerifierConfig{
		Find: func(key string) (awswire.Credential, bool) { return awswire.Credential{Secret: "secret"}, key == "AK" },
		Now:  func() time.Time { return testTime },
	})
	h := New(Config{Table: testTable(), Verifier: verifier})
	do := func(key string, body io.Reader, signedBody string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("POST", "http://127.0.0.1:7575/", body)
		r.Header.Set("Content-Type", json11)
		r.Header.Set("X-Amz-Target", "AWSEvents.Echo")
		r.ContentLength = int64(len(signedBody))
		sum := sha256.Sum256([]byte(signedBody))
		err := v4.NewSigner().SignHTTP(t.Context(), aws.Credentials{AccessKeyID: key, SecretAccessKey: "secret"}, r, hex.EncodeToString(sum[:]), "events", "us-east-1", testTime)
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	if w := do("AK", strings.NewReader(`{"Text":"a"}`), `{"Text":"a"}`); w.Code != 200 || caller.AccessKey != "AK" {
		t.Errorf("signed: %d %s, caller %+v", w.Code, w.Body, caller)
	}
	if w := do("AK", strings.NewReader(`{"Text":"b"}`), `{"Text":"a"}`); w.Code != 403 || !strings.Contains(w.Body.String(), "InvalidSignatureException") {
		t.Errorf("another body: %d %s", w.Code, w.Body)
	}
	if w := do("NOBODY", unread{t}, `{"Text":"a"}`); w.Code != 403 || !strings.Contains(w.Body.String(), "UnrecognizedClientException") {
		t.Errorf("unknown key: %d %s", w.Code, w.Body)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, post("", form, "", "Action=Echo"))
	if w.Code != 403 || !strings.Contains(w.Body.String(), "<Code>MissingAuthenticationToken</Code>") {
		t.Errorf("no signature: %d %s", w.Code, w.Body)
	}
	if diff := cmp.Diff(Stats{Requests: 4, Refused: 3}, h.Stats()); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

// Whatever comes, the answer is the operation's or the client's own error.
func FuzzHandler(f *testing.F) {
	f.Add("AWSEvents.Echo", json11, "", "/", []byte(`{"Text":"a"}`))
	f.Add("", form, "gzip", "/", []byte(`Action=Echo&Text=a`))
	f.Add("", "", "", "/service/x/operation/y?Action=Echo", []byte{0xbf, 0xff})
	h := New(Config{Table: testTable()})
	f.Fuzz(func(t *testing.T, target, contentType, encoding, path string, body []byte) {
		r := post(target, contentType, scoped("events"), string(body))
		r.Header.Set("Content-Encoding", encoding)
		r.URL.Path, r.URL.RawQuery, _ = strings.Cut(path, "?")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code >= 500 && !strings.Contains(w.Body.String(), "ThrottlingException") && !bytes.Contains(body, []byte("broken")) {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		if h.c.Budget.Used() != 0 {
			t.Fatalf("%d bytes stay in flight", h.c.Budget.Used())
		}
	})
}

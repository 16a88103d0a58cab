package awsapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/tocsin-engine/tocsin/ingest/awswire"
	"github.com/tocsin-engine/tocsin/runtime/archive"
	"github.com/tocsin-engine/tocsin/runtime/awsapi"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/service/events"
	"github.com/tocsin-engine/tocsin/runtime/store/memory"
)

// collector takes every event in; each matches the rule "all".
type collector struct{ got []service.Submission }

func (c *collector) Put(_ context.Context, submissions []service.Submission) ([]service.Receipt, error) {
	c.got = append(c.got, submissions...)
	receipts := make([]service.Receipt, len(submissions))
	for i, s := range submissions {
		receipts[i] = service.Receipt{ID: s.Event.ID, Matched: []string{"all"}}
	}
	return receipts, nil
}

// sources counts the events by their source.
func (c *collector) sources() map[string]int {
	n := map[string]int{}
	for _, s := range c.got {
		n[s.Event.Source]++
	}
	return n
}

// eventBridge is a server that speaks EventBridge to clients with the key AK.
func eventBridge(t *testing.T) (*httptest.Server, *collector, *awsapi.Handler) {
	t.Helper()
	engine := &collector{}
	verifier := awswire.NewVerifier(awswire.VerifierConfig{
		Find:   func(key string) (awswire.Credential, bool) { return awswire.Credential{Secret: "secret"}, key == "AK" },
		Now:    time.Now,
		Region: "us-east-1",
	})
	st := memory.New(memory.Config{})
	svc := events.New(events.Config{Store: st, Engine: engine, Now: time.Now, Archives: archive.New(archive.Config{Store: st, Rehearsal: true})})
	h := awsapi.New(awsapi.Config{Table: service.NewTable(svc.Operations()), Verifier: verifier, Account: "123456789012", Region: "us-east-1"})
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server, engine, h
}

func client(url, key, secret string) *eventbridge.Client {
	return eventbridge.New(eventbridge.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(url),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: key, SecretAccessKey: secret}, nil
		}),
	})
}

func TestGoSDK(t *testing.T) {
	server, engine, _ := eventBridge(t)
	c := client(server.URL, "AK", "secret")
	out, err := c.PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{
		{Source: aws.String("shop"), DetailType: aws.String("Order"), Detail: aws.String(`{"é":1}`), Time: aws.Time(time.Unix(1_600_000_000, 0)), Resources: []string{"arn:x"}},
		{Source: aws.String("shop"), DetailType: aws.String("Order"), Detail: aws.String(`no`)},
		{Source: aws.String("shop"), DetailType: aws.String("Order"), Detail: aws.String(`{}`), EventBusName: aws.String("nowhere")},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if out.FailedEntryCount != 1 || aws.ToString(out.Entries[1].ErrorCode) != "MalformedDetail" || out.Entries[1].EventId != nil || len(aws.ToString(out.Entries[0].EventId)) != 36 {
		t.Errorf("PutEvents = %+v", out.Entries)
	}
	raw, _ := awsmiddleware.GetRawResponse(out.ResultMetadata).(*smithyhttp.Response)
	if got := raw.Header.Get("x-tocsin-matched"); got != "1, -, unknown-bus" {
		t.Errorf("x-tocsin-matched: %q", got)
	}
	if len(engine.got) != 1 || !strings.Contains(string(engine.got[0].Event.Raw()), `"time":"2020-09-13T12:26:40Z"`) || !strings.HasPrefix(engine.got[0].Key, "put/AK/") {
		t.Errorf("the engine got %+v", engine.got)
	}
}

func TestGoSDKOverHTTP2(t *testing.T) {
	plain, engine, h := eventBridge(t)
	plain.Close()
	var proto string
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		proto = r.Proto
		h.ServeHTTP(w, r)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	_, err := client(server.URL, "AK", "secret").PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{
		{Source: aws.String("shop"), DetailType: aws.String("d"), Detail: aws.String("{}")},
	}}, func(o *eventbridge.Options) { o.HTTPClient = server.Client() })
	if err != nil || len(engine.got) != 1 || proto != "HTTP/2.0" {
		t.Errorf("%v; the engine got %d over %s", err, len(engine.got), proto)
	}
}

func TestGoSDKBuses(t *testing.T) {
	server, _, _ := eventBridge(t)
	c := client(server.URL, "AK", "secret")
	ctx := t.Context()
	made, err := c.CreateEventBus(ctx, &eventbridge.CreateEventBusInput{Name: aws.String("shop"), Description: aws.String("d"), Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}})
	if err != nil || aws.ToString(made.EventBusArn) != "arn:aws:events:us-east-1:123456789012:event-bus/shop" {
		t.Fatalf("CreateEventBus = %+v, %v", made, err)
	}
	bus, err := c.DescribeEventBus(ctx, &eventbridge.DescribeEventBusInput{Name: aws.String("shop")})
	if err != nil || aws.ToString(bus.Description) != "d" || time.Since(aws.ToTime(bus.CreationTime)).Abs() > time.Minute {
		t.Errorf("DescribeEventBus = %+v, %v", bus, err)
	}
	list, err := c.ListEventBuses(ctx, &eventbridge.ListEventBusesInput{Limit: aws.Int32(1)})
	if err != nil || len(list.EventBuses) != 1 || list.NextToken == nil {
		t.Errorf("ListEventBuses = %+v, %v", list, err)
	}
	_, err = c.DescribeEventBus(ctx, &eventbridge.DescribeEventBusInput{Name: aws.String("nope")})
	var notFound *types.ResourceNotFoundException
	if !errors.As(err, &notFound) || notFound.ErrorMessage() != "Event bus nope does not exist." {
		t.Errorf("DescribeEventBus of none = %v", err)
	}
	answer, err := c.TestEventPattern(ctx, &eventbridge.TestEventPatternInput{EventPattern: aws.String(`{"source":["a"]}`), Event: aws.String(`{"source":"a"}`)})
	if err != nil || !answer.Result {
		t.Errorf("TestEventPattern = %+v, %v", answer, err)
	}
	if _, err = c.DeleteEventBus(ctx, &eventbridge.DeleteEventBusInput{Name: aws.String("shop")}); err != nil {
		t.Error(err)
	}
	if _, err = c.PutRule(ctx, &eventbridge.PutRuleInput{Name: aws.String("r")}); code(err) != "UnknownOperationException" {
		t.Errorf("PutRule = %v", err)
	}
}

func code(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return ""
}

func TestGoSDKIsRefused(t *testing.T) {
	server, _, h := eventBridge(t)
	put := &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{{Source: aws.String("shop"), DetailType: aws.String("d"), Detail: aws.String("{}")}}}
	noRetry := func(o *eventbridge.Options) { o.RetryMaxAttempts = 1 }
	if _, err := client(server.URL, "NOBODY", "secret").PutEvents(t.Context(), put, noRetry); code(err) != "UnrecognizedClientException" {
		t.Errorf("unknown key: %v", err)
	}
	if _, err := client(server.URL, "AK", "wrong").PutEvents(t.Context(), put, noRetry); code(err) != "InvalidSignatureException" {
		t.Errorf("wrong secret: %v", err)
	}
	far := func(o *eventbridge.Options) { o.Region = "eu-west-1" }
	if _, err := client(server.URL, "AK", "secret").PutEvents(t.Context(), put, noRetry, far); code(err) != "InvalidSignatureException" {
		t.Errorf("wrong region: %v", err)
	}
	if got := h.Stats().Refused; got != 3 {
		t.Errorf("refused %d, want 3", got)
	}
}

// failing answers the first request of every invocation with a 500 after it was
// handled, as when the answer is lost on its way.
type failing struct {
	http.Handler
	seen map[string]int
}

func (f *failing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := r.Header.Get("Amz-Sdk-Invocation-Id")
	if f.seen[id]++; f.seen[id] == 1 {
		f.Handler.ServeHTTP(httptest.NewRecorder(), r)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	f.Handler.ServeHTTP(w, r)
}

func TestGoSDKRetriesWithTheSameKey(t *testing.T) {
	server, engine, h := eventBridge(t)
	flaky := httptest.NewServer(&failing{h, map[string]int{}})
	t.Cleanup(flaky.Close)
	server.Close()
	_, err := client(flaky.URL, "AK", "secret").PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{
		{Source: aws.String("shop"), DetailType: aws.String("d"), Detail: aws.String("{}")},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if len(engine.got) != 2 || engine.got[0].Key != engine.got[1].Key || engine.got[0].Key == "" {
		t.Errorf("the engine got %+v, want the same key twice", engine.got)
	}
}

// awsCLI runs the AWS CLI of the system against a server.
func awsCLI(t *testing.T, url string, args ...string) (string, error) {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a Python program for each call")
	}
	const path = "/usr/bin/aws"
	if _, err := os.Stat(path); err != nil {
		t.Skipf("needs the AWS CLI at %s (Debian: apt-get install awscli)", path)
	}
	cmd := exec.CommandContext(t.Context(), path, append([]string{"--endpoint-url", url, "--region", "us-east-1", "--output", "json"}, args...)...)
	cmd.Env = []string{
		"HOME=" + t.TempDir(), "PATH=/usr/bin:/bin", "AWS_ACCESS_KEY_ID=AK", "AWS_SECRET_ACCESS_KEY=secret",
		"AWS_EC2_METADATA_DISABLED=true", "AWS_PAGER=", "AWS_MAX_ATTEMPTS=1",
	}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestAWSCLI(t *testing.T) {
	server, engine, _ := eventBridge(t)
	out, err := awsCLI(t, server.URL, "events", "put-events", "--entries", `[{"Source":"com.x","DetailType":"d","Detail":"{\"a\":1}"},{"Source":"com.x","DetailType":"d","Detail":"notjson"}]`)
	if err != nil {
		t.Fatal(err, out)
	}
	var put struct {
		FailedEntryCount int
		Entries          []struct{ EventID, ErrorCode, ErrorMessage string }
	}
	if err := json.Unmarshal([]byte(out), &put); err != nil {
		t.Fatal(err, out)
	}
	if put.FailedEntryCount != 1 || put.Entries[0].EventID != engine.got[0].Event.ID || put.Entries[1].ErrorMessage != "Detail is malformed." {
		t.Errorf("put-events: %s", out)
	}
	if out, err = awsCLI(t, server.URL, "events", "create-event-bus", "--name", "shop"); err != nil || !strings.Contains(out, "event-bus/shop") {
		t.Errorf("create-event-bus: %v %s", err, out)
	}
	if out, err = awsCLI(t, server.URL, "events", "list-event-buses"); err != nil || !strings.Contains(out, `"Name": "shop"`) {
		t.Errorf("list-event-buses: %v %s", err, out)
	}
	if out, err = awsCLI(t, server.URL, "events", "test-event-pattern", "--event-pattern", `{"source":"x"}`, "--event", `{}`); err == nil || !strings.Contains(out, "InvalidEventPatternException") {
		t.Errorf("test-event-pattern: %v %s", err, out)
	}
	if out, err = awsCLI(t, server.URL, "sns", "list-topics"); err == nil || !strings.Contains(out, "InvalidAction") {
		t.Errorf("a service that is not here: %v %s", err, out)
	}
}

// segments and registry are requests of rest-json services, with the least that the
// command line sends.
type (
	segments struct{ TraceSegmentDocuments []string }
	rejected struct {
		UnprocessedTraceSegments []struct {
			ID string `json:"Id"`
		}
	}
	registry struct{ RegistryName, Description string }
)

func TestAWSCLIRest(t *testing.T) {
	put := service.Op("xray", "PutTraceSegments", func(_ context.Context, _ service.Caller, r *segments) (*rejected, error) {
		if len(r.TraceSegmentDocuments) != 1 {
			return nil, service.Errorf("InvalidRequestException", "%d segments", len(r.TraceSegmentDocuments))
		}
		return &rejected{}, nil
	})
	put.Path = "POST /TraceSegments"
	describe := service.Op("schemas", "DescribeRegistry", func(_ context.Context, _ service.Caller, r *registry) (*registry, error) {
		if r.RegistryName == "none" {
			return nil, &service.Error{Code: "NotFoundException", Message: "No registry is called none.", Status: 404}
		}
		return &registry{r.RegistryName, "d"}, nil
	})
	describe.Path = "GET /v1/registries/name/{RegistryName}"
	h := awsapi.New(awsapi.Config{Table: service.NewTable([]service.Operation{put, describe}), Account: "123456789012", Region: "us-east-1",
		Verifier: awswire.NewVerifier(awswire.VerifierConfig{
			Find: func(key string) (awswire.Credential, bool) { return awswire.Credential{Secret: "secret"}, key == "AK" }, Now: time.Now,
		})})
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	if out, err := awsCLI(t, server.URL, "xray", "put-trace-segments", "--trace-segment-documents", `{"id":"70de5b6f19ff9a0a"}`); err != nil || !strings.Contains(out, "UnprocessedTraceSegments") {
		t.Errorf("put-trace-segments: %v %s", err, out)
	}
	if out, err := awsCLI(t, server.URL, "schemas", "describe-registry", "--registry-name", "a b/c"); err != nil || !strings.Contains(out, `"RegistryName": "a b/c"`) {
		t.Errorf("describe-registry: %v %s", err, out)
	}
	if out, err := awsCLI(t, server.URL, "schemas", "describe-registry", "--registry-name", "none"); err == nil || !strings.Contains(out, "(NotFoundException)") || !strings.Contains(out, "No registry is called none.") {
		t.Errorf("describe-registry of none: %v %s", err, out)
	}
}

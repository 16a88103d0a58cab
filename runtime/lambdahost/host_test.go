package lambdahost_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"

	payloads "github.com/tocsin-engine/tocsin/ingest/lambda"
	"github.com/tocsin-engine/tocsin/runtime/engine"
	"github.com/tocsin-engine/tocsin/runtime/lambdahost"
	"github.com/tocsin-engine/tocsin/runtime/service"
)

// fake is an engine that fails at events of some sources and counts.
type fake struct {
	got   []string
	stats engine.Stats
	fail  string
}

func (f *fake) Act(ctx context.Context, submissions []service.Submission) []error {
	errs := make([]error, len(submissions))
	for i, s := range submissions {
		f.got = append(f.got, s.Event.Source+"/"+s.Event.DetailType)
		f.stats.Received++
		if f.fail != "" && bytes.Contains(s.Event.Raw(), []byte(f.fail)) {
			errs[i] = errors.New("the target said no")
			f.stats.Retried++
		}
	}
	return errs
}

func (f *fake) Stats() engine.Stats { return f.stats }

func queue(bodies ...string) string {
	records := make([]map[string]string, len(bodies))
	for i, b := range bodies {
		records[i] = map[string]string{"messageId": "m" + b, "body": b, "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:eu-west-1:1:q"}
	}
	out, _ := json.Marshal(map[string]any{"Records": records})
	return string(out)
}

func TestVerdictsReachTheAnswer(t *testing.T) {
	e := &fake{fail: "bad"}
	h := lambdahost.New(lambdahost.Config{Engine: e})
	got, err := h.Invoke(context.Background(), []byte(queue("good", "bad", "fine")))
	if err != nil || string(got) != `{"batchItemFailures":[{"itemIdentifier":"mbad"}]}` {
		t.Errorf("%s %v", got, err)
	}
	if diff := cmp.Diff([]string{"tocsin.sqs/SQS Message", "tocsin.sqs/SQS Message", "tocsin.sqs/SQS Message"}, e.got); diff != "" {
		t.Error(diff)
	}
}

func TestADamagedRecordFailsAlone(t *testing.T) {
	h := lambdahost.New(lambdahost.Config{Engine: &fake{}})
	got, err := h.Invoke(context.Background(), []byte(`{"Records":[{"eventSource":"aws:kinesis","kinesis":{"sequenceNumber":"1","data":"eA=="}},`+
		`{"eventSource":"aws:kinesis","kinesis":{"sequenceNumber":"2","data":"%"}},{"eventSource":"aws:kinesis","kinesis":{"sequenceNumber":"3","data":"eA=="}}]}`))
	if err != nil || string(got) != `{"batchItemFailures":[{"itemIdentifier":"2"}]}` {
		t.Errorf("%s %v", got, err)
	}
}

func TestAnAsynchronousFailureIsAnError(t *testing.T) {
	h := lambdahost.New(lambdahost.Config{Engine: &fake{fail: "shop"}})
	_, err := h.Invoke(context.Background(), []byte(`{"source":"shop","detail-type":"Order","detail":{}}`))
	if _, ok := errors.AsType[*lambdahost.DeliveryError](err); !ok || !strings.Contains(err.Error(), "the target said no") {
		t.Error(err)
	}
}

// What is left of an invocation's time when deliveries have to end is for the answer.
func TestTheDeadlineIsEarlierThanLambdas(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	lambdas, _ := ctx.Deadline()
	var ours time.Time
	h := lambdahost.New(lambdahost.Config{Engine: watcher{&ours}})
	if _, err := h.Invoke(ctx, []byte(queue("x"))); err != nil {
		t.Fatal(err)
	}
	if kept := lambdas.Sub(ours); kept != 200*time.Millisecond {
		t.Errorf("%v are kept for the answer", kept)
	}
}

// The process may end when an answer has been sent, and not when it has been made.
func TestDrainWaitsForTheAnswer(t *testing.T) {
	h := lambdahost.New(lambdahost.Config{Engine: &fake{}})
	ctx, sent := context.WithCancel(t.Context())
	if _, err := h.Invoke(ctx, []byte(queue("x"))); err != nil {
		t.Fatal(err)
	}
	drained := make(chan struct{})
	go func() {
		h.Drain()
		close(drained)
	}()
	for range 1000 {
		runtime.Gosched()
	}
	select {
	case <-drained:
		t.Error("drained before the answer was sent")
	default:
	}
	sent()
	<-drained
}

// watcher is an engine that looks at the deadline.
type watcher struct{ deadline *time.Time }

func (w watcher) Act(ctx context.Context, s []service.Submission) []error {
	*w.deadline, _ = ctx.Deadline()
	return make([]error, len(s))
}

func (watcher) Stats() engine.Stats { return engine.Stats{} }

func TestMetricsAreThoseOfTheInvocation(t *testing.T) {
	var lines []string
	h := lambdahost.New(lambdahost.Config{Engine: &fake{fail: "bad"}, Metrics: func(line []byte) { lines = append(lines, string(line)) }})
	for _, payload := range []string{queue("good", "bad"), queue("good")} {
		if _, err := h.Invoke(context.Background(), []byte(payload)); err != nil {
			t.Fatal(err)
		}
	}
	var counts []float64
	for _, line := range lines {
		var v map[string]any
		if err := json.Unmarshal([]byte(line), &v); err != nil || v["_aws"] == nil || !strings.HasSuffix(line, "\n") {
			t.Fatalf("%s %v", line, err)
		}
		counts = append(counts, v["received"].(float64), v["failed"].(float64))
	}
	if diff := cmp.Diff([]float64{2, 1, 1, 0}, counts); diff != "" {
		t.Error(diff)
	}
}

func TestHTTPGoesToTheFront(t *testing.T) {
	front := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Seen", r.Method+" "+r.URL.Path+" "+string(body))
		w.WriteHeader(418)
		io.WriteString(w, "tea")
	})
	h := lambdahost.New(lambdahost.Config{Engine: &fake{}, Front: front})
	got, err := h.Invoke(context.Background(), []byte(`{"version":"2.0","rawPath":"/p","headers":{"host":"f.example"},"requestContext":{"http":{"method":"POST"}},"body":"hi"}`))
	want := `{"statusCode":418,"headers":{"X-Seen":"POST /p hi"},"multiValueHeaders":null,"body":"tea","cookies":null}`
	if err != nil || string(got) != want {
		t.Errorf("%s %v", got, err)
	}
}

const record = `{"eventVersion":"1.08","eventSource":"iam.amazonaws.com","eventName":"CreateUser","eventType":"AwsApiCall","eventID":"e1","awsRegion":"us-east-1"}`

// s3 answers like S3: the bucket is in eu-west-1.
func s3(t *testing.T) (*httptest.Server, *lambdahost.S3) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !strings.Contains(r.Header.Get("Authorization"), "Credential=AKID/") || !strings.Contains(r.Header.Get("Authorization"), "/s3/aws4_request"):
			http.Error(w, "not signed", http.StatusForbidden)
		case !strings.Contains(r.Header.Get("Authorization"), "/eu-west-1/"):
			w.Header().Set("X-Amz-Bucket-Region", "eu-west-1")
			w.WriteHeader(http.StatusMovedPermanently)
		case r.URL.Path == "/trail/AWSLogs/1/CloudTrail/a b+c.json.gz":
			z := gzip.NewWriter(w)
			io.WriteString(z, `{"Records":[`+record+`,`+strings.Replace(record, "e1", "e2", 1)+`]}`)
			z.Close()
		default:
			http.Error(w, "<Code>NoSuchKey</Code>", http.StatusNotFound)
		}
	}))
	t.Cleanup(server.Close)
	return server, lambdahost.NewS3(lambdahost.S3Config{
		Endpoint: server.URL,
		Config: func(context.Context) (aws.Config, error) {
			return aws.Config{Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("AKID", "secret", "")}, nil
		},
	})
}

func TestCloudTrailObjectsAreFetched(t *testing.T) {
	_, objects := s3(t)
	e := &fake{}
	h := lambdahost.New(lambdahost.Config{Engine: e, Objects: objects})
	if _, err := h.Invoke(context.Background(), []byte(`{"Records":[{"eventSource":"aws:s3","awsRegion":"us-east-1","eventName":"ObjectCreated:Put",`+
		`"s3":{"bucket":{"name":"trail"},"object":{"key":"AWSLogs/1/CloudTrail/a+b%2Bc.json.gz"}}}]}`)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"aws.s3/Object Created", "aws.iam/AWS API Call via CloudTrail", "aws.iam/AWS API Call via CloudTrail"}, e.got); diff != "" {
		t.Error(diff)
	}
}

func TestAnObjectThatIsNotThereFailsItsRecord(t *testing.T) {
	_, objects := s3(t)
	err := objects.Fetch(context.Background(), payloads.Object{Bucket: "trail", Key: "x.json.gz", Region: "eu-west-1"}, func([]byte) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "404") || !strings.Contains(err.Error(), "NoSuchKey") {
		t.Error(err)
	}
	err = objects.Fetch(context.Background(), payloads.Object{Bucket: "evil.example/@x", Key: "k"}, nil)
	if err == nil || !strings.Contains(err.Error(), "there is no object") {
		t.Error(err)
	}
}

package core

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/runtime/awsapi"
	"github.com/tocsin-engine/tocsin/runtime/config"
	"github.com/tocsin-engine/tocsin/runtime/store/memory"
	"github.com/tocsin-engine/tocsin/runtime/tracing"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// TestEmitTo: what targets emit goes to EventBridge, signed, and a refusal is an error.
func TestEmitTo(t *testing.T) {
	var got, target, answer string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got, target = string(body), r.Header.Get("X-Amz-Target")
		io.WriteString(w, answer)
	}))
	defer server.Close()
	m, err := New(t.Context(), Config{Config: config.Config{Region: "eu-west-1", Account: config.Account, Cache: t.TempDir()}, Store: memory.New(memory.Config{})})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	calls := &awsCalls{client: awsapi.NewClient(awsapi.ClientConfig{Table: m.Table, Config: func(context.Context) (aws.Config, error) {
		return aws.Config{Region: "eu-west-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("AKID", "secret", "")}, nil
	}})}
	ev, err := event.New(event.Fields{ID: "1", Source: "shop", DetailType: "T", Time: time.Unix(1_700_000_000, 0), Resources: []string{"arn:a"}, Detail: []byte(`{"n":1.50}`)})
	if err != nil {
		t.Fatal(err)
	}
	emit := emitTo("derived", calls)
	answer = `{"FailedEntryCount":0,"Entries":[{"EventId":"e"}]}`
	if err := emit(tracing.With(t.Context(), "Root=1"), ev); err != nil {
		t.Error(err)
	}
	want := `{"Entries":[{"Time":1700000000,"Source":"shop","Resources":["arn:a"],"DetailType":"T","Detail":"{\"n\":1.50}","EventBusName":"derived","TraceHeader":"Root=1"}]}`
	if diff := cmp.Diff(want, got); diff != "" || target != "AWSEvents.PutEvents" {
		t.Errorf("%s %s", target, diff)
	}
	answer = `{"FailedEntryCount":1,"Entries":[{"ErrorCode":"NotAuthorizedForSourceException","ErrorMessage":"no"}]}`
	if err := emit(t.Context(), ev); err == nil || !strings.Contains(err.Error(), "NotAuthorizedForSource") {
		t.Errorf("a refused entry: %v", err)
	}
}

package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	ingest "github.com/tocsin-engine/tocsin/ingest/logs"
	"github.com/tocsin-engine/tocsin/ingest/metrics"
	"github.com/tocsin-engine/tocsin/runtime/awsapi"
)

// client makes calls to a server that answers with what answer writes.
func client(t *testing.T, answer func(w http.ResponseWriter, target, body string)) *awsapi.Client {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || !strings.Contains(r.Header.Get("Authorization"), "Credential=AKID/") {
			t.Errorf("%v; headers %v", err, r.Header)
		}
		answer(w, r.Header.Get("X-Amz-Target"), string(body))
	}))
	t.Cleanup(server.Close)
	keys := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "secret"}, nil
	})
	return awsapi.NewClient(awsapi.ClientConfig{Table: Operations(), Region: "eu-west-1", Endpoint: server.URL, Credentials: keys})
}

// TestParameter reads a configuration from a Parameter Store.
func TestParameter(t *testing.T) {
	const config = `{"agent": {"region": "eu-west-1"}}`
	c := client(t, func(w http.ResponseWriter, target, body string) {
		switch {
		case target != "AmazonSSM.GetParameter":
			t.Errorf("called %s", target)
		case body == `{"Name":"AmazonCloudWatch-web","WithDecryption":true}`:
			fmt.Fprintf(w, `{"Parameter":{"Name":"AmazonCloudWatch-web","Type":"String","Value":%q,"Version":3}}`, config)
		default:
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"__type":"ParameterNotFound","message":"no such parameter"}`)
		}
	})
	got, err := Parameter(t.Context(), c, "eu-west-1", "AmazonCloudWatch-web")
	if err != nil || got != config {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := Parameter(t.Context(), c, "eu-west-1", "other"); err == nil || err.Error() != "parameter other: ParameterNotFound: no such parameter" {
		t.Error(err)
	}
}

// TestErrors: what a receiver calls wrong is refused; what passes, or a person can mend,
// is not.
func TestErrors(t *testing.T) {
	for _, tc := range []struct {
		status  int
		code    string
		refused bool
	}{
		{400, "InvalidParameterException", true}, {400, "com.amazonaws#ValidationException", true}, {400, "SerializationException", true},
		{400, "ThrottlingException", false}, {500, "InternalFailure", false}, {503, "ServiceUnavailableException", false},
		{403, "AccessDeniedException", false}, {403, "InvalidSignatureException", false}, {400, "ExpiredTokenException", false},
	} {
		c := client(t, func(w http.ResponseWriter, _, _ string) {
			w.WriteHeader(tc.status)
			fmt.Fprintf(w, `{"__type":%q,"message":"m"}`, tc.code)
		})
		_, err := Parameter(t.Context(), c, "eu-west-1", "x")
		var refusal *refusedError
		if err == nil || errors.As(err, &refusal) != tc.refused {
			t.Errorf("%s: %v, refused %v", tc.code, err, !tc.refused)
		}
	}
}

// TestRequests: requests keep within the limits of their operations.
func TestRequests(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	record := func(group string, at time.Duration, bytes int) []byte {
		return encodeRecord(ingest.Record{Group: group, Stream: "s", Time: now.Add(at), Message: strings.Repeat("x", bytes)})
	}
	many := func(n int, record []byte) (list [][]byte) {
		for range n {
			list = append(list, record)
		}
		return list
	}
	datum := func(namespace string) []byte {
		b, err := encodeDatum(metrics.Datum{Namespace: namespace, Name: "m", Value: "1", Time: now}, now)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for _, tc := range []struct {
		name    string
		to      destination
		records [][]byte
		want    []int
	}{
		{"log events", &putLogEvents{}, many(10_000, record("g", 0, 1)), []int{10_000}},
		{"too many log events", &putLogEvents{}, many(10_001, record("g", 0, 1)), []int{10_000, 1}},
		{"bytes of log events", &putLogEvents{}, many(4, record("g", 0, 1<<18-26)), []int{4}},
		{"too many bytes of log events", &putLogEvents{}, many(5, record("g", 0, 1<<18-26)), []int{4, 1}},
		{"the longest message", &putLogEvents{}, many(2, record("g", 0, 1<<20-26)), []int{1, 1}},
		{"a day", &putLogEvents{}, [][]byte{record("g", 24*time.Hour, 1), record("g", 0, 1)}, []int{2}},
		{"more than a day", &putLogEvents{}, [][]byte{record("g", 24*time.Hour+time.Millisecond, 1), record("g", 0, 1)}, []int{1, 1}},
		{"two groups", &putLogEvents{}, [][]byte{record("a", 0, 1), record("b", 0, 1), record("a", 0, 1)}, []int{2, 1}},
		{"data", putMetricData{}, many(1000, datum("n")), []int{1000}},
		{"too many data", putMetricData{}, many(1001, datum("n")), []int{1000, 1}},
		{"two namespaces", putMetricData{}, [][]byte{datum("a"), datum("b"), datum("a")}, []int{2, 1}},
		{"what cannot be read", putMetricData{}, [][]byte{[]byte("{"), datum("a")}, []int{1}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			list, broken := tc.to.requests(tc.records)
			n := broken
			for i, r := range list {
				if i >= len(tc.want) || len(r.records) != tc.want[i] {
					t.Fatalf("request %d of %d has %d records, want %v", i, len(list), len(r.records), tc.want)
				}
				n += len(r.records)
			}
			if n != len(tc.records) {
				t.Errorf("%d of %d records are in requests", n, len(tc.records))
			}
		})
	}
	if _, err := encodeDatum(metrics.Datum{Namespace: "n", Name: "m", Value: "NaN", Time: now}, now); err == nil {
		t.Error("a datum that CloudWatch refuses is queued")
	}
}

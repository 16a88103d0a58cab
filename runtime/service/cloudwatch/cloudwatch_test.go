package cloudwatch_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/ingest/awswire"
	"github.com/tocsin-engine/tocsin/runtime/awsapi"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/service/cloudwatch"
	"github.com/tocsin-engine/tocsin/sdk/event"
	"github.com/tocsin-engine/tocsin/sdk/sharedtest"
)

var now = time.Date(2026, 11, 22, 18, 0, 0, 0, time.UTC)

// engine keeps what was put; one rule matches everything.
type engine struct {
	got []service.Submission
	err error
}

func (e *engine) Put(_ context.Context, submissions []service.Submission) ([]service.Receipt, error) {
	if e.err != nil {
		return nil, e.err
	}
	e.got = append(e.got, submissions...)
	receipts := make([]service.Receipt, len(submissions))
	for i, s := range submissions {
		receipts[i] = service.Receipt{ID: s.Event.ID, Matched: []string{"all"}}
	}
	return receipts, nil
}

// details are the details of all events, without their times.
func (e *engine) details() []string {
	var all []string
	for _, s := range e.got {
		v := event.Value(s.Event.Detail())
		all = append(all, strings.Replace(string(v), `"timestamp":`+string(v.Get("timestamp"))+",", "", 1))
	}
	return all
}

func handler(e *engine, clock func() time.Time) *awsapi.Handler {
	s := cloudwatch.New(cloudwatch.Config{Engine: e, Now: clock})
	verifier := awswire.NewVerifier(awswire.VerifierConfig{Now: clock, Find: func(key string) (awswire.Credential, bool) {
		return awswire.Credential{Secret: "secret"}, key == "AKIATEST"
	}})
	if clock().Equal(now) { // requests of these tests are not signed
		verifier = nil
	}
	return awsapi.New(awsapi.Config{Table: service.NewTable(s.Operations()), Verifier: verifier, Account: "123456789012", Region: "us-east-1"})
}

// request is r in one of the protocols.
func request(protocol awswire.Protocol, r *cloudwatch.PutMetricDataRequest) *http.Request {
	var body []byte
	header := map[string]string{"Authorization": "AWS4-HMAC-SHA256 Credential=AKIATEST/20261122/us-east-1/monitoring/aws4_request, SignedHeaders=host, Signature=0"}
	path := "/"
	switch protocol {
	case awswire.Query:
		body = awswire.EncodeForm("PutMetricData", "2010-08-01", r, false)
		header["Content-Type"] = "application/x-www-form-urlencoded"
	case awswire.CBOR:
		body = awswire.EncodeCBOR(r)
		path = "/service/GraniteServiceVersion20100801/operation/PutMetricData"
		header["Smithy-Protocol"], header["Content-Type"] = "rpc-v2-cbor", "application/cbor"
	default:
		body = awswire.EncodeJSON(r)
		header["X-Amz-Target"], header["Content-Type"] = "GraniteServiceVersion20100801.PutMetricData", "application/x-amz-json-1.0"
	}
	out := httptest.NewRequest(http.MethodPost, path, strings.NewReader(string(body)))
	for name, value := range header {
		out.Header.Set(name, value)
	}
	return out
}

func number(text json.Number) *json.Number { return &text }

func datum(value json.Number) cloudwatch.MetricDatum {
	return cloudwatch.MetricDatum{MetricName: "m", Value: number(value)}
}

var protocols = map[string]awswire.Protocol{"query": awswire.Query, "json": awswire.JSON10, "smithy-rpc-v2-cbor": awswire.CBOR}

// TestRecordedAnswers: what AWS answered to bad data in each of its three protocols is
// answered here.
func TestRecordedAnswers(t *testing.T) {
	raw, err := os.ReadFile(sharedtest.Path(t, "aws-snapshots/cloudwatch/test_cloudwatch.snapshot.json"))
	if err != nil {
		t.Fatal(err)
	}
	type answer struct {
		Error            struct{ Code, Message, QueryErrorCode string }
		ResponseMetadata struct{ HTTPStatusCode int }
	}
	var tests map[string]struct {
		Content map[string]json.RawMessage `json:"recorded-content"`
	}
	if err := json.Unmarshal(raw, &tests); err != nil {
		t.Fatal(err)
	}
	both, sizes, set := datum("1"), cloudwatch.MetricDatum{MetricName: "m", Values: []json.Number{"1", "2"}, Counts: []json.Number{"1"}}, datum("1")
	both.Values = []json.Number{"1"}
	set.StatisticValues = &cloudwatch.StatisticSet{SampleCount: number("1"), Sum: number("1"), Minimum: number("1"), Maximum: number("1")}
	for name, protocol := range protocols {
		for key, d := range map[string]cloudwatch.MetricDatum{
			"invalid-param-combination": both, "invalid-param-value": sizes, "invalid-param-combination-2": set,
		} {
			t.Run(name+"/"+key, func(t *testing.T) {
				var want answer
				test := tests["tests/aws/services/cloudwatch/test_cloudwatch.py::TestCloudwatch::test_put_metric_data_validation["+name+"]"]
				if err := json.Unmarshal(test.Content[key], &want); err != nil {
					t.Fatal(err)
				}
				e := &engine{}
				w := httptest.NewRecorder()
				handler(e, func() time.Time { return now }).ServeHTTP(w, request(protocol, &cloudwatch.PutMetricDataRequest{
					Namespace: "n", MetricData: []cloudwatch.MetricDatum{d},
				}))
				if w.Code != want.ResponseMetadata.HTTPStatusCode || len(e.got) != 0 {
					t.Errorf("status %d, %d events", w.Code, len(e.got))
				}
				body, header := w.Body.String(), w.Header().Get("x-amzn-query-error")
				if protocol == awswire.Query {
					header, want.Error.QueryErrorCode = want.Error.Code+";Sender", "<Code>"+want.Error.Code+"</Code>"
				}
				if header != want.Error.Code+";Sender" || !strings.Contains(body, want.Error.QueryErrorCode) || !strings.Contains(body, want.Error.Message) {
					t.Errorf("answered %s %s\nwant %+v", header, body, want.Error)
				}
			})
		}
	}
}

// TestProtocols: the same data in three protocols make the same events.
func TestProtocols(t *testing.T) {
	r := &cloudwatch.PutMetricDataRequest{
		Namespace: "Shop",
		MetricData: []cloudwatch.MetricDatum{
			datum("0.1"),
			{MetricName: "s", StatisticValues: &cloudwatch.StatisticSet{SampleCount: number("2"), Sum: number("3"), Minimum: number("1"), Maximum: number("2")}},
			{MetricName: "v", Values: []json.Number{"1", "2"}, Counts: []json.Number{"3", "1"}, Unit: "Count", StorageResolution: 1, Timestamp: now.Add(-time.Hour)},
		},
		EntityMetricData: []cloudwatch.EntityMetricData{{
			Entity: &cloudwatch.Entity{KeyAttributes: map[string]string{"Type": "Service"}}, MetricData: []cloudwatch.MetricDatum{datum("-7")},
		}},
	}
	want := []string{
		`{"namespace":"Shop","name":"m","dimensions":{},"value":0.1,"statistics":{"count":1,"sum":0.1,"min":0.1,"max":0.1},"unit":"None","storage_resolution":60}`,
		`{"namespace":"Shop","name":"s","dimensions":{},"statistics":{"count":2,"sum":3,"min":1,"max":2},"unit":"None","storage_resolution":60}`,
		`{"namespace":"Shop","name":"v","dimensions":{},"statistics":{"count":4,"sum":5,"min":1,"max":2},"values":[1,2],"counts":[3,1],"unit":"Count","storage_resolution":1}`,
		`{"namespace":"Shop","name":"m","dimensions":{},"value":-7,"statistics":{"count":1,"sum":-7,"min":-7,"max":-7},"unit":"None","storage_resolution":60,"entity":{"key_attributes":{"Type":"Service"},"attributes":{}}}`,
	}
	for name, protocol := range protocols {
		t.Run(name, func(t *testing.T) {
			e := &engine{}
			req := request(protocol, r)
			req.Header.Set("Amz-Sdk-Invocation-Id", "inv")
			w := httptest.NewRecorder()
			handler(e, func() time.Time { return now }).ServeHTTP(w, req)
			if w.Code != 200 || w.Header().Get("x-tocsin-matched") != "1, 1, 1, 1" {
				t.Fatalf("answered %d %s, matched %q", w.Code, w.Body, w.Header().Get("x-tocsin-matched"))
			}
			if diff := cmp.Diff(want, e.details()); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
			for i, s := range e.got {
				if want := fmt.Sprintf("put-metric//inv/%d", i); s.Key != want || s.Event.Account != "123456789012" {
					t.Errorf("key %q, want %q; %s", s.Key, want, s.Event.Raw())
				}
			}
			if at := e.got[2].Event.Time; !at.Equal(now.Add(-time.Hour)) || !e.got[0].Event.Time.Equal(now) {
				t.Errorf("times %v, %v", at, e.got[0].Event.Time)
			}
		})
	}
}

// TestWholeOrNotAtAll: one bad datum refuses all, and every bad one is named.
func TestWholeOrNotAtAll(t *testing.T) {
	data := func(n int) []cloudwatch.MetricDatum {
		all := make([]cloudwatch.MetricDatum, n)
		for i := range all {
			all[i] = datum("1")
		}
		return all
	}
	bad := append(data(2), datum("NaN"), cloudwatch.MetricDatum{Value: number("1")})
	for _, tc := range []struct {
		name      string
		request   cloudwatch.PutMetricDataRequest
		code, why string
	}{
		{"1000", cloudwatch.PutMetricDataRequest{Namespace: "n", MetricData: data(1000)}, "", ""},
		{"1001", cloudwatch.PutMetricDataRequest{Namespace: "n", MetricData: data(1001)}, "InvalidParameterValueException", "The collection MetricData must not have a size greater than 1000."},
		{"1001 with those of an entity", cloudwatch.PutMetricDataRequest{Namespace: "n", MetricData: data(1), EntityMetricData: []cloudwatch.EntityMetricData{{MetricData: data(1000)}}},
			"InvalidParameterValueException", "The collection MetricData must not have a size greater than 1000."},
		{"none", cloudwatch.PutMetricDataRequest{}, "MissingRequiredParameterException", "The parameter Namespace is required.\nThe parameter MetricData is required."},
		{"two of four", cloudwatch.PutMetricDataRequest{Namespace: "n", MetricData: bad}, "InvalidParameterValueException",
			"The value NaN for parameter MetricData.member.3.Value is invalid.\nThe parameter MetricData.member.4.MetricName is required."},
		{"of an entity", cloudwatch.PutMetricDataRequest{Namespace: "n", EntityMetricData: []cloudwatch.EntityMetricData{{}, {MetricData: bad[2:3]}}}, "InvalidParameterValueException",
			"The value NaN for parameter EntityMetricData.member.2.MetricData.member.1.Value is invalid."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := &engine{}
			s := cloudwatch.New(cloudwatch.Config{Engine: e, Now: func() time.Time { return now }})
			_, err := s.PutMetricData(t.Context(), service.Caller{}, &tc.request)
			var got *service.Error
			switch {
			case tc.code == "":
				if err != nil || len(e.got) != 1000 {
					t.Errorf("%v, %d events", err, len(e.got))
				}
			case !errors.As(err, &got) || got.Code != tc.code || got.Message != tc.why || len(e.got) != 0:
				t.Errorf("%v, %d events", err, len(e.got))
			}
			want := cloudwatch.Stats{Refused: 1}
			if tc.code == "" {
				want = cloudwatch.Stats{Data: 1000}
			}
			if stats := s.Stats(); stats != want {
				t.Errorf("counted %+v, want %+v", stats, want)
			}
		})
	}
}

func TestEngineFails(t *testing.T) {
	e := &engine{err: errors.New("full")}
	w := httptest.NewRecorder()
	handler(e, func() time.Time { return now }).ServeHTTP(w, request(awswire.JSON10, &cloudwatch.PutMetricDataRequest{
		Namespace: "n", MetricData: []cloudwatch.MetricDatum{datum("1")},
	}))
	if w.Code != 500 {
		t.Errorf("answered %d %s", w.Code, w.Body)
	}
}

func code(err error) string {
	var e smithy.APIError
	if errors.As(err, &e) {
		return e.ErrorCode()
	}
	return ""
}

package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/sdk/abi"
	"github.com/tocsin-engine/tocsin/sdk/target/targettest"
)

// taken answers for n records.
func taken(n int) func(abi.AWSRequest) abi.AWSResponse {
	return func(abi.AWSRequest) abi.AWSResponse {
		return abi.AWSResponse{Result: abi.RawJSON(`{"Records":[` + strings.TrimSuffix(strings.Repeat(`{"ShardId":"s"},`, n), ",") + `]}`)}
	}
}

func TestPutsTheInput(t *testing.T) {
	for config, want := range map[string]string{
		`{"stream": "clicks"}`: `{"service":"kinesis","action":"PutRecords","params":{"StreamName":"clicks","Records":[{"PartitionKey":"e1","Data":"eyJhIjoxfQ=="}]}}`,
		`{"stream": "arn:aws:kinesis:eu-west-1:123456789012:stream/clicks", "partition_key": "$.detail.user"}`: `{"service":"kinesis","action":"PutRecords","region":"eu-west-1","params":` +
			`{"StreamARN":"arn:aws:kinesis:eu-west-1:123456789012:stream/clicks","Records":[{"PartitionKey":"u7","Data":"eyJhIjoxfQ=="}]}}`,
		`{"stream": "clicks", "partition_key": "$.detail.nobody"}`: `{"service":"kinesis","action":"PutRecords","params":{"StreamName":"clicks","Records":[{"PartitionKey":"1","Data":"eyJhIjoxfQ=="}]}}`,
	} {
		host := targettest.New(t, config)
		host.AWS = taken(1)
		if failure := host.DeliverInput(`{"id":"e1","detail":{"user":"u7"}}`, `{"a":1}`); failure != nil {
			t.Errorf("the delivery failed: %v", failure)
		}
		if diff := cmp.Diff([]string{want}, host.Called("aws")); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
	}
}

func TestPartialFailures(t *testing.T) {
	host := targettest.New(t, `{"stream": "s"}`)
	host.AWS = func(abi.AWSRequest) abi.AWSResponse {
		return abi.AWSResponse{Result: abi.RawJSON(`{"FailedRecordCount":1,"Records":[{"ShardId":"s"},{"ErrorCode":"ProvisionedThroughputExceededException","ErrorMessage":"slow"}]}`)}
	}
	want := []abi.Failure{{ID: "b", Retry: true, Error: "aws kinesis.PutRecords: ProvisionedThroughputExceededException: slow"}}
	got := host.DeliverBatch(abi.Record{ID: "a", Event: abi.RawJSON(`{}`)}, abi.Record{ID: "b", Event: abi.RawJSON(`{}`)})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("failures (-want +got):\n%s", diff)
	}
	host.AWS = taken(1)
	if got := host.DeliverBatch(abi.Record{ID: "a", Event: abi.RawJSON(`{}`)}, abi.Record{ID: "b", Event: abi.RawJSON(`{}`)}); len(got) != 2 || !got[0].Retry {
		t.Errorf("an answer for one of two records gives %v, want two retries", got)
	}
}

func TestLongKeysAreCut(t *testing.T) {
	host := targettest.New(t, `{"stream": "s", "partition_key": "$.k"}`)
	host.AWS = taken(1)
	host.Deliver(`{"k":"` + strings.Repeat("ü", 300) + `"}`)
	if !strings.Contains(host.Called("aws")[0], `"`+strings.Repeat("ü", 256)+`"`) {
		t.Errorf("call %s", host.Called("aws")[0])
	}
}

func TestMissingStreamIsFinal(t *testing.T) {
	host := targettest.New(t, `{"stream": "s"}`)
	host.AWS = func(abi.AWSRequest) abi.AWSResponse {
		return abi.AWSResponse{Error: &abi.AWSError{Code: "ResourceNotFoundException", Message: "no"}}
	}
	if got := host.Deliver(`{}`); got == nil || got.Retry || got.Code != "NO_RESOURCE" {
		t.Errorf("failure %+v", got)
	}
}

func TestConfigProblems(t *testing.T) {
	for config, want := range map[string]string{
		`{}`:                                  "stream is missing; write a string",
		`{"stream":"a b"}`:                    "stream is a b; write a name or an ARN like arn:aws:kinesis:eu-west-1:123456789012:NAME",
		`{"stream":"s","partition_key":"$x"}`: "partition_key is $x; write a place like $.detail.id, $.resources[0] or $input.id",
	} {
		_, problems := targettest.Configure(t, config)
		if len(problems) != 1 || problems[0].Path+" "+problems[0].Message != want {
			t.Errorf("%s: problems %v, want %q", config, problems, want)
		}
	}
}

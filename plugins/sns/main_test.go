package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/sdk/abi"
	"github.com/tocsin-engine/tocsin/sdk/target/targettest"
)

func TestPublishesTheInput(t *testing.T) {
	host := targettest.New(t, `{"topic": "arn:aws:sns:eu-west-1:123456789012:alerts", "subject": "$.detail-type", "attributes": {"source": "$.source"}}`)
	if failure := host.DeliverInput(`{"source":"shop","detail-type":"Order\nPlaced ü"}`, `{"id":7}`); failure != nil {
		t.Fatalf("the delivery failed: %v", failure)
	}
	want := []string{`{"service":"sns","action":"PublishBatch","region":"eu-west-1","params":{"TopicArn":"arn:aws:sns:eu-west-1:123456789012:alerts",` +
		`"PublishBatchRequestEntries":[{"Id":"0","Message":"{\"id\":7}","Subject":"Order Placed ?",` +
		`"MessageAttributes":{"source":{"DataType":"String","StringValue":"shop"}}}]}}`}
	if diff := cmp.Diff(want, host.Called("aws")); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func TestFIFO(t *testing.T) {
	host := targettest.New(t, `{"topic": "t.fifo", "message_group_id": "$.source", "message_deduplication_id": "$.id"}`)
	host.Deliver(`{"id":"e1","source":"shop"}`)
	if got := host.Called("aws")[0]; !strings.Contains(got, `"MessageGroupId":"shop","MessageDeduplicationId":"e1"`) {
		t.Errorf("call %s", got)
	}
}

func TestPartialFailures(t *testing.T) {
	host := targettest.New(t, `{"topic": "t"}`)
	host.AWS = func(abi.AWSRequest) abi.AWSResponse {
		return abi.AWSResponse{Result: abi.RawJSON(`{"Failed":[{"Id":"0","Code":"InvalidParameter","Message":"long","SenderFault":true}]}`)}
	}
	want := []abi.Failure{{ID: "a", Error: "aws sns.PublishBatch: InvalidParameter: long"}}
	got := host.DeliverBatch(abi.Record{ID: "a", Event: abi.RawJSON(`{}`)}, abi.Record{ID: "b", Event: abi.RawJSON(`{}`)})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("failures (-want +got):\n%s", diff)
	}
}

func TestMissingTopicIsFinal(t *testing.T) {
	host := targettest.New(t, `{"topic": "t"}`)
	host.AWS = func(abi.AWSRequest) abi.AWSResponse {
		return abi.AWSResponse{Error: &abi.AWSError{Code: "NotFound", Message: "Topic does not exist"}}
	}
	want := &abi.Failure{ID: "1", Code: "NO_RESOURCE", Error: "aws sns.PublishBatch: NotFound: Topic does not exist"}
	if diff := cmp.Diff(want, host.Deliver(`{}`)); diff != "" {
		t.Errorf("failure (-want +got):\n%s", diff)
	}
}

func TestSubject(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "plain": "plain", " a\nb ": "a b", "Grüße": "Gr??e", strings.Repeat("x", 150): strings.Repeat("x", 100),
	} {
		if got := subjectOf(text); got != want {
			t.Errorf("subjectOf(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestConfigProblems(t *testing.T) {
	for config, want := range map[string]string{
		`{}`:                 "topic is missing; write a string",
		`{"topic":"a:b"}`:    "topic is a:b; write a name or an ARN like arn:aws:sns:eu-west-1:123456789012:NAME",
		`{"topic":"t.fifo"}`: "message_group_id is missing and t.fifo is a FIFO topic; write a name or a place like $.detail.id",
		`{"topic":"t","message_deduplication_id":"x"}`: "message_deduplication_id is for FIFO topics, whose names end in .fifo; leave it out",
		`{"topic":"t","subject":"$."}`:                 "subject is $.; write a place like $.detail.id, $.resources[0] or $input.id",
	} {
		_, problems := targettest.Configure(t, config)
		if len(problems) != 1 || problems[0].Path+" "+problems[0].Message != want {
			t.Errorf("%s: problems %v, want %q", config, problems, want)
		}
	}
}

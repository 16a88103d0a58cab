package main

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/sdk/abi"
	"github.com/tocsin-engine/tocsin/sdk/target/targettest"
)

// queues answers GetQueueUrl and takes every message.
func queues(r abi.AWSRequest) abi.AWSResponse {
	if r.Action == "GetQueueUrl" {
		return abi.AWSResponse{Result: abi.RawJSON(`{"QueueUrl":"http://q/1/orders"}`)}
	}
	return abi.AWSResponse{Result: abi.RawJSON(`{"Successful":[],"Failed":[]}`)}
}

func TestSendsTheInput(t *testing.T) {
	host := targettest.New(t, `{"queue": "orders", "attributes": {"id": "$.detail.id", "team": "shop", "none": "$.detail.none"}}`)
	host.AWS = queues
	if failure := host.DeliverInput(`{"detail":{"id":7}}`, `"text"`); failure != nil {
		t.Fatalf("the delivery failed: %v", failure)
	}
	want := []string{
		`{"service":"sqs","action":"GetQueueUrl","params":{"QueueName":"orders"}}`,
		`{"service":"sqs","action":"SendMessageBatch","params":{"QueueUrl":"http://q/1/orders","Entries":[{"Id":"0","MessageBody":"\"text\"",` +
			`"MessageAttributes":{"id":{"DataType":"String","StringValue":"7"},"team":{"DataType":"String","StringValue":"shop"}}}]}}`,
	}
	if diff := cmp.Diff(want, host.Called("aws")); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

// Recorded from AWS: a template of lines arrives as lines, one of a text in its quotes.
func TestBodies(t *testing.T) {
	for input, want := range map[string]string{
		`"text"`:                `"text"`,
		`{"a":"b\nc"}`:          `{"a":"b\nc"}`,
		`"\"[HIGH]\"\n\"two\""`: "\"[HIGH]\"\n\"two\"",
		`"two\nlines"`:          `"two\nlines"`,
		`"\"a\"\n7"`:            `"\"a\"\n7"`,
	} {
		host := targettest.New(t, `{"queue": "orders"}`)
		host.AWS = queues
		host.DeliverInput(`{}`, input)
		var got struct {
			Params struct {
				Entries []struct{ MessageBody string }
			}
		}
		if err := json.Unmarshal([]byte(host.Called("aws")[1]), &got); err != nil {
			t.Fatal(err)
		}
		if body := got.Params.Entries[0].MessageBody; body != want {
			t.Errorf("input %s is sent as %s, want %s", input, body, want)
		}
	}
}

func TestQueueByARNAndURL(t *testing.T) {
	for config, want := range map[string]string{
		`{"queue":"arn:aws:sqs:eu-west-1:123456789012:orders"}`: `{"service":"sqs","action":"GetQueueUrl","region":"eu-west-1","params":{"QueueName":"orders","QueueOwnerAWSAccountId":"123456789012"}}`,
		`{"queue":"https://sqs.eu-west-1.amazonaws.com/1/q"}`:   `{"service":"sqs","action":"SendMessageBatch","region":"eu-west-1","params":{"QueueUrl":"https://sqs.eu-west-1.amazonaws.com/1/q","Entries":[{"Id":"0","MessageBody":"{}"}]}}`,
		`{"queue":"http://127.0.0.1:7575/1/q"}`:                 `{"service":"sqs","action":"SendMessageBatch","params":{"QueueUrl":"http://127.0.0.1:7575/1/q","Entries":[{"Id":"0","MessageBody":"{}"}]}}`,
	} {
		host := targettest.New(t, config)
		host.AWS = queues
		host.Deliver(`{}`)
		if diff := cmp.Diff(want, host.Called("aws")[0]); diff != "" {
			t.Errorf("first call (-want +got):\n%s", diff)
		}
	}
}

func TestFIFO(t *testing.T) {
	const first, second = "0880953d86ab1be95aa0733055b246f6", "0880953d85ab1be95aa0733055b245bb"
	host := targettest.New(t, `{"queue": "orders.fifo", "message_group_id": "$.detail.customer"}`)
	host.AWS = queues
	host.DeliverBatch(
		abi.Record{ID: "d1", Attempt: 1, Rule: "r", Event: abi.RawJSON(`{"detail":{"customer":"c7"}}`)},
		abi.Record{ID: "d2", Attempt: 1, Rule: "r", Event: abi.RawJSON(`{"detail":{}}`)},
	)
	want := `{"service":"sqs","action":"SendMessageBatch","params":{"QueueUrl":"http://q/1/orders","Entries":[` +
		`{"Id":"0","MessageBody":"{\"detail\":{\"customer\":\"c7\"}}","MessageGroupId":"c7","MessageDeduplicationId":"` + first + `"},` +
		`{"Id":"1","MessageBody":"{\"detail\":{}}","MessageGroupId":"r","MessageDeduplicationId":"` + second + `"}]}}`
	if diff := cmp.Diff(want, host.Called("aws")[1]); diff != "" {
		t.Errorf("call (-want +got):\n%s", diff)
	}
}

func TestPartialFailures(t *testing.T) {
	host := targettest.New(t, `{"queue": "orders", "delay_seconds": 5}`)
	host.AWS = func(r abi.AWSRequest) abi.AWSResponse {
		if r.Action == "GetQueueUrl" {
			return queues(r)
		}
		return abi.AWSResponse{Result: abi.RawJSON(`{"Failed":[{"Id":"1","Code":"InvalidMessageContents","Message":"no","SenderFault":true},{"Id":"2","Code":"InternalError","SenderFault":false}]}`)}
	}
	var records []abi.Record
	for _, id := range []string{"a", "b", "c", "d"} {
		records = append(records, abi.Record{ID: id, Attempt: 1, Event: abi.RawJSON(`{}`)})
	}
	want := []abi.Failure{
		{ID: "b", Error: "aws sqs.SendMessageBatch: InvalidMessageContents: no"},
		{ID: "c", Retry: true, Error: "aws sqs.SendMessageBatch: InternalError: "},
	}
	if diff := cmp.Diff(want, host.DeliverBatch(records...)); diff != "" {
		t.Errorf("failures (-want +got):\n%s", diff)
	}
}

func TestBatchesOfTen(t *testing.T) {
	host := targettest.New(t, `{"queue": "orders"}`)
	host.AWS = queues
	records := make([]abi.Record, 23)
	for i := range records {
		records[i] = abi.Record{ID: string(rune('a' + i)), Attempt: 1, Event: abi.RawJSON(`{}`)}
	}
	host.DeliverBatch(records...)
	if got := len(host.Called("aws")); got != 4 {
		t.Errorf("%d calls, want one for the URL and three of at most ten messages", got)
	}
}

func TestErrors(t *testing.T) {
	for _, tc := range []struct {
		answer abi.AWSError
		want   abi.Failure
	}{
		{abi.AWSError{Code: "QueueDoesNotExist", Message: "no"}, abi.Failure{ID: "1", Code: "NO_RESOURCE", Error: "aws sqs.GetQueueUrl: QueueDoesNotExist: no"}},
		{abi.AWSError{Code: "AccessDenied", Message: "no"}, abi.Failure{ID: "1", Code: "NO_PERMISSIONS", Error: "aws sqs.GetQueueUrl: AccessDenied: no"}},
		{abi.AWSError{Code: "RequestThrottled", Message: "no", Retry: true}, abi.Failure{ID: "1", Retry: true, Error: "aws sqs.GetQueueUrl: RequestThrottled: no"}},
	} {
		host := targettest.New(t, `{"queue": "orders"}`)
		host.AWS = func(abi.AWSRequest) abi.AWSResponse { return abi.AWSResponse{Error: &tc.answer} }
		if diff := cmp.Diff(&tc.want, host.Deliver(`{}`)); diff != "" {
			t.Errorf("failure (-want +got):\n%s", diff)
		}
	}
	host := targettest.New(t, `{"queue": "orders"}`)
	host.Refuse = map[string]abi.Errno{"aws": abi.Denied}
	if got := host.Deliver(`{}`); got == nil || got.Retry || got.Code != "NO_PERMISSIONS" {
		t.Errorf("a refused call gives %+v", got)
	}
}

func TestConfigProblems(t *testing.T) {
	for config, want := range map[string]string{
		`{}`:              "queue is missing; write a string",
		`{"queue":"a b"}`: "queue is a b; write a name or an ARN like arn:aws:sqs:eu-west-1:123456789012:NAME",
		`{"queue":"arn:aws:sns:eu-west-1:123456789012:x"}`: "queue is arn:aws:sns:eu-west-1:123456789012:x; write an ARN like arn:aws:sqs:eu-west-1:123456789012:NAME",
		`{"queue":"q.fifo"}`:                           "message_group_id is missing and q.fifo is a FIFO queue; write a name or a place like $.detail.id",
		`{"queue":"q","message_deduplication_id":"x"}`: "message_deduplication_id is for FIFO queues, whose names end in .fifo; leave it out",
		`{"queue":"q","delay_seconds":1000}`:           "delay_seconds is 1000; write 0 to 900",
		`{"queue":"q","attributes":{"a":1}}`:           "attributes.a is a number; write a string, or a place like $.detail.id",
		`{"queue":"q","attributes":[]}`:                "attributes is a list; write an object of strings",
		`{"queue":"q","message_group_id":"$detail"}`:   "message_group_id is $detail; write a place like $.detail.id, $.resources[0] or $input.id",
		`{"queue":"q","group":"x"}`:                    "group is not known here; this plugin takes queue, message_group_id, message_deduplication_id, attributes, delay_seconds",
	} {
		_, problems := targettest.Configure(t, config)
		if len(problems) != 1 || problems[0].Path+" "+problems[0].Message != want {
			t.Errorf("%s: problems %v, want %q", config, problems, want)
		}
	}
}

package sqs

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBatches(t *testing.T) {
	b := newBench(t)
	url := b.create("q")
	sent, err := b.SendMessageBatch(t.Context(), b.caller, &SendMessageBatchRequest{QueueURL: url, Entries: []SendBatchEntry{
		{ID: "a", MessageBody: "one"}, {ID: "b"}, {ID: "c", MessageBody: "two"}}})
	if err != nil {
		t.Fatal(err)
	}
	want := []FailedEntry{{ID: "b", SenderFault: true, Code: "MissingParameter", Message: "The request must contain the parameter MessageBody."}}
	if diff := cmp.Diff(want, sent.Failed); diff != "" || len(sent.Successful) != 2 {
		t.Errorf("%d sent, failed (-want +got):\n%s", len(sent.Successful), diff)
	}
	got := b.receive(url, 10)
	wantBodies(t, got, "one", "two")
	gone, err := b.DeleteMessageBatch(t.Context(), b.caller, &DeleteMessageBatchRequest{QueueURL: url, Entries: []DeleteBatchEntry{
		{ID: "1", ReceiptHandle: got[0].ReceiptHandle}, {ID: "2", ReceiptHandle: "x"}}})
	if err != nil || len(gone.Successful) != 1 || len(gone.Failed) != 1 {
		t.Errorf("delete batch: %+v, %v", gone, err)
	}
	zero := 0
	shown, err := b.ChangeMessageVisibilityBatch(t.Context(), b.caller, &ChangeVisibilityBatchRequest{QueueURL: url,
		Entries: []ChangeVisibilityEntry{{ID: "1", ReceiptHandle: got[1].ReceiptHandle, VisibilityTimeout: &zero}}})
	if err != nil || len(shown.Successful) != 1 {
		t.Errorf("change batch: %+v, %v", shown, err)
	}
	wantBodies(t, b.receive(url, 10), "two")
}

func TestBatchErrors(t *testing.T) {
	b := newBench(t)
	url := b.create("q")
	long := strings.Repeat("x", 700_000)
	for _, tc := range []struct {
		want    string
		entries []SendBatchEntry
	}{
		{"EmptyBatchRequest", nil},
		{"TooManyEntriesInBatchRequest", make([]SendBatchEntry, 11)},
		{"BatchEntryIdsNotDistinct", []SendBatchEntry{{ID: "a", MessageBody: "x"}, {ID: "a", MessageBody: "y"}}},
		{"InvalidBatchEntryId", []SendBatchEntry{{ID: "a b", MessageBody: "x"}}},
		{"BatchRequestTooLong", []SendBatchEntry{{ID: "a", MessageBody: long}, {ID: "b", MessageBody: long}}},
	} {
		_, err := b.SendMessageBatch(t.Context(), b.caller, &SendMessageBatchRequest{QueueURL: url, Entries: tc.entries})
		if codeOf(err) != tc.want {
			t.Errorf("error %v, want %s", err, tc.want)
		}
	}
}

func TestRefusals(t *testing.T) {
	b := newBench(t)
	url := b.create("q")
	fifo := b.create("q.fifo", "FifoQueue", "true")
	b.create("dead", "VisibilityTimeout", "7")
	ctx, c := t.Context(), b.caller
	five, bad := 5, 11
	for _, tc := range []struct {
		name, want string
		err        error
	}{
		{"no queue", "QueueDoesNotExist", second(b.SendMessage(ctx, c, &SendMessageRequest{QueueURL: "http://h/1/nope", MessageBody: "x"}))},
		{"no URL", "MissingRequiredParameterException", second(b.ReceiveMessage(ctx, c, &ReceiveMessageRequest{}))},
		{"no such name", "QueueDoesNotExist", second(b.GetQueueURL(ctx, c, &GetQueueURLRequest{QueueName: "nope"}))},
		{"name", "InvalidParameterValueException", second(b.CreateQueue(ctx, c, &CreateQueueRequest{QueueName: "a b"}))},
		{"fifo without attribute", "InvalidParameterValueException", second(b.CreateQueue(ctx, c, &CreateQueueRequest{QueueName: "z.fifo"}))},
		{"other attributes", "QueueNameExists", second(b.CreateQueue(ctx, c, &CreateQueueRequest{QueueName: "dead", Attributes: map[string]string{"VisibilityTimeout": "8"}}))},
		{"unknown attribute", "InvalidAttributeName", second(b.SetQueueAttributes(ctx, c, &SetQueueAttributesRequest{QueueURL: url, Attributes: map[string]string{"Nope": "1"}}))},
		{"attribute out of range", "InvalidAttributeValue", second(b.SetQueueAttributes(ctx, c, &SetQueueAttributesRequest{QueueURL: url, Attributes: map[string]string{"DelaySeconds": "901"}}))},
		{"dead-letter queue missing", "InvalidParameterValueException", second(b.SetQueueAttributes(ctx, c, &SetQueueAttributesRequest{QueueURL: url, Attributes: map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"arn:aws:sqs:x:1:no","maxReceiveCount":3}`}}))},
		{"dead-letter queue of the other type", "InvalidParameterValueException", second(b.SetQueueAttributes(ctx, c, &SetQueueAttributesRequest{QueueURL: url, Attributes: map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"arn:aws:sqs:x:1:q.fifo","maxReceiveCount":3}`}}))},
		{"empty body", "MissingRequiredParameterException", second(b.SendMessage(ctx, c, &SendMessageRequest{QueueURL: url}))},
		{"control character", "InvalidMessageContents", second(b.SendMessage(ctx, c, &SendMessageRequest{QueueURL: url, MessageBody: "a\x01"}))},
		{"too long", "InvalidParameterValueException", second(b.SendMessage(ctx, c, &SendMessageRequest{QueueURL: url, MessageBody: strings.Repeat("x", 1<<20+1)}))},
		{"attribute type", "InvalidParameterValueException", second(b.SendMessage(ctx, c, &SendMessageRequest{QueueURL: url, MessageBody: "x", MessageAttributes: map[string]Attribute{"a": {DataType: "Text", StringValue: "x"}}}))},
		{"dedup on a standard queue", "InvalidParameterValueException", second(b.SendMessage(ctx, c, &SendMessageRequest{QueueURL: url, MessageBody: "x", MessageDeduplicationID: "d"}))},
		{"fifo without group", "MissingRequiredParameterException", second(b.SendMessage(ctx, c, &SendMessageRequest{QueueURL: fifo, MessageBody: "x"}))},
		{"fifo without dedup", "InvalidParameterValueException", second(b.SendMessage(ctx, c, &SendMessageRequest{QueueURL: fifo, MessageBody: "x", MessageGroupID: "g"}))},
		{"fifo with delay", "InvalidParameterValueException", second(b.SendMessage(ctx, c, &SendMessageRequest{QueueURL: fifo, MessageBody: "x", MessageGroupID: "g", MessageDeduplicationID: "d", DelaySeconds: &five}))},
		{"eleven messages", "InvalidParameterValueException", second(b.ReceiveMessage(ctx, c, &ReceiveMessageRequest{QueueURL: url, MaxNumberOfMessages: &bad}))},
	} {
		if got := codeOf(tc.err); got != tc.want {
			t.Errorf("%s: error %v, want %s", tc.name, tc.err, tc.want)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestQueues(t *testing.T) {
	b := newBench(t)
	urls := []string{b.create("a1"), b.create("a2"), b.create("a3")}
	b.create("b")
	ctx, c := t.Context(), b.caller
	page, err := b.ListQueues(ctx, c, &ListQueuesRequest{QueueNamePrefix: "a", MaxResults: 2})
	if diff := cmp.Diff(&ListQueuesResponse{QueueURLs: urls[:2], NextToken: "a2"}, page); diff != "" || err != nil {
		t.Fatalf("first page (-want +got):\n%s%v", diff, err)
	}
	page, err = b.ListQueues(ctx, c, &ListQueuesRequest{QueueNamePrefix: "a", MaxResults: 2, NextToken: page.NextToken})
	if diff := cmp.Diff(&ListQueuesResponse{QueueURLs: urls[2:]}, page); diff != "" || err != nil {
		t.Fatalf("second page (-want +got):\n%s%v", diff, err)
	}
	if b.create("a1") != urls[0] {
		t.Error("creating a queue again does not answer its URL")
	}
	for i := range 250 {
		b.send(urls[0], fmt.Sprint(i), "")
	}
	if _, err := b.PurgeQueue(ctx, c, &QueueRequest{QueueURL: urls[0]}); err != nil {
		t.Fatal(err)
	}
	wantBodies(t, b.receive(urls[0], 10))
	if _, err := b.TagQueue(ctx, c, &TagQueueRequest{QueueURL: urls[0], Tags: map[string]string{"team": "x", "env": "y"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.UntagQueue(ctx, c, &UntagQueueRequest{QueueURL: urls[0], TagKeys: []string{"env"}}); err != nil {
		t.Fatal(err)
	}
	tags, err := b.ListQueueTags(ctx, c, &QueueRequest{QueueURL: urls[0]})
	if diff := cmp.Diff(map[string]string{"team": "x"}, tags.Tags); diff != "" || err != nil {
		t.Errorf("tags (-want +got):\n%s%v", diff, err)
	}
	if _, err := b.DeleteQueue(ctx, c, &QueueRequest{QueueURL: urls[0]}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.GetQueueURL(ctx, c, &GetQueueURLRequest{QueueName: "a1"}); codeOf(err) != "QueueDoesNotExist" {
		t.Errorf("after the deletion: %v", err)
	}
}

func TestLocalTargetsMakeTheirQueues(t *testing.T) {
	b := newBench(t)
	b.caller.Create = true
	got, err := b.GetQueueURL(t.Context(), b.caller, &GetQueueURLRequest{QueueName: "new.fifo"})
	if err != nil {
		t.Fatal(err)
	}
	b.send(got.QueueURL, "x", "g")
	wantBodies(t, b.receive(got.QueueURL, 1), "x")
}

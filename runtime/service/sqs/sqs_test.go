package sqs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/store/memory"
)

// bench is a service on a store in memory with a clock that stands still.
type bench struct {
	*Service
	t      *testing.T
	caller service.Caller
	clock  time.Time
}

func newBench(t *testing.T) *bench {
	b := &bench{t: t, clock: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
		caller: service.Caller{Account: "123456789012", Region: "eu-west-1", Endpoint: "http://127.0.0.1:7575"}}
	b.Service = New(memory.New(memory.Config{}), func() time.Time { return b.clock }, nil)
	return b
}

func (b *bench) create(name string, attributes ...string) string {
	b.t.Helper()
	all := map[string]string{}
	for i := 0; i < len(attributes); i += 2 {
		all[attributes[i]] = attributes[i+1]
	}
	r, err := b.CreateQueue(b.t.Context(), b.caller, &CreateQueueRequest{QueueName: name, Attributes: all})
	if err != nil {
		b.t.Fatal(err)
	}
	return r.QueueURL
}

func (b *bench) send(url, body, group string) *SendMessageResponse {
	b.t.Helper()
	r, err := b.SendMessage(b.t.Context(), b.caller, &SendMessageRequest{QueueURL: url, MessageBody: body, MessageGroupID: group})
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

func (b *bench) receive(url string, max int) []Message {
	b.t.Helper()
	r, err := b.ReceiveMessage(b.t.Context(), b.caller, &ReceiveMessageRequest{
		QueueURL: url, MaxNumberOfMessages: &max, AttributeNames: []string{"All"}, MessageAttributeNames: []string{"All"}})
	if err != nil {
		b.t.Fatal(err)
	}
	return r.Messages
}

func (b *bench) delete(url string, m Message) {
	b.t.Helper()
	if _, err := b.DeleteMessage(b.t.Context(), b.caller, &DeleteMessageRequest{QueueURL: url, ReceiptHandle: m.ReceiptHandle}); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) attributes(url string) map[string]string {
	b.t.Helper()
	r, err := b.GetQueueAttributes(b.t.Context(), b.caller, &GetQueueAttributesRequest{QueueURL: url, AttributeNames: []string{"All"}})
	if err != nil {
		b.t.Fatal(err)
	}
	return r.Attributes
}

func bodies(all []Message) []string {
	out := []string{}
	for _, m := range all {
		out = append(out, m.Body)
	}
	return out
}

func codeOf(err error) string {
	var e *service.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return fmt.Sprint(err)
}

func wantBodies(t *testing.T, got []Message, want ...string) {
	t.Helper()
	if want == nil {
		want = []string{}
	}
	if diff := cmp.Diff(want, bodies(got)); diff != "" {
		t.Fatalf("received (-want +got):\n%s", diff)
	}
}

func TestSendReceiveDelete(t *testing.T) {
	b := newBench(t)
	url := b.create("orders")
	if url != "http://127.0.0.1:7575/123456789012/orders" {
		t.Fatalf("URL %s", url)
	}
	sent := b.send(url, "one", "")
	b.send(url, "two", "")
	got := b.receive(url, 10)
	wantBodies(t, got, "one", "two")
	if got[0].MessageID != sent.MessageID || got[0].MD5OfBody != "f97c5d29941bfb1b2fdab0874906ab82" {
		t.Errorf("message %+v does not fit %+v", got[0], sent)
	}
	want := map[string]string{"SenderId": "123456789012", "SentTimestamp": "1772366400000",
		"ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1772366400000"}
	if diff := cmp.Diff(want, got[0].Attributes); diff != "" {
		t.Errorf("attributes (-want +got):\n%s", diff)
	}
	wantBodies(t, b.receive(url, 10))
	b.delete(url, got[0])
	b.clock = b.clock.Add(30 * time.Second)
	again := b.receive(url, 10)
	wantBodies(t, again, "two")
	if again[0].Attributes["ApproximateReceiveCount"] != "2" {
		t.Errorf("receive count %v, want 2", again[0].Attributes)
	}
	b.delete(url, got[1]) // the handle of an earlier receipt: no error, no effect
	if n := b.attributes(url)["ApproximateNumberOfMessagesNotVisible"]; n != "1" {
		t.Errorf("%s in flight, want 1", n)
	}
}

func TestMessageAttributesAndTheirSums(t *testing.T) {
	b := newBench(t)
	url := b.create("q")
	sent, err := b.SendMessage(t.Context(), b.caller, &SendMessageRequest{QueueURL: url, MessageBody: "x",
		MessageAttributes: map[string]Attribute{
			"order.id": {DataType: "String", StringValue: "A-1"},
			"order.n":  {DataType: "Number.int", StringValue: "7"},
			"blob":     {DataType: "Binary", BinaryValue: []byte{1, 2}},
		}})
	if err != nil {
		t.Fatal(err)
	}
	// Computed with the reference algorithm of botocore's handlers.
	if sent.MD5OfMessageAttributes != "60a26821e221a916ee776940b18e3142" {
		t.Errorf("MD5OfMessageAttributes = %s", sent.MD5OfMessageAttributes)
	}
	ten := 10
	got, err := b.ReceiveMessage(t.Context(), b.caller, &ReceiveMessageRequest{
		QueueURL: url, MaxNumberOfMessages: &ten, MessageAttributeNames: []string{"order.*"}})
	if err != nil || len(got.Messages) != 1 {
		t.Fatalf("%v, %v", got, err)
	}
	if n := len(got.Messages[0].MessageAttributes); n != 2 {
		t.Errorf("%d attributes, want those that begin with order.", n)
	}
	if got.Messages[0].Attributes != nil {
		t.Errorf("system attributes %v that nobody asked for", got.Messages[0].Attributes)
	}
}

func TestVisibility(t *testing.T) {
	b := newBench(t)
	url := b.create("q", "VisibilityTimeout", "60", "DelaySeconds", "5")
	b.send(url, "x", "")
	wantBodies(t, b.receive(url, 1))
	if a := b.attributes(url); a["ApproximateNumberOfMessagesDelayed"] != "1" {
		t.Errorf("attributes %v, want one delayed", a)
	}
	b.clock = b.clock.Add(5 * time.Second)
	got := b.receive(url, 1)
	wantBodies(t, got, "x")
	change := func(handle string, seconds int) error {
		_, err := b.ChangeMessageVisibility(t.Context(), b.caller,
			&ChangeVisibilityRequest{QueueURL: url, ReceiptHandle: handle, VisibilityTimeout: &seconds})
		return err
	}
	if err := change(got[0].ReceiptHandle, 120); err != nil {
		t.Fatal(err)
	}
	b.clock = b.clock.Add(119 * time.Second)
	wantBodies(t, b.receive(url, 1))
	if err := change(got[0].ReceiptHandle, 0); err != nil {
		t.Fatal(err)
	}
	if code := codeOf(change(got[0].ReceiptHandle, 5)); code != "MessageNotInflight" {
		t.Errorf("code %s, want MessageNotInflight", code)
	}
	wantBodies(t, b.receive(url, 1), "x")
	if code := codeOf(change("bm9uc2Vuc2U=", 5)); code != "ReceiptHandleIsInvalid" {
		t.Errorf("code %s, want ReceiptHandleIsInvalid", code)
	}
}

func TestRetention(t *testing.T) {
	b := newBench(t)
	url := b.create("q", "MessageRetentionPeriod", "60")
	b.send(url, "x", "")
	b.clock = b.clock.Add(time.Minute)
	wantBodies(t, b.receive(url, 1))
}

func TestFIFO(t *testing.T) {
	b := newBench(t)
	url := b.create("q.fifo", "FifoQueue", "true", "ContentBasedDeduplication", "true")
	first := b.send(url, "a1", "a")
	b.send(url, "b1", "b")
	b.send(url, "a2", "a")
	again := b.send(url, "a1", "a")
	if again.MessageID != first.MessageID || again.SequenceNumber != first.SequenceNumber {
		t.Errorf("the repeated message is %+v, want %+v", again, first)
	}
	got := b.receive(url, 1)
	wantBodies(t, got, "a1")
	// a2 waits for a1, b1 does not.
	wantBodies(t, b.receive(url, 10), "b1")
	b.delete(url, got[0])
	rest := b.receive(url, 10)
	wantBodies(t, rest, "a2")
	b.clock = b.clock.Add(5 * time.Minute)
	if late := b.send(url, "a1", "a"); late.MessageID == first.MessageID {
		t.Error("a de-duplication id is remembered longer than five minutes")
	}
	_, err := b.DeleteMessage(t.Context(), b.caller, &DeleteMessageRequest{QueueURL: url, ReceiptHandle: rest[0].ReceiptHandle})
	if codeOf(err) != "InvalidParameterValueException" {
		t.Errorf("deleting with an expired handle: %v", err)
	}
}

func TestFIFOGivesAGroupInOneBatch(t *testing.T) {
	b := newBench(t)
	url := b.create("q.fifo", "FifoQueue", "true", "ContentBasedDeduplication", "true")
	for _, body := range []string{"1", "2", "3"} {
		b.send(url, body, "g")
	}
	wantBodies(t, b.receive(url, 2), "1", "2")
	wantBodies(t, b.receive(url, 2))
}

func TestDeduplicationScope(t *testing.T) {
	b := newBench(t)
	url := b.create("q.fifo", "FifoQueue", "true", "ContentBasedDeduplication", "true", "DeduplicationScope", "messageGroup")
	b.send(url, "x", "a")
	b.send(url, "x", "b")
	wantBodies(t, b.receive(url, 10), "x", "x")
}

func TestRedrive(t *testing.T) {
	for _, suffix := range []string{"", ".fifo"} {
		t.Run("queue"+suffix, func(t *testing.T) {
			b := newBench(t)
			extra, group := []string{}, ""
			if suffix != "" {
				extra, group = []string{"FifoQueue", "true", "ContentBasedDeduplication", "true"}, "g"
			}
			dead := b.create("dead"+suffix, extra...)
			policy := `{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:123456789012:dead` + suffix + `","maxReceiveCount":"2"}`
			url := b.create("q"+suffix, append(extra, "RedrivePolicy", policy)...)
			b.send(url, "poison", group)
			for range 2 {
				wantBodies(t, b.receive(url, 1), "poison")
				b.clock = b.clock.Add(30 * time.Second)
			}
			wantBodies(t, b.receive(url, 1))
			got := b.receive(dead, 1)
			wantBodies(t, got, "poison")
			if source := got[0].Attributes["DeadLetterQueueSourceArn"]; !strings.HasSuffix(source, ":q"+suffix) {
				t.Errorf("source ARN %q", source)
			}
			sources, err := b.ListSources(t.Context(), b.caller, &ListSourcesRequest{QueueURL: dead})
			if diff := cmp.Diff([]string{url}, sources.QueueURLs); diff != "" || err != nil {
				t.Errorf("sources (-want +got):\n%s%v", diff, err)
			}
		})
	}
}

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

func TestLongPolling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.Service = New(memory.New(memory.Config{}), time.Now, nil)
		url := b.create("q", "ReceiveMessageWaitTimeSeconds", "20")
		start := time.Now()
		wantBodies(t, b.receive(url, 1))
		if took := time.Since(start); took != 20*time.Second {
			t.Errorf("an empty queue answered after %v, want 20s", took)
		}
		start = time.Now()
		got := make(chan []Message)
		go func() { got <- b.receive(url, 1) }()
		synctest.Wait()
		b.send(url, "x", "")
		wantBodies(t, <-got, "x")
		if took := time.Since(start); took != 0 {
			t.Errorf("a waiting receiver was woken after %v", took)
		}
	})
}

func TestLongPollingEndsWithItsClient(t *testing.T) {
	b := newBench(t)
	url := b.create("q", "ReceiveMessageWaitTimeSeconds", "20")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.ReceiveMessage(ctx, b.caller, &ReceiveMessageRequest{QueueURL: url}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that the client is gone", err)
	}
}

func TestReceive_hammer(t *testing.T) {
	b := newBench(t)
	standard := b.create("q")
	fifo := b.create("q.fifo", "FifoQueue", "true", "ContentBasedDeduplication", "true")
	const senders, each = 4, 25
	var wg sync.WaitGroup
	for p := range senders {
		wg.Go(func() {
			for i := range each {
				b.send(standard, fmt.Sprint(p, "-", i), "")
				b.send(fifo, fmt.Sprint(p, "-", i), fmt.Sprint(p))
			}
		})
	}
	wg.Wait()
	var mu sync.Mutex
	seen, next := map[string]int{}, map[string]int{}
	for range senders {
		wg.Go(func() {
			for range 3 * each {
				for _, m := range b.receive(standard, 3) {
					mu.Lock()
					seen[m.Body]++
					mu.Unlock()
				}
				for _, m := range b.receive(fifo, 3) {
					var group, i int
					if _, err := fmt.Sscanf(m.Body, "%d-%d", &group, &i); err != nil {
						t.Error(err)
					}
					mu.Lock()
					if g := m.Attributes["MessageGroupId"]; next[g] != i {
						t.Errorf("group %s gave %d, want %d", g, i, next[g])
					} else {
						next[g]++
					}
					mu.Unlock()
					b.delete(fifo, m)
				}
			}
		})
	}
	wg.Wait()
	if len(seen) != senders*each {
		t.Errorf("%d messages received, want %d", len(seen), senders*each)
	}
	for body, n := range seen {
		if n != 1 {
			t.Errorf("%s was received %d times while it was hidden", body, n)
		}
	}
	for p := range senders {
		if next[fmt.Sprint(p)] != each {
			t.Errorf("group %d: %d messages, want %d", p, next[fmt.Sprint(p)], each)
		}
	}
}

func FuzzReadHandle(f *testing.F) {
	f.Add("")
	f.Add(handle("q", "17", "ab"))
	f.Add("cSBhIGI=")
	f.Add("cSAg001=") // bits beyond the last byte
	f.Fuzz(func(t *testing.T, h string) {
		seq, receipt, err := readHandle("q", h)
		if err != nil {
			return
		}
		if got := handle("q", seq, receipt); got != h {
			t.Errorf("readHandle(%q) and handle give %q", h, got)
		}
	})
}

func FuzzRedrivePolicy(f *testing.F) {
	f.Add(`{"deadLetterTargetArn":"arn:aws:sqs:x:1:q","maxReceiveCount":"3"}`)
	f.Add(`{"maxReceiveCount":1e9}`)
	f.Add(`[]`)
	f.Fuzz(func(t *testing.T, text string) {
		p, ok := queue{Attributes: map[string]string{"RedrivePolicy": text}}.redrive()
		if ok && !json.Valid([]byte(text)) {
			t.Errorf("%q is taken for a policy", text)
		}
		_ = p.max()
	})
}

package sqs

import (
	"errors"
	"fmt"
	"strings"
	"testing"
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
	if e, ok := errors.AsType[*service.Error](err); ok {
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

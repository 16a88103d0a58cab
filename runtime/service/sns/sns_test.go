package sns

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/service/sqs"
	"github.com/tocsin-engine/tocsin/runtime/store/memory"
)

// bench is topics and queues on one store in memory with a clock that stands still.
type bench struct {
	*Service
	queues *sqs.Service
	t      *testing.T
	caller service.Caller
}

func newBench(t *testing.T) *bench {
	b := &bench{t: t, caller: service.Caller{Account: "123456789012", Region: "eu-west-1", Endpoint: "http://127.0.0.1:7575"}}
	st, now := memory.New(memory.Config{}), func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }
	b.queues = sqs.New(st, now, nil)
	b.Service = New(st, now, b.queues, nil)
	return b
}

func (b *bench) topic(name string) string {
	b.t.Helper()
	r := &CreateTopicRequest{Name: name}
	if isFIFO(name) {
		r.Attributes = map[string]string{"FifoTopic": "true", "ContentBasedDeduplication": "true"}
	}
	out, err := b.CreateTopic(b.t.Context(), b.caller, r)
	if err != nil {
		b.t.Fatal(err)
	}
	return out.TopicARN
}

func (b *bench) queue(name string) (arn string) {
	b.t.Helper()
	r := &sqs.CreateQueueRequest{QueueName: name}
	if isFIFO(name) {
		r.Attributes = map[string]string{"FifoQueue": "true"}
	}
	if _, err := b.queues.CreateQueue(b.t.Context(), b.caller, r); err != nil {
		b.t.Fatal(err)
	}
	return b.caller.ARN("sqs", name)
}

func (b *bench) subscribe(topic, protocol, endpoint string, attributes ...string) string {
	b.t.Helper()
	all := map[string]string{}
	for i := 0; i < len(attributes); i += 2 {
		all[attributes[i]] = attributes[i+1]
	}
	r, err := b.Subscribe(b.t.Context(), b.caller, &SubscribeRequest{TopicARN: topic, Protocol: protocol, Endpoint: endpoint,
		Attributes: all, ReturnSubscriptionARN: true})
	if err != nil {
		b.t.Fatal(err)
	}
	return r.SubscriptionARN
}

func (b *bench) publish(r PublishRequest) *PublishResponse {
	b.t.Helper()
	out, err := b.Publish(b.t.Context(), b.caller, &r)
	if err != nil {
		b.t.Fatal(err)
	}
	return out
}

func (b *bench) received(queue string) []sqs.Message {
	b.t.Helper()
	ten := 10
	r, err := b.queues.ReceiveMessage(b.t.Context(), b.caller, &sqs.ReceiveMessageRequest{QueueURL: queue,
		MaxNumberOfMessages: &ten, AttributeNames: []string{"All"}, MessageAttributeNames: []string{"All"}})
	if err != nil {
		b.t.Fatal(err)
	}
	return r.Messages
}

func codeOf(err error) string {
	if e, ok := errors.AsType[*service.Error](err); ok {
		return e.QueryCode
	}
	return fmt.Sprint(err)
}

func TestNotification(t *testing.T) {
	b := newBench(t)
	topic, queue := b.topic("alerts"), b.queue("inbox")
	sub := b.subscribe(topic, "sqs", queue)
	sent := b.publish(PublishRequest{TopicARN: topic, Message: `{"a":"<b>"}`, Subject: "Hello",
		MessageAttributes: map[string]Attribute{"level": {DataType: "String", StringValue: "high"}}})
	got := b.received(queue)
	if len(got) != 1 {
		t.Fatalf("%d messages, want 1", len(got))
	}
	want := `{"Type":"Notification","MessageId":"` + sent.MessageID + `","TopicArn":"arn:aws:sns:eu-west-1:123456789012:alerts",` +
		`"Subject":"Hello","Message":"{\"a\":\"<b>\"}","Timestamp":"2026-03-01T12:00:00.000Z","SignatureVersion":"1","Signature":"",` +
		`"SigningCertURL":"","UnsubscribeURL":"http://127.0.0.1:7575/?Action=Unsubscribe&SubscriptionArn=` + sub + `",` +
		`"MessageAttributes":{"level":{"Type":"String","Value":"high"}}}`
	if diff := cmp.Diff(want, got[0].Body); diff != "" {
		t.Errorf("notification (-want +got):\n%s", diff)
	}
}

func TestRawDelivery(t *testing.T) {
	b := newBench(t)
	topic, queue := b.topic("alerts"), b.queue("inbox")
	b.subscribe(topic, "sqs", queue, "RawMessageDelivery", "true")
	b.publish(PublishRequest{TopicARN: topic, Message: "x", MessageAttributes: map[string]Attribute{"n": {DataType: "Number", StringValue: "7"}}})
	got := b.received(queue)
	want := map[string]sqs.Attribute{"n": {DataType: "Number", StringValue: "7"}}
	if len(got) != 1 || got[0].Body != "x" || !cmp.Equal(want, got[0].MessageAttributes) {
		t.Errorf("messages %+v", got)
	}
}

func TestMessagePerProtocol(t *testing.T) {
	b := newBench(t)
	topic, queue := b.topic("alerts"), b.queue("inbox")
	b.subscribe(topic, "sqs", queue, "RawMessageDelivery", "true")
	b.publish(PublishRequest{TopicARN: topic, MessageStructure: "json", Message: `{"default":"d","sqs":"for queues"}`})
	if got := b.received(queue); len(got) != 1 || got[0].Body != "for queues" {
		t.Errorf("messages %+v", got)
	}
}

func TestFilterPolicies(t *testing.T) {
	text := func(s string) map[string]Attribute {
		return map[string]Attribute{"a": {DataType: "String", StringValue: s}}
	}
	number := func(s string) map[string]Attribute {
		return map[string]Attribute{"a": {DataType: "Number", StringValue: s}}
	}
	list := map[string]Attribute{"a": {DataType: "String.Array", StringValue: `["x", 7, true]`}}
	for _, tc := range []struct {
		policy     string
		attributes map[string]Attribute
		want       bool
	}{
		{`{"a":["x"]}`, text("x"), true},
		{`{"a":["x"]}`, text("y"), false},
		{`{"a":["x"]}`, nil, false},
		{`{"a":[{"prefix":"ab"}]}`, text("abc"), true},
		{`{"a":[{"prefix":"ab"}]}`, text("cab"), false},
		{`{"a":[{"anything-but":["x"]}]}`, text("y"), true},
		{`{"a":[{"anything-but":["x"]}]}`, text("x"), false},
		{`{"a":[{"numeric":[">",5,"<=",10]}]}`, number("7.5"), true},
		{`{"a":[{"numeric":[">",5,"<=",10]}]}`, number("11"), false},
		{`{"a":[{"numeric":["=",7]}]}`, text("7"), false},
		{`{"a":[7]}`, number("7"), true},
		{`{"a":[{"exists":true}]}`, text("x"), true},
		{`{"a":[{"exists":false}]}`, text("x"), false},
		{`{"a":[{"exists":false}]}`, nil, true},
		{`{"a":["x"]}`, list, true},
		{`{"a":[7]}`, list, true},
		{`{"a":["z"]}`, list, false},
		{`{"a":["x"],"b":["y"]}`, text("x"), false},
		{`{}`, nil, true},
	} {
		x := subscription{Protocol: "sqs", Attributes: map[string]string{"FilterPolicy": tc.policy}}
		got, err := x.wants(message{Attributes: tc.attributes})
		if got != tc.want || err != nil {
			t.Errorf("policy %s on %v = %v (%v), want %v", tc.policy, tc.attributes, got, err, tc.want)
		}
	}
	for body, want := range map[string]bool{`{"o":{"n":3}}`: true, `{"o":{"n":4}}`: false, `text`: false, `[]`: false} {
		x := subscription{Attributes: map[string]string{"FilterPolicy": `{"o":{"n":[3]}}`, "FilterPolicyScope": scopeBody}}
		if got, err := x.wants(message{byProtocol: map[string]string{"default": body}}); got != want || err != nil {
			t.Errorf("body %s = %v (%v), want %v", body, got, err, want)
		}
	}
}

func TestFilteredTopic(t *testing.T) {
	b := newBench(t)
	topic, queue := b.topic("alerts"), b.queue("inbox")
	sub := b.subscribe(topic, "sqs", queue, "FilterPolicy", `{"level":["high"]}`, "RawMessageDelivery", "true")
	b.publish(PublishRequest{TopicARN: topic, Message: "none"})
	b.publish(PublishRequest{TopicARN: topic, Message: "low", MessageAttributes: map[string]Attribute{"level": {DataType: "String", StringValue: "low"}}})
	b.publish(PublishRequest{TopicARN: topic, Message: "high", MessageAttributes: map[string]Attribute{"level": {DataType: "String", StringValue: "high"}}})
	if got := b.received(queue); len(got) != 1 || got[0].Body != "high" {
		t.Errorf("messages %+v, want the high one", got)
	}
	if _, err := b.SetSubscriptionAttributes(t.Context(), b.caller, &SetSubscriptionAttributesRequest{
		SubscriptionARN: sub, AttributeName: "FilterPolicy", AttributeValue: "{}"}); err != nil {
		t.Fatal(err)
	}
	b.publish(PublishRequest{TopicARN: topic, Message: "any"})
	if got := b.received(queue); len(got) != 1 || got[0].Body != "any" {
		t.Errorf("messages %+v, want any", got)
	}
}

func TestFIFO(t *testing.T) {
	b := newBench(t)
	topic, queue := b.topic("t.fifo"), b.queue("q.fifo")
	b.subscribe(topic, "sqs", queue, "RawMessageDelivery", "true")
	first := b.publish(PublishRequest{TopicARN: topic, Message: "1", MessageGroupID: "g"})
	b.publish(PublishRequest{TopicARN: topic, Message: "1", MessageGroupID: "g"})
	last := b.publish(PublishRequest{TopicARN: topic, Message: "2", MessageGroupID: "g"})
	if first.SequenceNumber >= last.SequenceNumber {
		t.Errorf("numbers %s, %s do not increase", first.SequenceNumber, last.SequenceNumber)
	}
	got := b.received(queue)
	if len(got) != 2 || got[0].Body != "1" || got[1].Body != "2" || got[0].Attributes["MessageGroupId"] != "g" {
		t.Errorf("messages %+v, want 1 and 2", got)
	}
}

func TestWhatIsNotDelivered(t *testing.T) {
	b := newBench(t)
	topic, dead := b.topic("alerts"), b.queue("dead")
	mail := b.subscribe(topic, "email", "a@example.com")
	gone := b.subscribe(topic, "sqs", "arn:aws:sqs:eu-west-1:123456789012:gone")
	saved := b.subscribe(topic, "sqs", "arn:aws:sqs:eu-west-1:123456789012:away", "RedrivePolicy", `{"deadLetterTargetArn":"`+dead+`"}`)
	b.publish(PublishRequest{TopicARN: topic, Message: "x"})
	b.publish(PublishRequest{TopicARN: topic, Message: "x"})
	for arn, want := range map[string]string{
		mail:  "protocol email is not delivered from here",
		gone:  "The specified queue does not exist.",
		saved: "sent to the dead-letter queue: The specified queue does not exist.",
	} {
		r, err := b.GetSubscriptionAttributes(t.Context(), b.caller, &SubscriptionARN{SubscriptionARN: arn})
		if err != nil {
			t.Fatal(err)
		}
		if r.Attributes["TocsinUndelivered"] != "2" || r.Attributes["TocsinUndeliveredReason"] != want {
			t.Errorf("%s: attributes %v, want 2 and %q", arn, r.Attributes, want)
		}
	}
	if got := b.received(dead); len(got) != 2 {
		t.Errorf("%d dead letters, want 2", len(got))
	}
}

func TestSubscriptions(t *testing.T) {
	b := newBench(t)
	ctx, c := t.Context(), b.caller
	topic, other, queue := b.topic("a"), b.topic("b"), b.queue("q")
	sub := b.subscribe(topic, "sqs", queue)
	if again := b.subscribe(topic, "sqs", queue); again != sub {
		t.Errorf("subscribing again gives %s, want %s", again, sub)
	}
	b.subscribe(other, "email", "x@example.com")
	pending, err := b.Subscribe(ctx, c, &SubscribeRequest{TopicARN: other, Protocol: "https", Endpoint: "https://example.com"})
	if err != nil || pending.SubscriptionARN != "pending confirmation" {
		t.Errorf("an https subscription answers %v, %v", pending, err)
	}
	all, err := b.ListSubscriptions(ctx, c, &ListRequest{})
	if err != nil || len(all.Subscriptions) != 3 {
		t.Errorf("subscriptions %+v, %v; want 3", all, err)
	}
	mine, err := b.ListSubscriptionsByTopic(ctx, c, &ListByTopicRequest{TopicARN: topic})
	want := []Subscription{{SubscriptionARN: sub, Owner: "123456789012", Protocol: "sqs", Endpoint: queue, TopicARN: topic}}
	if diff := cmp.Diff(want, mine.Subscriptions); diff != "" || err != nil {
		t.Errorf("by topic (-want +got):\n%s%v", diff, err)
	}
	attributes, err := b.GetTopicAttributes(ctx, c, &TopicARN{TopicARN: other})
	if err != nil || attributes.Attributes["SubscriptionsPending"] != "2" {
		t.Errorf("topic attributes %+v, %v", attributes, err)
	}
	if _, err := b.Unsubscribe(ctx, c, &SubscriptionARN{SubscriptionARN: sub}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.GetSubscriptionAttributes(ctx, c, &SubscriptionARN{SubscriptionARN: sub}); codeOf(err) != "NotFound" {
		t.Errorf("after unsubscribing: %v", err)
	}
	if _, err := b.DeleteTopic(ctx, c, &TopicARN{TopicARN: other}); err != nil {
		t.Fatal(err)
	}
	all, err = b.ListSubscriptions(ctx, c, &ListRequest{})
	topics, err2 := b.ListTopics(ctx, c, &ListRequest{})
	if err != nil || err2 != nil || len(all.Subscriptions) != 0 || len(topics.Topics) != 1 {
		t.Errorf("left over: %+v %+v %v %v", all, topics, err, err2)
	}
}

func TestRefusals(t *testing.T) {
	b := newBench(t)
	ctx, c := t.Context(), b.caller
	topic, fifo := b.topic("t"), b.topic("t.fifo")
	subscribe := func(protocol, endpoint string, attributes map[string]string) error {
		return second(b.Subscribe(ctx, c, &SubscribeRequest{TopicARN: topic, Protocol: protocol, Endpoint: endpoint, Attributes: attributes}))
	}
	queue := "arn:aws:sqs:eu-west-1:123456789012:q"
	for _, tc := range []struct {
		name, want string
		err        error
	}{
		{"no topic", "NotFound", second(b.Publish(ctx, c, &PublishRequest{TopicARN: "arn:aws:sns:eu-west-1:1:no", Message: "x"}))},
		{"no ARN", "InvalidParameter", second(b.Publish(ctx, c, &PublishRequest{Message: "x"}))},
		{"phone", "InvalidParameter", second(b.Publish(ctx, c, &PublishRequest{PhoneNumber: "+49", Message: "x"}))},
		{"empty", "InvalidParameter", second(b.Publish(ctx, c, &PublishRequest{TopicARN: topic}))},
		{"too long", "InvalidParameter", second(b.Publish(ctx, c, &PublishRequest{TopicARN: topic, Message: strings.Repeat("x", maxBytes+1)}))},
		{"subject of two lines", "InvalidParameter", second(b.Publish(ctx, c, &PublishRequest{TopicARN: topic, Message: "x", Subject: "a\nb"}))},
		{"structure without default", "InvalidParameter", second(b.Publish(ctx, c, &PublishRequest{TopicARN: topic, Message: `{"sqs":"x"}`, MessageStructure: "json"}))},
		{"number", "ParameterValueInvalid", second(b.Publish(ctx, c, &PublishRequest{TopicARN: topic, Message: "x", MessageAttributes: map[string]Attribute{"n": {DataType: "Number", StringValue: "seven"}}}))},
		{"no group", "InvalidParameter", second(b.Publish(ctx, c, &PublishRequest{TopicARN: fifo, Message: "x"}))},
		{"topic name", "InvalidParameter", second(b.CreateTopic(ctx, c, &CreateTopicRequest{Name: "a b"}))},
		{"topic attribute", "InvalidParameter", second(b.CreateTopic(ctx, c, &CreateTopicRequest{Name: "ab", Attributes: map[string]string{"Nope": "1"}}))},
		{"protocol", "InvalidParameter", subscribe("pigeon", "x", nil)},
		{"no endpoint", "InvalidParameter", subscribe("email", "", nil)},
		{"endpoint", "InvalidParameter", subscribe("sqs", "http://q", nil)},
		{"filter policy", "InvalidParameter", subscribe("sqs", queue, map[string]string{"FilterPolicy": `{"a":"b"}`})},
		{"scope", "InvalidParameter", subscribe("sqs", queue, map[string]string{"FilterPolicyScope": "Everything"})},
		{"subscription attribute", "InvalidParameter", subscribe("sqs", queue, map[string]string{"Nope": "1"})},
		{"subscription ARN", "InvalidParameter", second(b.Unsubscribe(ctx, c, &SubscriptionARN{SubscriptionARN: "x"}))},
	} {
		if got := codeOf(tc.err); got != tc.want {
			t.Errorf("%s: error %v, want %s", tc.name, tc.err, tc.want)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestPublishBatch(t *testing.T) {
	b := newBench(t)
	topic, queue := b.topic("t"), b.queue("q")
	b.subscribe(topic, "sqs", queue, "RawMessageDelivery", "true")
	r, err := b.PublishBatch(t.Context(), b.caller, &PublishBatchRequest{TopicARN: topic, Entries: []PublishEntry{
		{ID: "1", Message: "one"}, {ID: "2"}, {ID: "3", Message: "three"}}})
	if err != nil || len(r.Successful) != 2 {
		t.Fatalf("%+v, %v", r, err)
	}
	want := []FailedEntry{{ID: "2", Code: "InvalidParameter", Message: "Invalid parameter: Empty message", SenderFault: true}}
	if diff := cmp.Diff(want, r.Failed); diff != "" {
		t.Errorf("failed (-want +got):\n%s", diff)
	}
	if got := b.received(queue); len(got) != 2 {
		t.Errorf("%d messages, want 2", len(got))
	}
	for code, entries := range map[string][]PublishEntry{
		"EmptyBatchRequest":            nil,
		"InvalidBatchEntryId":          {{ID: "?"}},
		"BatchEntryIdsNotDistinct":     {{ID: "1", Message: "x"}, {ID: "1", Message: "x"}},
		"BatchRequestTooLong":          {{ID: "1", Message: strings.Repeat("x", 200_000)}, {ID: "2", Message: strings.Repeat("x", 200_000)}},
		"TooManyEntriesInBatchRequest": {{ID: "0"}, {ID: "1"}, {ID: "2"}, {ID: "3"}, {ID: "4"}, {ID: "5"}, {ID: "6"}, {ID: "7"}, {ID: "8"}, {ID: "9"}, {ID: "a"}},
	} {
		_, err := b.PublishBatch(t.Context(), b.caller, &PublishBatchRequest{TopicARN: topic, Entries: entries})
		if codeOf(err) != code {
			t.Errorf("error %v, want %s", err, code)
		}
	}
}

func TestLocalTargetsMakeTheirTopics(t *testing.T) {
	b := newBench(t)
	b.caller.Create = true
	b.publish(PublishRequest{TopicARN: b.caller.ARN("sns", "new"), Message: "x"})
	b.publish(PublishRequest{TopicARN: b.caller.ARN("sns", "new.fifo"), Message: "x", MessageGroupID: "g"})
}

func FuzzFilterPolicy(f *testing.F) {
	f.Add(`{"a":["x",{"prefix":"y"}]}`, "Number", "1e999")
	f.Add(`{"a":[{"numeric":["<",5]}]}`, "String.Array", `["x",{}]`)
	f.Add(`{}`, "String", "x")
	f.Fuzz(func(t *testing.T, policy, kind, value string) {
		all := map[string]Attribute{"a": {DataType: kind, StringValue: value}}
		if checkAttributes(all) != nil {
			return
		}
		if object := attributesJSON(all); !json.Valid(object) {
			t.Fatalf("attributes %v make %s", all, object)
		}
		x := subscription{Attributes: map[string]string{"FilterPolicy": policy}}
		p, err := compileFilter(policy)
		got, wantsErr := x.wants(message{Attributes: all})
		if (err == nil) != (wantsErr == nil) || p == nil && err == nil && !got {
			t.Errorf("policy %s: compile %v, wants %v %v", policy, err, got, wantsErr)
		}
	})
}

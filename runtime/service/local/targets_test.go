package local_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/ingest/awswire"
	"github.com/tocsin-engine/tocsin/plugins"
	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/runtime/engine"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/sandboxtest"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/service/local"
	"github.com/tocsin-engine/tocsin/runtime/store/memory"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

const rules = `
version: 1
rules:
  - name: order
    pattern: {source: [shop]}
    targets: [queue, fifo, topic, stream, grow, stop, {target: nowhere, dead_letter: lost}]
targets:
  - {name: queue, plugin: sqs, config: {queue: orders, attributes: {customer: $.detail.customer}}}
  - {name: fifo, plugin: sqs, config: {queue: orders.fifo, message_group_id: $.detail.customer}}
  - {name: topic, plugin: sns, config: {topic: alerts, subject: $.detail-type}}
  - {name: stream, plugin: kinesis, config: {stream: clicks, partition_key: $.detail.customer}, input: detail.customer}
  - {name: grow, plugin: autoscaling, config: {group: web, change: 2}}
  - {name: stop, plugin: ec2, config: {action: stop, instances: $.detail.instance}}
  - {name: nowhere, plugin: autoscaling, config: {group: web, policy: nope}}
`

// world is an engine with the shipped targets and the local services.
type world struct {
	*engine.Engine
	t     *testing.T
	table *service.Table
}

func newWorld(t *testing.T) *world {
	t.Helper()
	if _, err := plugins.Manifest("sqs"); err != nil {
		t.Skip(err)
	}
	host := sandboxtest.Host(t)
	now := func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }
	st := memory.New(memory.Config{})
	e, err := engine.New(engine.Config{Store: st, Plugins: engine.Sandboxed(host.NewCatalog(), now), Now: now,
		Account: "123456789012", Region: "eu-west-1", Rehearsal: true})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{Engine: e, t: t, table: service.NewTable(local.Operations(st, now, nil))}
	e.SetServices(w.table)
	w.load(rules)
	return w
}

func (w *world) load(rules string) {
	w.t.Helper()
	set, findings := rulefile.Load([]rulefile.File{{Name: "rules.yaml", Data: []byte(rules)}}, rulefile.Options{Durable: true})
	if len(findings) > 0 {
		w.t.Fatal(findings)
	}
	if err := w.Load(w.t.Context(), set); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) put(ids ...string) {
	w.t.Helper()
	var all []service.Submission
	for _, id := range ids {
		ev, err := event.New(event.Fields{ID: id, DetailType: "Order", Source: "shop", Account: "123456789012", Region: "eu-west-1",
			Time: time.Unix(0, 0), Detail: []byte(`{"customer":"c1","instance":"i-0123456789abcdef0"}`)})
		if err != nil {
			w.t.Fatal(err)
		}
		all = append(all, service.Submission{Event: ev})
	}
	w.submit(all...)
}

// submit puts events and does all that follows.
func (w *world) submit(all ...service.Submission) {
	w.t.Helper()
	if _, err := w.Put(w.t.Context(), all); err != nil {
		w.t.Fatal(err)
	}
	for worked := true; worked; {
		var err error
		if worked, _, err = w.Step(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
	}
}

// call calls a local service as a client does and reads the answer's JSON.
func (w *world) call(name, action, params string, into any) {
	w.t.Helper()
	op, ok := w.table.Find(name, action)
	if !ok {
		w.t.Fatalf("no %s.%s", name, action)
	}
	request := op.New()
	if err := awswire.DecodeJSON([]byte(params), request); err != nil {
		w.t.Fatal(err)
	}
	response, err := op.Handle(w.t.Context(), service.Caller{Account: "123456789012", Region: "eu-west-1"}, request)
	if err != nil {
		w.t.Fatalf("%s.%s: %v", name, action, err)
	}
	if err := json.Unmarshal(awswire.EncodeJSON(response), into); err != nil {
		w.t.Fatal(err)
	}
}

type received struct {
	Messages []struct {
		Body              string
		Attributes        map[string]string
		MessageAttributes map[string]struct{ StringValue string }
	}
}

func (w *world) receive(queue string, want int) received {
	w.t.Helper()
	var got received
	w.call("sqs", "ReceiveMessage", `{"QueueUrl":"`+queue+`","MaxNumberOfMessages":10,"AttributeNames":["All"],"MessageAttributeNames":["All"]}`, &got)
	if len(got.Messages) != want {
		w.t.Fatalf("%d messages in %s, want %d: %+v", len(got.Messages), queue, want, got)
	}
	return got
}

// What the shipped targets put is there to be read, and nothing was made before.
func TestShippedTargetsReachTheLocalServices(t *testing.T) {
	w := newWorld(t)
	w.put("e1", "e2")
	queue := w.receive("orders", 2)
	if id := idOf(t, queue.Messages[0].Body); id != "e1" || queue.Messages[0].MessageAttributes["customer"].StringValue != "c1" {
		t.Errorf("message %+v", queue.Messages[0])
	}
	fifo := w.receive("orders.fifo", 2)
	if idOf(t, fifo.Messages[0].Body) != "e1" || idOf(t, fifo.Messages[1].Body) != "e2" || fifo.Messages[0].Attributes["MessageGroupId"] != "c1" {
		t.Errorf("messages %+v", fifo)
	}
	w.checkStream()
	var groups struct {
		AutoScalingGroups []struct{ DesiredCapacity int }
	}
	w.call("autoscaling", "DescribeAutoScalingGroups", `{"AutoScalingGroupNames":["web"]}`, &groups)
	if len(groups.AutoScalingGroups) != 1 || groups.AutoScalingGroups[0].DesiredCapacity != 4 {
		t.Errorf("groups %+v, want one of 4 instances", groups)
	}
	var found struct {
		Reservations []struct {
			Instances []struct{ State struct{ Name string } }
		}
	}
	w.call("ec2", "DescribeInstances", `{"InstanceIds":["i-0123456789abcdef0"]}`, &found)
	if found.Reservations[0].Instances[0].State.Name != "stopped" {
		t.Errorf("instances %+v", found)
	}
	w.checkDeadLetters()
}

func (w *world) checkStream() {
	w.t.Helper()
	var i struct{ ShardIterator string }
	w.call("kinesis", "GetShardIterator", `{"StreamName":"clicks","ShardId":"shardId-000000000000","ShardIteratorType":"TRIM_HORIZON"}`, &i)
	var got struct {
		Records []struct {
			Data         []byte
			PartitionKey string
		}
	}
	w.call("kinesis", "GetRecords", `{"ShardIterator":"`+i.ShardIterator+`"}`, &got)
	if len(got.Records) != 2 || string(got.Records[0].Data) != `"c1"` || got.Records[0].PartitionKey != "c1" {
		w.t.Errorf("records %+v", got)
	}
}

// checkDeadLetters wants EventBridge's form: the event as it came in, the reasons as
// attributes.
func (w *world) checkDeadLetters() {
	w.t.Helper()
	got := w.receive("lost", 2)
	if id := idOf(w.t, got.Messages[0].Body); id != "e1" {
		w.t.Errorf("body of %s", id)
	}
	reasons := map[string]string{}
	for name, value := range got.Messages[0].MessageAttributes {
		reasons[name] = value.StringValue
	}
	want := map[string]string{
		"RULE_ARN": "arn:aws:events:eu-west-1:123456789012:rule/order", "TARGET_ARN": "arn:aws:tocsin:eu-west-1:123456789012:target/nowhere",
		"ERROR_CODE": "NO_RESOURCE", "RETRY_ATTEMPTS": "0",
		"ERROR_MESSAGE": `aws autoscaling.ExecutePolicy: ValidationError: PolicyName not found: group "web" has no policy "nope"; make it with PutScalingPolicy`,
	}
	if diff := cmp.Diff(want, reasons); diff != "" {
		w.t.Errorf("reasons (-want +got):\n%s", diff)
	}
}

func idOf(t *testing.T, body string) string {
	t.Helper()
	var e struct{ ID string }
	if err := json.Unmarshal([]byte(body), &e); err != nil {
		t.Fatal(fmt.Errorf("%s: %w", body, err))
	}
	return e.ID
}

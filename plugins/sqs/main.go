// Plugin sqs puts each delivery's input into an Amazon SQS queue.
package main

import (
	"errors"
	"strconv"
	"strings"

	"github.com/tocsin-engine/tocsin/plugins/internal/call"
	"github.com/tocsin-engine/tocsin/sdk/event"
	"github.com/tocsin-engine/tocsin/sdk/target"
)

// The limits of SendMessageBatch.
const (
	batchMax   = 10
	batchBytes = 1 << 20
	// overhead is what an entry has beside its body, generously.
	overhead = 2 << 10
)

var (
	queue      call.Resource
	url        string // instead of queue, if the config has a URL
	group      target.Place
	dedup      target.Place
	attributes []target.NamedPlace
	delay      int
)

func init() {
	target.Configure(configure)
	target.HandleBatch(deliver)
}

func main() {}

func configure(c *target.Config) {
	url = c.Required("queue")
	if !strings.HasPrefix(url, "https://") && !strings.HasPrefix(url, "http://") {
		var problem string
		if queue, problem = call.ParseResource(url, "sqs"); problem != "" && url != "" {
			c.Problem("queue", problem)
		}
		url = ""
	}
	group = c.Place("message_group_id", "")
	dedup = c.Place("message_deduplication_id", "")
	attributes = c.Places("attributes")
	delay = c.Int("delay_seconds", 0)
	name := queue.Name + url
	switch {
	case strings.HasSuffix(name, ".fifo") && group.IsZero():
		c.Problem("message_group_id", "is missing and "+name+" is a FIFO queue; write a name or a place like $.detail.id")
	case !strings.HasSuffix(name, ".fifo") && !dedup.IsZero():
		c.Problem("message_deduplication_id", "is for FIFO queues, whose names end in .fifo; leave it out")
	}
	if delay < 0 || delay > 900 {
		c.Problem("delay_seconds", "is "+strconv.Itoa(delay)+"; write 0 to 900")
	}
	if len(attributes) > 10 {
		c.Problem("attributes", "are more than 10, SQS's limit")
	}
}

func deliver(ds []*target.Delivery) error {
	to, region, err := find()
	if err != nil {
		return err
	}
	for _, some := range call.Chunks(ds, batchMax, batchBytes, size) {
		if err := send(to, region, some); err != nil {
			for _, d := range some {
				d.Fail(err)
			}
		}
	}
	return nil
}

func size(d *target.Delivery) int { return len(d.Input()) + overhead }

// find answers the queue's URL and region.
func find() (to, region string, err error) {
	if url != "" {
		return url, regionOf(url), nil
	}
	o := target.NewObject().Text("QueueName", queue.Name)
	if queue.Account != "" {
		o.Text("QueueOwnerAWSAccountId", queue.Account)
	}
	v, err := call.Do(queue.Region, "sqs", "GetQueueUrl", o.JSON())
	to, _ = v.Get("QueueUrl").Text()
	return to, queue.Region, err
}

// regionOf takes the region out of https://sqs.REGION.amazonaws.com/…; "" for others.
func regionOf(url string) string {
	_, rest, ok := strings.Cut(url, "://sqs.")
	region, rest, _ := strings.Cut(rest, ".")
	if !ok || !strings.HasPrefix(rest, "amazonaws.com") {
		return ""
	}
	return region
}

// send puts up to ten messages. An entry's id is its place in the batch.
func send(to, region string, ds []*target.Delivery) error {
	entries := make([]*target.Object, len(ds))
	for i, d := range ds {
		entries[i] = entry(strconv.Itoa(i), d)
	}
	params := target.NewObject().Text("QueueUrl", to).Objects("Entries", entries...)
	v, err := call.Do(region, "sqs", "SendMessageBatch", params.JSON())
	if err != nil {
		return err
	}
	for f := range v.Get("Failed").Items() {
		id, _ := f.Get("Id").Text()
		i, err := strconv.Atoi(id)
		if err != nil || i < 0 || i >= len(ds) {
			return target.Retry(errors.New("SendMessageBatch names an entry that was not sent: " + id))
		}
		ds[i].Fail(refused(f))
	}
	return nil
}

// refused is the error of one entry.
func refused(f event.Value) error {
	code, _ := f.Get("Code").Text()
	message, _ := f.Get("Message").Text()
	return call.Meaning(&target.AWSError{Call: "sqs.SendMessageBatch", Code: code, Message: message, Retry: !f.Get("SenderFault").IsTrue()})
}

func entry(id string, d *target.Delivery) *target.Object {
	o := target.NewObject().Text("Id", id).Text("MessageBody", call.Body(d))
	if delay > 0 {
		o.Int("DelaySeconds", int64(delay))
	}
	if !group.IsZero() {
		o.Text("MessageGroupId", orRule(group.Text(d), d))
	}
	if strings.HasSuffix(queue.Name+url, ".fifo") {
		// The delivery's id is the same over its attempts: trying again puts no second one.
		id := call.DeduplicationID(d)
		if !dedup.IsZero() {
			id = dedup.Text(d)
		}
		o.Text("MessageDeduplicationId", id)
	}
	named := target.NewObject()
	some := false
	for _, a := range attributes {
		if text := a.Text(d); text != "" {
			named.Object(a.Name, target.NewObject().Text("DataType", "String").Text("StringValue", text))
			some = true
		}
	}
	if some {
		o.Object("MessageAttributes", named)
	}
	return o
}

// orRule is the rule's name where an event has no group of its own: a FIFO queue takes
// no message without one.
func orRule(text string, d *target.Delivery) string {
	if text == "" {
		return d.Rule()
	}
	return text
}

// Plugin sns publishes each delivery's input to an Amazon SNS topic.
package main

import (
	"errors"
	"strconv"
	"strings"

	"github.com/tocsin-engine/tocsin/plugins/internal/call"
	"github.com/tocsin-engine/tocsin/sdk/event"
	"github.com/tocsin-engine/tocsin/sdk/target"
)

// The limits of PublishBatch.
const (
	batchMax   = 10
	batchBytes = 256 << 10
	// overhead is what an entry has beside its message, generously.
	overhead = 2 << 10
)

var (
	topic      call.Resource
	subject    target.Place
	group      target.Place
	dedup      target.Place
	attributes []target.NamedPlace
)

func init() {
	target.Configure(configure)
	target.HandleBatch(deliver)
}

func main() {}

func configure(c *target.Config) {
	text := c.Required("topic")
	var problem string
	if topic, problem = call.ParseResource(text, "sns"); problem != "" && text != "" {
		c.Problem("topic", problem)
	}
	subject = c.Place("subject", "")
	group = c.Place("message_group_id", "")
	dedup = c.Place("message_deduplication_id", "")
	attributes = c.Places("attributes")
	switch {
	case fifo() && group.IsZero():
		c.Problem("message_group_id", "is missing and "+topic.Name+" is a FIFO topic; write a name or a place like $.detail.id")
	case !fifo() && !dedup.IsZero():
		c.Problem("message_deduplication_id", "is for FIFO topics, whose names end in .fifo; leave it out")
	}
}

func fifo() bool { return strings.HasSuffix(topic.Name, ".fifo") }

func deliver(ds []*target.Delivery) error {
	for _, some := range call.Chunks(ds, batchMax, batchBytes, size) {
		if err := publish(some); err != nil {
			for _, d := range some {
				d.Fail(err)
			}
		}
	}
	return nil
}

func size(d *target.Delivery) int { return len(d.Input()) + overhead }

// publish publishes up to ten messages. An entry's id is its place in the batch.
func publish(ds []*target.Delivery) error {
	arn := topic.ARN
	if arn == "" {
		arn = topic.Name // enough for mode local, which has one account
	}
	entries := make([]*target.Object, len(ds))
	for i, d := range ds {
		entries[i] = entry(strconv.Itoa(i), d)
	}
	params := target.NewObject().Text("TopicArn", arn).Objects("PublishBatchRequestEntries", entries...)
	v, err := call.Do(topic.Region, "sns", "PublishBatch", params.JSON())
	if err != nil {
		return err
	}
	for f := range v.Get("Failed").Items() {
		id, _ := f.Get("Id").Text()
		i, err := strconv.Atoi(id)
		if err != nil || i < 0 || i >= len(ds) {
			return target.Retry(errors.New("PublishBatch names an entry that was not sent: " + id))
		}
		ds[i].Fail(refused(f))
	}
	return nil
}

// refused is the error of one entry.
func refused(f event.Value) error {
	code, _ := f.Get("Code").Text()
	message, _ := f.Get("Message").Text()
	return call.Meaning(&target.AWSError{Call: "sns.PublishBatch", Code: code, Message: message, Retry: !f.Get("SenderFault").IsTrue()})
}

func entry(id string, d *target.Delivery) *target.Object {
	o := target.NewObject().Text("Id", id).Text("Message", call.Body(d))
	if text := subjectOf(subject.Text(d)); text != "" {
		o.Text("Subject", text)
	}
	if fifo() {
		text := group.Text(d)
		if text == "" {
			text = d.Rule() // a FIFO topic takes no message without a group
		}
		o.Text("MessageGroupId", text)
		// The delivery's id is the same over its attempts: trying again sends no second one.
		text = call.DeduplicationID(d)
		if !dedup.IsZero() {
			text = dedup.Text(d)
		}
		o.Text("MessageDeduplicationId", text)
	}
	named, some := target.NewObject(), false
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

// subjectOf makes of any text what SNS takes as a subject: up to 100 printable ASCII
// characters. An event's text in the subject must not cost the delivery.
func subjectOf(text string) string {
	b := make([]byte, 0, 100)
	for _, r := range strings.TrimSpace(text) {
		switch {
		case r == '\n' || r == '\t':
			r = ' '
		case r < ' ' || r > '~':
			r = '?'
		}
		if len(b) < cap(b) {
			b = append(b, byte(r))
		}
	}
	return string(b)
}

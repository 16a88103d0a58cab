// Plugin sns publishes each delivery's input to an Amazon SNS topic.
package main

import (
	"strings"

	"github.com/tocsin-engine/tocsin/plugins/internal/call"
	"github.com/tocsin-engine/tocsin/sdk/target"
)

// limits are those of PublishBatch.
var limits = call.Limits{Entries: 10, Bytes: 256 << 10, Overhead: 2 << 10}

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
	call.CheckFIFO(c, "topic", topic.Name, group, dedup)
}

func deliver(ds []*target.Delivery) error {
	limits.Send(ds, publish)
	return nil
}

// publish publishes up to ten messages.
func publish(ds []*target.Delivery) error {
	arn := topic.ARN
	if arn == "" {
		arn = topic.Name // enough for mode local, which has one account
	}
	params := target.NewObject().Text("TopicArn", arn).Objects("PublishBatchRequestEntries", call.Entries(ds, entry)...)
	v, err := call.Do(topic.Region, "sns", "PublishBatch", params.JSON())
	if err != nil {
		return err
	}
	return call.Refused("sns", "PublishBatch", v, ds)
}

func entry(id string, d *target.Delivery) *target.Object {
	o := target.NewObject().Text("Id", id).Text("Message", call.Body(d))
	if text := subjectOf(subject.Text(d)); text != "" {
		o.Text("Subject", text)
	}
	if call.IsFIFO(topic.Name) {
		o.Text("MessageGroupId", call.GroupID(group, d)).Text("MessageDeduplicationId", call.DeduplicationID(dedup, d))
	}
	call.Attributes(o, attributes, d)
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

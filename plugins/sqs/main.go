// Plugin sqs puts each delivery's input into an Amazon SQS queue.
package main

import (
	"strconv"
	"strings"

	"github.com/tocsin-engine/tocsin/plugins/internal/call"
	"github.com/tocsin-engine/tocsin/sdk/target"
)

// limits are those of SendMessageBatch.
var limits = call.Limits{Entries: 10, Bytes: 1 << 20, Overhead: 2 << 10}

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
	call.CheckFIFO(c, "queue", queue.Name+url, group, dedup)
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
	limits.Send(ds, func(some []*target.Delivery) error { return send(to, region, some) })
	return nil
}

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

// send puts up to ten messages.
func send(to, region string, ds []*target.Delivery) error {
	params := target.NewObject().Text("QueueUrl", to).Objects("Entries", call.Entries(ds, entry)...)
	v, err := call.Do(region, "sqs", "SendMessageBatch", params.JSON())
	if err != nil {
		return err
	}
	return call.Refused("sqs", "SendMessageBatch", v, ds)
}

func entry(id string, d *target.Delivery) *target.Object {
	o := target.NewObject().Text("Id", id).Text("MessageBody", call.Body(d))
	if delay > 0 {
		o.Int("DelaySeconds", int64(delay))
	}
	if !group.IsZero() {
		o.Text("MessageGroupId", call.GroupID(group, d))
	}
	if call.IsFIFO(queue.Name + url) {
		o.Text("MessageDeduplicationId", call.DeduplicationID(dedup, d))
	}
	call.Attributes(o, attributes, d)
	return o
}

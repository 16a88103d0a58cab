// Plugin kinesis puts each delivery's input into an Amazon Kinesis data stream.
package main

import (
	"encoding/base64"
	"errors"

	"github.com/tocsin-engine/tocsin/plugins/internal/call"
	"github.com/tocsin-engine/tocsin/sdk/event"
	"github.com/tocsin-engine/tocsin/sdk/target"
)

// limits are those of PutRecords; the overhead is the longest partition key.
var limits = call.Limits{Entries: 500, Bytes: 5 << 20, Overhead: 1 << 10}

var (
	stream call.Resource
	key    target.Place
)

func init() {
	target.Configure(configure)
	target.HandleBatch(deliver)
}

func main() {}

func configure(c *target.Config) {
	text := c.Required("stream")
	var problem string
	if stream, problem = call.ParseResource(text, "kinesis"); problem != "" && text != "" {
		c.Problem("stream", problem)
	}
	key = c.Place("partition_key", "$.id") // EventBridge's default
}

func deliver(ds []*target.Delivery) error {
	limits.Send(ds, put)
	return nil
}

// put puts up to 500 records; the answer has their order.
func put(ds []*target.Delivery) error {
	params := target.NewObject()
	if stream.ARN != "" {
		params.Text("StreamARN", stream.ARN)
	} else {
		params.Text("StreamName", stream.Name)
	}
	records := make([]*target.Object, len(ds))
	for i, d := range ds {
		records[i] = target.NewObject().Text("PartitionKey", partitionKey(d)).
			Text("Data", base64.StdEncoding.EncodeToString([]byte(call.Body(d))))
	}
	v, err := call.Do(stream.Region, "kinesis", "PutRecords", params.Objects("Records", records...).JSON())
	if err != nil {
		return err
	}
	i := 0
	for r := range v.Get("Records").Items() {
		if code, ok := r.Get("ErrorCode").Text(); ok && code != "" && i < len(ds) {
			ds[i].Fail(refused(code, r))
		}
		i++
	}
	if i != len(ds) {
		return target.Retry(errors.New("PutRecords answered for another number of records than it was given"))
	}
	return nil
}

// refused is the error of one record: a full shard or a fault of the service, both of
// which pass.
func refused(code string, r event.Value) error {
	message, _ := r.Get("ErrorMessage").Text()
	return &target.AWSError{Call: "kinesis.PutRecords", Code: code, Message: message, Retry: true}
}

// partitionKey is 1 to 256 characters; the delivery's id where the event has none.
func partitionKey(d *target.Delivery) string {
	text := key.Text(d)
	if text == "" {
		return d.ID()
	}
	n := 0
	for i := range text {
		if n++; n > 256 {
			return text[:i]
		}
	}
	return text
}

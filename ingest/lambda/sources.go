package lambda

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// kinesis is a record of a data stream. Log groups that write to a stream gzip theirs.
func (r reader) kinesis(v event.Value) Record {
	k := v.Get("kinesis")
	record := Record{ID: text(k.Get("sequenceNumber"))}
	data, err := base64.StdEncoding.DecodeString(text(k.Get("data")))
	if err != nil {
		record.Err = fmt.Errorf("kinesis.data of record %s is no base64: %w", record.ID, err)
		return record
	}
	arn := text(v.Get("eventSourceARN"))
	fields := arnFields(arn)
	fields.Region, fields.Time = cmp.Or(text(v.Get("awsRegion")), fields.Region), r.epoch(k.Get("approximateArrivalTimestamp"))
	record.Data = data
	record.Content, record.Err = r.open(message{
		data: data, source: "tocsin.kinesis", detailType: "Kinesis Record", id: cmp.Or(text(v.Get("eventID")), arn+record.ID), fields: fields,
		members: object(nil).text("streamArn", arn).value("partitionKey", k.Get("partitionKey")).value("sequenceNumber", k.Get("sequenceNumber")),
	})
	return record
}

// dynamodb is a change of an item: the record is the detail, as the stream has it.
func (r reader) dynamodb(v event.Value) Record {
	d := v.Get("dynamodb")
	record := Record{ID: text(d.Get("SequenceNumber"))}
	arn := text(v.Get("eventSourceARN"))
	fields := arnFields(arn)
	ev, err := event.New(event.Fields{
		ID: nameID("dynamodb", arn, text(v.Get("eventID")), record.ID), DetailType: "DynamoDB Stream Record", Source: "tocsin.dynamodb",
		Account: cmp.Or(fields.Account, r.defaults.Account), Region: cmp.Or(text(v.Get("awsRegion")), fields.Region, r.defaults.Region),
		Time: r.epoch(d.Get("ApproximateCreationDateTime")), Detail: v,
	})
	if err != nil {
		record.Err = fmt.Errorf("record %s: %w", record.ID, err)
		return record
	}
	record.Events = []event.Event{ev}
	return record
}

// sqs is a message of a queue.
func (r reader) sqs(v event.Value) Record {
	record := Record{ID: text(v.Get("messageId"))}
	arn := text(v.Get("eventSourceARN"))
	fields := arnFields(arn)
	fields.Region, fields.Time = cmp.Or(text(v.Get("awsRegion")), fields.Region), r.millis(v.Get("attributes", "SentTimestamp"))
	body := text(v.Get("body"))
	record.Content, record.Err = r.open(message{
		data: []byte(body), source: "tocsin.sqs", detailType: "SQS Message", id: record.ID, fields: fields,
		members: object(nil).value("messageId", v.Get("messageId")).text("queueArn", arn).
			value("attributes", v.Get("attributes")).value("messageAttributes", v.Get("messageAttributes")),
	})
	return record
}

// sns is a topic's notification.
func (r reader) sns(v event.Value) Record {
	n := v.Get("Sns")
	m := notification(n, text(n.Get("Message")))
	m.fields = arnFields(text(n.Get("TopicArn")))
	m.fields.Time = r.time(text(n.Get("Timestamp")), r.defaults.Time)
	c, err := r.open(m)
	return Record{Content: c, Err: err}
}

// s3 is a notification about an object: EventBridge's event of the same change, and for
// what CloudTrail wrote the object to fetch.
func (r reader) s3(v event.Value) Record {
	s := v.Get("s3")
	// The key is encoded as in a form: a space is a plus.
	key, err := url.QueryUnescape(text(s.Get("object", "key")))
	if err != nil {
		return Record{Err: fmt.Errorf("the key of S3's notification: %w", err)}
	}
	name := text(v.Get("eventName"))
	bucket, region := text(s.Get("bucket", "name")), cmp.Or(text(v.Get("awsRegion")), r.defaults.Region)
	detail := object(nil).text("version", "0").
		object("bucket", object(nil).text("name", bucket)).
		object("object", object(nil).text("key", key).value("size", s.Get("object", "size")).
			value("etag", s.Get("object", "eTag")).value("version-id", s.Get("object", "versionId")).
			value("sequencer", s.Get("object", "sequencer"))).
		value("request-id", v.Get("responseElements", "x-amz-request-id")).
		value("requester", v.Get("userIdentity", "principalId")).
		value("source-ip-address", v.Get("requestParameters", "sourceIPAddress")).
		text("reason", name)
	ev, err := event.New(event.Fields{
		ID: nameID("s3", string(v)), DetailType: s3Change(name), Source: "aws.s3",
		Account: r.defaults.Account, Region: region, Time: r.time(text(v.Get("eventTime")), r.defaults.Time),
		Resources: []string{"arn:aws:s3:::" + bucket}, Detail: detail.bytes(),
	})
	if err != nil {
		return Record{Err: fmt.Errorf("S3's notification: %w", err)}
	}
	c := Content{Events: []event.Event{ev}}
	if strings.HasPrefix(name, "ObjectCreated:") && isTrail(key) {
		c.Objects = []Object{{bucket, key, region}}
	}
	return Record{Content: c}
}

// s3Change is EventBridge's detail-type for S3's event name.
func s3Change(name string) string {
	kind, _, _ := strings.Cut(name, ":")
	if known, ok := map[string]string{
		"ObjectCreated": "Object Created", "ObjectRemoved": "Object Deleted", "ObjectRestore": "Object Restore",
		"LifecycleExpiration": "Object Deleted", "LifecycleTransition": "Object Storage Class Changed",
		"ObjectTagging": "Object Tags Added", "ObjectAcl": "Object ACL Updated",
	}[kind]; ok {
		return known
	}
	return "S3 " + kind
}

// isTrail says whether a key is that of a log file of CloudTrail. Digests stand in a
// folder of their own and hold no records.
func isTrail(key string) bool {
	return strings.HasSuffix(key, ".json.gz") &&
		(strings.Contains(key, "/CloudTrail/") || strings.Contains(key, "/CloudTrail-Insight/"))
}

// isTestEvent is what S3 sends when a notification is set up.
func isTestEvent(v event.Value) bool {
	return text(v.Get("Event")) == "s3:TestEvent" && v.Get("Bucket") != nil
}

// createdObjects are the log files that EventBridge's event of S3 is about.
func createdObjects(ev event.Event) []Object {
	if ev.Source != "aws.s3" || ev.DetailType != "Object Created" {
		return nil
	}
	d := event.Value(ev.Detail())
	if key := text(d.Get("object", "key")); isTrail(key) {
		return []Object{{text(d.Get("bucket", "name")), key, ev.Region}}
	}
	return nil
}

// trailNote are the objects of which CloudTrail tells a topic.
func trailNote(v event.Value) []Object {
	var objects []Object
	for key := range v.Get("s3ObjectKey").Items() {
		objects = append(objects, Object{Bucket: text(v.Get("s3Bucket")), Key: text(key)})
	}
	return objects
}

// firehose are the records that a delivery stream has transformed; each is answered.
func (r reader) firehose(v event.Value) Payload {
	p := Payload{Kind: Firehose}
	arn := text(v.Get("deliveryStreamArn"))
	fields := arnFields(arn)
	fields.Region = cmp.Or(text(v.Get("region")), fields.Region)
	for record := range v.Get("records").Items() {
		out := Record{ID: text(record.Get("recordId"))}
		data, err := base64.StdEncoding.DecodeString(text(record.Get("data")))
		if err != nil {
			out.Err = fmt.Errorf("the data of record %s is no base64: %w", out.ID, err)
		} else {
			fields.Time = r.millis(record.Get("approximateArrivalTimestamp"))
			out.Data = data
			out.Content, out.Err = r.open(message{
				data: data, source: "tocsin.firehose", detailType: "Firehose Record", id: arn + "/" + out.ID, fields: fields,
				members: object(nil).text("deliveryStreamArn", arn).value("recordId", record.Get("recordId")),
			})
		}
		p.Records = append(p.Records, out)
	}
	return p
}

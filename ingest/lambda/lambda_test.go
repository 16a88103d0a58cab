package lambda

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

func packed(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	io.WriteString(z, text)
	z.Close()
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

func quoted(s string) string { return string(event.AppendString(nil, s)) }

// wrapped is a message in a topic in a queue.
func wrapped(message string) string {
	note := `{"Type":"Notification","MessageId":"n1","TopicArn":"arn:aws:sns:eu-west-1:111122223333:t","Message":` + quoted(message) + `}`
	return `{"Records":[{"messageId":"m1","body":` + quoted(note) +
		`,"eventSource":"aws:sqs","eventSourceARN":"arn:aws:sqs:eu-west-1:111122223333:q","awsRegion":"eu-west-1","attributes":{"SentTimestamp":"1700000000000"}}]}`
}

const s3Note = `{"Records":[{"eventSource":"aws:s3","awsRegion":"eu-west-1","eventName":"ObjectCreated:Put","eventTime":"2026-01-02T00:00:00.000Z",` +
	`"s3":{"bucket":{"name":"trail"},"object":{"key":"AWSLogs/1/CloudTrail/eu-west-1/a+b.json.gz","size":12}}}]}`

// streamLine is a line of a metric stream.
const streamLine = `{"metric_stream_name":"m","account_id":"111122223333","region":"us-east-1","namespace":"AWS/EC2","metric_name":"CPUUtilization",` +
	`"dimensions":{"InstanceId":"i-1"},"timestamp":1611929698000,"value":{"count":3.0,"sum":20.0,"max":18.0,"min":0.0},"unit":"Percent"}`

const segment = `{"id":"70de5b6f19ff9a0a","name":"shop","start_time":1.478293361271E9,"end_time":1.478293361449E9,"trace_id":"1-581cf771-a006649127e371903a2de979"}`

func TestNested(t *testing.T) {
	trail := Object{"trail", "AWSLogs/1/CloudTrail/eu-west-1/a b.json.gz", "eu-west-1"}
	for name, c := range map[string]struct {
		payload string
		events  []string
		objects []Object
		skipped string
		detail  string // of the first event
	}{
		"an event in a topic in a queue": {
			payload: wrapped(`{"id":"e1","source":"shop","detail-type":"Order","detail":{"n":1.0}}`),
			events:  []string{"shop/Order"}, detail: `{"n":1.0}`,
		},
		"S3's note in a topic in a queue": {
			payload: wrapped(s3Note), events: []string{createdEvent}, objects: []Object{trail},
		},
		"CloudTrail's note to a topic": {
			payload: wrapped(`{"s3Bucket":"trail","s3ObjectKey":["a.json.gz","b.json.gz"]}`),
			objects: []Object{{"trail", "a.json.gz", ""}, {"trail", "b.json.gz", ""}},
		},
		"text in a topic in a queue": {
			payload: wrapped("disk full"), events: []string{"tocsin.sns/SNS Notification"},
			detail: `{"messageId":"n1","topicArn":"arn:aws:sns:eu-west-1:111122223333:t","message":"disk full"}`,
		},
		"an alarm in a topic in a queue": {
			payload: wrapped(`{"AlarmName":"a","NewStateValue":"ALARM","OldStateValue":"OK","NewStateReason":"r","StateChangeTime":"2026-01-02T03:04:05.000+0000","AlarmArn":"arn:aws:cloudwatch:eu-west-1:1:alarm:a","Trigger":{"Period":60}}`),
			events:  []string{alarmEvent},
			detail:  `{"alarmName":"a","state":{"value":"ALARM","reason":"r","timestamp":"2026-01-02T03:04:05.000+0000"},"previousState":{"value":"OK"},"configuration":{"Trigger":{"Period":60}}}`,
		},
		"logs in a stream": {
			payload: `{"Records":[{"eventSource":"aws:kinesis","kinesis":{"sequenceNumber":"1","data":"` +
				packed(`{"messageType":"DATA_MESSAGE","logGroup":"g","logStream":"s","logEvents":[{"id":"1","timestamp":1700000000000,"message":"{\"n\":1e2}"}]}`) + `"}}]}`,
			events: []string{logEvent},
			detail: `{"group":"g","stream":"s","timestamp":1700000000000,"message":"{\"n\":1e2}","json":{"n":1e2}}`,
		},
		"metrics of a metric stream": {
			payload: `{"invocationId":"i","deliveryStreamArn":"arn:aws:firehose:eu-west-1:1:deliverystream/d","region":"eu-west-1","records":[{"recordId":"1","data":"` +
				base64.StdEncoding.EncodeToString([]byte(streamLine+"\n"+streamLine+"\n")) + `"}]}`,
			events: []string{"tocsin.metrics/Metric Datum", "tocsin.metrics/Metric Datum"},
			detail: `{"namespace":"AWS/EC2","name":"CPUUtilization","dimensions":{"InstanceId":"i-1"},"timestamp":1611929698000,"statistics":{"count":3.0,"sum":20.0,"min":0.0,"max":18.0},"unit":"Percent","storage_resolution":60}`,
		},
		"a segment in a queue": {
			payload: wrapped(segment), events: []string{"tocsin.xray/Trace Segment"}, detail: segment,
		},
		"embedded metrics in a stream": {
			payload: `{"Records":[{"eventSource":"aws:kinesis","kinesis":{"sequenceNumber":"1","data":"` + base64.StdEncoding.EncodeToString([]byte(
				`{"_aws":{"Timestamp":1574109732004,"CloudWatchMetrics":[{"Namespace":"n","Dimensions":[["v"],[]],"Metrics":[{"Name":"a"}]}]},"v":"1","a":100}`)) + `"}}]}`,
			events: []string{"tocsin.metrics/Metric Datum", "tocsin.metrics/Metric Datum"},
		},
		"a control message in a stream": {
			payload: `{"Records":[{"eventSource":"aws:kinesis","kinesis":{"sequenceNumber":"1","data":"` +
				packed(`{"messageType":"CONTROL_MESSAGE","logEvents":[]}`) + `"}}]}`,
			skipped: "a control message of a log subscription (CONTROL_MESSAGE)",
		},
		"a scheduler's event whose detail is a string": {
			payload: `{"version":"0","id":"x","detail-type":"Scheduled Event","source":"aws.scheduler","account":"1","time":"2026-01-02T03:04:05Z","region":"eu-west-1","resources":[],"detail":"{}"}`,
			events:  []string{"aws.scheduler/Scheduled Event"}, detail: `{}`,
		},
		"S3's test event": {payload: `{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"b"}`, skipped: "S3's test event"},
		"bytes that are no text": {
			payload: `{"Records":[{"eventSource":"aws:kinesis","eventSourceARN":"a","kinesis":{"sequenceNumber":"1","data":"/w=="}}]}`,
			events:  []string{streamEvent}, detail: `{"streamArn":"a","sequenceNumber":"1","base64":"/w=="}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := Read([]byte(c.payload), defaults)
			if err != nil || len(p.Records) != 1 || p.Records[0].Err != nil {
				t.Fatalf("%+v %v", p, err)
			}
			r := p.Records[0]
			var got []string
			for _, ev := range r.Events {
				got = append(got, ev.Source+"/"+ev.DetailType)
			}
			if diff := cmp.Diff(c.events, got); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(c.objects, r.Objects); diff != "" {
				t.Error(diff)
			}
			if r.Skipped != c.skipped {
				t.Errorf("skipped %q", r.Skipped)
			}
			if c.detail != "" && string(r.Events[0].Detail()) != c.detail {
				t.Errorf("detail %s", r.Events[0].Detail())
			}
		})
	}
}

// A second invocation with the same payload must bring the same events.
func TestIDsAreStable(t *testing.T) {
	for _, payload := range []string{wrapped("x"), wrapped(s3Note), `{"source":"a","detail-type":"b","detail":{}}`} {
		a, err1 := Read([]byte(payload), defaults)
		later := defaults
		later.Time = later.Time.AddDate(0, 0, 1)
		b, err2 := Read([]byte(payload), later)
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		if id := a.Records[0].Events[0].ID; id != b.Records[0].Events[0].ID || len(id) != 36 {
			t.Errorf("%s and %s", id, b.Records[0].Events[0].ID)
		}
	}
}

func TestDamagedRecords(t *testing.T) {
	for payload, want := range map[string]string{
		`{"awslogs":{"data":"%%"}}`:                                                         "awslogs.data is no base64",
		`{"awslogs":{"data":"H4sIAAAA"}}`:                                                   "awslogs.data: this is no gzip",
		`{"Records":[{"eventSource":"aws:kinesis","kinesis":{"data":"%"}}]}`:                "is no base64",
		`{"Records":[{"eventSource":"aws:kinesis","kinesis":{"data":"H4sIAAAAAAAA/w=="}}]}`: "the gzip is damaged",
		`{"source":"a","detail-type":"b","detail":"no object"}`:                             "the event's detail is a string",
	} {
		p, err := Read([]byte(payload), defaults)
		if err != nil {
			t.Errorf("%s: %v", payload, err)
			continue
		}
		if err := p.Records[0].Err; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", payload, err, want)
		}
	}
}

func TestUnknown(t *testing.T) {
	for payload, want := range map[string]string{
		`[1]`:            "Seen: a list: [1]",
		`{}`:             "Seen: an empty object: {}",
		`{"Records":[]}`: "list of Records is empty",
		`{"a":1,"b":2}`:  "an object with the members a, b: {",
		`{"Records":[{"eventSource":"aws:ses"}]}`:                           "its records are from aws:ses",
		`{"Records":[{"eventSource":"aws:sqs"},{"EventSource":"aws:sns"}]}`: "mixes records of a SQS queue and a SNS topic",
		`nope`: "no JSON",
	} {
		if _, err := Read([]byte(payload), defaults); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", payload, err, want)
		}
	}
}

func TestAnswer(t *testing.T) {
	three := []Record{{ID: "1", Data: []byte("a")}, {ID: "2", Data: []byte("b")}, {ID: "3", Data: []byte("c")}}
	bad := errors.New("the target said no")
	last := []error{nil, nil, bad}
	both := []error{bad, nil, bad}
	middle := []error{nil, bad, nil}
	for _, c := range []struct {
		name   string
		p      Payload
		failed []error
		want   string
		err    string
	}{
		{"a stream's first failure is its checkpoint", Payload{Kind: Kinesis, Records: three}, both, `{"batchItemFailures":[{"itemIdentifier":"1"}]}`, ""},
		{"a table's, too", Payload{Kind: DynamoDB, Records: three}, last, `{"batchItemFailures":[{"itemIdentifier":"3"}]}`, ""},
		{"a queue's failures are named", Payload{Kind: SQS, Records: three}, both, `{"batchItemFailures":[{"itemIdentifier":"1"},{"itemIdentifier":"3"}]}`, ""},
		{"in a FIFO queue all behind fail", Payload{Kind: SQS, FIFO: true, Records: three}, middle, `{"batchItemFailures":[{"itemIdentifier":"2"},{"itemIdentifier":"3"}]}`, ""},
		{"none failed", Payload{Kind: SQS, Records: three}, make([]error, 3), `{"batchItemFailures":[]}`, ""},
		{"a failure without a name fails the batch", Payload{Kind: SQS, Records: []Record{{}}}, []error{bad}, "", "has no id"},
		{"Firehose gets each record once", Payload{Kind: Firehose, Records: three}, middle,
			`{"records":[{"recordId":"1","result":"Ok","data":"YQ=="},` +
				`{"recordId":"2","result":"ProcessingFailed","data":"Yg=="},` +
				`{"recordId":"3","result":"Ok","data":"Yw=="}]}`, ""},
		{"an asynchronous sender learns of an error", Payload{Kind: SNS, Records: three}, middle, "", "the target said no"},
		{"and of nothing else", Payload{Kind: SNS, Records: three}, make([]error, 3), "null", ""},
	} {
		got, err := c.p.Answer(c.failed)
		if fmt.Sprint(err) != "<nil>" && (c.err == "" || !strings.Contains(err.Error(), c.err)) || c.err != "" && err == nil {
			t.Errorf("%s: %v, want %q", c.name, err, c.err)
		}
		if string(got) != c.want {
			t.Errorf("%s: %s\nwant %s", c.name, got, c.want)
		}
	}
}

func TestHTTP(t *testing.T) {
	for name, c := range map[string]struct{ payload, method, url, body, answer string }{
		"a function URL": {
			payload: `{"version":"2.0","rawPath":"/a%20b","rawQueryString":"x=1&y=%2F","headers":{"host":"f.example","x-amz-target":"AWSEvents.PutEvents"},"cookies":["c=1"],"requestContext":{"http":{"method":"POST","sourceIp":"192.0.2.1"}},"body":"e30=","isBase64Encoded":true}`,
			method:  "POST", url: "https://f.example/a%20b?x=1&y=%2F", body: "{}",
			answer: `{"statusCode":200,"headers":{"Content-Type":"text/plain"},"multiValueHeaders":null,"body":"ok","cookies":["a=1","b=2"]}`,
		},
		"a REST API": {
			payload: `{"resource":"/{proxy+}","path":"/p","httpMethod":"GET","headers":{"Host":"r.example"},"multiValueHeaders":{"Host":["r.example"],"Cookie":["c=1"],"X-Amz-Target":["AWSEvents.PutEvents"]},"multiValueQueryStringParameters":{"x":["1","a b"]},"requestContext":{"identity":{"sourceIp":"192.0.2.1"}},"body":null}`,
			method:  "GET", url: "https://r.example/p?x=1&x=a+b",
			answer: `{"statusCode":200,"headers":null,"multiValueHeaders":{"Content-Type":["text/plain"],"Set-Cookie":["a=1","b=2"]},"body":"ok"}`,
		},
		"a load balancer": {
			payload: `{"requestContext":{"elb":{"targetGroupArn":"a"}},"httpMethod":"GET","path":"/p","queryStringParameters":{"x":"%2F"},"headers":{"host":"l.example","cookie":"c=1","x-amz-target":"AWSEvents.PutEvents"},"body":"","isBase64Encoded":false}`,
			method:  "GET", url: "https://l.example/p?x=%2F",
			answer: `{"statusCode":200,"statusDescription":"200 OK","headers":{"Content-Type":"text/plain","Set-Cookie":"a=1, b=2"},"multiValueHeaders":null,"body":"ok","isBase64Encoded":false}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := Read([]byte(c.payload), defaults)
			if err != nil || p.Kind != HTTP {
				t.Fatal(p.Kind, err)
			}
			r := p.Request.HTTP
			body, _ := io.ReadAll(r.Body)
			if r.Method != c.method || r.URL.String() != c.url || string(body) != c.body {
				t.Errorf("%s %s %q", r.Method, r.URL, body)
			}
			if r.Header.Get("X-Amz-Target") != "AWSEvents.PutEvents" || r.Header.Get("Cookie") != "c=1" {
				t.Errorf("headers %v", r.Header)
			}
			answer, err := p.Request.Answer(200, http.Header{"Content-Type": {"text/plain"}, "Set-Cookie": {"a=1", "b=2"}}, []byte("ok"))
			if err != nil || string(answer) != c.answer {
				t.Errorf("%s %v\nwant %s", answer, err, c.answer)
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		wrapped("x"), wrapped(s3Note), s3Note, wrapped(segment), wrapped(streamLine), `{"awslogs":{"data":"H4sI"}}`, `{"source":"a","detail-type":"b","detail":"{}"}`,
		`{"invocationId":"i","records":[{"recordId":"1","data":"eA=="}]}`,
		`{"requestContext":{"http":{"method":"GET"}},"rawPath":"/%zz"}`, `{"alarmArn":"a","alarmData":{}}`,
		`{"Records":[{"eventSource":"aws:dynamodb","dynamodb":{"SequenceNumber":"1"}},{"eventSource":"aws:kinesis"}]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		p, err := Read(payload, defaults)
		if err != nil {
			return
		}
		if p.Kind == HTTP {
			if p.Request == nil || p.Request.HTTP == nil {
				t.Fatal("no request")
			}
			return
		}
		for _, r := range p.Records {
			if r.Err == nil && len(r.Events)+len(r.Objects) == 0 && r.Skipped == "" && p.Kind != Logs {
				t.Errorf("record %q came to nothing and nobody is told", r.ID)
			}
			for _, ev := range r.Events {
				if _, err := event.Parse(ev.Raw()); err != nil {
					t.Errorf("%s: %v", ev.Raw(), err)
				}
			}
		}
		answer, err := p.Answer(make([]error, len(p.Records)))
		if err != nil || !json.Valid(answer) {
			t.Errorf("%s %v", answer, err)
		}
	})
}

package awswire

import (
	"bytes"
	"errors"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"
)

func TestInflate(t *testing.T) {
	bomb := zip(make([]byte, 16<<20))
	for _, tc := range []struct {
		name, encoding string
		raw            []byte
		limit          int64
		size           int // of what comes out; -1 for an error
		status         int
	}{
		{"plain", "", []byte("abc"), 3, 3, 0},
		{"identity", "identity", []byte("abc"), 3, 3, 0},
		{"plain over its cap", "", []byte("abcd"), 3, -1, 413},
		{"gzip", "gzip", zip([]byte("abc")), 3, 3, 0},
		{"gzip in capitals", " GZIP ", zip([]byte("abc")), 3, 3, 0},
		{"gzip over its cap", "gzip", zip([]byte("abcd")), 3, -1, 413},
		{"equal log lines may shrink 1000 to 1", "gzip", zip(make([]byte, freeInflate)), 2 * freeInflate, freeInflate, 0},
		{"bomb below its cap", "gzip", bomb, 32 << 20, -1, 413},
		{"not gzip", "gzip", []byte("abc"), 3, -1, 400},
		{"gzip cut short", "gzip", zip([]byte("abc"))[:20], 3, -1, 400},
		{"rubbish behind gzip", "gzip", append(zip([]byte("abc")), 'x'), 30, -1, 400},
		{"unknown", "br", []byte("abc"), 3, -1, 415},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := roomy().Inflate(tc.encoding, tc.raw, tc.limit)
			var e *Error
			switch {
			case tc.size < 0 && (!errors.As(err, &e) || e.status() != tc.status):
				t.Errorf("got %v, want a %d", err, tc.status)
			case tc.size >= 0 && (err != nil || len(got) != tc.size):
				t.Errorf("got %d bytes and %v, want %d", len(got), err, tc.size)
			}
		})
	}
}

func TestReadBody(t *testing.T) {
	if got, err := roomy().Read(strings.NewReader("abc"), 3); err != nil || string(got) != "abc" {
		t.Errorf("at its cap: %q %v", got, err)
	}
	var e *Error
	if _, err := roomy().Read(strings.NewReader("abcd"), 3); !errors.As(err, &e) || e.Status != 413 {
		t.Errorf("over its cap: %v", err)
	}
	if _, err := roomy().Read(io.MultiReader(strings.NewReader("a"), broken{}), 3); !errors.As(err, &e) || e.Status != 408 {
		t.Errorf("broken off: %v", err)
	}
}

// roomy is a room without a bound.
func roomy() *Room { return (&Budget{Max: math.MaxInt64}).Room() }

func TestRoomGrowsWithWhatArrived(t *testing.T) {
	b := &Budget{Max: 100 << 10}
	slow, stalled := b.Room(), make(chan struct{})
	go func() {
		// It announces a megabyte and sends one byte.
		_, _ = slow.Read(io.MultiReader(strings.NewReader("x"), stalling{stalled}), 1<<20)
		close(stalled)
	}()
	stalled <- struct{}{} // the first byte was read
	if used := b.Used(); used != firstRoom {
		t.Errorf("a stalled body holds %d bytes", used)
	}
	other := b.Room()
	if _, err := other.Read(strings.NewReader(strings.Repeat("x", 60<<10)), 1<<20); err != nil {
		t.Errorf("beside a stalled body: %v", err)
	}
	var e *Error
	refused := b.Room()
	if _, err := refused.Read(strings.NewReader(strings.Repeat("x", 60<<10)), 1<<20); !errors.As(err, &e) || e.Code != "ThrottlingException" {
		t.Errorf("beyond the budget: %v", err)
	}
	stalled <- struct{}{}
	<-stalled
	for _, room := range []*Room{slow, other, refused} {
		room.Release()
	}
	if used := b.Used(); used != 0 {
		t.Errorf("%d bytes were not given back", used)
	}
}

// stalling is a reader that waits twice to be told to go on, then ends.
type stalling struct{ c chan struct{} }

func (s stalling) Read([]byte) (int, error) {
	<-s.c
	<-s.c
	return 0, io.EOF
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestRouteOf(t *testing.T) {
	scope := func(service string) string {
		return "AWS4-HMAC-SHA256 Credential=AK/20261122/us-east-1/" + service + "/aws4_request, SignedHeaders=host, Signature=00"
	}
	for _, tc := range []struct {
		name, uri, auth, target, contentType, body string
		want                                       Route
	}{
		{"json 1.1", "/", scope("events"), "AWSEvents.PutEvents", "application/x-amz-json-1.1", "", Route{"events", "PutEvents", JSON11}},
		{"json 1.0", "/", scope("sqs"), "AmazonSQS.SendMessage", "application/x-amz-json-1.0", "", Route{"sqs", "SendMessage", JSON10}},
		{"json without a signature", "/", "", "Kinesis_20131202.PutRecord", "application/x-amz-json-1.1", "", Route{"kinesis", "PutRecord", JSON11}},
		{"target of another service", "/", scope("events"), "AmazonSQS.SendMessage", "application/x-amz-json-1.0", "", Route{"events", "", JSON10}},
		{"target without a dot", "/", scope("events"), "PutEvents", "application/x-amz-json-1.1", "", Route{"events", "", JSON11}},
		{"unknown service", "/", scope("firehose"), "Firehose_20150804.PutRecord", "application/x-amz-json-1.1", "", Route{"firehose", "", JSON11}},
		{"the Go SDK's CloudTrail", "/", scope("cloudtrail"), "CloudTrail_20131101.LookupEvents", "application/x-amz-json-1.1", "", Route{"cloudtrail", "LookupEvents", JSON11}},
		{"botocore's CloudTrail", "/", scope("cloudtrail"), "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents", "application/x-amz-json-1.1", "", Route{"cloudtrail", "LookupEvents", JSON11}},
		{"cbor", "/service/GraniteServiceVersion20100801/operation/PutMetricData", scope("monitoring"), "", "application/cbor", "", Route{"monitoring", "PutMetricData", CBOR}},
		{"cbor without a signature", "/service/GraniteServiceVersion20100801/operation/PutMetricData", "", "", "application/cbor", "", Route{"monitoring", "PutMetricData", CBOR}},
		{"cbor of another service", "/service/GraniteServiceVersion20100801/operation/PutMetricData", scope("sqs"), "", "application/cbor", "", Route{"sqs", "", CBOR}},
		{"query", "/", scope("sns"), "", "application/x-www-form-urlencoded; charset=utf-8", "Action=Publish&Version=2010-03-31", Route{"sns", "Publish", Query}},
		{"query without a signature", "/", "", "", "application/x-www-form-urlencoded", "Action=SendMessage&Version=2012-11-05", Route{"sqs", "SendMessage", Query}},
		{"query in the address", "/?Action=ListTopics&Version=2010-03-31", scope("sns"), "", "", "Action=ListTopics", Route{"sns", "ListTopics", Query}},
		{"ec2", "/", scope("ec2"), "", "application/x-www-form-urlencoded", "Action=StopInstances&Version=2016-11-15", Route{"ec2", "StopInstances", EC2Query}},
		{"ec2 without a signature", "/", "", "", "application/x-www-form-urlencoded", "Action=StopInstances&Version=2016-11-15", Route{"ec2", "StopInstances", EC2Query}},
		{"rest", "/v1/registries", scope("schemas"), "", "", "", Route{"schemas", "GET /v1/registries", REST}},
		{"nothing", "/", "", "", "", "", Route{"", "GET /", REST}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			method := "POST"
			if tc.want.Protocol == REST {
				method = "GET"
			}
			r, err := http.NewRequest(method, "http://x"+tc.uri, bytes.NewReader(nil))
			if err != nil {
				t.Fatal(err)
			}
			for name, value := range map[string]string{"Authorization": tc.auth, "X-Amz-Target": tc.target, "Content-Type": tc.contentType} {
				if value != "" {
					r.Header.Set(name, value)
				}
			}
			if tc.contentType == "application/cbor" {
				r.Header.Set("Smithy-Protocol", "rpc-v2-cbor")
			}
			got := RouteOf(r)
			if got.Protocol.IsForm() {
				form, err := ParseForm(tc.body)
				if err != nil {
					t.Fatal(err)
				}
				got = got.WithForm(form)
			}
			if got != tc.want {
				t.Errorf("got %+v, want %+v", got, tc.want)
			}
		})
	}
}

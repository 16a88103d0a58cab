package event_test

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// cloudTrail is an API call as CloudTrail puts it on the bus.
const cloudTrail = `{"version":"0","id":"36eb8523-97d0-4518-b33d-ee3579ff19f0","detail-type":"AWS API Call via CloudTrail","source":"aws.s3","account":"123456789012","time":"2016-02-20T01:09:13Z","region":"us-east-1","resources":[],"detail":{"eventVersion":"1.03","userIdentity":{"type":"Root","principalId":"123456789012","arn":"arn:aws:iam::123456789012:root","accountId":"123456789012","sessionContext":{"attributes":{"mfaAuthenticated":"false","creationDate":"2016-02-20T01:05:59Z"}}},"eventTime":"2016-02-20T01:09:13Z","eventSource":"s3.amazonaws.com","eventName":"CreateBucket","awsRegion":"us-east-1","sourceIPAddress":"100.100.100.100","userAgent":"[S3Console/0.4]","requestParameters":{"bucketName":"bucket-test-iad","x-amz-acl":["private"]},"responseElements":null,"requestID":"9D767BCC3B4E7487","eventID":"24ba271e-d595-4e66-a7fd-9c16cbf8abae","readOnly":false,"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"123456789012","eventCategory":"Management","tlsDetails":{"tlsVersion":"TLSv1.2","cipherSuite":"ECDHE-RSA-AES128-GCM-SHA256","clientProvidedHostHeader":"s3.amazonaws.com"},"sharedEventID":"a","vpcEndpointId":"vpce-1","additionalEventData":{"SignatureVersion":"SigV4","CipherSuite":"ECDHE-RSA-AES128-GCM-SHA256","bytesTransferredIn":0}}}`

var fields = event.Fields{
	ID: "1", DetailType: "Order Placed", Source: "shop.orders", Account: "123456789012", Region: "eu-central-1",
	Time: time.Date(2026, 1, 2, 15, 4, 5, 999, time.FixedZone("", 3600)), Resources: []string{"arn:a", `arn:"b"`},
	Detail: []byte(` {"n": 1.10} `),
}

func TestNew(t *testing.T) {
	e, err := event.New(fields)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"version":"0","id":"1","detail-type":"Order Placed","source":"shop.orders","account":"123456789012",` +
		`"time":"2026-01-02T14:04:05Z","region":"eu-central-1","resources":["arn:a","arn:\"b\""],"detail":{"n": 1.10}}`
	if string(e.Raw()) != want {
		t.Errorf("Raw() = %s\nwant %s", e.Raw(), want)
	}
	if string(e.Detail()) != `{"n": 1.10}` || e.Bus != event.DefaultBus || e.Hops != 0 || e.IsZero() {
		t.Errorf("New gives %+v", e)
	}
	if !e.Time.Equal(time.Date(2026, 1, 2, 14, 4, 5, 0, time.UTC)) || !reflect.DeepEqual(e.Resources, fields.Resources) {
		t.Errorf("Time %v, Resources %q", e.Time, e.Resources)
	}
	if e = e.On("other", 2); e.Bus != "other" || e.Hops != 2 {
		t.Errorf("On gives %q, %d", e.Bus, e.Hops)
	}
	if e, err := event.New(event.Fields{}); err != nil || string(e.Detail()) != "{}" {
		t.Errorf("New without anything: %v, detail %s", err, e.Detail())
	}
}

// FuzzNew: what New makes is what Parse reads of its bytes, and a detail that Parse would
// not take in an envelope New does not take either.
func FuzzNew(f *testing.F) {
	f.Add("1", "a\xff\"", int64(0), []byte(`{"a":1}`))
	f.Add("\n", "é", int64(253402300800), []byte(` {} `))
	f.Add("x", "x", int64(-1), []byte(`{},"version":"9"`))
	f.Add("x", "x", int64(1), []byte(strings.Repeat(`{"a":`, 99)+"1"+strings.Repeat("}", 99)))
	f.Add("x", "x", int64(1), []byte(strings.Repeat(`{"a":`, 100)+"1"+strings.Repeat("}", 100)))
	f.Fuzz(func(t *testing.T, id, source string, at int64, detail []byte) {
		if detail == nil {
			return // that is {}
		}
		made, err := event.New(event.Fields{ID: id, Source: source, DetailType: id + source, Time: time.Unix(at, 5), Resources: []string{source}, Detail: detail})
		if err != nil {
			if event.Check(detail) == nil && event.Value(bytes.TrimSpace(detail)).Kind() == event.Object && at >= 0 && at < 253402300800 &&
				event.Check([]byte(`{"detail":`+string(detail)+`}`)) == nil {
				t.Fatalf("New does not take %q: %v", detail, err)
			}
			return
		}
		read, err := event.Parse(made.Raw())
		if err != nil || !reflect.DeepEqual(made, read) {
			t.Errorf("New makes %+v, Parse reads %+v (%v)", made, read, err)
		}
	})
}

// TestDetailCannotBringMembers: a detail that closes its own object would otherwise
// write into the envelope.
func TestDetailCannotBringMembers(t *testing.T) {
	for _, detail := range []string{`{},"x":{}`, `{},"version":"9"`, `[]`, `1`, `{`, ``, `{}}`, `{},"resources":[]`} {
		f := fields
		f.Detail = []byte(detail)
		if e, err := event.New(f); err == nil {
			t.Errorf("New with detail %s makes %s", detail, e.Raw())
		}
		if e, err := event.Complete([]byte(`{"source":"a","detail-type":"b"}`), f); err == nil {
			t.Errorf("Complete with detail %s makes %s", detail, e.Raw())
		}
	}
}

func TestParseErrors(t *testing.T) {
	whole, err := event.New(fields)
	if err != nil {
		t.Fatal(err)
	}
	replace := func(old, with string) string { return strings.Replace(string(whole.Raw()), old, with, 1) }
	for _, tc := range []struct{ name, text, want string }{
		{"not JSON", `{`, "at byte 1"},
		{"a list", `[]`, "an event is one JSON object"},
		{"no source", replace(`"source":"shop.orders",`, ""), `the envelope has no "source" member`},
		{"no detail", replace(`,"detail":{"n": 1.10}`, ""), `the envelope has no "detail" member`},
		{"id is a number", replace(`"id":"1"`, `"id":1`), `"id" is a string, not a number`},
		{"detail is a list", replace(`{"n": 1.10}`, `[]`), `"detail" is a JSON object, not a list`},
		{"time", replace(`2026-01-02T14:04:05Z`, `yesterday`), `write "time" like 2026-01-02T15:04:05Z, not "yesterday"`},
		{"time is a number", replace(`"2026-01-02T14:04:05Z"`, `1`), `"time" is a string, not a number`},
		{"resources", replace(`["arn:a","arn:\"b\""]`, `"arn:a"`), `"resources" is a list of strings, not a string`},
		{"resources hold a number", replace(`"arn:a"`, `1`), `"resources" is a list of strings, it holds a number`},
		{"source twice", replace(`"region":`, `"source":"x","region":`), "stands twice"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := event.Parse([]byte(tc.text)); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Parse(%s) = %v, want %q", tc.text, err, tc.want)
			}
		})
	}
}

func TestComplete(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"nothing is missing", cloudTrail, cloudTrail},
		{"everything but source and detail-type", ` { "source": "a" ,"detail-type":"b", "x":1} `,
			`{"version":"0","id":"1","account":"123456789012","time":"2026-01-02T14:04:05Z","region":"eu-central-1",` +
				`"resources":["arn:a","arn:\"b\""],"detail":{"n": 1.10},"source": "a" ,"detail-type":"b", "x":1}`},
		{"only resources", strings.Replace(cloudTrail, `"resources":[],`, "", 1),
			`{"resources":["arn:a","arn:\"b\""],` + strings.Replace(cloudTrail, `"resources":[],`, "", 1)[1:]},
		{"an empty object", `{}`, ``},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e, err := event.Complete([]byte(tc.text), fields)
			if err != nil {
				t.Fatal(err)
			}
			if tc.want != "" && string(e.Raw()) != tc.want {
				t.Errorf("Complete = %s\nwant %s", e.Raw(), tc.want)
			}
		})
	}
	bare := fields
	bare.Source = ""
	if _, err := event.Complete([]byte(`{}`), bare); err == nil || !strings.Contains(err.Error(), `no "source"`) {
		t.Errorf("without a source: %v", err)
	}
}

func TestValidBus(t *testing.T) {
	for name, want := range map[string]bool{
		"default": true, "aws.partner/example.com/acme/1": true, "a-b_c.D9": true, strings.Repeat("x", 256): true,
		"": false, "a b": false, "é": false, strings.Repeat("x", 257): false,
	} {
		if got := event.ValidBus(name); got != want {
			t.Errorf("ValidBus(%q) = %v, want %v", name, got, want)
		}
	}
}

// FuzzComplete: what Complete accepts it makes whole, keeps every byte of, and leaves
// alone the second time.
func FuzzComplete(f *testing.F) {
	f.Add([]byte(cloudTrail), []byte(`{}`))
	f.Add([]byte(`{"source":"a","x":[1]}`), []byte(`{"a":{}}`))
	f.Add([]byte(` {} `), []byte(`{},"version":"1"`))
	f.Add([]byte(`{"version":"0"}`), []byte(` {"n":1} `))
	f.Fuzz(func(t *testing.T, raw, detail []byte) {
		with := fields
		with.Detail = detail
		e, err := event.Complete(raw, with)
		if err != nil {
			return
		}
		if err := event.Check(e.Raw()); err != nil {
			t.Fatalf("Complete(%q) makes %q: %v", raw, e.Raw(), err)
		}
		for _, name := range event.Required {
			if event.Value(e.Raw()).Get(name) == nil && event.Value(strings.TrimSpace(string(e.Raw()))).Get(name) == nil {
				t.Errorf("Complete(%q) makes %q without %s", raw, e.Raw(), name)
			}
		}
		inner := strings.Trim(strings.TrimSpace(string(raw)), "{} \t\r\n")
		if !strings.Contains(string(e.Raw()), inner) {
			t.Errorf("Complete(%q) makes %q, which changes it", raw, e.Raw())
		}
		again, err := event.Complete(e.Raw(), event.Fields{})
		if err != nil || !reflect.DeepEqual(again, e) {
			t.Errorf("completing %q again makes %q, %v", e.Raw(), again.Raw(), err)
		}
		if parsed, err := event.Parse(e.Raw()); err != nil || !reflect.DeepEqual(parsed, e) {
			t.Errorf("Parse(%q) = %+v, %v; want %+v", e.Raw(), parsed, err, e)
		}
	})
}

package calls_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/ingest/calls"
	"github.com/tocsin-engine/tocsin/ingest/jsonstream"
	"github.com/tocsin-engine/tocsin/sdk/event"
	"github.com/tocsin-engine/tocsin/sdk/sharedtest"
)

var defaults = event.Fields{
	ID: "id-0", Account: "000000000000", Region: "us-east-1",
	Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
}

const envelope = `{"version":"0","id":"%I","detail-type":"%D","source":"%S","account":"%A","time":"%T","region":"%R","resources":[],"detail":%V}`

func TestEvent(t *testing.T) {
	tests := []struct {
		name, record           string
		id, detailType, source string
		account, time, region  string
	}{
		{"an API call", `{"eventID":"e-1","eventSource":"ec2.amazonaws.com","eventName":"RunInstances","eventTime":"2023-07-10T11:42:12Z","awsRegion":"eu-west-1","recipientAccountId":"111122223333","eventType":"AwsApiCall","n":1.0}`,
			"e-1", "AWS API Call via CloudTrail", "aws.ec2", "111122223333", "2023-07-10T11:42:12Z", "eu-west-1"},
		{"a sign-in", `{"eventSource":"signin.amazonaws.com","eventName":"ConsoleLogin","eventTime":"2023-07-10T11:42:12Z","eventType":"AwsConsoleSignIn","userIdentity":{"accountId":"444455556666"}}`,
			"id-0", "AWS Console Sign In via CloudTrail", "aws.signin", "444455556666", "2023-07-10T11:42:12Z", "us-east-1"},
		{"what the service did itself", `{"eventSource":"kms.amazonaws.com","eventType":"AwsServiceEvent"}`,
			"id-0", "AWS Service Event via CloudTrail", "aws.kms", "000000000000", "2026-01-02T03:04:05Z", "us-east-1"},
		{"an insight", `{"eventSource":"autoscaling.amazonaws.com","eventType":"AwsCloudTrailInsight"}`,
			"id-0", "AWS Insight via CloudTrail", "aws.autoscaling", "000000000000", "2026-01-02T03:04:05Z", "us-east-1"},
		{"through an endpoint", `{"eventSource":"s3.amazonaws.com","eventType":"AwsVpceEvent"}`,
			"id-0", "AWS Network Activity Event via CloudTrail", "aws.s3", "000000000000", "2026-01-02T03:04:05Z", "us-east-1"},
		{"an old record without a type", `{"eventSource":"sts.amazonaws.com"}`,
			"id-0", "AWS API Call via CloudTrail", "aws.sts", "000000000000", "2026-01-02T03:04:05Z", "us-east-1"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			got, err := calls.Event([]byte(tc.record), defaults)
			if err != nil {
				t.Fatal(err)
			}
			want := strings.NewReplacer("%I", tc.id, "%D", tc.detailType, "%S", tc.source, "%A", tc.account,
				"%T", tc.time, "%R", tc.region, "%V", tc.record).Replace(envelope)
			if diff := cmp.Diff(want, string(got.Raw())); diff != "" {
				t.Errorf("event (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEventRefuses(t *testing.T) {
	for record, want := range map[string]string{
		`[]`: "calls: a record is one JSON object, not a list",
		`{}`: "calls: the record has no eventSource, so its service is not known",
		`{"eventSource":"a.amazonaws.com","eventTime":"yesterday"}`:           `calls: write eventTime like 2026-01-02T15:04:05Z, not "yesterday"`,
		`{"eventSource":"a.amazonaws.com","eventType":"AwsSomethingUnknown"}`: `calls: no event is known for a record of eventType "AwsSomethingUnknown"`,
	} {
		if _, err := calls.Event([]byte(record), defaults); err == nil || err.Error() != want {
			t.Errorf("Event(%s): %v, want %s", record, err, want)
		}
	}
}

func TestIsRecord(t *testing.T) {
	for text, want := range map[string]bool{
		`{"eventSource":"ec2.amazonaws.com","eventName":"A","eventTime":"2023-07-10T11:42:12Z"}`:            true,
		`{"eventSource":"aws:s3","eventName":"ObjectCreated:Put","eventTime":"2023-07-10T11:42:12Z"}`:       false,
		`{"eventSource":"a","eventName":"A","eventTime":"x","detail-type":"AWS API Call via CloudTrail"}`:   false,
		`{"source":"shop.orders","detail-type":"OrderPlaced","detail":{"eventSource":"ec2.amazonaws.com"}}`: false,
		`[]`: false,
	} {
		if got := calls.IsRecord(event.Value(text)); got != want {
			t.Errorf("IsRecord(%s) = %v, want %v", text, got, want)
		}
	}
}

// TestRecordedFiles turns every record of the real log files into an event.
func TestRecordedFiles(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(sharedtest.Path(t, "cloudtrail"), "invictus", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	types := map[string]int{}
	for _, name := range files {
		for _, record := range records(t, name) {
			e, err := calls.Event(record, event.Fields{})
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			types[e.DetailType]++
			if !calls.IsRecord(event.Value(record)) || string(e.Detail()) != string(record) {
				t.Errorf("%s: the detail of %s is not the record", name, e.ID)
			}
		}
	}
	want := map[string]int{"AWS API Call via CloudTrail": 1444, "AWS Service Event via CloudTrail": 4}
	if diff := cmp.Diff(want, types); diff != "" {
		t.Errorf("events by detail-type (-want +got):\n%s", diff)
	}
}

func records(t *testing.T, name string) (all [][]byte) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := jsonstream.NewReader(f)
	for err == nil {
		var value []byte
		if value, err = r.Next(); err == nil {
			all = append(all, append([]byte(nil), value...))
		}
	}
	if !errors.Is(err, io.EOF) {
		t.Fatalf("%s: %v", name, err)
	}
	return all
}

// FuzzEvent: an event that is made of a record is an event, its detail is the record,
// and encoding/json reads the same members out of it.
func FuzzEvent(f *testing.F) {
	f.Add([]byte(`{"eventSource":"ec2.amazonaws.com","eventTime":"2023-07-10T11:42:12Z","eventID":"\u0041"}`))
	f.Add([]byte(`{"eventSource":"","eventType":1}`))
	f.Add([]byte(`{"eventSource":".","awsRegion":"\"","recipientAccountId":null}`))
	f.Fuzz(func(t *testing.T, record []byte) {
		if event.Check(record) != nil {
			return
		}
		e, err := calls.Event(record, defaults)
		if err != nil {
			return
		}
		if again, err := event.Parse(e.Raw()); err != nil || string(again.Detail()) != strings.Trim(string(record), " \t\r\n") {
			t.Errorf("parsed again: %v, detail %s", err, again.Detail())
		}
		var decoded struct {
			Source string         `json:"source"`
			Detail map[string]any `json:"detail"`
		}
		if err := json.Unmarshal(e.Raw(), &decoded); err != nil {
			t.Fatal(err)
		}
		source, _ := decoded.Detail["eventSource"].(string)
		if label, _, _ := strings.Cut(source, "."); decoded.Source != "aws."+label {
			t.Errorf("source %q of eventSource %q", decoded.Source, source)
		}
	})
}

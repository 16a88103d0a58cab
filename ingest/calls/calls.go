// Package calls turns records of API calls, as CloudTrail writes them, into the events
// that EventBridge would carry.
//
// The record becomes the event's detail byte for byte. Read-only calls (List*, Get*,
// Describe*) become events too: EventBridge drops them unless a rule asks for them, but
// a file that somebody feeds in is meant.
package calls

import (
	"fmt"
	"strings"
	"time"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// detailTypes are EventBridge's, by the record's eventType.
var detailTypes = map[string]string{
	"AwsApiCall":           "AWS API Call via CloudTrail",
	"AwsConsoleSignIn":     "AWS Console Sign In via CloudTrail",
	"AwsConsoleAction":     "AWS Console Action via CloudTrail",
	"AwsServiceEvent":      "AWS Service Event via CloudTrail",
	"AwsCloudTrailInsight": "AWS Insight via CloudTrail",
	"AwsVpceEvent":         "AWS Network Activity Event via CloudTrail",
}

// IsRecord says whether v looks like a CloudTrail record and not like an event: it has
// eventSource, eventName and eventTime (S3's notifications have those too, but their
// source is aws:s3), and no detail-type.
func IsRecord(v event.Value) bool {
	source, _ := v.Get("eventSource").Text()
	return source != "" && !strings.Contains(source, ":") &&
		v.Get("eventTime") != nil && v.Get("eventName") != nil && v.Get("detail-type") == nil
}

// Event is the event of one record, which must have passed event.Check. What the record
// does not say is taken from defaults: ID where it has no eventID, Account, Region and
// Time. The event's id is the record's eventID, so a file that is fed in twice gives
// the same events; EventBridge gives each event an id of its own.
func Event(record []byte, defaults event.Fields) (event.Event, error) {
	v := event.Value(record)
	if v.Kind() != event.Object {
		return event.Event{}, fmt.Errorf("calls: a record is one JSON object, not %s", v.Kind())
	}
	source, ok := v.Get("eventSource").Text()
	if !ok || source == "" {
		return event.Event{}, fmt.Errorf("calls: the record has no eventSource, so its service is not known")
	}
	f := event.Fields{
		ID:      first(v.Get("eventID"), defaults.ID),
		Source:  "aws." + service(source),
		Account: first(v.Get("recipientAccountId"), first(v.Get("userIdentity", "accountId"), defaults.Account)),
		Region:  first(v.Get("awsRegion"), defaults.Region),
		Time:    defaults.Time,
		Detail:  record,
	}
	kind := first(v.Get("eventType"), "AwsApiCall") // records before version 1.02 name no type
	if f.DetailType, ok = detailTypes[kind]; !ok {
		return event.Event{}, fmt.Errorf("calls: no event is known for a record of eventType %q", kind)
	}
	if at, ok := v.Get("eventTime").Text(); ok {
		t, err := time.Parse(time.RFC3339, at)
		if err != nil {
			return event.Event{}, fmt.Errorf("calls: write eventTime like 2026-01-02T15:04:05Z, not %q", at)
		}
		f.Time = t
	}
	return event.New(f)
}

// service is the part of an eventSource that EventBridge puts behind "aws.": the first
// label, "ec2" of ec2.amazonaws.com.
func service(source string) string {
	name, _, _ := strings.Cut(source, ".")
	return name
}

// first is v's text, or otherwise if v is not there, no string or empty.
func first(v event.Value, otherwise string) string {
	if s, ok := v.Text(); ok && s != "" {
		return s
	}
	return otherwise
}

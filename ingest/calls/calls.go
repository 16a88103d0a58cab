// Package calls turns records of API calls, as CloudTrail writes them, into the events
// that EventBridge would carry.
//
// The record becomes the event's detail byte for byte. Read-only calls (List*, Get*,
// Describe*) become events too: EventBridge drops them unless a rule asks for them, but
// a file that somebody feeds in is meant.
package calls

import (
	"cmp"
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
// eventSource and eventName (S3's notifications have those too, but their source is
// aws:s3), and no detail-type.
func IsRecord(v event.Value) bool {
	var source string
	var name bool
	for member, value := range v.Members() {
		switch member {
		case "eventSource":
			source, _ = value.Text()
		case "eventName":
			name = true
		case "detail-type":
			return false
		}
	}
	return name && source != "" && !strings.Contains(source, ":")
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
	m := read(v)
	if m.source == "" {
		return event.Event{}, fmt.Errorf("calls: the record has no eventSource, so its service is not known")
	}
	kind := cmp.Or(m.kind, "AwsApiCall") // records before version 1.02 name no type
	detailType, ok := detailTypes[kind]
	if !ok {
		return event.Event{}, fmt.Errorf("calls: no event is known for a record of eventType %q", kind)
	}
	at := defaults.Time
	if m.time != "" {
		var err error
		if at, err = time.Parse(time.RFC3339, m.time); err != nil {
			return event.Event{}, fmt.Errorf("calls: write eventTime like 2026-01-02T15:04:05Z, not %q", m.time)
		}
	}
	return event.New(event.Fields{
		ID:         cmp.Or(m.id, defaults.ID),
		DetailType: detailType,
		Source:     "aws." + service(m.source),
		Account:    cmp.Or(m.recipient, m.caller, defaults.Account),
		Region:     cmp.Or(m.region, defaults.Region),
		Time:       at,
		Detail:     record,
	})
}

// members are what the envelope needs of a record; "" where it has no such text.
type members struct{ id, source, kind, recipient, caller, region, time string }

// read takes them out in one pass: a record has a kilobyte and more.
func read(v event.Value) (m members) {
	for name, value := range v.Members() {
		switch name {
		case "eventID":
			m.id, _ = value.Text()
		case "eventSource":
			m.source, _ = value.Text()
		case "eventType":
			m.kind, _ = value.Text()
		case "recipientAccountId":
			m.recipient, _ = value.Text()
		case "userIdentity":
			m.caller, _ = value.Get("accountId").Text()
		case "awsRegion":
			m.region, _ = value.Text()
		case "eventTime":
			m.time, _ = value.Text()
		}
	}
	return m
}

// service is the part of an eventSource that EventBridge puts behind "aws.": the first
// label, "ec2" of ec2.amazonaws.com.
func service(source string) string {
	name, _, _ := strings.Cut(source, ".")
	return name
}

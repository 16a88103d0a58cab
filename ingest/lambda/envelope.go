package lambda

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// envelope is an event as EventBridge and its Scheduler send it.
func (r reader) envelope(v event.Value) Record {
	ev, err := r.event(v)
	if err != nil {
		return Record{Err: err}
	}
	return Record{Content: Content{Events: []event.Event{ev}, Objects: createdObjects(ev)}}
}

// event is the event of an envelope. An input transformer may have left members out:
// they come from the defaults.
func (r reader) event(v event.Value) (event.Event, error) {
	raw := []byte(v)
	if detail, ok := v.Get("detail").Text(); ok {
		// The Scheduler's own default writes the detail as a string.
		if event.CheckSyntax([]byte(detail)) != nil || event.Value(detail).Kind() != event.Object {
			return event.Event{}, fmt.Errorf("the event's detail is a string and not an object: %.100q", detail)
		}
		raw = v.With("detail", []byte(detail))
	}
	defaults := r.defaults
	defaults.ID = nameID("event", string(v))
	return event.Complete(raw, defaults)
}

// alarm is what CloudWatch sends when an alarm invokes the function itself: EventBridge's
// event of the same change in other clothes, so it becomes that event.
func (r reader) alarm(v event.Value) Record {
	arn := text(v.Get("alarmArn"))
	at := r.time(text(v.Get("time")), r.time(text(v.Get("alarmData", "state", "timestamp")), r.defaults.Time))
	ev, err := event.New(event.Fields{
		ID: nameID("alarm", string(v)), DetailType: alarmChange, Source: "aws.cloudwatch",
		Account: cmp.Or(text(v.Get("accountId")), r.defaults.Account), Region: cmp.Or(text(v.Get("region")), r.defaults.Region),
		Time: at, Resources: []string{arn}, Detail: v.Get("alarmData"),
	})
	if err != nil {
		return Record{Err: fmt.Errorf("the alarm's data: %w", err)}
	}
	return Record{Content: Content{Events: []event.Event{ev}}}
}

// alarmChange is EventBridge's detail-type.
const alarmChange = "CloudWatch Alarm State Change"

// alarmMessage is what an alarm publishes to an SNS topic, as EventBridge's event of the
// same change. Names that EventBridge has not stay as they are under configuration.
func (r reader) alarmMessage(v event.Value) (event.Event, error) {
	arn := text(v.Get("AlarmArn"))
	o := object(nil).
		value("alarmName", v.Get("AlarmName")).
		object("state", object(nil).
			value("value", v.Get("NewStateValue")).
			value("reason", v.Get("NewStateReason")).
			value("timestamp", v.Get("StateChangeTime"))).
		object("previousState", object(nil).value("value", v.Get("OldStateValue")))
	configuration := object(nil)
	for name, member := range v.Members() {
		switch name {
		case "AlarmName", "NewStateValue", "NewStateReason", "StateChangeTime", "OldStateValue", "AlarmArn", "AWSAccountId":
		case "AlarmDescription":
			configuration = configuration.value("description", member)
		case "AlarmRule":
			configuration = configuration.value("alarmRule", member)
		default:
			configuration = configuration.value(name, member)
		}
	}
	fields := arnFields(arn)
	return event.New(event.Fields{
		ID: nameID("alarm", string(v)), DetailType: alarmChange, Source: "aws.cloudwatch",
		Account: cmp.Or(text(v.Get("AWSAccountId")), r.defaults.Account), Region: cmp.Or(fields.Region, r.defaults.Region),
		Time: r.time(text(v.Get("StateChangeTime")), r.defaults.Time), Resources: []string{arn},
		Detail: o.object("configuration", configuration).bytes(),
	})
}

// arnFields are the region and account in an ARN, "" for what is none.
func arnFields(arn string) (f event.Fields) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) == 6 && parts[0] == "arn" {
		f.Region, f.Account = parts[3], parts[4]
	}
	return f
}

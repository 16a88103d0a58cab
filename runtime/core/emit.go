package core

import (
	"context"
	"fmt"

	"github.com/tocsin-engine/tocsin/ingest/awswire"
	"github.com/tocsin-engine/tocsin/runtime/service/events"
	"github.com/tocsin-engine/tocsin/runtime/tracing"
	"github.com/tocsin-engine/tocsin/sdk/abi"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// emitTo puts what targets emit on a bus of EventBridge. The bus gives each a new id, and
// knows no hops: what invokes this function again begins a chain anew.
func emitTo(bus string, calls *awsCalls) func(context.Context, event.Event) error {
	return func(ctx context.Context, ev event.Event) error {
		params := awswire.EncodeJSON(&events.PutEventsRequest{Entries: []events.Entry{{
			Time: ev.Time, Source: ev.Source, DetailType: ev.DetailType, Detail: string(ev.Detail()),
			Resources: ev.Resources, EventBusName: bus, TraceHeader: tracing.Of(ctx),
		}}})
		answer, errno := calls.Call(ctx, abi.AWSRequest{Service: "events", Action: "PutEvents", Params: params})
		if errno != 0 {
			return fmt.Errorf("bus %s: errno %d", bus, errno)
		}
		if e := answer.Error; e != nil {
			return fmt.Errorf("bus %s: %s: %s", bus, e.Code, e.Message)
		}
		return refused(bus, event.Value(answer.Result))
	}
}

// refused is why the one entry of an answer was refused, nil if it was not.
func refused(bus string, answer event.Value) error {
	for entry := range answer.Get("Entries").Items() {
		if code, _ := entry.Get("ErrorCode").Text(); code != "" {
			message, _ := entry.Get("ErrorMessage").Text()
			return fmt.Errorf("bus %s: %s: %s", bus, code, message)
		}
	}
	return nil
}

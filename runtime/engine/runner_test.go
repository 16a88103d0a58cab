package engine

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/runtime/dispatch"
	"github.com/tocsin-engine/tocsin/runtime/sandbox"
	"github.com/tocsin-engine/tocsin/sdk/abi"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// fakeGuest dies of events called "poison" and answers the others by their names.
type fakeGuest struct {
	calls  []string
	single bool
}

func (f *fakeGuest) OneByOne() bool { return f.single }

func (f *fakeGuest) Close() error { return nil }

func (f *fakeGuest) Call(_ context.Context, c sandbox.Call) (abi.Result, sandbox.Report, error) {
	var ids []string
	var r abi.Result
	poison := false
	for _, rec := range c.Batch.Records {
		id, _ := event.Value(rec.Event).Get("id").Text()
		ids = append(ids, id)
		poison = poison || id == "poison"
		if id == "later" {
			r.Failures = append(r.Failures, abi.Failure{ID: rec.ID, Retry: true, Code: "BUSY", Error: "later"})
		}
	}
	f.calls = append(f.calls, fmt.Sprintf("%s %s %d", strings.Join(ids, ","), c.Bus, c.Hops))
	if poison {
		return abi.Result{}, sandbox.Report{}, &sandbox.Fault{Kind: sandbox.Trap, Plugin: "p", Target: "t", Message: "unreachable"}
	}
	return r, sandbox.Report{Took: time.Millisecond}, nil
}

func delivery(t *testing.T, id, rule, bus string, hops int) dispatch.Delivery {
	t.Helper()
	ev, err := event.New(event.Fields{ID: id, DetailType: "T", Source: "s", Account: "1", Region: "r"})
	if err != nil {
		t.Fatal(err)
	}
	return dispatch.Delivery{ID: id + "/1", Rule: rule, Attempt: 1, Event: ev.On(bus, hops)}
}

func TestGuestBisectsAndGroups(t *testing.T) {
	f := &fakeGuest{}
	g := &guest{target: f, now: func() time.Time { return time.Time{} }}
	got := g.Deliver(t.Context(), []dispatch.Delivery{
		delivery(t, "a", "r", "default", 0), delivery(t, "later", "r", "default", 0),
		delivery(t, "poison", "r", "default", 0), delivery(t, "b", "r", "default", 0),
		delivery(t, "c", "q", "default", 0), delivery(t, "d", "q", "default", 1), delivery(t, "e", "q", "other", 1),
	})
	wantCalls := []string{
		"a,later,poison,b default 0", "a,later default 0", "poison,b default 0", "poison default 0", "b default 0",
		"c default 0", "d default 1", "e other 1",
	}
	if diff := cmp.Diff(wantCalls, f.calls); diff != "" {
		t.Errorf("calls: %s", diff)
	}
	var outcomes []string
	for _, o := range got {
		outcomes = append(outcomes, fmt.Sprint(o.OK, o.Retry, " ", o.Code))
	}
	want := []string{"true false ", "false true BUSY", "false true PLUGIN_TRAP", "true false ", "true false ", "true false ", "true false "}
	if diff := cmp.Diff(want, outcomes); diff != "" {
		t.Errorf("outcomes: %s", diff)
	}
	const message = `plugin p: trap: unreachable; rule "r", event poison; replay it: tocsin plugin replay poison/1`
	if got[2].Message != message {
		t.Errorf("message %q, want %q", got[2].Message, message)
	}
}

// TestGuestOneByOne: what a poison event costs is no other event's second delivery.
func TestGuestOneByOne(t *testing.T) {
	f := &fakeGuest{single: true}
	g := &guest{target: f, now: func() time.Time { return time.Time{} }}
	got := g.Deliver(t.Context(), []dispatch.Delivery{delivery(t, "a", "r", "default", 0), delivery(t, "poison", "r", "default", 0), delivery(t, "b", "r", "default", 0)})
	if diff := cmp.Diff([]string{"a default 0", "poison default 0", "b default 0"}, f.calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	if !got[0].OK || got[1].OK || !got[2].OK {
		t.Errorf("outcomes %+v", got)
	}
}

func TestRecordsQuoteWhatIsNotJSON(t *testing.T) {
	d := delivery(t, "a", "r", "default", 0)
	for input, want := range map[string]string{`{"a":1}`: `{"a":1}`, "\"one\"\n\"two\"": `"\"one\"\n\"two\""`} {
		d.Input = []byte(input)
		if got := string(records([]dispatch.Delivery{d})[0].Input); got != want {
			t.Errorf("input %q becomes %s, want %s", input, got, want)
		}
	}
	d.Input = nil
	if got := records([]dispatch.Delivery{d})[0].Input; got != nil {
		t.Errorf("no input becomes %s", got)
	}
}

// TestGuestGetsOneCallForARule: deliveries of two rules that stand mixed in a batch are
// two calls, and each outcome comes back to its delivery.
func TestGuestGetsOneCallForARule(t *testing.T) {
	f := &fakeGuest{}
	g := &guest{target: f, now: func() time.Time { return time.Time{} }}
	got := g.Deliver(t.Context(), []dispatch.Delivery{
		delivery(t, "a", "r", "default", 0), delivery(t, "b", "q", "default", 0),
		delivery(t, "c", "r", "default", 0), delivery(t, "later", "q", "default", 0), delivery(t, "d", "r", "default", 0),
	})
	if diff := cmp.Diff([]string{"a,c,d default 0", "b,later default 0"}, f.calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	for i, o := range got {
		if o.OK != (i != 3) {
			t.Errorf("outcome %d is %+v", i, o)
		}
	}
}

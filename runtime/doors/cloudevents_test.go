package doors

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/tocsin-engine/tocsin/ingest/cloudevents"
	"github.com/tocsin-engine/tocsin/runtime/store"
)

const placed = `{"specversion":"1.0","id":"A-1","source":"shop","type":"placed"}`

func TestCloudEvents(t *testing.T) {
	for _, tc := range []struct {
		name, contentType, body string
		status                  int
		want                    string
	}{
		{"one", cloudevents.Structured, placed, 204, ""},
		{"a batch", cloudevents.Batch, `[` + placed + `]`, 200, `"accepted":1,"failed":0`},
		{"an empty batch", cloudevents.Batch, `[]`, 200, `"accepted":0,"failed":0,"events":[]`},
		{"a bad one among others", cloudevents.Batch, `[{},` + placed + `]`, 207, `{"index":0,"error":{"code":"bad_event","message":"the event has no specversion`},
		{"bad ones only", cloudevents.Batch, `[{}]`, 400, `"accepted":0,"failed":1`},
		{"twice in one batch", cloudevents.Batch, `[` + placed + `,` + placed + `]`, 200, `"accepted":2`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := &engine{}
			answer := take(t, NewCloudEvents(e.config()), post("/cloudevents", tc.contentType, tc.body))
			if answer.Status != tc.status || !strings.Contains(string(answer.Body), tc.want) {
				t.Errorf("%d %s", answer.Status, answer.Body)
			}
		})
	}
}

// TestCloudEventsDuplicates: the same source and id on the same bus is the same event.
func TestCloudEventsDuplicates(t *testing.T) {
	e := &engine{}
	d := NewCloudEvents(e.config())
	for _, r := range []*Request{
		post("/cloudevents", cloudevents.Structured, placed),
		post("/cloudevents", cloudevents.Structured, placed),
		post("/cloudevents", cloudevents.Structured, strings.Replace(placed, "shop", "mill", 1)),
	} {
		take(t, d, r)
	}
	other := post("/cloudevents", cloudevents.Structured, placed)
	other.Query = url.Values{"bus": {"side"}}
	take(t, d, other)
	if c := d.Counts(); c["events_taken"] != 4 || c["events_duplicate"] != 1 {
		t.Errorf("counts %v", c)
	}
	if bus := e.events[len(e.events)-1].Event.Bus; bus != "side" {
		t.Errorf("bus %q", bus)
	}
	other.Query = url.Values{"bus": {"no bus"}}
	if _, err := d.Take(t.Context(), other); err == nil || !strings.Contains(err.Error(), "a bus is called by") {
		t.Errorf("a bus that cannot be: %v", err)
	}
	e.err = store.ErrFull
	if _, err := d.Take(t.Context(), post("/cloudevents", cloudevents.Structured, placed)); !errors.Is(err, store.ErrFull) {
		t.Errorf("no room: %v", err)
	}
}

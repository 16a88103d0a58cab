package logs_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/tocsin-engine/tocsin/ingest/logs"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

var defaults = event.Fields{ID: "id-1", Account: "123456789012", Region: "us-east-1", Time: noon}

func TestEvent(t *testing.T) {
	when := time.UnixMilli(1795372464123).UTC()
	const head = `{"group":"/app/one","stream":"i-1","timestamp":1795372464123,`
	for _, tc := range []struct {
		name       string
		message    string
		ingested   time.Time
		attributes string
		want       string
	}{
		{name: "text", message: "GET /é \"x\"", want: head + `"message":"GET /é \"x\""}`},
		{name: "ingested", message: "x", ingested: when.Add(time.Second), want: head + `"ingestion_time":1795372465123,"message":"x"}`},
		{name: "digits stay", message: ` {"n": 1.50e+3, "big": 12345678901234567890} `,
			want: head + `"message":" {\"n\": 1.50e+3, \"big\": 12345678901234567890} ","json":{"n": 1.50e+3, "big": 12345678901234567890}}`},
		{name: "list", message: `[1]`, want: head + `"message":"[1]","json":[1]}`},
		{name: "a number is text", message: `42`, want: head + `"message":"42"}`},
		{name: "a string is text", message: `"x"`, want: head + `"message":"\"x\""}`},
		{name: "an Apache line is text", message: `[Sun Dec 04] [error] x`, want: head + `"message":"[Sun Dec 04] [error] x"}`},
		{name: "a name twice", message: `{"a":1,"a":2}`, want: head + `"message":"{\"a\":1,\"a\":2}"}`},
		{name: "no way out of the detail", message: `{},"group":"evil"`, want: head + `"message":"{},\"group\":\"evil\""}`},
		{name: "not UTF-8", message: "\xff", want: head + `"message":"` + "\uFFFD" + `"}`},
		{name: "empty", message: "", want: head + `"message":""}`},
		{name: "attributes", message: "x", attributes: `{"severity": "ERROR"}`, want: head + `"message":"x","attributes":{"severity": "ERROR"}}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := logs.Record{Group: "/app/one", Stream: "i-1", Time: when, Ingested: tc.ingested, Message: tc.message}
			if tc.attributes != "" {
				r.Attributes = []byte(tc.attributes)
			}
			ev, err := r.Event(defaults)
			if err != nil {
				t.Fatal(err)
			}
			if string(ev.Detail()) != tc.want {
				t.Errorf("detail %s\nwant   %s", ev.Detail(), tc.want)
			}
			if ev.ID != "id-1" || ev.Source != "tocsin.logs" || ev.DetailType != "Log Event" || ev.Account != "123456789012" ||
				ev.Region != "us-east-1" || !ev.Time.Equal(when.Truncate(time.Second)) {
				t.Errorf("envelope %s", ev.Raw())
			}
		})
	}
}

func TestEventDefaults(t *testing.T) {
	ev, err := logs.Record{Message: "x"}.Event(defaults)
	if err != nil || !ev.Time.Equal(noon) {
		t.Errorf("a record without a time: %v, %v", ev.Time, err)
	}
	if v := event.Value(ev.Detail()).Get("timestamp"); string(v) != "1795348800000" {
		t.Errorf("its timestamp: %s", v)
	}
	for _, wrong := range []string{"", "[]", "x", `{},"group":"evil"`, `{"a":1,"a":2}`} {
		if ev, err := (logs.Record{Attributes: []byte(wrong)}).Event(defaults); err == nil {
			t.Errorf("attributes %q are taken: %s", wrong, ev.Raw())
		}
	}
}

// TestDeepJSON: JSON that is as deep as any event may be nests deeper than that below
// the envelope; the record comes through as text.
func TestDeepJSON(t *testing.T) {
	for depth, parsed := range map[int]bool{event.MaxDepth - 2: true, event.MaxDepth - 1: false, event.MaxDepth: false, event.MaxDepth + 1: false} {
		ev, err := logs.Record{Message: strings.Repeat("[", depth) + strings.Repeat("]", depth)}.Event(defaults)
		if err != nil {
			t.Fatal(err)
		}
		if got := event.Value(ev.Detail()).Get("json") != nil; got != parsed {
			t.Errorf("%d deep: parsed %v, want %v", depth, got, parsed)
		}
	}
}

// TestSchema: the schema takes the details of records, and names all that they have.
func TestSchema(t *testing.T) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(logs.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []logs.Record{
		{Message: "x"},
		{Group: "g", Stream: "s", Time: noon, Ingested: noon, Message: "[1]", Attributes: []byte(`{"a": 1}`)},
	} {
		ev, err := r.Event(defaults)
		if err != nil {
			t.Fatal(err)
		}
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(ev.Detail()))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(v); err != nil {
			t.Errorf("%s: %v", ev.Detail(), err)
		}
	}
	if schema.Validate(map[string]any{"group": "g"}) == nil {
		t.Error("the schema takes a detail without a message")
	}
}

// FuzzEvent: every message makes an event that says the same, and what stands under json
// is the message itself.
func FuzzEvent(f *testing.F) {
	for _, s := range []string{"x", `{"a":[1,2.50,{"b":null}]}`, ` [1] `, "\xff\x00", `{"a":1,"a":2}`, `{},"group":"evil"`, "", strings.Repeat("[", 99) + strings.Repeat("]", 99)} {
		f.Add(s, "g", "s", int64(1795372464123))
	}
	f.Fuzz(func(t *testing.T, message, group, stream string, millis int64) {
		at := time.UnixMilli(millis % 253402300800000) // years that RFC 3339 can write
		if at.Year() < 0 {
			return
		}
		ev, err := logs.Record{Group: group, Stream: stream, Time: at, Message: message}.Event(defaults)
		if err != nil {
			t.Fatalf("%q: %v", message, err)
		}
		detail := event.Value(ev.Detail())
		for name, want := range map[string]string{"group": group, "stream": stream, "message": message} {
			if got, _ := detail.Get(name).Text(); got != string([]rune(want)) {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
		if v := detail.Get("json"); v != nil && !bytes.Equal(v, bytes.TrimSpace([]byte(message))) {
			t.Errorf("json is %s of the message %q", v, message)
		}
	})
}

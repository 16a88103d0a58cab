package cloudevents_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/ingest/cloudevents"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

var received = time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)

var defaults = event.Fields{ID: "unused", Account: "123456789012", Region: "eu-west-1", Time: received}

func headers(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return h
}

const required = `"specversion":"1.0","id":"A-1","source":"/shop","type":"com.example.placed"`

// TestRead has one request a line: what its event is, or what is said against it.
func TestRead(t *testing.T) {
	structured := headers("Content-Type", "application/cloudevents+json; charset=utf-8")
	binary := func(more ...string) http.Header {
		return headers(append([]string{"ce-specversion", "1.0", "ce-id", "A-1", "ce-source", "/shop", "ce-type", "com.example.placed"}, more...)...)
	}
	for _, tc := range []struct {
		name    string
		header  http.Header
		body    string
		detail  string
		refused string
	}{
		{"data is an object", structured, `{` + required + `,"data":{"n": 1.50,"a":[1]}}`, `{"n": 1.50,"a":[1]}`, ""},
		{"no data", structured, `{` + required + `}`, `{}`, ""},
		{"null data", structured, `{` + required + `,"data":null}`, `{"data":null}`, ""},
		{"a list", structured, `{` + required + `,"data":[1,2]}`, `{"data":[1,2]}`, ""},
		{"a text", structured, `{` + required + `,"datacontenttype":"text/plain","data":"hi"}`, `{"data":"hi","cloudevent":{"datacontenttype":"text/plain"}}`, ""},
		{"JSON in base64", structured, `{` + required + `,"data_base64":"eyJuIjoxfQ=="}`, `{"n":1}`, ""},
		{"bytes in base64", structured, `{` + required + `,"datacontenttype":"image/png","data_base64":"AQI="}`, `{"data_base64":"AQI=","cloudevent":{"datacontenttype":"image/png"}}`, ""},
		{"what the envelope has no place for", structured, `{` + required + `,"subject":"order/1","dataschema":"https://x/s","traceparent":"00-1-2-01","n":7,"b":true,"data":{ "cents":1 }}`,
			`{"cents":1,"cloudevent":{"subject":"order/1","dataschema":"https://x/s","traceparent":"00-1-2-01","n":7,"b":true}}`, ""},
		{"the same around an empty object", structured, `{` + required + `,"traceparent":"x","data":{}}`, `{"cloudevent":{"traceparent":"x"}}`, ""},
		{"a null attribute is none", structured, `{` + required + `,"subject":null,"ext":null,"data":{}}`, `{}`, ""},
		{"parts of a second", structured, `{` + required + `,"time":"2026-01-02T16:04:05.5+01:00"}`, `{"cloudevent":{"time":"2026-01-02T16:04:05.5+01:00"}}`, ""},

		{"binary JSON", binary("Content-Type", "application/json"), `{"n": 1.50}`, `{"n": 1.50}`, ""},
		{"binary without a type", binary(), `{"n":1}`, `{"n":1}`, ""},
		{"binary text", binary("Content-Type", "text/plain; charset=utf-8"), "hé", `{"data":"hé","cloudevent":{"datacontenttype":"text/plain; charset=utf-8"}}`, ""},
		{"binary bytes", binary("Content-Type", "application/octet-stream"), "\x00\xff", `{"data_base64":"AP8=","cloudevent":{"datacontenttype":"application/octet-stream"}}`, ""},
		{"binary, no body", binary(), "", `{}`, ""},
		{"binary extensions", binary("ce-subject", "caf%C3%A9 %25", "ce-traceparent", `"a \"b\""`), "", `{"cloudevent":{"subject":"café %","traceparent":"a \"b\""}}`, ""},

		{"no CloudEvent", headers("Content-Type", "application/json"), `{}`, "", "send the Content-Type application/cloudevents+json"},
		{"Avro", headers("Content-Type", "application/cloudevents+avro"), ``, "", "application/cloudevents+avro is not read here"},
		{"a media type that is none", headers("Content-Type", "a/b;;c=;"), ``, "", "is no media type"},
		{"not JSON", structured, `{`, "", "the event is no sound JSON: at byte 1"},
		{"a name twice", structured, `{"id":"a","id":"b"}`, "", "stands twice"},
		{"a list where one is wanted", structured, `[]`, "", "a CloudEvent is a JSON object, not a list"},
		{"another version", structured, strings.Replace(`{`+required+`}`, "1.0", "0.3", 1), "", `specversion is "0.3"; write "1.0"`},
		{"no id", structured, strings.Replace(`{`+required+`}`, `"id":"A-1",`, "", 1), "", "the event has no id"},
		{"an empty source", structured, strings.Replace(`{`+required+`}`, "/shop", "", 1), "", "source is empty"},
		{"a number as id", structured, strings.Replace(`{`+required+`}`, `"A-1"`, "7", 1), "", "id is a string, not a number"},
		{"a source that is no URI", structured, strings.Replace(`{`+required+`}`, "/shop", ":", 1), "", "source is a URI reference"},
		{"a schema that is no URI", structured, `{` + required + `,"dataschema":"x"}`, "", "dataschema is a whole URI"},
		{"a time without a zone", structured, `{` + required + `,"time":"2026-01-02T15:04:05"}`, "", "write time like 2026-01-02T15:04:05Z"},
		{"an extension in capitals", structured, `{` + required + `,"traceParent":"x"}`, "", `"traceParent" is no attribute's name`},
		{"an extension that is an object", structured, `{` + required + `,"ext":{}}`, "", "the extension ext is a string, a number or a boolean"},
		{"an extension of 4 KiB", structured, `{` + required + `,"ext":"` + strings.Repeat("x", 4<<10) + `"}`, `{"cloudevent":{"ext":"` + strings.Repeat("x", 4<<10) + `"}}`, ""},
		{"a longer one", structured, `{` + required + `,"ext":"` + strings.Repeat("x", 4<<10+1) + `"}`, "", "ext may have 4096 bytes, this one has 4097"},
		{"data twice", structured, `{` + required + `,"data":1,"data_base64":""}`, "", "write one of them"},
		{"base64 that is none", structured, `{` + required + `,"data_base64":"*"}`, "", "data_base64 is a string in base64"},
		{"data that is in the way", structured, `{` + required + `,"ext":"x","data":{"cloudevent":1}}`, "", `a member "cloudevent" of its own`},
		{"binary data that is not JSON", binary("Content-Type", "application/json"), `{`, "", "the data is not the JSON"},
		{"binary with a content type of its own", binary("ce-datacontenttype", "a/b"), ``, "", "is Content-Type in the binary mode"},
		{"a header with bytes that are not UTF-8", binary("ce-subject", "%ff"), ``, "", "ce-subject: write bytes beyond ASCII as %XX"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := cloudevents.Read(tc.header, []byte(tc.body), defaults)
			if tc.refused != "" {
				if err == nil || !strings.Contains(err.Error(), tc.refused) {
					t.Errorf("Read: %v, want it to say %q", err, tc.refused)
				}
				return
			}
			if err != nil || len(got) != 1 || got[0].Err != nil {
				t.Fatalf("Read = %+v, %v", got, err)
			}
			ev := got[0].Event
			if diff := cmp.Diff(tc.detail, string(ev.Detail())); diff != "" {
				t.Errorf("detail (-want +got):\n%s", diff)
			}
			if ev.ID != "A-1" || ev.Source != "/shop" || ev.DetailType != "com.example.placed" || ev.Account != "123456789012" || !ev.Time.Truncate(time.Second).Equal(received) {
				t.Errorf("envelope %s", ev.Raw())
			}
		})
	}
}

func TestSubjectIsTheResource(t *testing.T) {
	got, err := cloudevents.Read(headers("Content-Type", cloudevents.Structured), []byte(`{`+required+`,"subject":"order/1"}`), defaults)
	if err != nil || len(got[0].Event.Resources) != 1 || got[0].Event.Resources[0] != "order/1" {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestBatch: each event of a batch is for itself.
func TestBatch(t *testing.T) {
	batch := headers("Content-Type", cloudevents.Batch)
	got, err := cloudevents.Read(batch, []byte(`[{`+required+`},{"id":"x"},7,{`+required+`,"data":{"n":1}}]`), defaults)
	if err != nil || len(got) != 4 || got[0].Err != nil || got[1].Err == nil || got[2].Err == nil || string(got[3].Event.Detail()) != `{"n":1}` {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := cloudevents.Read(batch, []byte(" [] "), defaults); err != nil || len(got) != 0 {
		t.Errorf("an empty batch: %+v, %v", got, err)
	}
	for body, want := range map[string]string{
		`{` + required + `}`: "a batch is a JSON list of events, not an object",
		`[`:                  "the batch is no sound JSON",
		`[` + strings.Repeat(`1,`, cloudevents.MaxBatch) + `1]`: "a batch may have 10000 events",
	} {
		if _, err := cloudevents.Read(batch, []byte(body), defaults); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20s: %v, want it to say %q", body, err, want)
		}
	}
	if got, err := cloudevents.Read(batch, []byte(`[`+strings.Repeat(`1,`, cloudevents.MaxBatch-1)+`1]`), defaults); err != nil || len(got) != cloudevents.MaxBatch {
		t.Errorf("a full batch: %d, %v", len(got), err)
	}
}

// FuzzRead: what is taken is a sound event; an event alone and in a batch is the same.
func FuzzRead(f *testing.F) {
	f.Add(`{`+required+`,"data":{"n":1},"ext":true}`, "")
	f.Add(`{`+required+`,"data_base64":"AQI=","time":"2026-01-02T15:04:05.1Z"}`, "A%20b")
	f.Add(`{"cloudevent":1}`, `"q\"uoted"`)
	f.Fuzz(func(t *testing.T, body, header string) {
		one, err := cloudevents.Read(headers("Content-Type", cloudevents.Structured), []byte(body), defaults)
		many, batchErr := cloudevents.Read(headers("Content-Type", cloudevents.Batch), []byte("["+body+"]"), defaults)
		if err == nil {
			if batchErr != nil || len(many) != 1 || many[0].Err != nil {
				t.Fatalf("alone it is taken, in a batch: %+v, %v", many, batchErr)
			}
			if diff := cmp.Diff(string(one[0].Event.Raw()), string(many[0].Event.Raw())); diff != "" {
				t.Errorf("alone and in a batch (-alone +batch):\n%s", diff)
			}
			if _, err := event.Parse(one[0].Event.Raw()); err != nil {
				t.Error(err)
			}
		}
		h := headers("ce-specversion", "1.0", "ce-id", "1", "ce-source", "s", "ce-type", header, "ce-ext", header, "Content-Type", "text/plain")
		if got, err := cloudevents.Read(h, []byte(body), defaults); err == nil {
			if _, err := event.Parse(got[0].Event.Raw()); err != nil {
				t.Error(err)
			}
		}
	})
}

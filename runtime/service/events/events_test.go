package events

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/runtime/archive"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/store/memory"
	"github.com/tocsin-engine/tocsin/sdk/sharedtest"
)

var (
	now = time.Date(2026, 11, 22, 18, 34, 24, 0, time.UTC)
	us  = service.Caller{AccessKey: "AK", Account: "111111111111", Region: "us-east-1", InvocationID: "inv"}
)

// fakeEngine says that every event matches one rule, and knows keys again.
type fakeEngine struct {
	got  []service.Submission
	keys map[string]string
	err  error
}

func (f *fakeEngine) Put(_ context.Context, submissions []service.Submission) ([]service.Receipt, error) {
	if f.err != nil {
		return nil, f.err
	}
	var receipts []service.Receipt
	for _, s := range submissions {
		if first, ok := f.keys[s.Key]; ok && s.Key != "" {
			receipts = append(receipts, service.Receipt{ID: first, Duplicate: true})
			continue
		}
		f.keys[s.Key] = s.Event.ID
		f.got = append(f.got, s)
		receipts = append(receipts, service.Receipt{ID: s.Event.ID, Matched: []string{"r"}, Targets: 1})
	}
	return receipts, nil
}

var loaded = load(`
version: 1
buses: [from-a-file]
targets:
  - {name: one, plugin: log}
  - {name: two, plugin: log}
rules:
  - name: orders
    description: all of them
    pattern: {source: [shop]}
    targets: [one, two]
  - name: refunds
    pattern: {source: [shop], detail-type: [Refund]}
    state: disabled
    targets: [one]
  - name: elsewhere
    bus: from-a-file
    when: source == "shop"
    targets: [one]
  - name: partners
    bus: aws.partner/acme.com/kept/eu
    pattern: {source: [{prefix: aws.partner}]}
    targets: [one]
`)

func load(text string) *rulefile.Set {
	set, findings := rulefile.Load([]rulefile.File{{Name: "rules.yaml", Data: []byte(text)}}, rulefile.Options{})
	if findings.Errors() > 0 {
		panic(findings[0].Error())
	}
	return set
}

func newService() (*Service, *fakeEngine) {
	engine := &fakeEngine{keys: map[string]string{}}
	st, clock := memory.New(memory.Config{}), func() time.Time { return now }
	return New(Config{
		Store: st, Engine: engine, Now: clock, Rules: func() *rulefile.Set { return loaded },
		Archives: archive.New(archive.Config{Store: st, Rehearsal: true, Now: clock}),
	}), engine
}

func good() Entry { return Entry{Source: "shop", DetailType: "Order", Detail: `{"a":1}`} }

func with(change func(*Entry)) Entry {
	e := good()
	change(&e)
	return e
}

func TestPutEventsPerEntry(t *testing.T) {
	for _, tc := range []struct {
		name    string
		entry   Entry
		code    string
		matched string
	}{
		{"good", good(), "", "1"},
		{"default by name", with(func(e *Entry) { e.EventBusName = "default" }), "", "1"},
		{"default by arn", with(func(e *Entry) { e.EventBusName = "arn:aws:events:us-east-1:111111111111:event-bus/default" }), "", "1"},
		{"bus of a rule file", with(func(e *Entry) { e.EventBusName = "from-a-file" }), "", "1"},
		{"unknown bus", with(func(e *Entry) { e.EventBusName = "nowhere" }), "", "unknown-bus"},
		{"bus of another region", with(func(e *Entry) { e.EventBusName = "arn:aws:events:eu-west-1:111111111111:event-bus/default" }), "", "unknown-bus"},
		{"no source", with(func(e *Entry) { e.Source = "" }), "InvalidArgument", "-"},
		{"no detail type", with(func(e *Entry) { e.DetailType = "" }), "InvalidArgument", "-"},
		{"no detail", with(func(e *Entry) { e.Detail = "" }), "InvalidArgument", "-"},
		{"long detail type", with(func(e *Entry) { e.DetailType = strings.Repeat("x", 129) }), "InvalidArgument", "-"},
		{"longest detail type", with(func(e *Entry) { e.DetailType = strings.Repeat("x", 128) }), "", "1"},
		{"aws source", with(func(e *Entry) { e.Source = "aws.ec2" }), "NotAuthorizedForSourceException", "-"},
		{"detail is text", with(func(e *Entry) { e.Detail = "text" }), "MalformedDetail", "-"},
		{"detail is a list", with(func(e *Entry) { e.Detail = "[]" }), "MalformedDetail", "-"},
		{"detail is a string", with(func(e *Entry) { e.Detail = `"{}"` }), "MalformedDetail", "-"},
		{"detail is cut", with(func(e *Entry) { e.Detail = `{"a":` }), "MalformedDetail", "-"},
		{"detail names twice", with(func(e *Entry) { e.Detail = `{"a":1,"a":2}` }), "MalformedDetail", "-"},
		{"detail breaks out", with(func(e *Entry) { e.Detail = `{},"source":"aws.ec2"` }), "MalformedDetail", "-"},
		{"detail as deep as can be", with(func(e *Entry) { e.Detail = deep(99) }), "", "1"},
		{"detail too deep", with(func(e *Entry) { e.Detail = deep(100) }), "MalformedDetail", "-"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, engine := newService()
			got, err := s.PutEvents(t.Context(), us, &PutEventsRequest{Entries: []Entry{good(), tc.entry}})
			if err != nil {
				t.Fatal(err)
			}
			r := got.Entries[1]
			if r.ErrorCode != tc.code || (r.EventID == "") != (tc.code != "") || (r.ErrorMessage == "") != (tc.code == "") {
				t.Errorf("got %+v, want %q", r, tc.code)
			}
			if want := "1, " + tc.matched; got.ResponseHeaders()["x-tocsin-matched"] != want {
				t.Errorf("header %v, want %q", got.ResponseHeaders(), want)
			}
			if failed := map[bool]int{true: 1}[tc.code != ""]; got.FailedEntryCount != failed {
				t.Errorf("FailedEntryCount %d, want %d", got.FailedEntryCount, failed)
			}
			if taken := map[bool]int{true: 2, false: 1}[tc.matched == "1"]; len(engine.got) != taken {
				t.Errorf("the engine got %d, want %d", len(engine.got), taken)
			}
			if lost := map[bool]uint64{true: 1}[tc.matched == "unknown-bus"]; s.Stats().UnknownBus != lost {
				t.Errorf("events to unknown bus: %d, want %d", s.Stats().UnknownBus, lost)
			}
		})
	}
}

// deep is an object that is n deep.
func deep(n int) string {
	return strings.Repeat(`{"a":`, n-1) + "{}" + strings.Repeat("}", n-1)
}

func TestPutEventsEnvelope(t *testing.T) {
	s, engine := newService()
	e := good()
	e.Time, e.Resources, e.EventBusName = time.Date(2020, 1, 2, 3, 4, 5, 600, time.UTC), []string{"arn:x"}, "from-a-file"
	e.Detail = ` {"big":12345678901234567890.0, "é":"\u00e9"} `
	got, err := s.PutEvents(t.Context(), us, &PutEventsRequest{Entries: []Entry{e, good()}})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"version":"0","id":"` + got.Entries[0].EventID + `","detail-type":"Order","source":"shop","account":"111111111111","time":"2020-01-02T03:04:05Z","region":"us-east-1","resources":["arn:x"],"detail":{"big":12345678901234567890.0, "é":"\u00e9"}}`
	if diff := cmp.Diff(want, string(engine.got[0].Event.Raw())); diff != "" {
		t.Error(diff)
	}
	if engine.got[0].Event.Bus != "from-a-file" || !engine.got[1].Event.Time.Equal(now) {
		t.Errorf("bus %q, time %v", engine.got[0].Event.Bus, engine.got[1].Event.Time)
	}
}

func TestPutEventsIsIdempotentPerInvocation(t *testing.T) {
	s, engine := newService()
	put := func(c service.Caller) string {
		t.Helper()
		got, err := s.PutEvents(t.Context(), c, &PutEventsRequest{Entries: []Entry{good(), good()}})
		if err != nil {
			t.Fatal(err)
		}
		return got.Entries[0].EventID + " " + got.Entries[1].EventID
	}
	first := put(us)
	if again := put(us); again != first || len(engine.got) != 2 {
		t.Errorf("the retry got %s after %s; the engine has %d", again, first, len(engine.got))
	}
	other := us
	other.AccessKey = "other"
	anonymous := us
	anonymous.InvocationID = ""
	put(other)
	put(anonymous)
	put(anonymous)
	if len(engine.got) != 8 {
		t.Errorf("the engine has %d events, want 8", len(engine.got))
	}
}

func TestPutEventsRefusesTheWholeRequest(t *testing.T) {
	half := with(func(e *Entry) { e.Detail = `{"a":"` + strings.Repeat("x", maxTotalSize/2-len("shopOrder")-8) + `"}` })
	if n := size(half); n != maxTotalSize/2 {
		t.Fatalf("the test's entry is %d", n)
	}
	for _, tc := range []struct {
		name    string
		entries []Entry
		want    string // "" is accepted
	}{
		{"null", nil, "Value null at 'entries' failed to satisfy constraint: Member must not be null"},
		{"none", []Entry{}, "Value '[]' at 'entries' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"ten", make([]Entry, 10), ""},
		{"eleven", make([]Entry, 11), "at 'entries' failed to satisfy constraint: Member must have length less than or equal to 10"},
		{"as large as can be", []Entry{half, half}, ""},
		{"one too large", []Entry{half, with(func(e *Entry) { e.Detail = half.Detail + " " })}, "Total size of the entries in the request is over the limit."},
		{"time counts", []Entry{half, with(func(e *Entry) { e.Detail, e.Time = half.Detail, now })}, "Total size of the entries"},
		{"resources count", []Entry{half, with(func(e *Entry) { e.Detail, e.Resources = half.Detail, []string{"x"} })}, "Total size of the entries"},
		{"bad bus name", []Entry{with(func(e *Entry) { e.EventBusName = "a b" })}, "Value 'a b' at 'eventBusName' failed"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, engine := newService()
			_, err := s.PutEvents(t.Context(), us, &PutEventsRequest{Entries: tc.entries})
			if tc.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wantError(t, err, "ValidationException", tc.want)
			if len(engine.got) > 0 {
				t.Error("the engine got something")
			}
		})
	}
}

func TestPutEventsPassesTheEnginesErrorOn(t *testing.T) {
	s, engine := newService()
	engine.err = errors.New("full")
	if _, err := s.PutEvents(t.Context(), us, &PutEventsRequest{Entries: []Entry{good()}}); !errors.Is(err, engine.err) {
		t.Errorf("got %v", err)
	}
	_, err := s.PutEvents(t.Context(), us, &PutEventsRequest{Entries: []Entry{good()}, EndpointID: "x.y"})
	wantError(t, err, "ResourceNotFoundException", "Endpoint x.y does not exist.")
}

func wantError(t *testing.T, err error, code, part string) {
	t.Helper()
	var e *service.Error
	if !errors.As(err, &e) || e.Code != code || !strings.Contains(e.Message, part) {
		t.Errorf("got %v, want %s: … %s", err, code, part)
	}
}

// The texts are those that AWS gave when it was asked.
func TestPutEventsTextsAreAWSs(t *testing.T) {
	raw, err := os.ReadFile(sharedtest.Path(t, "aws-snapshots/events/test_events.snapshot.json"))
	if err != nil {
		t.Fatal(err)
	}
	var recorded map[string]struct {
		Content map[string]json.RawMessage `json:"recorded-content"`
	}
	if err := json.Unmarshal(raw, &recorded); err != nil {
		t.Fatal(err)
	}
	command := Entry{Source: "core.update-account-command", DetailType: "core.update-account-command", EventBusName: "<bus-name>",
		Detail: `{"command": "update-account", "payload": {"acc_id": "0a787ecb-4015", "sf_id": "baz"}}`}
	for _, tc := range []struct {
		test, step string
		entries    []Entry
	}{
		{"test_put_events_without_source", "put-events", []Entry{with(func(e *Entry) { e.Source = "" })}},
		{"test_put_event_without_detail", "put-events", []Entry{with(func(e *Entry) { e.Detail = "" })}},
		{"test_put_event_without_detail_type", "put-events", []Entry{with(func(e *Entry) { e.DetailType = "" })}},
		{"test_put_event_malformed_detail[STRING]", "put-events", []Entry{with(func(e *Entry) { e.Detail = "this is a string" })}},
		{"test_put_event_malformed_detail[ARRAY]", "put-events", []Entry{with(func(e *Entry) { e.Detail = `[{"a":1}]` })}},
		{"test_put_event_malformed_detail[MALFORMED_JSON]", "put-events", []Entry{with(func(e *Entry) { e.Detail = `{"a":` })}},
		{"test_put_event_malformed_detail[SERIALIZED_STRING]", "put-events", []Entry{with(func(e *Entry) { e.Detail = `"text"` })}},
		{"test_put_event_with_too_big_detail", "put-events-too-big-detail-error", []Entry{with(func(e *Entry) { e.Detail = `{"a":"` + strings.Repeat("x", maxTotalSize) + `"}` })}},
		{"test_put_events_exceed_limit_ten_entries[custom]", "put-events-exceed-limit-error", repeat(command, 11)},
	} {
		t.Run(tc.test, func(t *testing.T) {
			class := "tests/aws/services/events/test_events.py::TestEvents::"
			var step struct {
				Entries []Result
				Error   struct{ Code, Message string }
			}
			if err := json.Unmarshal(recorded[class+tc.test].Content[tc.step], &step); err != nil {
				t.Fatal(err)
			}
			s, _ := newService()
			for i := range tc.entries {
				// The recording stands a placeholder in for the name, which is no name.
				tc.entries[i].EventBusName = strings.Trim(tc.entries[i].EventBusName, "<>")
			}
			got, err := s.PutEvents(t.Context(), us, &PutEventsRequest{Entries: tc.entries})
			if step.Error.Code != "" {
				wantError(t, err, step.Error.Code, strings.ReplaceAll(step.Error.Message, "<bus-name>", "bus-name"))
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(step.Entries, got.Entries); diff != "" {
				t.Errorf("(-AWS +ours):\n%s", diff)
			}
		})
	}
}

func repeat(e Entry, n int) []Entry {
	all := make([]Entry, n)
	for i := range all {
		all[i] = e
	}
	return all
}

func FuzzPutEvents(f *testing.F) {
	f.Add("shop", "Order", `{"a":1}`, "default")
	f.Add("aws.x", "", `{},"source":"x","detail":{}`, "arn:aws:events:us-east-1:111111111111:event-bus/default")
	f.Add("\xff", "é\u0000", "{}\n", "from-a-file")
	f.Fuzz(func(t *testing.T, source, detailType, detail, bus string) {
		s, engine := newService()
		e := Entry{Source: source, DetailType: detailType, Detail: detail, EventBusName: bus}
		got, err := s.PutEvents(t.Context(), us, &PutEventsRequest{Entries: []Entry{e}})
		if err != nil || got.FailedEntryCount > 0 || len(engine.got) == 0 {
			return
		}
		ev := engine.got[0].Event
		if ev.Source != string([]rune(source)) { // what is not UTF-8 becomes U+FFFD
			t.Fatalf("source %q became %q", source, ev.Source)
		}
		if strings.HasPrefix(ev.Source, "aws.") {
			t.Fatalf("a client's event has the source %q", ev.Source)
		}
		if want := strings.Trim(detail, " \t\r\n"); string(ev.Detail()) != want {
			t.Fatalf("detail %q became %q", want, ev.Detail())
		}
	})
}

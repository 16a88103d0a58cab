package cloudevents

import (
	"bytes"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// attributes are the context attributes of one event, and its data.
type attributes struct {
	id, source, kind, time, subject, contentType, schema string
	specversion                                          string
	// extensions in their order, each value as JSON.
	extensions []extension
	detail     []byte // {} for no data
}

type extension struct {
	name  string
	value event.Value
}

// maxAttribute is how many bytes a context attribute may have. They identify events and
// route them; the specification wants a whole event to fit into 64 KiB.
const maxAttribute = 4 << 10

// set takes one context attribute. Text is the value of a text; value its JSON.
func (a *attributes) set(name, text string, value event.Value) error {
	into := map[string]*string{
		"specversion": &a.specversion, "id": &a.id, "source": &a.source, "type": &a.kind, "time": &a.time,
		"subject": &a.subject, "datacontenttype": &a.contentType, "dataschema": &a.schema,
	}[name]
	switch {
	case into != nil && value.Kind() != event.String:
		return fmt.Errorf("%s is a string, not %s", name, value.Kind())
	case into != nil && text == "":
		return fmt.Errorf("%s is empty; leave it out or give it a value", name)
	case len(text) > maxAttribute:
		return fmt.Errorf("%s may have %d bytes, this one has %d; put long texts into the data", name, maxAttribute, len(text))
	case into != nil:
		*into = text
		return nil
	case !isName(name):
		return fmt.Errorf("%q is no attribute's name; write lower-case letters and digits", name)
	}
	switch value.Kind() {
	case event.String, event.Number, event.Bool:
	default:
		return fmt.Errorf("the extension %s is a string, a number or a boolean, not %s", name, value.Kind())
	}
	a.extensions = append(a.extensions, extension{name, slices.Clone(value)})
	return nil
}

func isName(name string) bool {
	return name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789") == ""
}

// check makes sure that what must be there is.
func (a *attributes) check() error {
	for _, m := range [...]struct{ name, value string }{{"specversion", a.specversion}, {"id", a.id}, {"source", a.source}, {"type", a.kind}} {
		if m.value == "" {
			return fmt.Errorf("the event has no %s; every CloudEvent has specversion, id, source and type", m.name)
		}
	}
	if a.specversion != "1.0" {
		return fmt.Errorf("specversion is %q; write \"1.0\"", a.specversion)
	}
	if _, err := url.Parse(a.source); err != nil {
		return fmt.Errorf("source is a URI reference, not %q", a.source)
	}
	if a.schema != "" {
		if u, err := url.Parse(a.schema); err != nil || !u.IsAbs() {
			return fmt.Errorf("dataschema is a whole URI, not %q", a.schema)
		}
	}
	return nil
}

// event makes the event.
func (a *attributes) event(f event.Fields) (event.Event, error) {
	if err := a.check(); err != nil {
		return event.Event{}, err
	}
	if a.time != "" {
		at, err := time.Parse(time.RFC3339Nano, a.time)
		if err != nil || at.Year() > 9999 {
			return event.Event{}, fmt.Errorf("write time like 2026-01-02T15:04:05Z, not %q", a.time)
		}
		f.Time = at
	}
	f.ID, f.Source, f.DetailType = a.id, a.source, a.kind
	if a.subject != "" {
		f.Resources = []string{a.subject}
	}
	var err error
	if f.Detail, err = a.withContext(f.Time); err != nil {
		return event.Event{}, err
	}
	return event.New(f)
}

// withContext is the detail with what the envelope has no place for, if there is any,
// as its last member.
func (a *attributes) withContext(at time.Time) ([]byte, error) {
	if a.time == event.FormatTime(at) {
		a.time = ""
	}
	if isJSON(a.contentType) {
		a.contentType = ""
	}
	var b []byte
	for _, m := range [...]struct{ name, value string }{
		{"time", a.time}, {"subject", a.subject}, {"datacontenttype", a.contentType}, {"dataschema", a.schema},
	} {
		if m.value != "" {
			b = append(event.AppendString(append(b, ','), m.name), ':')
			b = event.AppendString(b, m.value)
		}
	}
	for _, e := range a.extensions {
		b = append(event.AppendString(append(b, ','), e.name), ':')
		b = append(b, e.value...)
	}
	if len(b) == 0 {
		return a.detail, nil
	}
	detail := event.Value(a.detail)
	if detail.Get(contextMember) != nil {
		return nil, fmt.Errorf("the data has a member %q of its own, which is where the event's attributes would go", contextMember)
	}
	all := []byte{'{'}
	if inner := bytes.TrimSpace(detail[1 : len(detail)-1]); len(inner) > 0 {
		all = append(append(all, inner...), ',')
	}
	all = append(append(all, `"`+contextMember+`":{`...), b[1:]...)
	return append(all, "}}"...), nil
}

// contextMember is the detail's member for what the envelope has no place for.
const contextMember = "cloudevent"

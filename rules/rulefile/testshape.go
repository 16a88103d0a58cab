package rulefile

import (
	"fmt"
	"time"

	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/rules/source"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// timestamp is a time as RFC 3339 writes it.
type timestamp struct{}

func (timestamp) check(r *reading, v *source.Value, path string) bool {
	if _, err := time.Parse(time.RFC3339, v.Text); v.Kind == event.String && err == nil {
		return true
	}
	r.find(v.Pos, path, "T007", fmt.Sprintf("%q is a time", last(path)), "write it as 2026-01-01T00:00:00Z", "")
	return false
}

func (timestamp) schema() schema { return schema{"type": "string", "format": "date-time"} }

// testEvent is an event of which some fields may be missing.
type testEvent struct{}

// eventTexts are the fields of an event that hold text.
var eventTexts = []struct{ name, doc string }{
	{"version", "The envelope's version. Default: 0."},
	{"id", "The event's id. Default: made up."},
	{"detail-type", "What kind of event it is."},
	{"source", "Who sends it."},
	{"account", "The AWS account, 12 digits in quotes. Default: the engine's."},
	{"time", "When it happened, as 2026-01-01T00:00:00Z. Default: the step's time."},
	{"region", "The AWS region. Default: the engine's."},
}

func (testEvent) check(r *reading, v *source.Value, path string) bool {
	if v.Kind != event.Object {
		return wrongKind(r, v, path, "an object", "write {source: …, detail-type: …, detail: {…}}")
	}
	ok := true
	for _, m := range v.Members {
		if near := diag.Nearest(m.Name, envelope); near != "" && near != m.Name {
			r.find(m.Pos, child(path, m.Name), "R001", fmt.Sprintf("unknown field %q", m.Name), fmt.Sprintf("did you mean %q?", near), "")
			ok = false
		}
	}
	for _, f := range eventTexts {
		if m := v.Get(f.name); m != nil {
			ok = anyText{}.check(r, m, child(path, f.name)) && ok
		}
	}
	for _, name := range []string{"source", "detail-type", "detail"} {
		if v.Get(name) == nil {
			r.find(v.Pos, path, "R003", "this event has no "+name, fmt.Sprintf("add  %s: …", name), "")
			ok = false
		}
	}
	if m := v.Get("resources"); m != nil {
		ok = texts.check(r, m, child(path, "resources")) && ok
	}
	if m := v.Get("detail"); m != nil {
		ok = anyObject{}.check(r, m, child(path, "detail")) && ok
	}
	return ok
}

func (testEvent) schema() schema {
	properties := schema{
		"detail":    said("What is special to this kind of event.", schema{"type": "object"}),
		"resources": said("ARNs of what the event is about.", texts.schema()),
	}
	for _, f := range eventTexts {
		properties[f.name] = said(f.doc, schema{"type": "string"})
	}
	return schema{"type": "object", "properties": properties, "required": []string{"source", "detail-type", "detail"}}
}

package rulefile

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/rules/source"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// object is a value with named fields.
type object struct {
	name   string // what a person calls it: "rule"
	doc    string
	fields []field
}

// field is one member of an object.
type field struct {
	name     string
	required bool
	of       shape
	doc      string
	// example is what could stand there. Default: an ellipsis.
	example string
	// missing is the code of the finding where a required field is not there. Default:
	// R003.
	missing string
	// later says that the field is understood and comes with a later version.
	later bool
}

func (o *object) check(r *reading, v *source.Value, path string) bool {
	if v.Kind != event.Object {
		return wrongKind(r, v, path, "an object", "write {"+o.fields[0].name+": …}")
	}
	ok := true
	guessed := map[string]bool{} // fields that an unknown name was meant to be
	for _, m := range v.Members {
		f := o.field(m.Name)
		at := child(path, m.Name)
		switch {
		case f == nil:
			guessed[o.unknown(r, m, at)] = true
			ok = false
		case f.later:
			r.find(m.Pos, at, "R015", fmt.Sprintf("%q comes with a later version", m.Name), "remove it for now", "")
			ok = false
		default:
			ok = f.of.check(r, m.Value, at) && ok
		}
	}
	for _, f := range o.fields {
		if f.required && v.Get(f.name) == nil && !guessed[f.name] {
			r.find(v.Pos, path, cmp.Or(f.missing, "R003"), fmt.Sprintf("this %s has no %s", o.name, f.name), fmt.Sprintf("add  %s: %s", f.name, cmp.Or(f.example, "…")), f.help())
			ok = false
		}
	}
	return ok
}

// help is the first sentence of the field's description, as a help line has it.
func (f field) help() string {
	first, _, _ := strings.Cut(strings.TrimSuffix(f.doc, "."), ". ")
	return strings.ToLower(first[:1]) + first[1:]
}

// field returns the field called name, or nil.
func (o *object) field(name string) *field {
	for i := range o.fields {
		if o.fields[i].name == name {
			return &o.fields[i]
		}
	}
	return nil
}

// unknown reports a member that is no field and returns the field it was meant to be.
func (o *object) unknown(r *reading, m source.Member, path string) string {
	near := nearestField(o, m.Name)
	label := "remove it"
	if near != "" {
		label = fmt.Sprintf("did you mean %q?", near)
	}
	r.find(m.Pos, path, "R001", fmt.Sprintf("unknown field %q", m.Name), label, o.name+" fields: "+quoteList(o.names()))
	return near
}

// otherNames are what other tools call our fields; EventBridge's own names first.
var otherNames = map[string]string{
	"EventPattern": "pattern", "event_pattern": "pattern", "filter": "pattern",
	"Targets": "targets", "EventBusName": "bus", "event_bus": "bus", "Description": "description",
	"RetryPolicy": "retry", "retries": "retry", "MaximumRetryAttempts": "attempts", "MaximumEventAgeInSeconds": "within",
	"DeadLetterConfig": "dead_letter", "dlq": "dead_letter",
	"InputPath": "input_path", "InputPathsMap": "input_paths", "InputTemplate": "input_template",
	"condition": "when", "if": "when", "enabled": "state", "disabled": "state",
	"path": "file", "wasm": "file", "needs": "allow", "grants": "allow", "expect": "match", "mem": "memory", "timeout": "time",
}

// nearestField is the field of o that name was meant to be, or "".
func nearestField(o *object, name string) string {
	if meant := otherNames[name]; o.field(meant) != nil {
		return meant
	}
	return diag.Nearest(name, o.names())
}

// names are the fields that can be used.
func (o *object) names() (names []string) {
	for _, f := range o.fields {
		if !f.later {
			names = append(names, f.name)
		}
	}
	return names
}

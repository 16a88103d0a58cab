package rulefile

import (
	"cmp"
	"fmt"

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
			r.find(v.Pos, path, cmp.Or(f.missing, "R003"), fmt.Sprintf("this %s has no %s", o.name, f.name), fmt.Sprintf("add  %s: …", f.name), f.doc)
			ok = false
		}
	}
	return ok
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

// nearestField is the field of o that name was meant to be, or "".
func nearestField(o *object, name string) string { return diag.Nearest(name, o.names()) }

// names are the fields that can be used.
func (o *object) names() (names []string) {
	for _, f := range o.fields {
		if !f.later {
			names = append(names, f.name)
		}
	}
	return names
}

package rulefile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/rules/source"
	"github.com/tocsin-engine/tocsin/rules/yaml"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// reading is one file while it is being read.
type reading struct {
	name string
	doc  *yaml.Doc
	list diag.List
	errs int // how often find was called
}

// read parses the file's YAML.
func read(f File) *reading {
	doc, list := yaml.Parse(f.Name, f.Data)
	return &reading{name: f.Name, doc: doc, list: list}
}

// find adds an error.
func (r *reading) find(at diag.Pos, path, code, message, label, help string) {
	r.errs++
	r.list = append(r.list, diag.Finding{Code: code, File: r.name, Pos: at, Path: path,
		Message: diag.OneLine(message), Label: diag.OneLine(label), Help: diag.OneLine(help)})
}

// forget drops the findings inside of a value in brackets: they follow from one that is
// being made about the whole of it.
func (r *reading) forget(v *source.Value) {
	r.list = slices.DeleteFunc(r.list, func(f diag.Finding) bool { return r.doc.Within(v, f.Pos) })
}

// lossy are the findings of the YAML reader after which parts of the file are missing:
// what is not there may have been meant to be.
var lossy = []string{"Y001", "Y008", "Y009", "Y010", "Y012", "Y013", "Y017"}

// incomplete says whether parts of the file could not be read.
func (r *reading) incomplete() bool {
	return slices.ContainsFunc(r.list, func(f diag.Finding) bool { return slices.Contains(lossy, f.Code) })
}

// settle drops the findings that only follow from broken YAML: those on the line of
// one about YAML, and those about what is missing.
func (r *reading) settle() diag.List {
	broken := map[int]bool{}
	for _, f := range r.list {
		if f.Code[0] == 'Y' {
			broken[f.Line] = true
		}
	}
	incomplete := r.incomplete()
	return slices.DeleteFunc(r.list, func(f diag.Finding) bool {
		return f.Code[0] != 'Y' && broken[f.Line] || incomplete && (f.Code == "R003" || f.Code == "R009")
	})
}

// child is the path of an object's member.
func child(path, name string) string {
	switch {
	case path == "":
		return name
	case name == "":
		return path
	}
	return path + "." + name
}

// item is the path of a list's item.
func item(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }

// last is the name that a path ends with, without an index.
func last(path string) string {
	path = path[strings.LastIndexByte(path, '.')+1:]
	if i := strings.IndexByte(path, '['); i > 0 {
		path = path[:i]
	}
	return path
}

// kindName is how a person calls a kind of value.
func kindName(k event.Kind) string {
	switch k {
	case event.Null:
		return "nothing"
	case event.Bool:
		return "true or false"
	case event.Number:
		return "a number"
	case event.String:
		return "text"
	case event.Array:
		return "a list"
	}
	return "an object"
}

// text is the string member called name, or "".
func text(v *source.Value, name string) string {
	if m := v.Get(name); m != nil && m.Kind == event.String {
		return m.Text
	}
	return ""
}

// items are the items of the list member called name.
func items(v *source.Value, name string) []*source.Value {
	if m := v.Get(name); m != nil {
		return m.Items
	}
	return nil
}

// keyPos is the place of a member's name, or of the object where it has none such.
func keyPos(v *source.Value, name string) diag.Pos {
	for _, m := range v.Members {
		if m.Name == name {
			return m.Pos
		}
	}
	return v.Pos
}

// quoteList writes names for a person: "a", "b" and "c" as a, b, c.
func quoteList(names []string) string { return strings.Join(names, ", ") }

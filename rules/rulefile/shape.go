package rulefile

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/rules/source"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// shape is what a value of a file looks like. The tables of shapes in fields.go check
// the files and make the JSON Schema, so the two cannot disagree.
type shape interface {
	// check reports what is wrong with v and says whether it can be read.
	check(r *reading, v *source.Value, path string) bool
	schema() schema
}

// noSpace is a member that YAML reads as one word.
var noSpace = regexp.MustCompile(`^[a-z_]+:\S`)

// wrongKind reports a value of another kind than belongs there.
func wrongKind(r *reading, v *source.Value, path, want, label string) bool {
	name := last(path)
	switch {
	case name == "":
		name = "this file"
	case strings.HasSuffix(path, "]"):
		name = "an item of " + strconv.Quote(name)
	default:
		name = strconv.Quote(name)
	}
	if want == "an object" && noSpace.MatchString(v.Text) {
		label = "put a space after the colon"
	}
	r.find(v.Pos, path, "R002", fmt.Sprintf("%s takes %s, this is %s", name, want, kindName(v.Kind)), label, "")
	return false
}

// anyText is any text.
type anyText struct{}

func (anyText) check(r *reading, v *source.Value, path string) bool {
	if v.Kind != event.String {
		label := "write the text here"
		if v.Kind == event.Number || v.Kind == event.Bool {
			label = fmt.Sprintf("write %q", v.Text)
		}
		return wrongKind(r, v, path, "text", label)
	}
	return true
}

// word is a text that has to look a certain way.
type word struct {
	looks *regexp.Regexp
	say   string // what it looks like
}

func (w word) check(r *reading, v *source.Value, path string) bool {
	if !(anyText{}).check(r, v, path) {
		return false
	}
	if w.looks.MatchString(v.Text) {
		return true
	}
	r.find(v.Pos, path, "R008", fmt.Sprintf("%q cannot be used as %s", shorten(v.Text), article(last(path))), "write "+w.say, "")
	return false
}

// article is what a field holds, with "a" before it.
func article(name string) string {
	switch name {
	case "buses":
		name = "bus"
	case "match":
		name = "rule's name"
	default:
		name = strings.TrimSuffix(strings.ReplaceAll(name, "_", " "), "s")
	}
	if strings.IndexByte("aeiou", name[0]) >= 0 {
		return "an " + name
	}
	return "a " + name
}

// shorten cuts what is too long for one line.
func shorten(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:39]) + "…"
	}
	return s
}

// choice is one of some words.
type choice []string

func (c choice) check(r *reading, v *source.Value, path string) bool {
	if v.Kind == event.String && slices.Contains(c, v.Text) {
		return true
	}
	label := "write " + strings.Join(c, " or ")
	if near := diag.Nearest(v.Text, c); near != "" {
		label = fmt.Sprintf("did you mean %q?", near)
	}
	r.find(v.Pos, path, "R011", fmt.Sprintf("%q is %s, not %q", last(path), strings.Join(c, " or "), shorten(v.Text)), label, "")
	return false
}

// integer is a whole number between two bounds.
type integer struct{ min, max int }

func (n integer) check(r *reading, v *source.Value, path string) bool {
	if v.Kind != event.Number {
		return wrongKind(r, v, path, "a number", fmt.Sprintf("write a number from %d to %d", n.min, n.max))
	}
	if i, err := strconv.Atoi(v.Text); err == nil && i >= n.min && i <= n.max {
		return true
	}
	r.find(v.Pos, path, "R012", fmt.Sprintf("%q is between %d and %d, not %s", last(path), n.min, n.max, shorten(v.Text)),
		fmt.Sprintf("write a whole number from %d to %d", n.min, n.max), "")
	return false
}

// list is any number of values of one shape, at least min.
type list struct {
	of  shape
	min int
}

func (l list) check(r *reading, v *source.Value, path string) bool {
	if v.Kind != event.Array {
		label := "write a list: [ … ]"
		switch o, ofObjects := l.of.(*object); {
		case v.Kind == event.String:
			label = "write [" + shorten(v.Text) + "]"
		case v.Kind == event.Object && ofObjects:
			label = fmt.Sprintf("begin each %s with a dash:  - %s: …", o.name, o.fields[0].name)
		}
		return wrongKind(r, v, path, "a list", label)
	}
	ok := true
	for i, it := range v.Items {
		ok = l.of.check(r, it, item(path, i)) && ok
	}
	if len(v.Items) < l.min {
		r.find(v.Pos, path, "R002", fmt.Sprintf("%q is empty", last(path)), "write what belongs here, or leave the field out", "")
		return false
	}
	return ok
}

// table is an object whose member names are free and whose values have one shape.
type table struct{ of shape }

func (t table) check(r *reading, v *source.Value, path string) bool {
	if v.Kind != event.Object {
		return wrongKind(r, v, path, "an object", "write {name: value}")
	}
	ok := true
	for _, m := range v.Members {
		ok = t.of.check(r, m.Value, child(path, m.Name)) && ok
	}
	return ok
}

// either has one shape for each kind of value it may be.
type either struct {
	kinds  []event.Kind
	shapes []shape
	want   string // what it takes, for a person
}

func (e either) check(r *reading, v *source.Value, path string) bool {
	if i := slices.Index(e.kinds, v.Kind); i >= 0 {
		return e.shapes[i].check(r, v, path)
	}
	return wrongKind(r, v, path, e.want, "write one of these")
}

// formula is an expression: text, or a bare number, true or false.
type formula struct{}

func (formula) check(r *reading, v *source.Value, path string) bool {
	switch v.Kind {
	case event.Object, event.Array:
		r.forget(v)
		r.find(v.Pos, path, "R002", fmt.Sprintf("%q is an expression, and YAML reads this as %s", last(path), kindName(v.Kind)),
			fmt.Sprintf("put the expression in a block:  %s: |", last(path)), "")
		return false
	case event.Null:
		return wrongKind(r, v, path, "an expression", "write the expression here")
	}
	return true
}

// free is any JSON; its reader checks it.
type free struct{}

func (free) check(*reading, *source.Value, string) bool { return true }

// patternShape is an event pattern, which rules/pattern checks.
type patternShape struct{ free }

// anyObject is an object that somebody else checks.
type anyObject struct{}

func (anyObject) check(r *reading, v *source.Value, path string) bool {
	if v.Kind != event.Object {
		return wrongKind(r, v, path, "an object", "write {name: value}")
	}
	return true
}

// boolean is true or false.
type boolean struct{}

func (boolean) check(r *reading, v *source.Value, path string) bool {
	if v.Kind != event.Bool {
		return wrongKind(r, v, path, "true or false", "write true or false")
	}
	return true
}

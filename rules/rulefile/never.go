package rulefile

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/rules/source"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// envelope are the members that every event has.
var envelope = []string{"version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"}

// neverMatches reports what is a pattern and matches no event that there can be.
func (r *reading) neverMatches(v *source.Value, path string) {
	for _, m := range v.Members {
		at := child(path, m.Name)
		switch m.Name {
		case "account":
			r.accounts(m.Value, at)
			r.alwaysText(m, at)
		case "id", "source", "detail-type", "time", "region", "resources", "version":
			r.alwaysText(m, at)
		case "detail":
			r.alwaysObject(m, at)
		case "$or":
			for i, alternative := range m.Value.Items {
				r.neverMatches(alternative, item(at, i))
			}
		case "replay-name":
		default:
			r.noSuchField(m, at)
		}
	}
}

// accountID is an account id that lost its quotes, with or without its zeros.
var accountID = regexp.MustCompile(`^[0-9]{1,12}$`)

// accounts reports account ids without quotes.
func (r *reading) accounts(v *source.Value, path string) {
	for i, it := range v.Items {
		bare := it.Kind == event.Number || it.Kind == event.String && !r.doc.Quoted(it)
		if bare && accountID.MatchString(it.Text) {
			label := fmt.Sprintf("this is a number; events carry the string %q", fmt.Sprintf("%012s", it.Text))
			r.find(it.Pos, item(path, i), "P003", "AWS account id must be quoted", label,
				"unquoted it can never match, and a leading 0 would be lost")
		}
	}
}

// alwaysText reports what a field that is text in every event can never be.
func (r *reading) alwaysText(m source.Member, path string) {
	if m.Value.Kind == event.Object {
		r.find(m.Value.Pos, path, "P017", m.Name+" is always text", "write a list of texts", "it has no members, so this can never match")
		return
	}
	for i, it := range m.Value.Items {
		switch {
		case it.Kind == event.Number && m.Name == "account" && accountID.MatchString(it.Text): // P003
		case it.Kind == event.Number || it.Kind == event.Bool || it.Kind == event.Null:
			r.find(it.Pos, item(path, i), "P017", m.Name+" is always text", fmt.Sprintf("write %q", it.Text), "unquoted it can never match")
		case it.Get("numeric") != nil:
			r.find(it.Pos, item(path, i), "P017", m.Name+" is always text", "write a text, a prefix or a wildcard", "numeric compares numbers, so this can never match")
		}
	}
	if m.Name != "resources" && len(m.Value.Items) > 0 && !slices.ContainsFunc(m.Value.Items, mayBeThere) {
		r.find(m.Value.Pos, path, "P017", "every event has "+m.Name, "write what it should be, or leave it out", "it is never absent, so this can never match")
	}
}

// mayBeThere says whether a matcher can match a value that is there.
func mayBeThere(matcher *source.Value) bool {
	exists := matcher.Get("exists")
	return exists == nil || exists.Text != "false"
}

// alwaysObject reports values in the place of detail's members.
func (r *reading) alwaysObject(m source.Member, path string) {
	if m.Value.Kind == event.Array && len(m.Value.Items) > 0 && !slices.ContainsFunc(m.Value.Items, func(it *source.Value) bool { return !mayBeThere(it) }) {
		r.find(m.Value.Pos, path, "P017", "detail is always an object", "write {field: [value]}", "a list holds values, so this can never match")
	}
}

// noSuchField warns of a member that no event has at its top.
func (r *reading) noSuchField(m source.Member, path string) {
	label := "put it below detail"
	if near := diag.Nearest(m.Name, envelope); near != "" {
		label = fmt.Sprintf("did you mean %q?", near)
	}
	r.list = append(r.list, diag.Finding{Code: "P018", Severity: diag.Warning, File: r.name, Pos: m.Pos, Path: path,
		Message: fmt.Sprintf("no event has %q beside detail", m.Name), Label: label,
		Help: "an event's fields: " + strings.Join(envelope, ", ")})
}

package rulefile

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/rules/pattern"
	"github.com/tocsin-engine/tocsin/rules/source"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// patternCodes gives each kind of mistake in a pattern its page. P003 and P017 are of
// this package.
var patternCodes = map[pattern.Code]string{
	pattern.NotObject:      "P001",
	pattern.NotArray:       "P002",
	pattern.Empty:          "P004",
	pattern.BadValue:       "P005",
	pattern.BadMatcher:     "P006",
	pattern.NeedString:     "P007",
	pattern.BadNesting:     "P008",
	pattern.BadAnythingBut: "P009",
	pattern.BadExists:      "P010",
	pattern.BadNumeric:     "P011",
	pattern.BadCIDR:        "P012",
	pattern.BadWildcard:    "P013",
	pattern.TooComplex:     "P014",
	pattern.BadOr:          "P015",
	pattern.Duplicate:      "P016",
}

// pattern compiles a pattern, nil where it is wrong.
func (r *reading) pattern(v *source.Value, path string) *pattern.Pattern {
	p, errs := pattern.Compile(v)
	for _, e := range errs {
		label := e.Label
		if e.Code == pattern.NotArray {
			if written := r.doc.Source(valueAt(v, e.Pos)); written != "" {
				label = "write [" + written + "]"
			}
		}
		r.find(e.Pos, child(path, e.Path), patternCodes[e.Code], e.Message, label, e.Help)
	}
	r.neverMatches(v, path)
	if len(errs) > 0 {
		return nil
	}
	return p
}

// valueAt is the innermost value in v that stands at a place, or v.
func valueAt(v *source.Value, at diag.Pos) *source.Value {
	found := v
	for _, m := range v.Members {
		if inner := valueAt(m.Value, at); inner.Pos == at {
			found = inner
		}
	}
	for _, it := range v.Items {
		if inner := valueAt(it, at); inner.Pos == at {
			found = inner
		}
	}
	return found
}

// neverMatches reports what is a pattern and matches no event that there can be.
func (r *reading) neverMatches(v *source.Value, path string) {
	for _, m := range v.Members {
		at := child(path, m.Name)
		switch m.Name {
		case "account":
			r.accounts(m.Value, at)
		case "id", "source", "detail-type", "time", "region", "resources", "version":
			r.texts(m, at)
		case "$or":
			for i, alternative := range m.Value.Items {
				r.neverMatches(alternative, item(at, i))
			}
		case "detail", "replay-name":
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

// texts reports numbers where every event carries text.
func (r *reading) texts(m source.Member, path string) {
	for i, it := range m.Value.Items {
		if it.Kind == event.Number || it.Kind == event.Bool || it.Kind == event.Null {
			r.find(it.Pos, item(path, i), "P017", fmt.Sprintf("%s is always text", m.Name), fmt.Sprintf("write %q", it.Text),
				"unquoted it can never match")
		}
	}
}

// envelope are the members that every event has.
var envelope = []string{"version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"}

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

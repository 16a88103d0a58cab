// Package diag is the finding: what a person's file should say instead, and where.
//
// Everything that reads a file of a person returns all findings at once, never the
// first one only. A finding's code never changes its meaning; each code has its page
// under codes/, which Page returns and `tocsin help CODE` prints.
package diag

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Severity says whether a finding stops the file from being used.
type Severity uint8

// An Error stops a rule set from loading; a Warning does not.
const (
	Error Severity = iota
	Warning
)

// String names the severity as it is printed: "error" or "warning".
func (s Severity) String() string {
	if s == Warning {
		return "warning"
	}
	return "error"
}

// MarshalText writes the severity's name.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the severity's name.
func (s *Severity) UnmarshalText(text []byte) error {
	switch string(text) {
	case Error.String():
		*s = Error
	case Warning.String():
		*s = Warning
	default:
		return fmt.Errorf("diag: a severity is error or warning, not %q", text)
	}
	return nil
}

// Pos is a place in a file. The zero Pos is no place.
type Pos struct {
	// Line and Column count from 1; Column counts characters (runes).
	Line   int `json:"line,omitempty"`
	Column int `json:"column,omitempty"`
	// Length is how many characters of that line the place covers; a caret line has
	// at least one.
	Length int `json:"length,omitempty"`
}

// Finding is one thing to change in one file.
type Finding struct {
	// Code names the kind of finding, as "P003".
	Code     string   `json:"code"`
	Severity Severity `json:"severity"`
	// File is the path as the person gave it.
	File string `json:"file"`
	Pos
	// Path is where in the file's structure it is: rules[0].pattern.detail.amount.
	Path string `json:"path,omitempty"`
	// Message says what is there, without a full stop.
	Message string `json:"message"`
	// Label stands beside the caret and says what to write.
	Label string `json:"label,omitempty"`
	// Help is at most one further line.
	Help string `json:"help,omitempty"`
}

// Error is the short form, file:line:col: severity code: path: message.
func (f Finding) Error() string {
	s := f.File
	if f.Line > 0 {
		s += fmt.Sprintf(":%d:%d", f.Line, f.Column)
	}
	s += fmt.Sprintf(": %s %s: ", f.Severity, f.Code)
	if f.Path != "" {
		s += f.Path + ": "
	}
	return s + f.Message
}

// OneLine puts text that may quote a person's file into one line.
func OneLine(text string) string {
	return strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ").Replace(text)
}

// List is findings of any number of files.
type List []Finding

// Sort orders the findings by file, line, column and code.
func (l List) Sort() {
	slices.SortStableFunc(l, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Column, b.Column), cmp.Compare(a.Code, b.Code))
	})
}

// Errors counts the findings that stop the rule set from loading.
func (l List) Errors() int {
	n := 0
	for _, f := range l {
		if f.Severity == Error {
			n++
		}
	}
	return n
}

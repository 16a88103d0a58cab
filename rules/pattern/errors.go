package pattern

import (
	"fmt"

	"github.com/tocsin-engine/tocsin/rules/diag"
)

// Code says what kind of mistake a pattern holds. Codes never change their meaning.
type Code string

// The mistakes a pattern can hold.
const (
	// NotObject: the pattern is not one JSON object, or text follows it.
	NotObject Code = "not_object"
	// NotArray: a field's value is a scalar, a leaf is a list.
	NotArray Code = "not_array"
	// Empty: an empty object, or an empty list of matchers.
	Empty Code = "empty"
	// BadValue: a list inside a list of matchers.
	BadValue Code = "bad_value"
	// BadMatcher: a matcher object with no member, several, or an unknown operator.
	BadMatcher Code = "bad_matcher"
	// NeedString: an operator's operand is a string.
	NeedString Code = "need_string"
	// BadNesting: an operator stands where it may not be nested.
	BadNesting Code = "bad_nesting"
	// BadAnythingBut: an operand that anything-but cannot exclude.
	BadAnythingBut Code = "bad_anything_but"
	// BadExists: exists takes true or false.
	BadExists Code = "bad_exists"
	// BadNumeric: a numeric test that is no range of numbers.
	BadNumeric Code = "bad_numeric"
	// BadCIDR: a block of addresses that is none.
	BadCIDR Code = "bad_cidr"
	// BadWildcard: adjacent stars, or a backslash before another character.
	BadWildcard Code = "bad_wildcard"
	// TooComplex: the $or groups multiply to more than MaxAlternatives.
	TooComplex Code = "too_complex"
	// BadOr: a $or that is not a list of at least two objects, or that holds a
	// reserved name.
	BadOr Code = "bad_or"
	// Duplicate: one object names a member twice.
	Duplicate Code = "duplicate"
)

// pages are the codes of findings: each has a page in rules/diag.
var pages = map[Code]string{
	NotObject: "P001", NotArray: "P002", Empty: "P004", BadValue: "P005", BadMatcher: "P006", NeedString: "P007",
	BadNesting: "P008", BadAnythingBut: "P009", BadExists: "P010", BadNumeric: "P011", BadCIDR: "P012",
	BadWildcard: "P013", TooComplex: "P014", BadOr: "P015", Duplicate: "P016",
}

// Page is the code of a finding about this kind of mistake, which `tocsin help` explains.
func (c Code) Page() string { return pages[c] }

// Error is one mistake in a pattern.
type Error struct {
	Code Code
	// Path is where it is inside the pattern: detail.amount[0]; "" is the pattern.
	Path string
	diag.Pos
	// Message says what is there, Label what to write, Help is at most one more line.
	Message, Label, Help string
}

func (e Error) Error() string {
	where := "pattern"
	if e.Path != "" {
		where += "." + e.Path
	}
	return fmt.Sprintf("%s: %s", where, e.Message)
}

package transform

import (
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/tocsin-engine/tocsin/rules/expression"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// EventBridge's limits (API reference, Target and InputTransformer).
const (
	// MaxText is how many characters a constant or a template has at most.
	MaxText = 8192
	// MaxPath is how many characters a path has at most.
	MaxPath = 256
	// MaxName is how many characters the name of a path has at most.
	MaxName = 256
	// MaxPaths is how many paths a template has at most.
	MaxPaths = 100
)

// Context is what an Input may tell about the delivery besides the event.
type Context struct {
	// RuleName and RuleARN are of the rule that matched.
	RuleName, RuleARN string
	// Ingestion is when the event came in.
	Ingestion time.Time
}

// Input makes what a target gets. The zero Input is the event itself. An Input is
// immutable and safe for concurrent use.
type Input struct {
	apply func(event.Event, Context) ([]byte, error)
}

// IsZero says whether in leaves the event as it is.
func (in Input) IsZero() bool { return in.apply == nil }

// Apply returns what the target gets: JSON, or lines of JSON texts. The caller must not
// change it, because it may be the event's own bytes. The errors are of expressions that
// have no value on this event (*expression.RunError) and ErrQuotedObject; trying again
// does not help.
func (in Input) Apply(ev event.Event, c Context) ([]byte, error) {
	if in.apply == nil {
		return ev.Raw(), nil
	}
	return in.apply(ev, c)
}

// FromExpression makes an Input of an expression's value.
func FromExpression(p *expression.Program) Input {
	return Input{func(ev event.Event, c Context) ([]byte, error) {
		env := expression.NewEnv(ev)
		env.SetRule(c.RuleName)
		return p.JSON(env)
	}}
}

// FromConstant makes an Input that is the same for every event: EventBridge's Input.
func FromConstant(text string) (Input, []Error) {
	if n := utf8.RuneCountInString(text); n > MaxText {
		return Input{}, []Error{tooLong("the input", n, MaxText)}
	}
	raw := []byte(text)
	if err := event.Check(raw); err != nil {
		return Input{}, []Error{notJSON(text, 0, err)}
	}
	return Input{func(event.Event, Context) ([]byte, error) { return raw, nil }}, nil
}

// FromPath makes an Input of one part of the event: EventBridge's InputPath.
func FromPath(path string) (Input, []Error) {
	steps, err := parsePath(path)
	if err != nil {
		return Input{}, []Error{*err}
	}
	if len(steps) == 0 {
		return Input{}, nil
	}
	return Input{func(ev event.Event, _ Context) ([]byte, error) {
		if v := steps.find(ev); v != nil {
			return v, nil
		}
		return []byte("null"), nil
	}}, nil
}

// Error is a finding: what to write instead, and where.
type Error struct {
	// Code names the kind of finding and never changes its meaning.
	Code string
	// Key is the name of the path that the finding is about; empty for the path of
	// FromPath, the constant and the template.
	Key string
	// Offset and Length count characters (runes) of the text that it is about.
	Offset, Length int
	// Message says what is there, Label what to write; Help is at most one more line.
	Message, Label, Help string
	// Placeholder is the name of an unknown placeholder.
	Placeholder string
}

func (e Error) Error() string {
	s := fmt.Sprintf("at character %d: %s", e.Offset+1, e.Message)
	if e.Key != "" {
		s = fmt.Sprintf("path %q: ", e.Key) + s
	}
	if e.Label != "" {
		s += ": " + e.Label
	}
	return s
}

// AWS is the sentence that EventBridge's PutTargets answers with.
func (e Error) AWS(target string) string {
	if e.Placeholder != "" {
		return fmt.Sprintf("InputTemplate for target %s contains invalid placeholder %s.", target, e.Placeholder)
	}
	return fmt.Sprintf("Invalid input for target %s : %s.", target, e.Error())
}

func tooLong(what string, n, limit int) Error {
	return Error{Code: "I005", Length: n, Message: fmt.Sprintf("%s has %d characters", what, n),
		Label: fmt.Sprintf("write at most %d", limit)}
}

// notJSON is about the part of text that starts at the byte start.
func notJSON(text string, start int, err error) Error {
	var syntax *event.SyntaxError
	if !errors.As(err, &syntax) {
		return Error{Code: "I003", Length: 1, Message: err.Error()}
	}
	at, length := min(start+syntax.Offset, len(text)), 1
	for _, p := range placeholder.FindAllStringIndex(text, -1) {
		if p[0] <= at && at < p[1] {
			at, length = p[0], p[1]-p[0]
		}
	}
	return Error{Code: "I003", Offset: utf8.RuneCountInString(text[:at]), Length: length,
		Message: syntax.Reason, Label: "write JSON"}
}

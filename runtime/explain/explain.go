// Package explain says why a rule does or does not match an event, condition by
// condition: the pattern's explanation and the expression's put together as the
// engine puts the rule together. `tocsin explain` and the server's API answer with it.
package explain

import (
	"github.com/tocsin-engine/tocsin/rules/expression"
	"github.com/tocsin-engine/tocsin/rules/pattern"
	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// Verdict is what one rule says about an event.
type Verdict struct {
	Rule     string `json:"rule"`
	File     string `json:"file"`
	Line     int    `json:"line"`
	Matches  bool   `json:"matches"`
	Disabled bool   `json:"disabled"`
	// OtherBus is set where the rule listens to another bus than the event is on.
	OtherBus   string      `json:"other_bus,omitempty"`
	Conditions []Condition `json:"conditions"`
	Note       string      `json:"note,omitempty"`
	When       *Trace      `json:"when,omitempty"`
}

// Condition is one field of the pattern.
type Condition struct {
	Path   string   `json:"path"`
	Branch string   `json:"branch,omitempty"`
	Want   string   `json:"want"`
	Got    []string `json:"got"`
	Holds  bool     `json:"holds"`
	Hint   string   `json:"hint,omitempty"`
}

// Trace is one part of an expression and what it was.
type Trace struct {
	Text string `json:"text"`
	// Asked is false for a part, or a whole expression, that was not evaluated.
	Asked    bool    `json:"asked"`
	Value    string  `json:"value,omitempty"`
	Error    string  `json:"error,omitempty"`
	Children []Trace `json:"children,omitempty"`
}

// Rule explains one rule. It matches exactly if the engine would match it, but for a
// once_per, which depends on what came before.
func Rule(r rulefile.Rule, ev event.Event) Verdict {
	v := Verdict{Rule: r.Name, File: r.File, Line: r.Pos.Line, Disabled: r.Disabled, Matches: true, Conditions: []Condition{}}
	if r.Bus != ev.Bus {
		v.Matches, v.OtherBus = false, r.Bus
	}
	if r.Pattern != nil {
		x := r.Pattern.Explain(ev.Raw())
		v.Matches, v.Note = v.Matches && x.Matches, x.Note
		for _, c := range x.Conditions {
			v.Conditions = append(v.Conditions, conditionOf(c))
		}
	}
	if r.When != nil {
		v.explainWhen(r, ev)
	}
	if r.Pattern == nil && r.When == nil {
		v.Matches, v.Note = false, "it selects no events: its schedule makes one, "+r.Schedule.String()
	}
	v.Matches = v.Matches && !r.Disabled
	return v
}

func conditionOf(c pattern.Condition) Condition {
	got := c.Got
	if got == nil {
		got = []string{}
	}
	return Condition{c.Path, c.Branch, c.Want, got, c.Holds, c.Hint}
}

// explainWhen asks the expression only if the pattern matched, as the matcher does.
func (v *Verdict) explainWhen(r rulefile.Rule, ev event.Event) {
	v.When = &Trace{Text: r.When.Source()}
	if !v.Matches {
		return
	}
	env := expression.NewEnv(ev)
	env.SetRule(r.Name)
	trace := r.When.Explain(env)
	*v.When = traceOf(trace)
	v.Matches = trace.Holds != nil && *trace.Holds
}

func traceOf(t expression.Trace) Trace {
	d := Trace{Text: t.Text, Asked: t.Value != "" || t.Err != "", Value: t.Value, Error: t.Err}
	for _, child := range t.Children {
		d.Children = append(d.Children, traceOf(child))
	}
	return d
}

// Holding counts the conditions that hold, and all; when is one of them.
func (v Verdict) Holding() (holds, all int) {
	for _, c := range v.Conditions {
		if c.Holds {
			holds++
		}
	}
	all = len(v.Conditions)
	if v.When != nil {
		all++
		if v.Matches {
			holds++
		}
	}
	return holds, all
}

// Missing is how many conditions keep the rule from matching; 0 if it matches.
func (v Verdict) Missing() int {
	if v.Matches {
		return 0
	}
	holds, all := v.Holding()
	return 1 + all - holds
}

// Label is the field, with the $or member it stands in.
func (c Condition) Label() string {
	if c.Branch == "" {
		return c.Path
	}
	return c.Path + " (" + c.Branch + ")"
}

// Outcome is what the part was, for people.
func (t Trace) Outcome() string {
	switch {
	case t.Error != "":
		return t.Error
	case !t.Asked:
		return "not evaluated"
	}
	return t.Value
}

package cli

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/runtime/explain"
)

// shown is how many characters of an id or a value a line has room for.
const (
	shownID    = 8
	shownValue = 200
)

// verdictText writes verdicts for people.
type verdictText struct {
	w     io.Writer
	style style
	// all shows the values of conditions that hold, too.
	all bool
}

// verdict writes one rule's verdict on an event: a line a condition, want and got below
// those that do not hold.
func (p verdictText) verdict(v explain.Verdict, id, bus string) {
	s := p.style
	holds, all := v.Holding()
	sign, word := s.tick(), "matches"
	if !v.Matches {
		sign, word = s.cross(), "does not match"
	}
	fmt.Fprintf(p.w, "%s %s %s %s  (%d of %s)\n", sign, s.strong(v.Rule), word, cut(id, shownID, s), holds, holdText(all))
	if v.Disabled {
		fmt.Fprintf(p.w, "  %s the rule is disabled (%s:%d)\n", s.mark(), v.File, v.Line)
	}
	if v.OtherBus != "" {
		fmt.Fprintf(p.w, "  %s the rule listens to bus %s, the event is on bus %s\n", s.cross(), v.OtherBus, bus)
	}
	width := 0
	for _, c := range v.Conditions {
		width = max(width, utf8.RuneCountInString(c.Label()))
	}
	for _, c := range v.Conditions {
		p.condition(c, width)
	}
	if v.Note != "" {
		fmt.Fprintf(p.w, "  %s %s\n", s.mark(), v.Note)
	}
	if v.When != nil {
		p.when(*v.When, v.Matches, max(width, len("when")))
	}
}

func holdText(all int) string {
	if all == 1 {
		return "1 condition holds"
	}
	return fmt.Sprintf("%d conditions hold", all)
}

func (p verdictText) condition(c explain.Condition, width int) {
	s := p.style
	sign := s.tick()
	if !c.Holds {
		sign = s.cross()
	}
	pad := strings.Repeat(" ", width-utf8.RuneCountInString(c.Label()))
	fmt.Fprintf(p.w, "  %s %s%s  want %s\n", sign, c.Label(), pad, cut(c.Want, shownValue, s))
	if c.Holds && !p.all {
		return
	}
	got := "(absent)"
	if len(c.Got) > 0 {
		got = strings.Join(c.Got, ", ")
	}
	hint := ""
	if c.Hint != "" {
		hint = "   " + s.left() + " " + c.Hint
	}
	fmt.Fprintf(p.w, "    %s  got  %s%s\n", strings.Repeat(" ", width), cut(got, shownValue, s), hint)
}

// printWhen writes the expression and below it the operands with their values.
func (p verdictText) when(t explain.Trace, matches bool, width int) {
	s := p.style
	pad := strings.Repeat(" ", width-len("when"))
	if !t.Asked {
		fmt.Fprintf(p.w, "  %s when%s  not evaluated: the pattern did not match\n", s.dot(), pad)
		return
	}
	sign := s.tick()
	if !matches {
		sign = s.cross()
	}
	fmt.Fprintf(p.w, "  %s when%s  %s\n", sign, pad, oneLine(t.Text))
	if len(t.Children) == 0 || t.Error != "" {
		fmt.Fprintf(p.w, "    %s  got  %s\n", strings.Repeat(" ", width), cut(t.Outcome(), shownValue, s))
	}
	for _, child := range t.Children {
		p.operand(child, width+6)
	}
}

func (p verdictText) operand(t explain.Trace, indent int) {
	s := p.style
	sign := s.dot()
	switch {
	case t.Error != "" || t.Value == "false":
		sign = s.cross()
	case t.Value == "true":
		sign = s.tick()
	}
	fmt.Fprintf(p.w, "%s%s %s  %s %s\n", strings.Repeat(" ", indent), sign, oneLine(t.Text), s.pick("→", "->"), cut(t.Outcome(), shownValue, s))
	for _, child := range t.Children {
		p.operand(child, indent+2)
	}
}

// oneLine folds the white space of an expression that stands in a block.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// cut shortens a text to n characters; a person who needs it whole asks for JSON.
func cut(text string, n int, s style) string {
	runes := []rune(text)
	if len(runes) <= n {
		return text
	}
	return string(runes[:n]) + s.pick("…", "...")
}

// didYouMean is what to add to "there is no X".
func didYouMean(word string, candidates []string) string {
	if near := diag.Nearest(word, candidates); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return ""
}

package rulefile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/rules/expression"
	"github.com/tocsin-engine/tocsin/rules/source"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// formula compiles the expression of the member called name: nil where there is none,
// or a wrong one.
func (r *reading) formula(v *source.Value, name, path string, kind expression.Kind) *expression.Program {
	m := v.Get(name)
	if m == nil || m.Kind == event.Object || m.Kind == event.Array || m.Kind == event.Null {
		return nil
	}
	path = child(path, name)
	if r.cutAtQuote(m, name, path) || r.cutAtBracket(m, path, false) {
		return nil
	}
	p, errs := expression.Compile(m.Text, kind)
	if len(errs) == 0 {
		return p
	}
	if r.cutAtComment(m, name, path) || r.cutAtBracket(m, path, openQuote(m.Text) || openBracket(m.Text)) {
		return nil
	}
	for _, e := range errs {
		r.find(r.doc.Locate(m, e.Offset, e.Length), path, e.Code, e.Message, e.Label, e.Help)
	}
	return nil
}

// cutAtQuote explains an expression that begins with a text in quotes, which YAML takes
// for the whole value. The YAML reader has reported what follows it; here that becomes
// a finding about expressions.
func (r *reading) cutAtQuote(m *source.Value, name, path string) bool {
	at, ok := r.doc.Trailing(m)
	i := slices.IndexFunc(r.list, func(f diag.Finding) bool { return f.Code == "Y006" && f.Pos == at })
	if !ok || i < 0 {
		return false
	}
	f := &r.list[i]
	f.Code, f.Path = "E007", path
	f.Message = "the expression stops at its closing quote"
	f.Label, f.Help = "YAML reads a value in quotes up to here", "put the expression in a block:  "+name+": |"
	return true
}

// cutAtComment explains an expression with a # in a text, where YAML begins a comment.
func (r *reading) cutAtComment(m *source.Value, name, path string) bool {
	at, ok := r.doc.Comment(m)
	if !ok || !openQuote(m.Text) {
		return false
	}
	r.find(at, path, "E006", `the expression stops at "#"`, "YAML takes this as a comment",
		"put the expression in a block:  "+name+": |")
	return true
}

// cutAtBracket explains an expression in braces that holds a comma or a bracket, where a
// word of YAML ends: it is open, or followed by what follows no word. What the YAML
// reader made of the rest is no news.
func (r *reading) cutAtBracket(m *source.Value, path string, open bool) bool {
	by, at := r.doc.Cut(m)
	if by == 0 || !open && by != '[' && by != '{' {
		return false
	}
	r.list = slices.DeleteFunc(r.list, func(f diag.Finding) bool {
		return f.Code[0] == 'Y' && f.Line == at.Line && f.Column >= at.Column
	})
	r.find(at, path, "E013", fmt.Sprintf(`the expression stops at "%c"`, by), "in braces YAML ends a word here",
		"put the expression in quotes, or write the object in lines and the expression in a block")
	return true
}

// openBracket says whether text has an opening parenthesis or bracket without its
// partner.
func openBracket(text string) bool {
	return strings.Count(text, "(") > strings.Count(text, ")") || strings.Count(text, "[") > strings.Count(text, "]")
}

// openQuote says whether text ends inside quotes.
func openQuote(text string) bool {
	quote := byte(0)
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quote == 0 && strings.IndexByte("\"'`", c) >= 0:
			quote = c
		case c == '\\' && quote != '`':
			i++
		case c == quote:
			quote = 0
		}
	}
	return quote != 0
}

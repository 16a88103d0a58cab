package cli

import (
	"os"
	"strings"

	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/rules/expression"
	"github.com/tocsin-engine/tocsin/rules/pattern"
	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/rules/source"
)

// compilePattern compiles the value of --pattern: JSON, or a file with it. What is wrong
// with it is printed as findings, and the verb has been used wrongly.
func (a *app) compilePattern(arg string) (*pattern.Pattern, error) {
	name, text := "--pattern", []byte(arg)
	if !strings.HasPrefix(strings.TrimSpace(arg), "{") {
		var err error
		if text, err = os.ReadFile(arg); err != nil {
			return nil, err
		}
		name = arg
	}
	value, list := source.ParseJSON(name, text)
	var compiled *pattern.Pattern
	if list == nil {
		var errs []pattern.Error
		compiled, errs = pattern.Compile(value)
		for _, e := range errs {
			list = append(list, diag.Finding{Code: e.Code.Page(), File: name, Pos: e.Pos, Path: e.Path, Message: e.Message, Label: e.Label, Help: e.Help})
		}
	}
	return compiled, a.wrongUse(name, text, list)
}

// compileWhen compiles the value of a flag that is an expression.
func (a *app) compileWhen(flag, text string) (*expression.Program, error) {
	compiled, errs := expression.Compile(text, expression.When)
	list := make(diag.List, 0, len(errs))
	for _, e := range errs {
		list = append(list, diag.Finding{Code: e.Code, File: flag, Pos: place(text, e.Offset, e.Length), Message: e.Message, Label: e.Label, Help: e.Help})
	}
	return compiled, a.wrongUse(flag, []byte(text), list)
}

// place turns an offset in characters into line and column.
func place(text string, offset, length int) diag.Pos {
	p := diag.Pos{Line: 1, Column: 1, Length: length}
	for i, r := range []rune(text) {
		if i == offset {
			break
		}
		p.Column++
		if r == '\n' {
			p.Line, p.Column = p.Line+1, 1
		}
	}
	return p
}

// wrongUse prints the findings of a text on the command line, if there are any.
func (a *app) wrongUse(name string, text []byte, list diag.List) error {
	if len(list) == 0 {
		return nil
	}
	list.Sort()
	if err := findings(list, []rulefile.File{{Name: name, Data: text}}, a.talk).Text(a.err); err != nil {
		return err
	}
	return &exit{code: exitUsage}
}

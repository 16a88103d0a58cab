package bench

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/rules/expression"
	"github.com/tocsin-engine/tocsin/rules/matcher"
	"github.com/tocsin-engine/tocsin/rules/pattern"
	"github.com/tocsin-engine/tocsin/rules/source"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// Lines reads rules from a file with one JSON object a line: name, and pattern, when or
// both. A rule without a name is called after its line.
func Lines(file string, text []byte) ([]matcher.Rule, diag.List) {
	var rules []matcher.Rule
	var all diag.List
	for i, line := range bytes.Split(text, []byte("\n")) {
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		rule, findings := readLine(file, line)
		for _, f := range findings {
			f.Line += i
			all = append(all, f)
		}
		if rule.Name == "" {
			rule.Name = "line " + strconv.Itoa(i+1)
		}
		rules = append(rules, rule)
	}
	return rules, all
}

func readLine(file string, line []byte) (matcher.Rule, diag.List) {
	v, findings := source.ParseJSON(file, line)
	if len(findings) > 0 {
		return matcher.Rule{}, findings
	}
	l := lineReader{file: file, rule: matcher.Rule{Bus: event.DefaultBus}}
	if v.Kind != event.Object {
		l.find("R002", "", v.Pos, "a line is one rule, a JSON object, not "+v.Kind.String(), form, "")
		return l.rule, l.findings
	}
	for _, m := range v.Members {
		l.member(m)
	}
	if l.rule.Pattern == nil && l.rule.When == nil && len(l.findings) == 0 {
		l.find("R009", "", v.Pos, "a rule has a pattern or a when", form, "")
	}
	return l.rule, l.findings
}

const form = `write {"name": "…", "pattern": {…}} or {"name": "…", "when": "…"}`

// lineReader reads one rule.
type lineReader struct {
	file     string
	rule     matcher.Rule
	findings diag.List
}

func (l *lineReader) find(code, path string, at diag.Pos, message, label, help string) {
	l.findings = append(l.findings, diag.Finding{Code: code, File: l.file, Pos: at, Path: path, Message: message, Label: label, Help: help})
}

func (l *lineReader) member(m source.Member) {
	if (m.Name == "name" || m.Name == "when") && m.Value.Kind != event.String {
		l.find("R002", m.Name, m.Value.Pos, fmt.Sprintf("%q is a string, not %s", m.Name, m.Value.Kind), "write it in quotes", "")
		return
	}
	switch m.Name {
	case "name":
		l.rule.Name = m.Value.Text
	case "pattern":
		var errs []pattern.Error
		l.rule.Pattern, errs = pattern.Compile(m.Value)
		for _, e := range errs {
			l.find(e.Code.Page(), strings.TrimSuffix("pattern."+e.Path, "."), e.Pos, e.Message, e.Label, e.Help)
		}
	case "when":
		var errs []expression.Error
		l.rule.When, errs = expression.Compile(m.Value.Text, expression.When)
		for _, e := range errs {
			l.find(e.Code, "when", m.Value.Pos, e.Message, e.Label, e.Help)
		}
	default:
		l.find("R001", m.Name, m.Pos, fmt.Sprintf("unknown field %q", m.Name), "a line has name, pattern and when", "")
	}
}

package diag

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"
)

// document is the JSON form. Its version changes when a member changes its meaning or
// goes away, not when one is added.
type document struct {
	Version  int           `json:"version"`
	Files    int           `json:"files"`
	Errors   int           `json:"errors"`
	Warnings int           `json:"warnings"`
	Findings []jsonFinding `json:"findings"`
}

type jsonFinding struct {
	Code     string `json:"code"`
	Severity string `json:"severity"`
	File     string `json:"file"`
	Line     int    `json:"line"`
	Column   int    `json:"column"`
	Length   int    `json:"length"`
	Path     string `json:"path"`
	Message  string `json:"message"`
	Label    string `json:"label"`
	Help     string `json:"help"`
}

// JSON writes one document with "version": 1.
func (r Report) JSON(w io.Writer) error {
	errors := r.Findings.Errors()
	doc := document{Version: 1, Files: max(len(r.Files), len(r.withFindings())), Errors: errors,
		Warnings: len(r.Findings) - errors, Findings: []jsonFinding{}}
	for _, f := range r.Findings {
		doc.Findings = append(doc.Findings, jsonFinding{f.Code, f.Severity.String(), f.File, f.Line, f.Column, f.Length,
			f.Path, f.Message, f.Label, f.Help})
	}
	return encode(w, doc)
}

// encode writes v as indented JSON, with <, > and & as they are.
func encode(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// sentence is a finding in one line, for formats that have no caret.
func (f Finding) sentence() string {
	s := f.Message
	if f.Label != "" {
		s += ": " + f.Label
	}
	return s
}

// GitHub writes workflow commands, which GitHub shows beside the lines.
func (r Report) GitHub(w io.Writer) error {
	value := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	for _, f := range r.Findings {
		text := printable(f.sentence(), false)
		if f.Help != "" {
			text += "\n" + printable(f.Help, false)
		}
		where := "file=" + property.Replace(f.File)
		if f.Line > 0 {
			where += fmt.Sprintf(",line=%d,col=%d,endColumn=%d", f.Line, f.Column, f.Column+f.Length)
		}
		if _, err := fmt.Fprintf(w, "::%s %s,title=%s::%s\n", f.Severity, where, f.Code, value.Replace(text)); err != nil {
			return err
		}
	}
	return nil
}

// object is a JSON object.
type object = map[string]any

// SARIF writes a SARIF 2.1.0 log.
func (r Report) SARIF(w io.Writer) error {
	results, rules := []object{}, []object{}
	seen := map[string]bool{}
	for _, f := range r.Findings {
		if !seen[f.Code] {
			seen[f.Code] = true
			rules = append(rules, sarifRule(f.Code))
		}
		place := object{"artifactLocation": object{"uri": strings.ReplaceAll(f.File, `\`, "/")}}
		if f.Line > 0 {
			place["region"] = object{"startLine": f.Line, "startColumn": f.Column, "endColumn": f.Column + f.Length}
		}
		results = append(results, object{"ruleId": f.Code, "level": f.Severity.String(),
			"message": object{"text": f.sentence()}, "locations": []object{{"physicalLocation": place}}})
	}
	return encode(w, object{
		"version": "2.1.0",
		"$schema": "https://json.schemastore.org/sarif-2.1.0.json",
		"runs": []object{{
			"tool":       object{"driver": object{"name": "tocsin", "rules": rules}},
			"columnKind": "unicodeCodePoints",
			"results":    results,
		}},
	})
}

// sarifRule describes a code by its page.
func sarifRule(code string) object {
	rule := object{"id": code}
	if page, ok := Page(code); ok {
		title, rest, _ := strings.Cut(page, "\n")
		rule["shortDescription"] = object{"text": strings.TrimPrefix(title, "# "+code+": ")}
		rule["help"] = object{"text": strings.TrimSpace(rest), "markdown": strings.TrimSpace(rest)}
	}
	return rule
}

type junitSuites struct {
	XMLName xml.Name   `xml:"testsuites"`
	Suite   junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class    string         `xml:"classname,attr"`
	Name     string         `xml:"name,attr"`
	Failures []junitFailure `xml:"failure"`
	Out      string         `xml:"system-out,omitempty"`
}

type junitFailure struct {
	Type    string `xml:"type,attr"`
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// JUnit writes one test case a file; each error is a failure of it, a warning is output.
func (r Report) JUnit(w io.Writer) error {
	suite := junitSuite{Name: "tocsin check"}
	files := append(slices.Clone(r.Files), r.withFindings()...)
	slices.Sort(files)
	for _, file := range slices.Compact(files) {
		c := junitCase{Class: "check", Name: file}
		for _, f := range r.Findings {
			switch {
			case f.File != file:
			case f.Severity == Warning:
				c.Out += printable(f.Error(), false) + "\n"
			default:
				c.Failures = append(c.Failures, junitFailure{f.Code, printable(f.sentence(), false), printable(f.Error(), false)})
			}
		}
		suite.Tests++
		if len(c.Failures) > 0 {
			suite.Failures++
		}
		suite.Cases = append(suite.Cases, c)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(junitSuites{Suite: suite}); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

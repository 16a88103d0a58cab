package cli

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/rules/rulefile"
)

// findings are what a verb has to say about files: the list, and the files' text, whose
// lines are shown.
type findings struct {
	list  diag.List
	files []rulefile.File
}

// findingFormats are the values of --format of verbs that print findings.
var findingFormats = []string{"text", "short", "json", "github", "sarif", "junit"}

// print writes the findings in one format. Text goes to out too: findings are what the
// verb was asked for.
func (f findings) print(a *app, format string) error {
	switch format {
	case "json":
		return printJSON(a.out, f.document())
	case "github":
		return f.github(a.out)
	case "sarif":
		return printJSON(a.out, f.sarif())
	case "junit":
		return f.junit(a.out)
	case "short":
		for _, finding := range f.list {
			fmt.Fprintln(a.out, finding.Error())
		}
		return nil
	}
	for _, finding := range f.list {
		fmt.Fprintln(a.out, f.text(finding, a.style))
	}
	return nil
}

// text is a finding with its line, a caret and what to write.
func (f findings) text(d diag.Finding, s style) string {
	var b strings.Builder
	severity := s.bad
	if d.Severity == diag.Warning {
		severity = s.warn
	}
	fmt.Fprintf(&b, "%s: %s\n", severity(fmt.Sprintf("%s[%s]", d.Severity, d.Code)), s.strong(d.Message))
	number := fmt.Sprint(d.Line)
	gutter := strings.Repeat(" ", len(number)+1)
	fmt.Fprintf(&b, "%s%s %s", gutter, s.faint("-->"), d.File)
	if d.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", d.Line, d.Column)
	}
	if d.Path != "" {
		fmt.Fprintf(&b, "  %s", s.faint(d.Path))
	}
	b.WriteByte('\n')
	bar := s.faint("|")
	if line, ok := f.line(d.File, d.Line); ok {
		fmt.Fprintf(&b, "%s%s\n%s %s %s\n", gutter, bar, s.faint(number), bar, line)
		fmt.Fprintf(&b, "%s%s %s%s\n", gutter, bar, indent(line, d.Column), severity(carets(line, d.Pos)+label(d.Label)))
	} else if d.Label != "" {
		fmt.Fprintf(&b, "%s%s\n", gutter, d.Label)
	}
	if d.Help != "" {
		fmt.Fprintf(&b, "%s%s help: %s\n", gutter, s.faint("="), d.Help)
	}
	return b.String()
}

func label(text string) string {
	if text == "" {
		return ""
	}
	return " " + text
}

// line returns one line of a file, counted from 1.
func (f findings) line(name string, n int) (string, bool) {
	for _, file := range f.files {
		if file.Name != name || n < 1 {
			continue
		}
		lines := strings.SplitN(string(file.Data), "\n", n+1)
		if n <= len(lines) {
			return strings.ToValidUTF8(strings.TrimSuffix(lines[n-1], "\r"), "\uFFFD"), true
		}
	}
	return "", false
}

// indent is white space as wide as what stands before the column; tabs stay tabs, so
// that the terminal widens both lines alike.
func indent(line string, column int) string {
	var b strings.Builder
	for i, r := range []rune(line) {
		if i >= column-1 {
			break
		}
		if r != '\t' {
			r = ' '
		}
		b.WriteRune(r)
	}
	return b.String()
}

func carets(line string, p diag.Pos) string {
	room := utf8.RuneCountInString(line) - p.Column + 1
	return strings.Repeat("^", max(1, min(p.Length, room)))
}

// summary is the last line of a report: "12 findings in 5 files: 11 errors, 1 warning".
func (f findings) summary() string {
	files := map[string]bool{}
	for _, d := range f.list {
		files[d.File] = true
	}
	errs := f.list.Errors()
	parts := make([]string, 0, 2)
	if errs > 0 {
		parts = append(parts, count(errs, "error"))
	}
	if warnings := len(f.list) - errs; warnings > 0 {
		parts = append(parts, count(warnings, "warning"))
	}
	return fmt.Sprintf("%s in %s: %s", count(len(f.list), "finding"), count(len(files), "file"), strings.Join(parts, ", "))
}

// count is "1 rule", "2 rules", "2 matches".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if strings.HasSuffix(noun, "ch") {
		noun += "e"
	} else if strings.HasSuffix(noun, "y") {
		noun = strings.TrimSuffix(noun, "y") + "ie"
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// printJSON writes one document, indented: a person looks at it as often as a program.
func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// findingDoc is one finding in JSON output.
type findingDoc struct {
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

// findingsDoc is the JSON document of check.
type findingsDoc struct {
	Version  int          `json:"version"`
	Errors   int          `json:"errors"`
	Warnings int          `json:"warnings"`
	Findings []findingDoc `json:"findings"`
}

func (f findings) document() findingsDoc {
	doc := findingsDoc{Version: 1, Errors: f.list.Errors(), Findings: []findingDoc{}}
	doc.Warnings = len(f.list) - doc.Errors
	for _, d := range f.list {
		doc.Findings = append(doc.Findings, findingDoc{d.Code, d.Severity.String(), d.File, d.Line, d.Column, d.Length,
			d.Path, d.Message, d.Label, d.Help})
	}
	return doc
}

// sentence is message and label in one line, for formats that have room for one.
func sentence(d diag.Finding) string {
	if d.Label == "" {
		return d.Message
	}
	return d.Message + ": " + d.Label
}

// github writes workflow commands, which become annotations of a pull request.
func (f findings) github(w io.Writer) error {
	text := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	for _, d := range f.list {
		_, err := fmt.Fprintf(w, "::%s file=%s,line=%d,col=%d,endColumn=%d,title=%s::%s\n", d.Severity,
			property.Replace(d.File), d.Line, d.Column, d.Column+max(1, d.Length), property.Replace(d.Code), text.Replace(sentence(d)))
		if err != nil {
			return err
		}
	}
	return nil
}

// The part of JUnit's XML that every reader of it understands.
type (
	junitSuites struct {
		XMLName xml.Name     `xml:"testsuites"`
		Suites  []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Time     string      `xml:"time,attr,omitempty"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name     string         `xml:"name,attr"`
		Class    string         `xml:"classname,attr"`
		Time     string         `xml:"time,attr,omitempty"`
		Failures []junitFailure `xml:"failure"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

func printXML(w io.Writer, v any) error {
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(v); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// junit makes a test case of every file; its findings are its failures.
func (f findings) junit(w io.Writer) error {
	suite := junitSuite{Name: "tocsin check"}
	for _, file := range f.files {
		c := junitCase{Name: file.Name, Class: "check"}
		for _, d := range f.list {
			if d.File == file.Name {
				c.Failures = append(c.Failures, junitFailure{d.Code + ": " + sentence(d), d.Error()})
			}
		}
		if len(c.Failures) > 0 {
			suite.Failures++
		}
		suite.Cases = append(suite.Cases, c)
	}
	suite.Tests = len(suite.Cases)
	return printXML(w, junitSuites{Suites: []junitSuite{suite}})
}

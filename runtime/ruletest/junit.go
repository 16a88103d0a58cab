package ruletest

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"
)

// The shape of JUnit's report, as far as readers of it agree.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Time     string       `xml:"time,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name    string        `xml:"name,attr"`
		Class   string        `xml:"classname,attr"`
		File    string        `xml:"file,attr"`
		Line    int           `xml:"line,attr"`
		Time    string        `xml:"time,attr"`
		Failure *junitFailure `xml:"failure"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// JUnit writes a report for continuous integration.
func (r Report) JUnit(w io.Writer) error {
	out := junitSuites{Tests: r.Tests, Failures: r.Failed, Time: seconds(r.Took)}
	for _, f := range r.Files {
		suite := junitSuite{Name: f.Rules, Tests: len(f.Tests), Failures: f.Failed}
		for _, t := range f.Tests {
			c := junitCase{Name: t.Name, Class: f.Rules, File: f.File, Line: t.Line, Time: seconds(t.Took)}
			if len(t.Failures) > 0 {
				c.Failure = failureOf(t.Failures)
			}
			suite.Cases = append(suite.Cases, c)
		}
		out.Suites = append(out.Suites, suite)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(out); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func failureOf(failures []Failure) *junitFailure {
	first := failures[0]
	out := &junitFailure{Message: fmt.Sprintf("%s: want %s, got %s", first.What, first.Want, first.Got)}
	var b strings.Builder
	for _, f := range failures {
		fmt.Fprintf(&b, "at %s (line %d) %s\n  want %s\n  got  %s\n", moment(f.At), f.Line, f.What, f.Want, f.Got)
	}
	out.Text = b.String()
	return out
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }

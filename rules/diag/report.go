package diag

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Report is findings on their way to a person or a tool.
type Report struct {
	Findings List
	// Files are all files that were looked at, also those without a finding.
	Files []string
	// Sources are the files' contents; Text shows the lines that are in here.
	Sources map[string][]byte
	// Color paints Text for a terminal.
	Color bool
	// ASCII keeps Text to ASCII, for terminals that cannot show more.
	ASCII bool
}

// Formats are the names that Write takes.
var Formats = []string{"text", "short", "json", "github", "sarif", "junit"}

// Write writes the report in one of Formats.
func (r Report) Write(w io.Writer, format string) error {
	switch format {
	case "text":
		return r.Text(w)
	case "short":
		return r.Short(w)
	case "json":
		return r.JSON(w)
	case "github":
		return r.GitHub(w)
	case "sarif":
		return r.SARIF(w)
	case "junit":
		return r.JUnit(w)
	}
	return fmt.Errorf("there is no format %q; write one of %s", format, strings.Join(Formats, ", "))
}

// Short writes one line a finding, for editors and logs.
func (r Report) Short(w io.Writer) error {
	for _, f := range r.Findings {
		if _, err := fmt.Fprintln(w, printable(f.Error(), r.ASCII)); err != nil {
			return err
		}
	}
	return nil
}

// Summary is the line below the findings; "" where there are none.
func (r Report) Summary() string {
	n := len(r.Findings)
	if n == 0 {
		return ""
	}
	errors := r.Findings.Errors()
	var kinds []string
	if errors > 0 {
		kinds = append(kinds, count(errors, "error"))
	}
	if n > errors {
		kinds = append(kinds, count(n-errors, "warning"))
	}
	return fmt.Sprintf("%s in %s: %s        tocsin help %s explains a code",
		count(n, "finding"), count(len(r.withFindings()), "file"), strings.Join(kinds, ", "), r.Findings[0].Code)
}

// withFindings are the files that have findings, in order.
func (r Report) withFindings() []string {
	var files []string
	for _, f := range r.Findings {
		files = append(files, f.File)
	}
	slices.Sort(files)
	return slices.Compact(files)
}

// count writes a number and its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

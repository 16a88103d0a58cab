package ruletest

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/explain"
)

// Style is how a report is printed for people.
type Style struct {
	// Tick and Cross begin the line of a file.
	Tick, Cross string
	// Verdict prints an explanation, indented by its caller's writer.
	Verdict func(w io.Writer, v explain.Verdict)
}

// Text prints a report: a line a file, the failures below it, and a line at the end.
func (r Report) Text(w io.Writer, s Style) error {
	p := &printer{w: w, style: s}
	width := 0
	for _, f := range r.Files {
		width = max(width, len(f.Rules))
	}
	for _, f := range r.Files {
		p.file(f, width)
	}
	p.f("%s, %d failed, %s        covered: %d of %s\n", count(r.Tests, "test"), r.Failed,
		r.Took.Round(time.Millisecond), r.Covered.Rules, count(r.Covered.Of, "rule"))
	return p.err
}

type printer struct {
	w     io.Writer
	style Style
	err   error
}

func (p *printer) f(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, args...)
	}
}

func (p *printer) file(f FileReport, width int) {
	if f.Failed == 0 {
		p.f("%s %-*s  %s\n", p.style.Tick, width, f.Rules, count(len(f.Tests), "test"))
		return
	}
	p.f("%s %-*s  %d of %d failed\n", p.style.Cross, width, f.Rules, f.Failed, len(f.Tests))
	for _, t := range f.Tests {
		if len(t.Failures) > 0 {
			p.f("  %s    %s:%d\n", t.Name, f.File, t.Line)
			for _, failure := range t.Failures {
				p.failure(failure)
			}
		}
	}
}

func (p *printer) failure(f Failure) {
	p.f("    at %s   %s\n      want  %s\n      got   %s\n", moment(f.At), f.What, f.Want, f.Got)
	if p.style.Verdict == nil {
		return
	}
	for _, v := range f.Explain {
		p.style.Verdict(&indented{w: p.w, prefix: "      ", start: true}, v)
	}
}

// moment is a step's time as a test file writes it: 0m, 3m, 1h30m.
func moment(d time.Duration) string {
	if d == 0 {
		return "0m"
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// indented puts a prefix before every line.
type indented struct {
	w      io.Writer
	prefix string
	start  bool
}

func (i *indented) Write(b []byte) (int, error) {
	for line := range strings.Lines(string(b)) {
		if i.start {
			line = i.prefix + line
		}
		i.start = strings.HasSuffix(line, "\n")
		if _, err := io.WriteString(i.w, line); err != nil {
			return 0, err
		}
	}
	return len(b), nil
}

package ruletest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/runtime/explain"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// Options say what is run. The zero value runs everything.
type Options struct {
	// Run picks tests by their names. Default: all.
	Run *regexp.Regexp
	// ReadFile reads an event_file, by its path joined to the test file's folder.
	// Default: os.ReadFile.
	ReadFile func(name string) ([]byte, error)
}

// Report is what a run came to.
type Report struct {
	Version int          `json:"version"` // 1
	Tests   int          `json:"tests"`
	Failed  int          `json:"failed"`
	Files   []FileReport `json:"files"`
	Covered Coverage     `json:"covered"`
	// Took is how long it really took.
	Took time.Duration `json:"took_ns"`
}

// Coverage is how many of the enabled rules matched in some test.
type Coverage struct {
	Rules int `json:"rules"`
	Of    int `json:"of"`
	// Missed are the rules that never matched, in the order of the rule files.
	Missed []string `json:"missed"`
}

// FileReport is the part of one test file.
type FileReport struct {
	File string `json:"file"`
	// Rules is the rule file that the tests stand beside.
	Rules  string       `json:"rules"`
	Failed int          `json:"failed"`
	Tests  []TestReport `json:"tests"`
}

// TestReport is one test; it passed if it has no failures.
type TestReport struct {
	Name     string        `json:"name"`
	Line     int           `json:"line"`
	Failures []Failure     `json:"failures"`
	Took     time.Duration `json:"took_ns"`
}

// Failure is one expectation that was not met.
type Failure struct {
	// At is the step's time, Line its place.
	At   time.Duration `json:"at_ns"`
	Line int           `json:"line"`
	// What was expected: "match", "deliver fraud-channel", "dead page", "event".
	What string `json:"what"`
	Want string `json:"want"`
	Got  string `json:"got"`
	// Explain has, for a match, the rules that should have matched and did not.
	Explain []explain.Verdict `json:"explain,omitempty"`
}

// Run runs test files against the rules. The error is of the machine, not of a test.
func Run(ctx context.Context, set *rulefile.Set, files []*rulefile.TestFile, o Options) (Report, error) {
	if o.ReadFile == nil {
		o.ReadFile = os.ReadFile
	}
	began := time.Now()
	r := &run{set: set, options: o, matched: map[string]bool{}}
	report := Report{Version: 1, Files: []FileReport{}}
	for _, f := range files {
		fr := FileReport{File: f.Name, Rules: rulesOf(f.Name)}
		for _, t := range f.Tests {
			if o.Run != nil && !o.Run.MatchString(t.Name) {
				continue
			}
			tr, err := r.test(ctx, f.Name, t)
			if err != nil {
				return report, fmt.Errorf("ruletest: %s: %s: %w", f.Name, t.Name, err)
			}
			fr.Tests = append(fr.Tests, tr)
			if len(tr.Failures) > 0 {
				fr.Failed++
			}
		}
		if len(fr.Tests) > 0 {
			report.Files = append(report.Files, fr)
			report.Tests += len(fr.Tests)
			report.Failed += fr.Failed
		}
	}
	report.Covered, report.Took = r.coverage(), time.Since(began)
	return report, nil
}

// run is what the tests of one Run share.
type run struct {
	set     *rulefile.Set
	options Options
	matched map[string]bool
}

func (r *run) coverage() Coverage {
	c := Coverage{Missed: []string{}}
	for _, rule := range r.set.Rules {
		switch {
		case rule.Disabled:
			continue
		case r.matched[rule.Name]:
			c.Rules++
		default:
			c.Missed = append(c.Missed, rule.Name)
		}
		c.Of++
	}
	return c
}

// rulesOf is the rule file that a test file stands beside.
func rulesOf(tests string) string {
	for _, ext := range []string{".yaml", ".yml"} {
		if name, ok := strings.CutSuffix(tests, "_test"+ext); ok {
			return name + ext
		}
	}
	return tests
}

// test runs one test on an engine of its own.
func (r *run) test(ctx context.Context, file string, t rulefile.Test) (TestReport, error) {
	began := time.Now()
	report := TestReport{Name: t.Name, Line: t.Pos.Line, Failures: []Failure{}}
	w, err := newWorld(ctx, r.set, t)
	if err != nil {
		return report, err
	}
	defer w.close()
	for _, step := range t.Steps {
		if err := w.until(ctx, t.Start.Add(step.At)); err != nil {
			return report, err
		}
		failures, err := r.step(ctx, w, file, step)
		if err != nil {
			return report, err
		}
		report.Failures = append(report.Failures, failures...)
	}
	for _, rule := range w.fired {
		r.matched[rule] = true
	}
	report.Took = time.Since(began)
	return report, nil
}

// step does one step and compares.
func (r *run) step(ctx context.Context, w *world, file string, s rulefile.Step) ([]Failure, error) {
	var failures []Failure
	fail := func(f Failure) {
		f.At, f.Line = s.At, s.Pos.Line
		failures = append(failures, f)
	}
	if s.Times > 0 {
		ev, got, err := r.send(ctx, w, file, s)
		if errors.Is(err, errNoEvent) {
			fail(Failure{What: "event", Want: "an event", Got: err.Error()})
			return failures, nil
		}
		if err != nil {
			return nil, err
		}
		if s.Match != nil && !slices.Equal(s.Match, got) {
			fail(Failure{What: "match", Want: list(s.Match), Got: list(got), Explain: r.explain(s.Match, got, ev)})
		}
	}
	if err := w.settle(ctx, s.Settle); err != nil {
		return nil, err
	}
	if s.Deliver != nil {
		compare("deliver", s.Deliver, w.got, fail)
	}
	if s.Dead != nil {
		dead, err := w.dead(ctx)
		if err != nil {
			return nil, err
		}
		compare("dead", s.Dead, dead, fail)
	}
	return failures, nil
}

// errNoEvent means that what a step gives is no event.
var errNoEvent = errors.New("this is no event")

// send puts a step's event in, as often as the step says and each time with an id of
// its own, and returns the rules that matched it at least once, sorted.
func (r *run) send(ctx context.Context, w *world, file string, s rulefile.Step) (ev event.Event, matched []string, err error) {
	matched = []string{}
	for range s.Times {
		if ev, err = r.event(w, file, s); err != nil {
			return ev, nil, fmt.Errorf("%w: %w", errNoEvent, err)
		}
		receipts, err := w.engine.Put(ctx, []service.Submission{{Event: ev}})
		if err != nil {
			return ev, nil, err
		}
		for _, name := range receipts[0].Matched {
			r.matched[name] = true
			if !slices.Contains(matched, name) {
				matched = append(matched, name)
			}
		}
	}
	slices.Sort(matched)
	return ev, matched, nil
}

// joined is a path of the test file, relative to where the file stands.
func joined(file, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(file), path)
}

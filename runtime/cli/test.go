package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/runtime/explain"
	"github.com/tocsin-engine/tocsin/runtime/ruledir"
	"github.com/tocsin-engine/tocsin/runtime/ruletest"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

func testCommand(a *app) *cobra.Command {
	t := testVerb{app: a}
	cmd := &cobra.Command{
		Use:   "test [PATH…]",
		Short: "run the tests that stand beside the rules",
		Long: `Run the *_test.yaml files of folders (default: rules) with the code that runs in
production, on a virtual clock; plugins are replaced by recorders. Exit code 0: all
passed. 1: some failed, or nothing was tested (--allow-empty takes that).`,
		Example: `  tocsin test
  tocsin test --run 'foreign' --format junit rules > report.xml`,
		RunE: func(cmd *cobra.Command, args []string) error { return t.run(cmd.Context(), args) },
	}
	formatFlag(cmd, &t.format, "text", "json", "github", "junit")
	f := cmd.Flags()
	f.StringVar(&t.only, "run", "", "only tests whose name matches this `REGEXP`")
	f.BoolVar(&t.cover, "cover", false, "name the rules that no test saw matching")
	f.IntVar(&t.minCover, "min-cover", 0, "fail if fewer than `N` of 100 rules matched in some test")
	f.BoolVar(&t.allowEmpty, "allow-empty", false, "a run without any test is fine")
	return cmd
}

type testVerb struct {
	app               *app
	format, only      string
	cover, allowEmpty bool
	minCover          int
}

func (t *testVerb) run(ctx context.Context, paths []string) error {
	if t.minCover < 0 || t.minCover > 100 {
		return usagef("--min-cover is between 0 and 100")
	}
	only, err := regexp.Compile(t.only)
	if err != nil {
		return usagef("--run: %w", err)
	}
	set, tests, err := t.load(paths)
	if err != nil {
		return err
	}
	report, err := ruletest.Run(ctx, set, tests, ruletest.Options{Run: only})
	if err != nil {
		return err
	}
	if err := t.print(report); err != nil {
		return err
	}
	return t.verdict(report)
}

// load reads rules and tests; with a mistake in any of them nothing runs.
func (t *testVerb) load(paths []string) (*rulefile.Set, []*rulefile.TestFile, error) {
	a := t.app
	if len(paths) == 0 {
		paths = []string{"rules"}
	}
	files, err := ruledir.Read(paths)
	if err != nil {
		return nil, nil, err
	}
	// The tests' store stands in for a durable one, and no plugin is run.
	set, all := rulefile.Load(files.Rules, rulefile.Options{Durable: true})
	tests, all := loadTests(files.Tests, set, all)
	if all.Errors() > 0 {
		all.Sort()
		if err := findings(all, append(files.Rules, files.Tests...), a.talk).Text(a.err); err != nil {
			return nil, nil, err
		}
		fmt.Fprintf(a.err, "\nnothing was tested: the files have %s\n", count(all.Errors(), "error"))
		return nil, nil, errFindings
	}
	return set, tests, nil
}

func (t *testVerb) print(r ruletest.Report) error {
	a := t.app
	switch t.format {
	case "json":
		return printJSON(a.out, r)
	case "junit":
		return r.JUnit(a.out)
	case "github":
		return diag.Report{Findings: failures(r)}.GitHub(a.out)
	}
	show := verdictText{style: a.style, all: a.cfg.Verbose > 0}
	err := r.Text(a.out, ruletest.Style{Tick: a.style.tick(), Cross: a.style.cross(), Verdict: func(w io.Writer, v explain.Verdict) {
		show.w = w
		show.verdict(v, "the event", event.DefaultBus)
	}})
	if t.cover {
		for _, rule := range r.Covered.Missed {
			fmt.Fprintf(a.out, "%s no test saw %s matching\n", a.style.mark(), rule)
		}
	}
	return err
}

// failures are the failed expectations as annotations of the test files.
func failures(r ruletest.Report) diag.List {
	var all diag.List
	for _, file := range r.Files {
		for _, test := range file.Tests {
			for _, f := range test.Failures {
				all = append(all, diag.Finding{Code: "test", File: file.File, Pos: diag.Pos{Line: f.Line, Column: 1, Length: 1},
					Message: fmt.Sprintf("%s: %s: want %s, got %s", test.Name, f.What, f.Want, f.Got)})
			}
		}
	}
	return all
}

// verdict is the exit code, with the reason where the report does not show it.
func (t *testVerb) verdict(r ruletest.Report) error {
	if r.Tests == 0 && !t.allowEmpty {
		if t.only != "" {
			return &exit{exitFindings, fmt.Errorf("nothing was tested: no test's name matches %q", t.only)}
		}
		return &exit{exitFindings, errors.New("nothing was tested: no *_test.yaml has a test; --allow-empty takes that")}
	}
	if r.Failed > 0 {
		return errFindings
	}
	if c := r.Covered; t.minCover > 0 && c.Rules*100 < t.minCover*c.Of {
		return &exit{exitFindings, fmt.Errorf("only %d of %s matched in a test, --min-cover wants %d of 100; none saw %s",
			c.Rules, count(c.Of, "rule"), t.minCover, strings.Join(c.Missed, ", "))}
	}
	return nil
}

package cli

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/rules/matcher"
	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/runtime/ruledir"
	"github.com/tocsin-engine/tocsin/runtime/sandbox"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/trust"
)

func checkCommand(a *app) *cobra.Command {
	var c checkVerb
	cmd := &cobra.Command{
		Use:   "check [PATH…]",
		Short: "look for mistakes in rule files",
		Long: `Read the rule files of folders and files (default: rules) as one set and print every
mistake at once: what stands there, where, and what to write. Plugins read the configs
of their targets. Files that end in _test.yaml are read as tests. Exit code 0: none; 1: some; warnings count only with
--fail-on warning. tocsin help CODE explains a finding.`,
		Example: `  tocsin check
  tocsin check --format github rules/orders.yaml
  tocsin check --for lambda --lambda-state dynamodb:tocsin`,
		RunE: func(cmd *cobra.Command, args []string) error { return c.run(cmd.Context(), a, args) },
	}
	formatFlag(cmd, &c.format, diag.Formats...)
	c.failOn = "error"
	cmd.Flags().StringVar(&c.data, "data", "", "the server will keep its state in this `DIR`; rules that must remember need that")
	c.purpose = "server"
	cmd.Flags().Var(&choice{&c.purpose, []string{"server", "lambda"}}, "for", "what will run the rules: server or lambda")
	cmd.Flags().StringVar(&c.state, "lambda-state", "", "the function will remember in this table: `dynamodb:TABLE`")
	cmd.Flags().StringSliceVar(&c.trusted, "trusted-keys", nil, "PEM `FILES` of public keys; plugins need a signature of one of them")
	cmd.Flags().Var(&choice{&c.failOn, []string{"error", "warning"}}, "fail-on", "which findings make the exit code 1: error or warning")
	return cmd
}

type checkVerb struct {
	format, failOn, data, purpose, state string
	trusted                              []string
}

func (c *checkVerb) run(ctx context.Context, a *app, paths []string) error {
	if len(paths) == 0 {
		paths = []string{"rules"}
	}
	found, err := c.look(ctx, a, paths)
	if err != nil {
		return err
	}
	report, all := found.report(a.style), found.all
	if err := report.Write(a.out, c.format); err != nil {
		return err
	}
	if c.format == "text" && !a.cfg.Quiet {
		a.checkSummary(report, found.set, len(found.files.Rules))
		if all.Errors() == 0 {
			a.slowRules(found.set)
		}
	}
	if all.Errors() > 0 || c.failOn == "warning" && len(all) > 0 {
		return errFindings
	}
	return nil
}

// checked is what was read, and all that there is to say about it.
type checked struct {
	files   ruledir.Files
	set     *rulefile.Set
	plugins map[string]rulefile.PluginInfo
	all     diag.List
}

func (c checked) report(s style) diag.Report {
	return findings(c.all, slices.Concat(c.files.Rules, c.files.Tests), s)
}

// look reads the files below paths as what will run them does.
func (c *checkVerb) look(ctx context.Context, a *app, paths []string) (f checked, err error) {
	if f.files, err = ruledir.Read(paths); err != nil {
		return f, err
	}
	if len(f.files.Rules)+len(f.files.Tests) == 0 {
		return f, fmt.Errorf("no rule file (*.yaml) in %s; tocsin new rule NAME writes one", list(paths))
	}
	trusted, err := trust.LoadKeys(c.trusted...)
	if err != nil {
		return f, err
	}
	lambda := c.purpose == "lambda"
	f.plugins = sandbox.Sources{Trusted: trusted}.Describe(rulefile.Plugins(f.files.Rules))
	f.set, f.all = rulefile.Load(f.files.Rules, rulefile.Options{Plugins: f.plugins, Durable: lambda || c.data != ""})
	if lambda {
		f.all = append(f.all, f.set.Function(c.state != "", f.plugins)...)
	}
	_, f.all = loadTests(f.files.Tests, f.set, f.all)
	if f.all.Errors() == 0 {
		more, err := a.tryConfigs(ctx, f.set)
		if err != nil {
			return f, err
		}
		f.all = append(f.all, more...)
	}
	f.all.Sort()
	return f, nil
}

// checkSummary is talk: a script reads the findings, not the sum.
func (a *app) checkSummary(r diag.Report, set *rulefile.Set, files int) {
	if len(r.Findings) == 0 {
		fmt.Fprintf(a.err, "%s nothing to change: %s and %s in %s\n", a.talk.tick(),
			count(len(set.Rules), "rule"), count(len(set.Targets), "target"), count(files, "file"))
		return
	}
	fmt.Fprintf(a.err, "\n%s\n", r.Summary())
}

// slowRules names the rules that the matcher tries on events that have nothing to do
// with them. That is no mistake, and few such rules cost little; it is talk.
func (a *app) slowRules(set *rulefile.Set) {
	m, _ := matcher.New(matcherRules(set))
	for _, advice := range m.Advice() {
		r := set.Rules[advice.Rule]
		fmt.Fprintf(a.err, "%s %s:%d: rule %q %s\n  %s\n", a.talk.mark(), r.File, r.Pos.Line, r.Name, advice.Message, a.talk.faint(advice.Help))
	}
}

// loadSet reads the rule files as one set, with the plugins that they name. durable says
// that they are for a server that keeps its state.
func loadSet(files ruledir.Files, durable bool, trusted trust.Keys) (*rulefile.Set, diag.List) {
	plugins := sandbox.Sources{Trusted: trusted}.Describe(rulefile.Plugins(files.Rules))
	return rulefile.Load(files.Rules, rulefile.Options{Plugins: plugins, Durable: durable})
}

// loadSet reads the rule files for a verb that does not ask what a store keeps and whom
// the server trusts.
func (a *app) loadSet(files ruledir.Files) (*rulefile.Set, diag.List) {
	return loadSet(files, true, nil)
}

// loadTests reads test files and adds what is to say about them to the findings of the
// rules. The names in them are held against a set only if it is whole.
func loadTests(files []rulefile.File, set *rulefile.Set, all diag.List) ([]*rulefile.TestFile, diag.List) {
	whole := all.Errors() == 0
	tests := make([]*rulefile.TestFile, 0, len(files))
	for _, file := range files {
		test, more := rulefile.ParseTests(file)
		tests, all = append(tests, test), append(all, more...)
		if whole {
			all = append(all, test.Unknown(set)...)
		}
	}
	return tests, all
}

// list is "a", "a and b", "a, b and c".
func list(words []string) string {
	text := ""
	for i, w := range words {
		switch {
		case i == 0:
			text = w
		case i == len(words)-1:
			text += " and " + w
		default:
			text += ", " + w
		}
	}
	return text
}

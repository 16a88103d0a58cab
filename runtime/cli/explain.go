package cli

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/runtime/config"
	"github.com/tocsin-engine/tocsin/runtime/explain"
	"github.com/tocsin-engine/tocsin/runtime/ruledir"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

func explainCommand(a *app) *cobra.Command {
	var e explainVerb
	cmd := &cobra.Command{
		Use:   "explain [--rule NAME] --event FILE|-",
		Short: "say why an event does or does not match, condition by condition",
		Long: `Say, condition by condition, why an event matches a rule or does not. Without --rule
all rules are asked: those that match first, then the nearest misses.

The event is the first one in a file or on stdin. Exit code 0: a rule matches. 1: none
does.`,
		Example: `  tocsin explain --rule big-foreign-order --event order.json
  tocsin tail --unmatched | tocsin explain --event -`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return e.run(a) },
	}
	formatFlag(cmd, &e.format, "text", "json")
	cmd.Flags().StringVar(&e.rule, "rule", "", "the rule's `NAME`; all rules without it")
	cmd.Flags().StringVar(&e.event, "event", "", "the event: a `FILE`, or - for stdin")
	cmd.Flags().StringSliceVar(&e.rules, "rules", []string{"rules"}, "folders or files of rules")
	if err := cmd.RegisterFlagCompletionFunc("rule", a.completeRules(&e.rules)); err != nil {
		panic("BUG: " + err.Error())
	}
	return cmd
}

type explainVerb struct {
	format, rule, event string
	rules               []string
}

func (e *explainVerb) run(a *app) error {
	if e.event == "" {
		return usagef("say which event: --event FILE, or --event - for stdin")
	}
	set, err := e.load(a)
	if err != nil {
		return err
	}
	ev, err := e.read(a)
	if err != nil {
		return err
	}
	var all []explain.Verdict
	matched := 0
	for _, r := range set.Rules {
		if e.rule != "" && r.Name != e.rule {
			continue
		}
		v := explain.Rule(r, ev)
		if v.Matches {
			matched++
		}
		all = append(all, v)
	}
	if err := e.print(a, ev, all); err != nil {
		return err
	}
	if matched == 0 {
		return errFindings
	}
	return nil
}

// load reads the rules; a rule set with errors is refused, because the rule asked for
// may be the one that could not be read.
func (e *explainVerb) load(a *app) (*rulefile.Set, error) {
	files, err := ruledir.Read(e.rules)
	if err != nil {
		return nil, err
	}
	set, list := a.loadSet(files)
	if list.Errors() > 0 {
		return nil, fmt.Errorf("the rules cannot be used: they have %s; tocsin check shows them", count(list.Errors(), "error"))
	}
	if e.rule != "" && !slices.ContainsFunc(set.Rules, func(r rulefile.Rule) bool { return r.Name == e.rule }) {
		return nil, usagef("there is no rule %q in %s%s", e.rule, strings.Join(e.rules, ", "), didYouMean(e.rule, ruleNames(set)))
	}
	return set, nil
}

func (e *explainVerb) read(a *app) (event.Event, error) {
	var ev event.Event
	found := errors.New("found")
	wrong := complaints{a: a}
	err := a.eachValue([]string{e.event}, &wrong, func(_ *sourceFile, value []byte) (err error) {
		ev, err = event.Complete(slices.Clone(value), event.Fields{ID: newID(), Account: config.Account, Region: config.Region, Time: time.Now()})
		if err == nil {
			err = found
		}
		return err
	})
	switch {
	case errors.Is(err, found):
		return ev, nil
	case err != nil:
		return ev, fmt.Errorf("%s: %w", e.event, err)
	case wrong.total > 0:
		return ev, wrong.err()
	}
	return ev, fmt.Errorf("%s holds no event", e.event)
}

func ruleNames(set *rulefile.Set) []string {
	names := make([]string, 0, len(set.Rules))
	for _, r := range set.Rules {
		names = append(names, r.Name)
	}
	return names
}

// completeRules offers the names of the rules that are there; a rule set that cannot be
// read offers what could be.
func (a *app) completeRules(paths *[]string) cobra.CompletionFunc {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		files, err := ruledir.Read(*paths)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		set, _ := a.loadSet(files)
		return ruleNames(set), cobra.ShellCompDirectiveNoFileComp
	}
}

func (e *explainVerb) print(a *app, ev event.Event, all []explain.Verdict) error {
	// The nearest miss stands first after the matches.
	slices.SortStableFunc(all, func(x, y explain.Verdict) int { return x.Missing() - y.Missing() })
	if e.format == "json" {
		return printJSON(a.out, map[string]any{"version": 1, "event": ev.ID, "rules": all})
	}
	if len(all) == 0 {
		fmt.Fprintln(a.err, "there are no rules")
	}
	for i, v := range all {
		if i > 0 && e.rule == "" {
			io.WriteString(a.out, "\n")
		}
		a.printVerdict(v, ev)
	}
	return nil
}

package cli

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-engine/tocsin/rules/expression"
	"github.com/tocsin-engine/tocsin/rules/pattern"
	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/runtime/config"
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

// verdict is what one rule says about the event.
type verdict struct {
	Rule     string `json:"rule"`
	File     string `json:"file"`
	Line     int    `json:"line"`
	Matches  bool   `json:"matches"`
	Disabled bool   `json:"disabled"`
	// OtherBus is set where the rule listens to another bus than the event is on.
	OtherBus   string         `json:"other_bus,omitempty"`
	Conditions []conditionDoc `json:"conditions"`
	Note       string         `json:"note,omitempty"`
	When       *traceDoc      `json:"when,omitempty"`
}

type conditionDoc struct {
	Path   string   `json:"path"`
	Branch string   `json:"branch,omitempty"`
	Want   string   `json:"want"`
	Got    []string `json:"got"`
	Holds  bool     `json:"holds"`
	Hint   string   `json:"hint,omitempty"`
}

// traceDoc is one part of an expression and what it was.
type traceDoc struct {
	Text string `json:"text"`
	// Asked is false for a part, or a whole expression, that was not evaluated.
	Asked    bool       `json:"asked"`
	Value    string     `json:"value,omitempty"`
	Error    string     `json:"error,omitempty"`
	Children []traceDoc `json:"children,omitempty"`
}

// holding counts the conditions that hold, and all; when is one of them.
func (v verdict) holding() (holds, all int) {
	for _, c := range v.Conditions {
		if c.Holds {
			holds++
		}
	}
	all = len(v.Conditions)
	if v.When != nil {
		all++
		if v.Matches {
			holds++
		}
	}
	return holds, all
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
	var all []verdict
	matched := 0
	for _, r := range set.Rules {
		if e.rule != "" && r.Name != e.rule {
			continue
		}
		v := explainRule(r, ev)
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
		f := findings{list, files.Rules}
		return nil, fmt.Errorf("the rules cannot be used: %s; tocsin check shows them", f.summary())
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

func explainRule(r rulefile.Rule, ev event.Event) verdict {
	v := verdict{Rule: r.Name, File: r.File, Line: r.Pos.Line, Disabled: r.Disabled, Matches: true, Conditions: []conditionDoc{}}
	if r.Bus != ev.Bus {
		v.Matches, v.OtherBus = false, r.Bus
	}
	if r.Pattern != nil {
		x := r.Pattern.Explain(ev.Raw())
		v.Matches, v.Note = v.Matches && x.Matches, x.Note
		for _, c := range x.Conditions {
			v.Conditions = append(v.Conditions, conditionOf(c))
		}
	}
	if r.When != nil {
		v.explainWhen(r, ev)
	}
	v.Matches = v.Matches && !r.Disabled
	return v
}

func conditionOf(c pattern.Condition) conditionDoc {
	got := c.Got
	if got == nil {
		got = []string{}
	}
	return conditionDoc{c.Path, c.Branch, c.Want, got, c.Holds, c.Hint}
}

// explainWhen asks the expression only if the pattern matched, as the matcher does.
func (v *verdict) explainWhen(r rulefile.Rule, ev event.Event) {
	v.When = &traceDoc{Text: r.When.Source()}
	if !v.Matches {
		return
	}
	env := expression.NewEnv(ev)
	env.SetRule(r.Name)
	trace := r.When.Explain(env)
	*v.When = traceOf(trace)
	v.Matches = trace.Holds != nil && *trace.Holds
}

func traceOf(t expression.Trace) traceDoc {
	d := traceDoc{Text: t.Text, Asked: t.Value != "" || t.Err != "", Value: t.Value, Error: t.Err}
	for _, child := range t.Children {
		d.Children = append(d.Children, traceOf(child))
	}
	return d
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

func (e *explainVerb) print(a *app, ev event.Event, all []verdict) error {
	// The nearest miss stands first after the matches.
	slices.SortStableFunc(all, func(x, y verdict) int { return missing(x) - missing(y) })
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

// missing is how many conditions keep a rule from matching.
func missing(v verdict) int {
	if v.Matches {
		return 0
	}
	holds, all := v.holding()
	return 1 + all - holds
}

package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"

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
		Use:   "explain [--rule NAME] --event FILE|ID|last|-",
		Short: "say why an event does or does not match, condition by condition",
		Long: `Say, condition by condition, why an event matches a rule or does not. Without --rule
all rules are asked: those that match first, then the nearest misses.

The event is the first one in a file or on stdin, asked of the rules in --rules; or the
id of an event that a server got, asked of the rules in force there. "last" is the last
one. Exit code 0: a rule matches. 1: none does.`,
		Example: `  tocsin explain --rule big-foreign-order --event order.json
  tocsin explain --event last`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return e.run(cmd.Context(), a) },
	}
	formatFlag(cmd, &e.format, "text", "json")
	cmd.Flags().StringVar(&e.rule, "rule", "", "the rule's `NAME`; all rules without it")
	cmd.Flags().StringVar(&e.event, "event", "", "the event: a `FILE`, - for stdin, or the id of one that a server got")
	cmd.Flags().StringSliceVar(&e.rules, "rules", []string{"rules"}, "folders or files of rules")
	config.Register(cmd.Flags(), &a.cfg, config.Client)
	if err := cmd.RegisterFlagCompletionFunc("rule", a.completeRules(&e.rules)); err != nil {
		panic("BUG: " + err.Error())
	}
	return cmd
}

type explainVerb struct {
	format, rule, event string
	rules               []string
}

// explainDoc is the answer, here and from a server.
type explainDoc struct {
	Version int               `json:"version"`
	Event   string            `json:"event"`
	Rules   []explain.Verdict `json:"rules"`
}

func (e *explainVerb) run(ctx context.Context, a *app) error {
	if e.event == "" {
		return usagef("say which event: --event FILE, --event ID, or --event - for stdin")
	}
	ask := e.here
	if _, err := os.Stat(e.event); err != nil && eventID.MatchString(e.event) {
		ask = e.server
	}
	doc, err := ask(ctx, a)
	if err != nil {
		return err
	}
	// The nearest miss stands first after the matches.
	slices.SortStableFunc(doc.Rules, func(x, y explain.Verdict) int { return x.Missing() - y.Missing() })
	if err := e.print(a, doc); err != nil {
		return err
	}
	if !slices.ContainsFunc(doc.Rules, func(v explain.Verdict) bool { return v.Matches }) {
		return errFindings
	}
	return nil
}

// eventID tells an id from the name of a file that is not there.
var eventID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]*$`)

// server asks the rules that are in force at a server about an event it got.
func (e *explainVerb) server(ctx context.Context, a *app) (explainDoc, error) {
	var doc explainDoc
	c, err := a.newClient()
	if err != nil {
		return doc, err
	}
	body, err := json.Marshal(map[string]string{"id": e.event, "rule": e.rule})
	if err != nil {
		return doc, err
	}
	resp, err := c.request(ctx, http.MethodPost, "/explain", nil, body)
	if err != nil {
		return doc, err
	}
	defer resp.Body.Close()
	return doc, decode(resp.Body, &doc)
}

// here asks the rules of files about an event of a file.
func (e *explainVerb) here(_ context.Context, a *app) (explainDoc, error) {
	set, err := e.load(a)
	if err != nil {
		return explainDoc{}, err
	}
	ev, err := e.read(a)
	if err != nil {
		return explainDoc{}, err
	}
	doc := explainDoc{Version: 1, Event: ev.ID, Rules: []explain.Verdict{}}
	for _, r := range set.Rules {
		if e.rule == "" || r.Name == e.rule {
			doc.Rules = append(doc.Rules, explain.Rule(r, ev))
		}
	}
	return doc, nil
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
	err := a.eachValue([]string{e.event}, nil, &wrong, func(_ *sourceFile, value []byte) (err error) {
		ev, err = event.Complete(slices.Clone(value), defaults())
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

func (e *explainVerb) print(a *app, doc explainDoc) error {
	if e.format == "json" {
		return printJSON(a.out, doc)
	}
	if len(doc.Rules) == 0 {
		fmt.Fprintln(a.err, "there are no rules")
	}
	text := verdictText{a.out, a.style, a.cfg.Verbose > 0}
	for i, v := range doc.Rules {
		if i > 0 {
			fmt.Fprintln(a.out)
		}
		text.verdict(v, doc.Event, event.DefaultBus)
	}
	return nil
}

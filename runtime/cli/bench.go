package cli

import (
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-engine/tocsin/rules/matcher"
	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/runtime/bench"
	"github.com/tocsin-engine/tocsin/runtime/ruledir"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

func benchCommand(a *app) *cobra.Command {
	var b benchVerb
	cmd := &cobra.Command{
		Use:   "bench [--rules DIR|FILE.jsonl --events FILE]",
		Short: "measure what matching costs, and which rules cost most",
		Long: `Match the events of a file, over and over, with the rules of a folder, a rule file or
a file with {"name", "pattern" or "when"} a line, and print events per second of
processor time, allocations and the ten rules that cost most. Beside it stands
json.Valid on the same events: that compares machines. Nothing is delivered.

Without --rules and --events it measures the workloads that tocsin's own goals are
stated for, what a second core brings, and what changing and loading rules costs.`,
		Example: `  tocsin bench --rules rules --events last-week.jsonl
  tocsin tail | head -1000 | tocsin bench --rules rules --events -`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return b.run(a) },
	}
	cmd.Flags().StringVar(&b.rules, "rules", "", "a folder or file of rules, or a `FILE.jsonl`")
	cmd.Flags().StringVar(&b.events, "events", "", "a `FILE` of events, - for stdin")
	cmd.Flags().DurationVar(&b.time, "time", time.Second, "processor time that each figure takes")
	formatFlag(cmd, &b.format, "text", "json")
	return cmd
}

type benchVerb struct {
	rules, events, format string
	time                  time.Duration
}

func (b *benchVerb) run(a *app) error {
	o := bench.Options{Round: b.time}
	switch {
	case b.time <= 0:
		return usagef("--time is a span above zero, for example 500ms")
	case b.rules == "" && b.events == "" && b.format == "text":
		return bench.Workloads(a.out, o)
	case b.rules == "" || b.events == "":
		return usagef("say both --rules and --events, or neither for tocsin's own workloads as text")
	}
	rules, err := b.readRules(a)
	if err != nil {
		return err
	}
	events, err := b.readEvents(a)
	if err != nil {
		return err
	}
	if len(events) == 0 {
		return fmt.Errorf("there is no event in %s", b.events)
	}
	r := bench.Run(rules, events, o)
	if b.format == "json" {
		return printJSON(a.out, r)
	}
	return b.print(a, r)
}

// readRules reads a .jsonl file or rule files; what is wrong with them is printed as
// findings.
func (b *benchVerb) readRules(a *app) ([]matcher.Rule, error) {
	if strings.HasSuffix(b.rules, ".jsonl") {
		text, err := os.ReadFile(b.rules)
		if err != nil {
			return nil, err
		}
		rules, list := bench.Lines(b.rules, text)
		return rules, a.wrongUse(b.rules, text, list)
	}
	files, err := ruledir.Read([]string{b.rules})
	if err != nil {
		return nil, err
	}
	set, list := a.loadSet(files)
	if list.Errors() > 0 {
		list.Sort()
		if err := findings(list, files.Rules, a.talk).Text(a.err); err != nil {
			return nil, err
		}
		return nil, errFindings
	}
	return matcherRules(set), nil
}

// matcherRules are the rules of a set, in its order; one that is disabled has no
// condition and so never matches.
func matcherRules(set *rulefile.Set) []matcher.Rule {
	rules := make([]matcher.Rule, len(set.Rules))
	for i, r := range set.Rules {
		rules[i] = matcher.Rule{Name: r.Name, Bus: r.Bus}
		if !r.Disabled {
			rules[i].Pattern, rules[i].When = r.Pattern, r.When
		}
	}
	return rules
}

func (b *benchVerb) readEvents(a *app) ([]event.Event, error) {
	var events []event.Event
	wrong := complaints{a: a}
	err := a.eachValue([]string{b.events}, nil, &wrong, func(src *sourceFile, value []byte) error {
		ev, err := event.Complete(append([]byte(nil), value...), event.Fields{ID: "-", Account: "-", Region: "-", Time: time.Unix(0, 0)})
		if err != nil {
			wrong.add(src.name, err)
			return nil
		}
		events = append(events, ev)
		return nil
	})
	if err == nil {
		err = wrong.err()
	}
	return events, err
}

func (b *benchVerb) print(a *app, r bench.Result) error {
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "rules\t%d\tindex made in %.1f µs and %.0f bytes a rule\n", r.Rules, r.LoadNsPerRule/1000, r.BytesPerRule)
	fmt.Fprintf(w, "events\t%d\t%s, %d failed expressions\n", r.Events, count(r.Matches, "match"), r.Failed)
	fmt.Fprintf(w, "speed\t%.0f\tevents per second of one core; %.1f × json.Valid\n", r.EventsPerCPUSecond, r.EventsPerCPUSecond/r.JSONValidPerCPUSecond)
	fmt.Fprintf(w, "time\t%.0f\tns per event\n", r.NsPerEvent)
	fmt.Fprintf(w, "memory\t%.2f\tallocations per event\n", r.AllocsPerEvent)
	if err := w.Flush(); err != nil || len(r.Expensive) == 0 {
		return err
	}
	fmt.Fprint(a.out, "\nThe rules that cost most:\n")
	for _, c := range r.Expensive {
		fmt.Fprintf(a.out, "  %s: tried on %d of %s, evaluated on %d, matched %d\n", a.style.strong(c.Rule), c.Tried, count(r.Events, "event"), c.Evaluated, c.Matched)
		fmt.Fprintf(a.out, "      %s\n", c.Why)
		if c.Help != "" {
			fmt.Fprintf(a.out, "      %s\n", a.style.faint(c.Help))
		}
	}
	return nil
}

package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-engine/tocsin/runtime/config"
)

func dlqCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "dlq",
		Short: "dead letters: list, show, try again, forget",
		Long: `Work on deliveries that were given up: the dead letters that a server lists. A copy of each
is in the dead-letter queue that its rule or target names; these copies are the queue's own
and stay where they are, for SQS clients to read.`,
		Example: `  tocsin dlq list --since 24h
  tocsin dlq redrive --target fraud-channel --dry-run`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(dlqListCommand(a), dlqShowCommand(a), dlqMoveCommand(a, redriveVerb), dlqMoveCommand(a, purgeVerb))
	return cmd
}

// letter is a dead letter as the server tells it.
type letter struct {
	ID        uint64          `json:"id"`
	Target    string          `json:"target"`
	Rule      string          `json:"rule"`
	Delivery  string          `json:"delivery"`
	Queue     string          `json:"queue"`
	Code      string          `json:"code"`
	Message   string          `json:"message"`
	Exhausted string          `json:"exhausted"`
	Attempts  int             `json:"attempts"`
	Died      time.Time       `json:"died"`
	Bus       string          `json:"bus"`
	Event     json.RawMessage `json:"event"`
}

// letterFilter says which dead letters are meant.
type letterFilter struct {
	target, rule, queue string
	since               moment
}

func (f *letterFilter) flags(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&f.target, "target", "", "only those of the target of this `NAME`")
	fs.StringVar(&f.rule, "rule", "", "only those of the rule of this `NAME`")
	fs.StringVar(&f.queue, "queue", "", "only those whose dead-letter queue has this `NAME`")
	fs.Var(&f.since, "since", "only those that died since then: 24h ago, 7d, or a time")
}

func (f *letterFilter) query() url.Values {
	q := url.Values{"limit": {"1000"}}
	for name, value := range map[string]string{"target": f.target, "rule": f.rule, "queue": f.queue} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if !f.since.IsZero() {
		q.Set("since", f.since.UTC().Format(time.RFC3339))
	}
	return q
}

// letters calls each with the dead letters of a filter, a page at a time.
func (c *client) letters(ctx context.Context, f letterFilter, each func([]letter) error) error {
	q := f.query()
	for {
		var page struct {
			DeadLetters []letter `json:"dead_letters"`
			Next        uint64   `json:"next"`
		}
		if err := c.get(ctx, "/dead-letters", q, &page); err != nil {
			return err
		}
		if err := each(page.DeadLetters); err != nil || page.Next == 0 {
			return err
		}
		q.Set("after", strconv.FormatUint(page.Next, 10))
	}
}

func dlqListCommand(a *app) *cobra.Command {
	var f letterFilter
	var format string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "list dead letters, oldest first",
		Example: `  tocsin dlq list
  tocsin dlq list --rule big-order --since 24h --json | jq .dead_letters[].event`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.dlqList(cmd.Context(), f, format) },
	}
	f.flags(cmd)
	formatFlag(cmd, &format, "text", "json")
	config.Register(cmd.Flags(), &a.cfg, config.Client)
	return cmd
}

func (a *app) dlqList(ctx context.Context, f letterFilter, format string) error {
	c, err := a.newClient()
	if err != nil {
		return err
	}
	all := []letter{}
	err = c.letters(ctx, f, func(page []letter) error {
		all = append(all, page...)
		return nil
	})
	if err != nil {
		return err
	}
	if format == "json" {
		return printJSON(a.out, map[string]any{"version": 1, "dead_letters": all})
	}
	if len(all) == 0 {
		fmt.Fprintln(a.err, "no dead letters")
		return nil
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	for _, l := range all {
		fmt.Fprintf(w, "%d\t%s\t%s %s %s\t%s\t%s\t%s\n", l.ID, l.Died.Local().Format(time.DateTime), l.Rule, a.style.arrow(), l.Target,
			count(l.Attempts, "attempt"), l.Code, firstLine(l.Message))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(a.err, "%s        tocsin dlq show ID tells all of one, tocsin dlq redrive tries them again\n", count(len(all), "dead letter"))
	return nil
}

// firstLine is as much of a message as a list shows.
func firstLine(text string) string {
	for i, r := range text {
		if r == '\n' || i >= 100 {
			return text[:i] + " ..."
		}
	}
	return text
}

func dlqShowCommand(a *app) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "show one dead letter, with its event",
		Example: `  tocsin dlq show 71
  tocsin dlq show 71 --json | jq .event > event.json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.dlqShow(cmd.Context(), args[0], format) },
	}
	formatFlag(cmd, &format, "text", "json")
	config.Register(cmd.Flags(), &a.cfg, config.Client)
	return cmd
}

func (a *app) dlqShow(ctx context.Context, id, format string) error {
	c, err := a.newClient()
	if err != nil {
		return err
	}
	var raw json.RawMessage
	if err := c.get(ctx, "/dead-letters/"+url.PathEscape(id), nil, &raw); err != nil {
		return err
	}
	if format == "json" {
		return printJSON(a.out, raw)
	}
	var l letter
	if err := json.Unmarshal(raw, &l); err != nil {
		return err
	}
	s := a.style
	fmt.Fprintf(a.out, "%s dead letter %d  %s %s %s  died %s\n", s.cross(), l.ID, l.Rule, s.arrow(), s.strong(l.Target), l.Died.Local().Format(time.DateTime))
	fmt.Fprintf(a.out, "  %s after %s", l.Code, count(l.Attempts, "attempt"))
	if l.Exhausted != "" {
		fmt.Fprintf(a.out, ", %s was reached", l.Exhausted)
	}
	fmt.Fprintf(a.out, "\n  %s\n", l.Message)
	if l.Delivery != "" && l.Attempts > 0 && !strings.Contains(l.Message, pluginReplay) {
		fmt.Fprintf(a.out, "  %s\n", s.faint(pluginReplay+l.Delivery))
	}
	if l.Queue != "" {
		fmt.Fprintf(a.out, "  a copy is in queue %s\n", l.Queue)
	}
	return printJSON(a.out, l.Event)
}

// letterVerb is what can be done to dead letters.
type letterVerb struct {
	name, past, short, long, question string
}

var (
	redriveVerb = letterVerb{"redrive", "redriven", "give dead letters back to the rules and targets that they were for",
		`Give dead letters back to the rules and targets that they were for, to be tried as though they
had come now. One whose rule or target is gone dies again, of NO_RESOURCE.`,
		"Try %s again?"}
	purgeVerb = letterVerb{"purge", "purged", "forget dead letters", `Forget dead letters. This cannot be undone.`, "Forget %s? They cannot be brought back."}
)

func dlqMoveCommand(a *app, v letterVerb) *cobra.Command {
	m := letterMove{app: a, verb: v}
	cmd := &cobra.Command{
		Use:   v.name + " [ID...]",
		Short: v.short,
		Long:  v.long + "\nWithout ids the flags say which; without flags it is all of them.",
		Example: fmt.Sprintf(`  tocsin dlq %s 71 72
  tocsin dlq %s --target fraud-channel --since 24h --dry-run`, v.name, v.name),
		RunE: func(cmd *cobra.Command, args []string) error { return m.run(cmd.Context(), args) },
	}
	m.filter.flags(cmd)
	cmd.Flags().BoolVar(&m.dry, "dry-run", false, "only say how many")
	cmd.Flags().BoolVarP(&m.yes, "yes", "y", false, "do not ask")
	cmd.Flags().Var(&m.rate, "rate", "no more than this many: 100/s")
	config.Register(cmd.Flags(), &a.cfg, config.Client)
	return cmd
}

// letterMove is one redrive or purge.
type letterMove struct {
	app      *app
	verb     letterVerb
	filter   letterFilter
	dry, yes bool
	rate     rate
}

func (m *letterMove) run(ctx context.Context, args []string) error {
	a := m.app
	c, err := a.newClient()
	if err != nil {
		return err
	}
	ids, err := m.ids(ctx, c, args)
	if err != nil {
		return err
	}
	say := count(len(ids), "dead letter")
	if m.dry || len(ids) == 0 {
		fmt.Fprintf(a.out, "%s would be %s\n", say, m.verb.past)
		return nil
	}
	if err := a.confirm(m.yes, fmt.Sprintf(m.verb.question, say)); err != nil {
		return err
	}
	bar := a.newCount(m.verb.name, "dead letters", int64(len(ids)))
	defer bar.finish()
	began, done := time.Now(), 0
	for at := 0; at < len(ids); {
		n := min(m.rate.batch(), 500, len(ids)-at)
		moved, err := m.move(ctx, c, ids[at:at+n])
		if err != nil {
			return fmt.Errorf("%d of %d were %s: %w", done, len(ids), m.verb.past, err)
		}
		done, at = done+moved, at+n
		bar.add(int64(n))
		if err := m.rate.pace(ctx, began, at); err != nil {
			return err
		}
	}
	bar.finish()
	fmt.Fprintf(a.out, "%s %s\n", count(done, "dead letter"), m.verb.past)
	return nil
}

// ids are those that the person named, or those of the filter.
func (m *letterMove) ids(ctx context.Context, c *client, args []string) (ids []uint64, err error) {
	for _, arg := range args {
		id, err := strconv.ParseUint(arg, 10, 64)
		if err != nil || id == 0 {
			return nil, usagef("%q is no id of a dead letter; tocsin dlq list shows them", arg)
		}
		ids = append(ids, id)
	}
	if len(args) > 0 {
		return ids, nil
	}
	return ids, c.letters(ctx, m.filter, func(page []letter) error {
		for _, l := range page {
			ids = append(ids, l.ID)
		}
		return nil
	})
}

func (m *letterMove) move(ctx context.Context, c *client, ids []uint64) (int, error) {
	body, err := json.Marshal(map[string]any{"ids": ids})
	if err != nil {
		return 0, err
	}
	var answer map[string]any
	if err := c.post(ctx, "/dead-letters/"+m.verb.name, body, &answer); err != nil {
		return 0, err
	}
	n, _ := answer[m.verb.past].(float64)
	return int(n), nil
}

// post sends JSON and reads a JSON answer.
func (c *client) post(ctx context.Context, path string, body []byte, into any) error {
	resp, err := c.request(ctx, http.MethodPost, path, nil, body)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return decode(resp.Body, into)
}

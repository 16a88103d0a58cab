package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-engine/tocsin/runtime/config"
)

func replayCommand(a *app) *cobra.Command {
	r := replayVerb{app: a}
	cmd := &cobra.Command{
		Use:   "replay --archive NAME --since TIME",
		Short: "put archived events back on their bus",
		Long: `Put the events of an archive back on their bus, in the order in which they were received,
for all rules or some. They carry a member replay-name, which patterns can ask for, and are
not archived again. Without --deliver nothing is put back: it says how many events there
are and what each rule would match.

With --deliver it asks, and then shows how far it has come until it is over. The replay is
the server's: it goes on when this verb ends, and over a restart; --cancel stops it.`,
		Example: `  tocsin replay --archive orders --since 2h
  tocsin replay --archive orders --since 2026-01-02T08:00:00Z --until 2026-01-02T09:00:00Z --rule big-order --deliver`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return r.run(cmd.Context()) },
	}
	f := cmd.Flags()
	f.StringVar(&r.request.Archive, "archive", "", "the archive of this `NAME`")
	f.Var(&r.since, "since", "events received since then: 2h ago, 7d, or a time")
	f.Var(&r.until, "until", "events received before then; the default is now")
	f.StringSliceVar(&r.request.Rules, "rule", nil, "only for the rule of this `NAME`; may be given again")
	f.StringVar(&r.request.Name, "name", "", "the replay's `NAME`; the default is made up")
	f.BoolVar(&r.deliver, "deliver", false, "do it")
	f.BoolVar(&r.dry, "dry-run", false, "only say what it would do, which is the default")
	f.BoolVarP(&r.yes, "yes", "y", false, "do not ask")
	f.BoolVar(&r.list, "list", false, "list replays")
	f.StringVar(&r.cancel, "cancel", "", "stop the replay of this `NAME`")
	formatFlag(cmd, &r.format, "text", "json")
	config.Register(f, &a.cfg, config.Client)
	return cmd
}

type replayVerb struct {
	app                     *app
	since, until            moment
	deliver, dry, yes, list bool
	cancel, format          string
	request                 replayRequest
}

type replayRequest struct {
	Name    string     `json:"name,omitempty"`
	Archive string     `json:"archive"`
	Since   time.Time  `json:"since"`
	Until   *time.Time `json:"until,omitempty"`
	Rules   []string   `json:"rules,omitempty"`
	DryRun  bool       `json:"dry_run,omitempty"`
}

// replayDoc is a replay as the server tells it.
type replayDoc struct {
	Name    string    `json:"name"`
	Archive string    `json:"archive"`
	State   string    `json:"state"`
	Reason  string    `json:"reason"`
	Events  int64     `json:"events"`
	Since   time.Time `json:"since"`
	Until   time.Time `json:"until"`
	// Matched is of a dry run.
	Matched map[string]int `json:"matched"`
}

func (d replayDoc) over() bool {
	return d.State == "completed" || d.State == "cancelled" || d.State == "failed"
}

func (r *replayVerb) run(ctx context.Context) error {
	a := r.app
	c, err := a.newClient()
	if err != nil {
		return err
	}
	switch {
	case r.list:
		return r.printAll(ctx)
	case r.cancel != "":
		var d replayDoc
		if err := c.post(ctx, "/replays/"+url.PathEscape(r.cancel)+"/cancel", nil, &d); err != nil {
			return err
		}
		fmt.Fprintf(a.out, "%s is %s; %s were put back\n", d.Name, d.State, count(int(d.Events), "event"))
		return nil
	case r.request.Archive == "":
		return usagef("which archive? say --archive NAME; tocsin archive list shows them")
	case r.since.IsZero():
		return usagef("from when on? say --since 2h, or a time")
	case r.deliver && r.dry:
		return usagef("--deliver and --dry-run exclude each other")
	}
	r.request.Since = r.since.UTC()
	if !r.until.IsZero() {
		until := r.until.UTC()
		r.request.Until = &until
	}
	return r.begin(ctx, c)
}

// begin makes the dry run and, told to, the replay.
func (r *replayVerb) begin(ctx context.Context, c *client) error {
	a := r.app
	r.request.DryRun = true
	var raw json.RawMessage
	var would replayDoc
	if err := r.post(ctx, c, &raw, &would); err != nil {
		return err
	}
	if !r.deliver && r.format == "json" {
		return printJSON(a.out, raw)
	}
	r.printWould(would)
	if !r.deliver {
		return nil
	}
	if err := a.confirm(r.yes, fmt.Sprintf("Put %s back on the bus and deliver what matches?", count(int(would.Events), "event"))); err != nil {
		return err
	}
	r.request.DryRun, r.request.Until = false, &would.Until
	var d replayDoc
	if err := r.post(ctx, c, &raw, &d); err != nil {
		return err
	}
	return r.follow(ctx, c, raw, d, would.Events)
}

func (r *replayVerb) post(ctx context.Context, c *client, raw *json.RawMessage, d *replayDoc) error {
	body, err := json.Marshal(r.request)
	if err != nil {
		return err
	}
	if err := c.post(ctx, "/replays", body, raw); err != nil {
		return err
	}
	return json.Unmarshal(*raw, d)
}

// printWould says what a replay would do: data where that was asked for, else talk.
func (r *replayVerb) printWould(d replayDoc) {
	a, to := r.app, r.app.out
	if r.deliver {
		to = a.err
	}
	fmt.Fprintf(to, "%s in archive %s, received from %s until %s\n", count(int(d.Events), "event"), d.Archive,
		d.Since.Local().Format(time.DateTime), d.Until.Local().Format(time.DateTime))
	for _, rule := range slices.Sorted(maps.Keys(d.Matched)) {
		fmt.Fprintf(to, "  %s %s would match %d\n", a.style.arrow(), rule, d.Matched[rule])
	}
	if len(d.Matched) == 0 {
		fmt.Fprintf(to, "  no rule would match any\n")
	}
	if !r.deliver {
		fmt.Fprintln(a.err, "Nothing was put back; --deliver does it.")
	}
}

// replayPoll is how often a replay is asked how far it is.
const replayPoll = 200 * time.Millisecond

// follow shows how far a replay has come until it is over.
func (r *replayVerb) follow(ctx context.Context, c *client, raw json.RawMessage, d replayDoc, total int64) error {
	a := r.app
	bar := a.newCount("replay "+d.Name, "events", total)
	defer bar.finish()
	for shown := int64(0); ; {
		bar.add(d.Events - shown)
		shown = d.Events
		if d.over() {
			break
		}
		if err := sleep(ctx, replayPoll); err != nil {
			fmt.Fprintf(a.err, "\nthe replay goes on in the server; tocsin replay --cancel %s stops it\n", d.Name)
			return err
		}
		if err := c.get(ctx, "/replays/"+url.PathEscape(d.Name), nil, &raw); err != nil {
			return err
		}
		if err := json.Unmarshal(raw, &d); err != nil {
			return err
		}
	}
	bar.finish()
	if r.format == "json" {
		return printJSON(a.out, raw)
	}
	fmt.Fprintf(a.out, "replay %s is %s: %s put back\n", d.Name, d.State, count(int(d.Events), "event"))
	if d.State == "failed" {
		return fmt.Errorf("the replay failed: %s", d.Reason)
	}
	return nil
}

func (r *replayVerb) printAll(ctx context.Context) error {
	a := r.app
	raw, err := a.fetch(ctx, "/replays", r.format)
	if raw == nil || err != nil {
		return err
	}
	var doc struct {
		Replays []replayDoc `json:"replays"`
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		return err
	}
	if len(doc.Replays) == 0 {
		fmt.Fprintln(a.err, "no replays")
	}
	for _, d := range doc.Replays {
		fmt.Fprintf(a.out, "%s  archive %s  %s  %s\n", d.Name, d.Archive, d.State, count(int(d.Events), "event"))
	}
	return nil
}

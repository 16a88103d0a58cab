package cli

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-engine/tocsin/runtime/config"
	"github.com/tocsin-engine/tocsin/runtime/engine"
	"github.com/tocsin-engine/tocsin/runtime/store"
)

func topCommand(a *app) *cobra.Command {
	t := topVerb{app: a}
	cmd := &cobra.Command{
		Use:   "top",
		Short: "watch rules, targets and rates",
		Long: `Show what a server does: events a second, and for each rule and target how much it does and
what waits for it. On a terminal the picture is drawn anew; elsewhere it is a line each time.
Rates are over the time between two looks; the totals are since the server started.`,
		Example: `  tocsin top
  tocsin top --once --json | jq .targets`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return t.run(cmd.Context()) },
	}
	f := cmd.Flags()
	f.DurationVar(&t.every, "every", 2*time.Second, "look this often")
	f.IntVar(&t.rows, "rows", 15, "show this many rules, and targets")
	f.BoolVar(&t.once, "once", false, "look once, and print the whole picture")
	formatFlag(cmd, &t.format, "auto", "text", "json")
	config.Register(f, &a.cfg, config.Client)
	return cmd
}

type topVerb struct {
	app    *app
	every  time.Duration
	rows   int
	once   bool
	format string
	client *client
}

// look is what a server said, and when.
type look struct {
	statusDoc
	at time.Time
}

// picture is what top shows: two looks compared.
type picture struct {
	Version   int         `json:"version"`
	At        time.Time   `json:"at"`
	Seconds   float64     `json:"seconds"` // between the looks; 0 for the first
	Events    flow        `json:"events"`
	Matched   flow        `json:"matched"`
	Unmatched flow        `json:"unmatched"`
	Delivered flow        `json:"delivered"`
	Failed    flow        `json:"failed"`
	Dead      int         `json:"dead_letters"`
	Rules     []topRule   `json:"rules"`
	Targets   []topTarget `json:"targets"`
	// Types are the kinds of events that no rule wants, most frequent first.
	Types []engine.TypeStats `json:"unmatched_types"`
}

// flow is a counter and how fast it grows.
type flow struct {
	Total uint64  `json:"total"`
	Rate  float64 `json:"per_second"`
}

type topRule struct {
	Name    string `json:"name"`
	Matched flow   `json:"matched"`
	Errors  uint64 `json:"when_errors"`
	Held    uint64 `json:"held"`
}

type topTarget struct {
	Name      string  `json:"name"`
	Delivered flow    `json:"delivered"`
	Failed    flow    `json:"failed"`
	Dead      uint64  `json:"dead"`
	Unread    int     `json:"unread"`
	Retries   int     `json:"retries"`
	Dying     int     `json:"dying"`
	Lag       float64 `json:"lag_seconds"`
	LastError string  `json:"last_error,omitempty"`
}

func (t *topVerb) run(ctx context.Context) error {
	a := t.app
	if t.every < 100*time.Millisecond {
		return usagef("--every is 100ms or more")
	}
	var err error
	if t.client, err = a.newClient(); err != nil {
		return err
	}
	before, err := t.look(ctx)
	if err != nil {
		return err
	}
	if t.once {
		return t.show(compare(before, before))
	}
	if err := t.show(compare(before, before)); err != nil {
		return err
	}
	for {
		if err := sleep(ctx, t.every); err != nil {
			return err
		}
		now, err := t.look(ctx)
		if err != nil {
			return err
		}
		if err := t.show(compare(before, now)); err != nil {
			return err
		}
		before = now
	}
}

func (t *topVerb) look(ctx context.Context) (look, error) {
	l := look{at: time.Now()}
	return l, t.client.get(ctx, "/status", nil, &l.statusDoc)
}

// compare makes the picture of two looks. A server that was restarted in between counts
// from 0 again.
func compare(before, now look) picture {
	seconds := now.at.Sub(before.at).Seconds()
	grown := func(was, is uint64) flow {
		f := flow{Total: is}
		if seconds > 0 && is >= was {
			f.Rate = float64(is-was) / seconds
		}
		return f
	}
	b, n := before.Counts, now.Counts
	p := picture{
		Version: 1, At: now.at, Seconds: seconds, Events: grown(b.Received, n.Received), Matched: grown(b.Matched, n.Matched),
		Unmatched: grown(b.Unmatched, n.Unmatched), Delivered: grown(b.Delivered, n.Delivered),
		Failed: grown(b.Retried+b.Dead, n.Retried+n.Dead), Dead: now.Engine.Kept.DeadLetters,
		Rules: []topRule{}, Targets: []topTarget{}, Types: n.UnmatchedTypes,
	}
	for name, r := range n.Rules {
		p.Rules = append(p.Rules, topRule{name, grown(b.Rules[name].Matched, r.Matched), r.WhenErrors, r.Held})
	}
	lanes := map[string]store.Lane{}
	for _, l := range now.Engine.Kept.Lanes {
		lanes[l.Target] = l
	}
	names := slices.Collect(maps.Keys(lanes))
	for name := range n.Targets {
		if _, waits := lanes[name]; !waits {
			names = append(names, name)
		}
	}
	for _, name := range names {
		was, is, lane := b.Targets[name], n.Targets[name], lanes[name]
		p.Targets = append(p.Targets, topTarget{name, grown(was.Delivered, is.Delivered), grown(was.Retried+was.Dead, is.Retried+is.Dead), is.Dead,
			lane.Unread, lane.Retries, lane.Dying, now.Engine.Lag[name], is.LastError})
	}
	slices.SortFunc(p.Rules, func(x, y topRule) int {
		return cmp.Or(cmp.Compare(y.Matched.Rate, x.Matched.Rate), cmp.Compare(y.Matched.Total, x.Matched.Total), cmp.Compare(x.Name, y.Name))
	})
	slices.SortFunc(p.Targets, func(x, y topTarget) int {
		return cmp.Or(cmp.Compare(y.Lag, x.Lag), cmp.Compare(y.Delivered.Rate, x.Delivered.Rate), cmp.Compare(x.Name, y.Name))
	})
	return p
}

// show prints a picture as it was asked for.
func (t *topVerb) show(p picture) error {
	a := t.app
	switch {
	case t.format == "json" && t.once:
		return printJSON(a.out, p)
	case t.format == "json":
		line, err := json.Marshal(p)
		if err != nil {
			return err
		}
		_, err = a.out.Write(append(line, '\n'))
		return err
	case !t.once && !a.style.terminal:
		_, err := fmt.Fprintln(a.out, t.line(p))
		return err
	}
	var b bytes.Buffer
	if !t.once {
		b.WriteString("\x1b[H\x1b[2J")
	}
	t.draw(&b, p)
	_, err := a.out.Write(b.Bytes())
	return err
}

// line is a picture where no person watches.
func (t *topVerb) line(p picture) string {
	text := fmt.Sprintf("%s  %s  %s", p.At.Format(time.TimeOnly), t.rates(p), count(p.Dead, "dead letter"))
	if len(p.Targets) > 0 && p.Targets[0].Unread > 0 {
		text += fmt.Sprintf("  %s lags %s, %d unread", p.Targets[0].Name, lag(p.Targets[0].Lag), p.Targets[0].Unread)
	}
	return text
}

func (t *topVerb) rates(p picture) string {
	if p.Seconds == 0 {
		return fmt.Sprintf("events %d  matched %d  delivered %d  failed %d", p.Events.Total, p.Matched.Total, p.Delivered.Total, p.Failed.Total)
	}
	return fmt.Sprintf("events %.1f/s  matched %.1f/s  delivered %.1f/s  failed %.1f/s", p.Events.Rate, p.Matched.Rate, p.Delivered.Rate, p.Failed.Rate)
}

// lag is how long something waits, for people.
func lag(seconds float64) string {
	return time.Duration(seconds * float64(time.Second)).Round(100 * time.Millisecond).String()
}

func (t *topVerb) draw(b *bytes.Buffer, p picture) {
	s := t.app.style
	fmt.Fprintf(b, "%s  %s  %s  %s\n\n", s.strong("tocsin"), t.app.cfg.URL, p.At.Format(time.TimeOnly), t.rates(p))
	w := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "RULE\tmatched/s\tmatched\theld\terrors")
	for i, r := range p.Rules {
		if i == t.rows {
			fmt.Fprintf(w, "%d more\n", len(p.Rules)-i)
			break
		}
		fmt.Fprintf(w, "%s\t%.1f\t%d\t%d\t%d\n", r.Name, r.Matched.Rate, r.Matched.Total, r.Held, r.Errors)
	}
	fmt.Fprintln(w, "\t\t\t\t")
	fmt.Fprintln(w, "TARGET\tdelivered/s\tfailed/s\tdead\tunread\tretries\tlag\tlast error")
	for i, r := range p.Targets {
		if i == t.rows {
			fmt.Fprintf(w, "%d more\n", len(p.Targets)-i)
			break
		}
		fmt.Fprintf(w, "%s\t%.1f\t%.1f\t%d\t%d\t%d\t%s\t%s\n", r.Name, r.Delivered.Rate, r.Failed.Rate, r.Dead, r.Unread, r.Retries, lag(r.Lag), firstLine(r.LastError))
	}
	_ = w.Flush() // a buffer takes everything
	fmt.Fprintf(b, "\n%s", count(p.Dead, "dead letter"))
	if p.Dead > 0 {
		b.WriteString("        tocsin dlq list shows them")
	}
	fmt.Fprintf(b, "\n%s that no rule wanted", count(int(p.Unmatched.Total), "event"))
	for i, kind := range p.Types {
		if i == 3 {
			b.WriteString(" ...")
			break
		}
		fmt.Fprintf(b, "  %s from %s %d", kind.DetailType, kind.Source, kind.Count)
	}
	b.WriteByte('\n')
}

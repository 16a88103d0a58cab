package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-engine/tocsin/runtime/config"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

func tailCommand(a *app) *cobra.Command {
	t := tailVerb{app: a}
	cmd := &cobra.Command{
		Use:   "tail",
		Short: "show events as they come",
		Long: `Show events as a server gets them; the filters work there. On a terminal that is a line
for people each, elsewhere, or with --json, a JSON object a line: kind (event, delivery
or missed), at, matched, event and so on. match and explain take these lines as they are.`,
		Example: `  tocsin tail --rule big-foreign-order --deliveries
  tocsin tail --when 'detail.amount > 1000' | jq .event.detail`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return t.run(cmd.Context()) },
	}
	formatFlag(cmd, &t.format, "auto", "text", "json")
	f := cmd.Flags()
	f.StringVar(&t.rule, "rule", "", "only events that the rule of this `NAME` matched")
	f.StringVarP(&t.pattern, "pattern", "p", "", "only events that match a pattern: `JSON`, or a file with it")
	f.StringVarP(&t.when, "when", "w", "", "only events for which this `EXPR`ession is true")
	f.BoolVar(&t.unmatched, "unmatched", false, "only events that no rule wanted")
	f.BoolVar(&t.deliveries, "deliveries", false, "show the attempts of deliveries too")
	f.IntVarP(&t.most, "count", "n", 0, "end after `N` lines; 0 goes on")
	config.Register(f, &a.cfg, config.Client)
	return cmd
}

type tailVerb struct {
	app                         *app
	format, rule, pattern, when string
	unmatched, deliveries       bool
	most                        int
}

// tailLine is one line of the server's answer.
type tailLine struct {
	Kind    string          `json:"kind"`
	At      time.Time       `json:"at"`
	Bus     string          `json:"bus"`
	Matched []string        `json:"matched"`
	Cut     string          `json:"cut"`
	Event   json.RawMessage `json:"event"`
	ID      string          `json:"id"`
	Rule    string          `json:"rule"`
	Target  string          `json:"target"`
	Attempt int             `json:"attempt"`
	Result  string          `json:"result"`
	TookMS  float64         `json:"took_ms"`
	Code    string          `json:"code"`
	Message string          `json:"message"`
	Count   uint64          `json:"count"`
}

func (t *tailVerb) run(ctx context.Context) error {
	a := t.app
	query, err := t.query()
	if err != nil {
		return err
	}
	c, err := a.newClient()
	if err != nil {
		return err
	}
	resp, err := c.request(ctx, http.MethodGet, "/tail", query, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text := t.format == "text" || t.format == "auto" && a.style.terminal
	lines := bufio.NewReaderSize(resp.Body, 64<<10)
	for n := 0; t.most == 0 || n < t.most; {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return t.ended(ctx, err)
		}
		if len(line) <= 1 { // the connection lives
			continue
		}
		if n++; !text {
			if _, err := a.out.Write(line); err != nil {
				return err
			}
			continue
		}
		var l tailLine
		if err := json.Unmarshal(line, &l); err != nil {
			return fmt.Errorf("the server's line is no such JSON: %w", err)
		}
		a.printTailLine(l)
	}
	return nil
}

// query is the filters for the server; a mistake in one is found here, with its place.
func (t *tailVerb) query() (url.Values, error) {
	q := url.Values{}
	if t.rule != "" {
		q.Set("rule", t.rule)
	}
	if t.pattern != "" {
		p, err := t.app.compilePattern(t.pattern)
		if err != nil {
			return nil, err
		}
		q.Set("pattern", string(p.JSON()))
	}
	if t.when != "" {
		if _, err := t.app.compileWhen("--when", t.when); err != nil {
			return nil, err
		}
		q.Set("when", t.when)
	}
	if t.unmatched {
		q.Set("unmatched", "true")
	}
	if t.deliveries {
		q.Set("deliveries", "true")
	}
	return q, nil
}

// ended is why the lines have ended: a person who has seen enough, or the server.
func (t *tailVerb) ended(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("the server at %s has ended", t.app.cfg.URL)
	}
	return err
}

// printTailLine writes one line for people.
func (a *app) printTailLine(l tailLine) {
	s := a.style
	at := s.faint(l.At.Local().Format("15:04:05"))
	switch l.Kind {
	case "event":
		a.printTailEvent(at, l)
	case "delivery":
		outcome := s.good(l.Result) + " in " + short(time.Duration(l.TookMS*float64(time.Millisecond)))
		switch l.Result {
		case "delivered":
		case "retrying":
			outcome = s.warn("will be tried again") + ": " + l.Message
		default:
			outcome = s.bad("dead letter") + ": " + l.Message
		}
		fmt.Fprintf(a.out, "%s   %s %s %s %s  %s\n", at, cut(l.ID, shownID, s), l.Rule, s.arrow(), s.strong(l.Target), outcome)
	case "missed":
		fmt.Fprintf(a.err, "%s %d lines were too fast for this terminal\n", a.talk.mark(), l.Count)
	}
}

func (a *app) printTailEvent(at string, l tailLine) {
	s := a.style
	v := event.Value(l.Event)
	id, _ := v.Get("id").Text()
	source, _ := v.Get("source").Text()
	detailType, _ := v.Get("detail-type").Text()
	verdict := s.dot() + " no rule"
	if len(l.Matched) > 0 {
		verdict = s.arrow() + " " + strings.Join(l.Matched, ", ")
	}
	if l.Cut != "" {
		verdict = s.cross() + " " + l.Cut
	}
	fmt.Fprintf(a.out, "%s %s %s from %s  %s\n", at, cut(id, shownID, s), s.strong(detailType), source, verdict)
}

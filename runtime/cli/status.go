package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-engine/tocsin/runtime/config"
	"github.com/tocsin-engine/tocsin/runtime/engine"
	"github.com/tocsin-engine/tocsin/runtime/store"
)

func statusCommand(a *app) *cobra.Command {
	var format string
	var ready bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "how a server is: rules, counts, the last reload",
		Long: `Print how a server is. Exit code 1: it is not well, because the last change of its rule
files could not be loaded (the rules before that are still in force).

With --ready, ask only whether it takes events. That needs no access keys, and a server
whose last reload failed does take them: it is the question of a container's health check.`,
		Example: `  tocsin status
  tocsin status --json | jq .counts.dead
  tocsin status --ready`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if ready {
				return a.ready(cmd.Context())
			}
			return a.status(cmd.Context(), format)
		},
	}
	formatFlag(cmd, &format, "text", "json")
	cmd.Flags().BoolVar(&ready, "ready", false, "ask only whether it takes events; needs no access keys")
	config.Register(cmd.Flags(), &a.cfg, config.Client)
	return cmd
}

// statusDoc is the part of the server's answer that the text shows.
type statusDoc struct {
	Tocsin   string        `json:"tocsin"`
	OK       bool          `json:"ok"`
	Warnings []string      `json:"warnings"`
	Engine   engine.Status `json:"engine"`
	Counts   engine.Stats  `json:"counts"`
	// Doors are the ways in: what each counts, by its name there.
	Doors map[string]json.RawMessage `json:"doors"`
}

func (a *app) status(ctx context.Context, format string) error {
	c, err := a.newClient()
	if err != nil {
		return err
	}
	resp, err := c.request(ctx, http.MethodGet, "/status", nil, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	var doc statusDoc
	if err := json.Unmarshal(text, &doc); err != nil {
		return fmt.Errorf("the server's answer is no such JSON: %w", err)
	}
	if format == "json" {
		if err := printJSON(a.out, json.RawMessage(text)); err != nil {
			return err
		}
	} else {
		a.printStatus(doc)
	}
	if !doc.OK {
		return errFindings
	}
	return nil
}

// readyWait bounds how long a server may take to say that it is ready: a health check
// that waits longer is ended by who runs it, without a word.
const readyWait = 5 * time.Second

// ready asks whether a server takes events.
func (a *app) ready(ctx context.Context) error {
	c, err := a.newClient()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, readyWait, fmt.Errorf("%s does not answer within %v", c.base, readyWait))
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+"/readyz", nil)
	if err != nil {
		return err
	}
	response, err := c.http.Do(request)
	if err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return c.explainFailure(ctx, err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<10))
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return &exit{exitFindings, fmt.Errorf("%s is not ready: %s", c.base, strings.TrimSpace(string(text)))}
	}
	_, err = fmt.Fprintf(a.out, "%s\n", strings.TrimSpace(string(text)))
	return err
}

// unmatchedShown is how many kinds of unmatched events a status names.
const unmatchedShown = 5

func (a *app) printUnmatched(n engine.Stats) {
	for i, kind := range n.UnmatchedTypes {
		if i == unmatchedShown {
			fmt.Fprintf(a.out, "              %d more kinds; --json lists them\n", len(n.UnmatchedTypes)-i)
			break
		}
		fmt.Fprintf(a.out, "              %s %s from %s, %d\n", a.style.dot(), kind.DetailType, kind.Source, kind.Count)
	}
}

// printKept writes what the store keeps, and what waits in it.
func (a *app) printKept(e engine.Status) {
	k := e.Kept
	fmt.Fprintf(a.out, "  store       %s, %s, %.1f MiB\n", e.Store.Kind, count(k.Entries, "event"), float64(k.Bytes)/(1<<20))
	for _, l := range k.Lanes {
		if l.Unread+l.Retries > 0 && !store.Reserved(l.Target) {
			fmt.Fprintf(a.out, "              %s %d for %s wait, %d of them tried before\n", a.style.dot(), l.Unread+l.Retries, l.Target, l.Retries)
		}
	}
	if k.DeadLetters > 0 {
		fmt.Fprintf(a.out, "              %s %s   %s\n", a.style.dot(), count(k.DeadLetters, "dead letter"), a.style.faint("tocsin dlq list"))
	}
}

func (a *app) printStatus(d statusDoc) {
	s := a.style
	sign := s.tick()
	if !d.OK {
		sign = s.cross()
	}
	e, n := d.Engine, d.Counts
	fmt.Fprintf(a.out, "%s %s at %s since %s\n", sign, d.Tocsin, a.cfg.URL, e.Started.Local().Format("2006-01-02 15:04:05"))
	fmt.Fprintf(a.out, "  rules       %d, %d of them enabled; %s\n", e.Rules, e.Enabled, count(e.Targets, "target"))
	fmt.Fprintf(a.out, "  events      %d received, %d matched, %d that no rule wanted\n", n.Received, n.Matched, n.Unmatched)
	a.printUnmatched(n)
	fmt.Fprintf(a.out, "  deliveries  %d delivered, %d tried again, %d dead\n", n.Delivered, n.Retried, n.Dead)
	a.printKept(e)
	a.printDoors(d.Doors)
	if n.LoopsCut > 0 {
		fmt.Fprintf(a.out, "  %s %d events went round too often and were cut\n", s.mark(), n.LoopsCut)
	}
	for _, w := range d.Warnings {
		fmt.Fprintf(a.out, "  %s %s\n", s.mark(), w)
	}
	if r := e.Reload; !r.OK && r.Error != "" {
		fmt.Fprintf(a.out, "  %s the rule files were not loaded at %s: %s\n", s.cross(), r.At.Local().Format("15:04:05"), r.Error)
		for _, f := range r.Findings {
			fmt.Fprintf(a.out, "    %s\n", f.Error())
		}
	}
}

// printDoors prints the counts of each door that are not 0: "xray  12 segments, 1 refused".
func (a *app) printDoors(doors map[string]json.RawMessage) {
	for _, door := range slices.Sorted(maps.Keys(doors)) {
		var counts map[string]uint64
		if json.Unmarshal(doors[door], &counts) != nil {
			continue // bytes_in_flight is no door
		}
		var said []string
		for _, name := range slices.Sorted(maps.Keys(counts)) {
			if n := counts[name]; n > 0 {
				said = append(said, fmt.Sprintf("%d %s", n, strings.ReplaceAll(name, "_", " ")))
			}
		}
		if len(said) > 0 {
			fmt.Fprintf(a.out, "  %-11s %s\n", door, strings.Join(said, ", "))
		}
	}
}

package cli

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-engine/tocsin/runtime/config"
	"github.com/tocsin-engine/tocsin/runtime/engine"
)

func fateCommand(a *app) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "fate EVENT",
		Short: "what became of an event: each delivery, each attempt",
		Long: `Print what became of the event with an id: when it was received, the rules that it
matched, and of each delivery the attempts and where it stands. What no rule wanted is
remembered only while it is among the last events. Exit code 1: it is not known.`,
		Example: `  tocsin fate 77817615-1a98-451c-ba46-76488b068a3c`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.fate(cmd.Context(), args[0], format)
		},
	}
	formatFlag(cmd, &format, "text", "json")
	config.Register(cmd.Flags(), &a.cfg, config.Client)
	return cmd
}

func (a *app) fate(ctx context.Context, id, format string) error {
	c, err := a.newClient()
	if err != nil {
		return err
	}
	resp, err := c.do(ctx, http.MethodGet, "/events/"+url.PathEscape(id), nil, nil, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusNotFound { // where it says so in a fate
		return refusalOf(resp)
	}
	var f engine.Fate
	if err := decode(resp.Body, &f); err != nil {
		return err
	}
	if format == "json" {
		err = printJSON(a.out, f)
	} else {
		a.printHistory(f)
	}
	if err == nil && f.State == engine.StateNotKept {
		return errFindings
	}
	return err
}

// printHistory writes what became of an event, attempt by attempt.
func (a *app) printHistory(f engine.Fate) {
	s := a.style
	if f.State == engine.StateNotKept {
		fmt.Fprintf(a.err, "%s %s\n", a.talk.dot(), f.Reason)
		return
	}
	a.printFate(f)
	fmt.Fprintf(a.out, "  received %s on bus %s%s\n", f.Received.Local().Format(time.DateTime), f.Bus, inArchives(f.Archived))
	for _, d := range f.Deliveries {
		for _, at := range d.History {
			fmt.Fprintf(a.out, "  %s  %s → %s  attempt %d  %s  %s\n", at.At.Local().Format(time.DateTime), d.Rule, d.Target, at.N, at.Result, s.faint(at.Code))
		}
		if !d.Next.IsZero() {
			fmt.Fprintf(a.out, "  %s  %s → %s  attempt %d is due\n", d.Next.Local().Format(time.DateTime), d.Rule, d.Target, d.Attempts+1)
		}
	}
}

func inArchives(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return ", kept in archive " + strings.Join(names, ", ")
}

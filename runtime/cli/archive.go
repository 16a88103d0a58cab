package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-engine/tocsin/runtime/config"
)

func archiveCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "archive",
		Short: "archives of events: list, show, delete",
		Long: `Look at what a server keeps to be replayed. Archives are written in rule files, under
archives:, or made by AWS clients with CreateArchive.`,
		Example: `  tocsin archive list
  tocsin archive show orders`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(archiveListCommand(a), archiveShowCommand(a), archiveDeleteCommand(a))
	return cmd
}

// archiveDoc is an archive as the server tells it.
type archiveDoc struct {
	Name          string          `json:"name"`
	Description   string          `json:"description"`
	Bus           string          `json:"bus"`
	Pattern       json.RawMessage `json:"pattern"`
	RetentionDays int             `json:"retention_days"`
	State         string          `json:"state"`
	Created       time.Time       `json:"created"`
	File          string          `json:"file"`
	Events        int64           `json:"events"`
	Bytes         int64           `json:"bytes"`
}

// kept is how long an archive keeps an event.
func (d archiveDoc) kept() string {
	if d.RetentionDays == 0 {
		return "kept for ever"
	}
	return fmt.Sprintf("kept for %d d", d.RetentionDays)
}

func archiveListCommand(a *app) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "list archives",
		Example: `  tocsin archive list
  tocsin archive list --json | jq '.archives[] | {name, events}'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.archiveList(cmd.Context(), format) },
	}
	formatFlag(cmd, &format, "text", "json")
	config.Register(cmd.Flags(), &a.cfg, config.Client)
	return cmd
}

func (a *app) archiveList(ctx context.Context, format string) error {
	raw, err := a.fetch(ctx, "/archives", format)
	if raw == nil || err != nil {
		return err
	}
	var doc struct {
		Archives []archiveDoc `json:"archives"`
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		return err
	}
	if len(doc.Archives) == 0 {
		fmt.Fprintln(a.err, "no archives; a rule file has them under  archives:")
		return nil
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	for _, d := range doc.Archives {
		fmt.Fprintf(w, "%s\tbus %s\t%s\t%.1f MiB\t%s\t%s\n", d.Name, d.Bus, count(int(d.Events), "event"), float64(d.Bytes)/(1<<20), d.kept(), d.State)
	}
	return w.Flush()
}

// fetch reads a path of the API. With format json it prints the answer and returns nil.
func (a *app) fetch(ctx context.Context, path, format string) (json.RawMessage, error) {
	c, err := a.newClient()
	if err != nil {
		return nil, err
	}
	var raw json.RawMessage
	if err := c.get(ctx, path, nil, &raw); err != nil {
		return nil, err
	}
	if format == "json" {
		return nil, printJSON(a.out, raw)
	}
	return raw, nil
}

func archiveShowCommand(a *app) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "show NAME",
		Short: "show one archive",
		Example: `  tocsin archive show orders
  tocsin archive show orders --json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.archiveShow(cmd.Context(), args[0], format) },
	}
	formatFlag(cmd, &format, "text", "json")
	config.Register(cmd.Flags(), &a.cfg, config.Client)
	return cmd
}

func (a *app) archiveShow(ctx context.Context, name, format string) error {
	raw, err := a.fetch(ctx, "/archives/"+url.PathEscape(name), format)
	if raw == nil || err != nil {
		return err
	}
	var d archiveDoc
	if err := json.Unmarshal(raw, &d); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "%s  %s, since %s\n", a.style.strong(d.Name), d.State, d.Created.Local().Format(time.DateTime))
	if d.Description != "" {
		fmt.Fprintf(a.out, "  %s\n", d.Description)
	}
	fmt.Fprintf(a.out, "  bus      %s\n", d.Bus)
	if d.Pattern != nil {
		fmt.Fprintf(a.out, "  pattern  %s\n", d.Pattern)
	}
	fmt.Fprintf(a.out, "  events   %d, %.1f MiB, %s\n", d.Events, float64(d.Bytes)/(1<<20), d.kept())
	if d.File != "" {
		fmt.Fprintf(a.out, "  file     %s\n", d.File)
	}
	return nil
}

func archiveDeleteCommand(a *app) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "delete NAME",
		Short: "delete an archive that no rule file has, with its events",
		Example: `  tocsin archive delete old-orders
  tocsin archive delete old-orders --yes`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.archiveDelete(cmd.Context(), args[0], yes) },
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	config.Register(cmd.Flags(), &a.cfg, config.Client)
	return cmd
}

func (a *app) archiveDelete(ctx context.Context, name string, yes bool) error {
	c, err := a.newClient()
	if err != nil {
		return err
	}
	path := "/archives/" + url.PathEscape(name)
	var d archiveDoc
	if err := c.get(ctx, path, nil, &d); err != nil {
		return err
	}
	if err := a.confirm(yes, fmt.Sprintf("Delete archive %s with %s? They cannot be brought back.", d.Name, count(int(d.Events), "event"))); err != nil {
		return err
	}
	var answer json.RawMessage
	if err := c.post(ctx, path+"/delete", nil, &answer); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "archive %s is deleted\n", d.Name)
	return nil
}

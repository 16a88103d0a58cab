package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-engine/tocsin/runtime/config"
	"github.com/tocsin-engine/tocsin/runtime/pluginkit"
	"github.com/tocsin-engine/tocsin/runtime/sandbox"
)

func pluginBenchCommand(a *app) *cobra.Command {
	var c callVerb
	cmd := &cobra.Command{
		Use:   "bench PLUGIN",
		Short: "what a delivery costs, and what its isolation adds",
		Long: `Call a plugin with one event over and over, in four ways that take turns: as a delivery
(a deadline, memory as after init), warm (the plain module, reused: the floor), fresh (an
instance of its own each time) and warm with the runtime's own deadline switch. Host
calls are answered at once and nothing is sent.`,
		Example: `  tocsin plugin bench slack --event event.json --config config.json
  tocsin plugin bench slack --event event.json --format json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return c.bench(cmd.Context(), a, args[0]) },
	}
	f := cmd.Flags()
	f.StringVar(&c.event, "event", "", "the event: a `FILE`, JSON or - for stdin; missing members are filled in")
	f.StringVar(&c.config, "config", "{}", "the target's config: a `FILE` or JSON")
	if err := f.SetAnnotation("config", config.OwnMeaning, []string{"true"}); err != nil {
		panic("BUG: " + err.Error())
	}
	f.StringVar(&c.input, "input", "", "what the rule file would make of the event: a `FILE` or JSON")
	formatFlag(cmd, &c.format, "text", "json")
	a.cacheFlag(cmd)
	return cmd
}

func (c *callVerb) bench(ctx context.Context, a *app, plugin string) error {
	s, err := a.openPlugin(plugin)
	if err != nil {
		return err
	}
	defer s.Close()
	o := pluginkit.CallOptions{Now: time.Now(), Seed: "plugin-bench", Grants: s.Manifest.Needs, Limits: s.Manifest.Limits}
	if o.Config, err = a.jsonArgument("--config", c.config); err != nil {
		return err
	}
	if o.Input, err = a.jsonArgument("--input", c.input); err != nil {
		return err
	}
	if o.Event, err = a.jsonArgument("--event", c.event); err != nil {
		return err
	}
	if o.Event, err = completeEvent(o.Event); err != nil {
		return err
	}
	return a.withSandbox(ctx, func(h *sandbox.Host) error {
		m, err := pluginkit.Bench(ctx, h, s, o)
		if err != nil {
			return c.withoutConfig(err)
		}
		if c.format == "json" {
			return writeJSON(a.out, m)
		}
		return a.measured(m)
	})
}

func (a *app) measured(m sandbox.Measured) error {
	var b strings.Builder
	fmt.Fprintf(&b, "delivery        %9.1f µs   fuel %d   host allocations %.2g\n", micro(m.Pristine), m.Fuel, m.HostAllocs)
	row := func(name string, ns int64, what string) {
		if ns > 0 { // a WASI command runs once and has no warm instance
			fmt.Fprintf(&b, "%-15s %9.1f µs   %.1f×   %s\n", name, micro(ns), float64(ns)/float64(m.Pristine), what)
		}
	}
	row("warm", m.Warm, "no deadline, no reset")
	row("fresh", m.Fresh, "an instance for each")
	row("warm + timeout", m.WarmTimeout, "the runtime's own deadline switch, no reset")
	_, err := io.WriteString(a.out, b.String())
	return err
}

func micro(ns int64) float64 { return float64(ns) / 1000 }

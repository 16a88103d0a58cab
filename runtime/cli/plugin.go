package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-engine/tocsin/runtime/config"
	"github.com/tocsin-engine/tocsin/runtime/pluginkit"
	"github.com/tocsin-engine/tocsin/runtime/sandbox"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

func pluginCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "plugin",
		Short: "build, look into and try plugins",
		Example: `  tocsin plugin build slack
  tocsin plugin call slack --event event.json --config config.json`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownVerb(cmd, args[0])
			}
			return usagef("say what: tocsin plugin build, test, call, replay, inspect, bench, pack, sign or keygen")
		},
	}
	cmd.AddCommand(pluginBuildCommand(a), pluginInspectCommand(a), pluginCallCommand(a), pluginBenchCommand(a), pluginTestCommand(a), pluginReplayCommand(a),
		pluginPackCommand(a), pluginCodeCommand(a), pluginKeygenCommand(a), pluginSignCommand(a))
	return cmd
}

func pluginBuildCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "build [DIR…]",
		Short: "compile plugins and write their digests into plugin.yaml",
		Long: `Compile the plugins in folders (default: this one) to the modules that their plugin.yaml
names: Go, or the language of plugin.rs, plugin.c, plugin.ts (AssemblyScript) or plugin.js.
Write the modules' digests there: a server, a Lambda function
and CI load the same bytes or refuse. Equal sources give equal bytes.`,
		Example: `  tocsin plugin build
  tocsin plugin build plugins/slack plugins/pager`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				args = []string{"."}
			}
			for _, dir := range args {
				b, err := pluginkit.Build(cmd.Context(), dir)
				if err != nil {
					return err
				}
				if _, err := fmt.Fprintln(a.out, b.Path); err != nil {
					return err
				}
				if !a.cfg.Quiet {
					fmt.Fprintf(a.err, "%s %s  %s  sha256 %s%s\n", a.talk.tick(), b.Manifest.Name, size(int64(len(b.Wasm))), b.Manifest.Module.SHA256[:12],
						map[bool]string{true: " (new, written into plugin.yaml)", false: " (unchanged)"}[b.Changed])
				}
			}
			return nil
		},
	}
}

// withSandbox runs f with a host that keeps compiled modules in the cache.
func (a *app) withSandbox(ctx context.Context, f func(*sandbox.Host) error) error {
	dir := a.cfg.Cache
	if dir == "" {
		dir = sandbox.CacheDir()
	}
	h := sandbox.New(ctx, sandbox.Config{CacheDir: dir})
	defer h.Close(ctx)
	return f(h)
}

func pluginInspectCommand(a *app) *cobra.Command {
	var format, trusted string
	cmd := &cobra.Command{
		Use:   "inspect PLUGIN",
		Short: "what a plugin imports, exports and asks for",
		Long: `Look into a plugin, its folder, manifest or module, without running it. Its import list
is its permission list. Exit code 1 when the manifest and the module do not fit.`,
		Example: `  tocsin plugin inspect slack
  tocsin plugin inspect slack/slack.wasm --json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := pluginkit.Open(args[0])
			if err != nil {
				return err
			}
			defer s.Close()
			s.Trusted = trusted
			return a.withSandbox(cmd.Context(), func(h *sandbox.Host) error {
				i, err := pluginkit.Inspect(cmd.Context(), h, s)
				if err != nil {
					return err
				}
				if format == "json" {
					err = writeJSON(a.out, i)
				} else {
					err = a.inspected(i)
				}
				if err == nil && (i.Manifest != "" || i.Pack != nil) && (len(i.Missing) > 0 || !i.Pinned || i.NoFunction != "") {
					return errFindings
				}
				return err
			})
		},
	}
	formatFlag(cmd, &format, "text", "json")
	a.cacheFlag(cmd)
	packFlag(cmd, &trusted)
	return cmd
}

// packFlag is for a pack named by hand, as a rule file's sha256 is for one that it names.
func packFlag(cmd *cobra.Command, trusted *string) {
	cmd.Flags().StringVar(trusted, "sha256", "", "of a pack: its `DIGEST`, to use the code in it instead of compiling")
}

func (a *app) cacheFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&a.cfg.Cache, "cache", "", "`DIR` of compiled plugins (the user's cache folder)")
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

func (a *app) inspected(i pluginkit.Inspected) error {
	var b strings.Builder
	row := func(name, text string) { fmt.Fprintf(&b, "%-10s %s\n", name, text) }
	row("plugin", strings.TrimSpace(i.Name+" "+i.Version))
	row("size", fmt.Sprintf("%s, starts with %s of memory", size(int64(i.Module.Size)), size(i.Module.MinMemory)))
	row("sha256", i.Module.SHA256)
	if i.NoFunction != "" {
		row("abi", fmt.Sprintf("%s %s", a.style.cross(), i.NoFunction))
	} else {
		row("abi", fmt.Sprintf("%s, called by its %s", i.Module.ABI, i.Function))
	}
	row("isolation", i.Module.Isolation)
	if i.Pack != nil {
		row("pack", i.Pack.SHA256+", "+codeFor(i.Pack.Platforms))
		row("code", i.Module.Code)
	}
	row("imports", strings.Join(i.Module.Imports, " "))
	row("exports", strings.Join(i.Module.Exports, " "))
	needs, err := json.Marshal(i.Needs)
	if err != nil {
		return err
	}
	row("needs", string(needs))
	for _, c := range i.Missing {
		row("", fmt.Sprintf("%s it imports %s and does not ask for it: add needs.%s to plugin.yaml", a.style.cross(), c, c))
	}
	for _, c := range i.Unused {
		row("", fmt.Sprintf("%s it asks for %s and never calls it", a.style.mark(), c))
	}
	switch {
	case i.Manifest == "" && i.Pack == nil:
		row("", a.style.mark()+" no plugin.yaml beside it; a rule file cannot use it without")
	case !i.Pinned:
		row("", a.style.cross()+" "+i.Manifest+" names another digest: tocsin plugin build writes it")
	}
	_, err = io.WriteString(a.out, b.String())
	return err
}

// callVerb holds the flags of plugin call.
type callVerb struct {
	config, event, input, format string
	target, rule, trusted        string
	rules                        []string
	live                         bool
}

func pluginCallCommand(a *app) *cobra.Command {
	var c callVerb
	cmd := &cobra.Command{
		Use:   "call PLUGIN|--target NAME",
		Short: "run one event through a plugin and show what it did",
		Long: `Run one event through a plugin, its folder, manifest or module, from a cold start: result,
log lines, calls of the host, time and memory. The plugin may do what its manifest
needs. Nothing is sent unless --live: HTTP requests are answered with an empty 200, AWS
calls with an empty result. Exit code 1 when the plugin did not take the event.

With --target it is called as the rule files would call it: that target's plugin, its
config and grant, and the input that --rule makes of the event. A dead letter names the
command that repeats it so.`,
		Example: `  tocsin plugin call slack --event event.json --config config.json
  tocsin tail --json | head -n 1 | tocsin plugin call slack --event - --config '{"channel": "#fraud"}'
  tocsin plugin call --target fraud-channel --rule big-order --event 4f1c7a02-1d1e-4f0f-9d3e-0c2b5a6f7e81`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if (len(args) == 1) == (c.target != "") {
				return usagef("name a plugin, or a target of the rule files with --target")
			}
			return c.run(cmd.Context(), a, args)
		},
	}
	f := cmd.Flags()
	f.StringVar(&c.event, "event", "", "the event: a `FILE`, JSON, - for stdin, or the id of one that the server got; missing members are filled in")
	f.StringVar(&c.target, "target", "", "call the plugin of this target (`NAME`) of the rule files")
	f.StringVar(&c.rule, "rule", "", "with --target: the rule (`NAME`) whose input the target gets")
	f.StringSliceVar(&c.rules, "rules", []string{"rules"}, "with --target: folders or files of rules")
	config.Register(f, &a.cfg, config.Client)
	f.StringVar(&c.config, "config", "{}", "the target's config: a `FILE` or JSON")
	if err := f.SetAnnotation("config", config.OwnMeaning, []string{"true"}); err != nil {
		panic("BUG: " + err.Error())
	}
	f.StringVar(&c.input, "input", "", "what the rule file would make of the event: a `FILE` or JSON")
	f.BoolVar(&c.live, "live", false, "send HTTP requests")
	formatFlag(cmd, &c.format, "text", "json")
	a.cacheFlag(cmd)
	packFlag(cmd, &c.trusted)
	return cmd
}

func (c *callVerb) run(ctx context.Context, a *app, plugin []string) error {
	o := pluginkit.CallOptions{Now: time.Now(), Seed: "plugin-call", Live: c.live}
	var err error
	if o.Input, err = a.jsonArgument("--input", c.input); err != nil {
		return err
	}
	if o.Event, err = c.eventOf(ctx, a); err != nil {
		return err
	}
	var s pluginkit.Source
	if c.target != "" {
		s, err = c.fromRules(a, &o)
	} else {
		s, err = a.openPlugin(plugin[0])
		s.Trusted = c.trusted
		o.Grants, o.Limits = s.Manifest.Needs, s.Manifest.Limits
	}
	if err != nil {
		return err
	}
	defer s.Close()
	if c.target == "" {
		if o.Config, err = a.jsonArgument("--config", c.config); err != nil {
			return err
		}
	}
	return a.withSandbox(ctx, func(h *sandbox.Host) error {
		called, err := pluginkit.Call(ctx, h, s, o)
		if err != nil {
			return c.withoutConfig(err)
		}
		if c.format == "json" {
			err = writeJSON(a.out, called)
		} else {
			err = a.called(called)
		}
		if err == nil && (called.Failure != nil || called.Fault != nil) {
			return errFindings
		}
		return err
	})
}

// withoutConfig says how a plugin gets the config that it misses.
func (c *callVerb) withoutConfig(err error) error {
	if _, ok := errors.AsType[*sandbox.ConfigError](err); ok && c.target == "" && c.config == "{}" {
		return fmt.Errorf("%w; give it with --config FILE", err)
	}
	return err
}

// jsonArgument is a flag's JSON: the text itself, a file's, or stdin's.
func (a *app) jsonArgument(flag, text string) ([]byte, error) {
	if text == "" {
		return nil, nil
	}
	b := []byte(text)
	if !strings.ContainsAny(text[:1], `{["`) {
		var err error
		if text == "-" {
			b, err = io.ReadAll(a.in)
		} else {
			b, err = os.ReadFile(text)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", flag, err)
		}
	}
	if err := event.Check(b); err != nil {
		return nil, fmt.Errorf("%s: %w", flag, err)
	}
	return b, nil
}

// completeEvent fills in what a person who only wants to try leaves out.
func completeEvent(b []byte) ([]byte, error) {
	if b == nil {
		b = []byte("{}")
	}
	e, err := event.Complete(b, event.Fields{ID: "00000000-0000-0000-0000-000000000000", DetailType: "Try", Source: "tocsin.plugin.call",
		Account: config.Account, Region: config.Region, Time: time.Now()})
	return e.Raw(), err
}

func (a *app) called(c pluginkit.Called) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s in %s (cold %s)   memory %s of %s   fuel %d   log lines %d\n", a.verdict(c), short(c.Took), short(c.Cold),
		size(c.Memory), size(c.MemoryLimit), c.Fuel, len(c.Logs))
	if c.Failure != nil {
		fmt.Fprintf(&b, "  %s\n", c.Failure.Error)
	}
	if c.Fault != nil {
		fmt.Fprintf(&b, "  %s\n", c.Fault.Message)
		for _, f := range c.Fault.Functions {
			fmt.Fprintf(&b, "    in %s\n", f)
		}
		for line := range strings.Lines(c.Fault.Stderr) {
			fmt.Fprintf(&b, "  %s %s\n", a.style.faint("stderr"), strings.TrimRight(line, "\n"))
		}
	}
	for _, line := range c.Logs {
		fmt.Fprintf(&b, "  log   %s\n", line)
	}
	for _, h := range c.HostCalls {
		fmt.Fprintf(&b, "  %-5s %s   %s\n", h.Function, h.What, a.answered(h))
	}
	_, err := io.WriteString(a.out, b.String())
	return err
}

func (a *app) verdict(c pluginkit.Called) string {
	switch {
	case c.Fault != nil:
		return a.style.cross() + " " + string(c.Fault.Kind)
	case c.Failure != nil && c.Failure.Retry:
		return a.style.cross() + " failed, worth another attempt"
	case c.Failure != nil:
		code := c.Failure.Code
		if code == "" {
			code = "TARGET_ERROR"
		}
		return a.style.cross() + " failed for good, " + code
	}
	return a.style.tick() + " ok"
}

func (a *app) answered(h pluginkit.HostCall) string {
	if h.Refused != "" {
		return a.style.bad("denied: " + h.Refused)
	}
	return a.style.faint(a.style.arrow() + " " + h.Answer)
}

func size(n int64) string {
	switch {
	case n >= 1<<20:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", float64(n)/(1<<20)), ".0") + " MiB"
	case n >= 1<<10:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d B", n)
}

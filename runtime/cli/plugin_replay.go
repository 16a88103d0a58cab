package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tocsin-engine/tocsin/plugins"
	"github.com/tocsin-engine/tocsin/runtime/config"
	"github.com/tocsin-engine/tocsin/runtime/pluginkit"
	"github.com/tocsin-engine/tocsin/runtime/ruledir"
	"github.com/tocsin-engine/tocsin/runtime/sandbox"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/pack"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/recording"
)

// pluginReplayVerb holds the flags of plugin replay.
type pluginReplayVerb struct {
	file, save, plugin, format string
	rules                      []string
}

// pluginReplay is what makes a delivery again, up to its id.
const pluginReplay = "tocsin plugin replay "

func pluginReplayCommand(a *app) *cobra.Command {
	var v pluginReplayVerb
	cmd := &cobra.Command{
		Use:   "replay DELIVERY|--file FILE",
		Short: "make a recorded delivery again and compare it bit for bit",
		Long: `Make a delivery again that a server recorded: every host call is answered by the recording,
so nothing is sent and nothing is kept. Compared are the host calls and what they ask, the
log lines, the result or crash, the fuel and the memory after it; the first difference is
shown. Exit code 1 when there is one.

A server keeps recordings of the last failed deliveries of each target, and of all where
the rule file says record: true. A failed delivery names its id; the id of an event will
do where one of its deliveries was recorded. The plugin is that of the rule files; it must
be the same module.`,
		Example: `  tocsin plugin replay 4f1c7a02-1d1e-4f0f-9d3e-0c2b5a6f7e81/17/big-order/fraud-channel
  tocsin plugin replay 4f1c7a02-1d1e-4f0f-9d3e-0c2b5a6f7e81 --save crash.json
  tocsin plugin replay --file crash.json --plugin ./slack`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if (len(args) == 1) == (v.file != "") {
				return usagef("name a delivery, or a recording with --file")
			}
			return v.run(cmd.Context(), a, args)
		},
	}
	f := cmd.Flags()
	f.StringVar(&v.file, "file", "", "a recording that --save wrote (`FILE`; - for stdin)")
	f.StringVar(&v.save, "save", "", "write the recording into a `FILE`")
	f.StringVar(&v.plugin, "plugin", "", "the plugin: its `PATH` instead of the rule files' entry")
	f.StringSliceVar(&v.rules, "rules", []string{"rules"}, "folders or files of rules, for the plugin")
	formatFlag(cmd, &v.format, "text", "json")
	a.cacheFlag(cmd)
	config.Register(f, &a.cfg, config.Client)
	return cmd
}

func (v *pluginReplayVerb) run(ctx context.Context, a *app, delivery []string) error {
	text, err := v.read(ctx, a, delivery)
	if err != nil {
		return err
	}
	r, err := recording.Parse(text)
	if err != nil {
		return err
	}
	if v.save != "" {
		if err := os.WriteFile(v.save, append(text, '\n'), 0o600); err != nil {
			return err
		}
	}
	s, err := v.source(a, r.Plugin)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := r.Playable(s.Digest()); err != nil { // before it is compiled
		return err
	}
	return a.withSandbox(ctx, func(h *sandbox.Host) error {
		m, err := s.Load(ctx, h)
		if err != nil {
			return err
		}
		defer m.Close(ctx)
		again, err := m.Replay(ctx, r)
		if err != nil {
			return err
		}
		return v.print(a, r, recording.Compare(r, again))
	})
}

// read gets the recording from where it is.
func (v *pluginReplayVerb) read(ctx context.Context, a *app, delivery []string) ([]byte, error) {
	switch v.file {
	case "":
	case "-":
		return io.ReadAll(a.in)
	default:
		return os.ReadFile(v.file)
	}
	client, err := a.newClient()
	if err != nil {
		return nil, err
	}
	var answer struct{ Recording json.RawMessage }
	err = client.get(ctx, "/recordings", url.Values{"delivery": delivery}, &answer)
	return answer.Recording, err
}

// source is the plugin that was recorded: the path's, the rule files' or a shipped one.
func (v *pluginReplayVerb) source(a *app, name string) (pluginkit.Source, error) {
	if v.plugin != "" {
		return pluginkit.Open(v.plugin)
	}
	files, err := ruledir.Read(v.rules)
	if err != nil && !slices.Contains(plugins.Names, name) {
		return pluginkit.Source{}, fmt.Errorf("plugin %s: %w; name its path with --plugin", name, err)
	}
	set, _ := a.loadSet(files)
	for _, p := range set.Plugins {
		if p.Name == name && p.File != "" {
			s, err := pluginkit.Open(p.File)
			s.Trusted = p.SHA256
			return s, err
		}
	}
	if !slices.Contains(plugins.Names, name) {
		return pluginkit.Source{}, usagef("there is no plugin %q in the rule files; name its path with --plugin", name)
	}
	wasm, m, err := plugins.Load(name)
	return pluginkit.Source{Manifest: m, Wasm: wasm}, err
}

// replayed is what a replay came to, for --json.
type replayed struct {
	Version    int                   `json:"version"`
	Delivery   string                `json:"delivery"`
	Plugin     string                `json:"plugin"`
	Module     string                `json:"module"`
	Identical  bool                  `json:"identical"`
	HostCalls  int                   `json:"host_calls"`
	End        recording.End         `json:"end"`
	Difference *recording.Difference `json:"difference,omitempty"`
}

func (v *pluginReplayVerb) print(a *app, r *recording.Recording, d *recording.Difference) error {
	var err error
	if v.format == "json" {
		err = writeJSON(a.out, replayed{1, r.Delivery, r.Plugin, r.Module, d == nil, len(r.Init) + len(r.Calls), r.End, d})
	} else {
		_, err = io.WriteString(a.out, a.replayedText(r, d))
	}
	if d != nil {
		return errors.Join(err, errFindings)
	}
	return err
}

func (a *app) replayedText(r *recording.Recording, d *recording.Difference) string {
	var b strings.Builder
	s, e := a.style, r.End
	fmt.Fprintf(&b, "delivery %s, %s\n", r.Delivery, r.At.Local().Format("2006-01-02 15:04:05"))
	switch {
	case e.Fault != "":
		fmt.Fprintf(&b, "  %s %s: %s\n", s.cross(), e.Fault, e.Message)
		for _, f := range e.Functions {
			fmt.Fprintf(&b, "    in %s\n", f)
		}
	case len(e.Failures) > 0:
		for _, f := range e.Failures {
			fmt.Fprintf(&b, "  %s %s\n", s.cross(), strings.TrimSpace(f.Code+" "+f.Error))
		}
	default:
		fmt.Fprintf(&b, "  %s ok\n", s.tick())
	}
	for line := range strings.Lines(string(e.Stderr)) {
		fmt.Fprintf(&b, "  %s %s\n", s.faint("stderr"), strings.TrimRight(line, "\n"))
	}
	for n, c := range r.Calls {
		fmt.Fprintf(&b, "  %2d %s", n+1, firstLine(c.String()))
		if answer := c.Answered(); answer != "" {
			fmt.Fprintf(&b, "   %s", s.faint(s.arrow()+" "+firstLine(answer)))
		}
		b.WriteByte('\n')
	}
	if d == nil {
		fmt.Fprintf(&b, "%s identical: %s, fuel %d, memory %s %s\n", s.tick(), count(len(r.Init)+len(r.Calls), "host call"), e.Fuel, size(e.MemorySize), e.Memory[:12])
		return b.String()
	}
	fmt.Fprintf(&b, "%s not the same: another %s\n    wanted  %s\n    got     %s\n", s.cross(), d.What, d.Wanted, d.Got)
	if here := pack.Here(); r.Platform != here {
		fmt.Fprintf(&b, "  %s it was recorded on %s, this is %s: the bits of a NaN and the depth of a recursion may differ\n", s.mark(), r.Platform, here)
	}
	return b.String()
}

package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/runtime/pluginkit"
	"github.com/tocsin-engine/tocsin/runtime/ruledir"
	"github.com/tocsin-engine/tocsin/runtime/sandbox"
)

func pluginTestCommand(a *app) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "test [DIR…]",
		Short: "run the tests that stand beside a plugin",
		Long: `Run plugin_test.yaml of plugins' folders (default: this one) against their modules, in
whichever language they are written: an event goes in, HTTP and AWS are played by the
test, time is the test's. Nothing is sent. Exit code 1 when a test failed.`,
		Example: `  tocsin plugin build && tocsin plugin test
  tocsin plugin test plugins/slack plugins/pager`,
		RunE: func(cmd *cobra.Command, dirs []string) error {
			if len(dirs) == 0 {
				dirs = []string{"."}
			}
			return a.withSandbox(cmd.Context(), func(h *sandbox.Host) error { return a.testPlugins(cmd.Context(), h, dirs, format) })
		},
	}
	formatFlag(cmd, &format, "text", "json")
	a.cacheFlag(cmd)
	return cmd
}

func (a *app) testPlugins(ctx context.Context, h *sandbox.Host, dirs []string, format string) error {
	all := map[string][]pluginkit.Tested{}
	run, failed := 0, 0
	for _, dir := range dirs {
		tested, err := a.testPlugin(ctx, h, dir)
		if err != nil {
			return err
		}
		all[dir] = tested
		for _, t := range tested {
			run++
			if len(t.Problems) > 0 {
				failed++
			}
			if format == "text" {
				a.tested(t)
			}
		}
	}
	if format == "json" {
		if err := writeJSON(a.out, all); err != nil {
			return err
		}
	} else if !a.cfg.Quiet {
		fmt.Fprintf(a.err, "%s, %d failed\n", count(run, "test"), failed)
	}
	if failed > 0 {
		return errFindings
	}
	return nil
}

func (a *app) testPlugin(ctx context.Context, h *sandbox.Host, dir string) ([]pluginkit.Tested, error) {
	path := filepath.Join(dir, ruledir.PluginTests)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no %s; tocsin new plugin NAME writes one to look at", path)
	}
	if err != nil {
		return nil, err
	}
	file := rulefile.File{Name: path, Data: text}
	tests, list := rulefile.ParsePluginTests(file)
	if list.Errors() > 0 {
		if err := findings(list, []rulefile.File{file}, a.talk).Text(a.err); err != nil {
			return nil, err
		}
		return nil, errFindings
	}
	s, err := a.openPlugin(dir)
	if err != nil {
		return nil, err
	}
	return pluginkit.Test(ctx, h, s, tests)
}

// openPlugin opens a plugin for a verb that tries it, and says when no rule file could use
// it as it is.
func (a *app) openPlugin(path string) (pluginkit.Source, error) {
	s, err := pluginkit.Open(path)
	if err == nil && s.ManifestPath != "" && !s.Pinned() && !a.cfg.Quiet {
		fmt.Fprintf(a.err, "%s %s does not name this module's digest; tocsin plugin build writes it\n", a.talk.mark(), s.ManifestPath)
	}
	return s, err
}

func (a *app) tested(t pluginkit.Tested) {
	mark := a.style.tick()
	if len(t.Problems) > 0 {
		mark = a.style.cross()
	}
	fmt.Fprintf(a.out, "%s %s\n", mark, t.Name)
	for _, p := range t.Problems {
		fmt.Fprintf(a.out, "    %s\n", p)
	}
}

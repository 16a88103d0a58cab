package cli

import (
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/tocsin-engine/tocsin/runtime/pluginkit"
	"github.com/tocsin-engine/tocsin/runtime/sandbox"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/pack"
)

func pluginPackCommand(a *app) *cobra.Command {
	var o pluginkit.PackOptions
	var archs []string
	var format string
	cmd := &cobra.Command{
		Use:   "pack [DIR]",
		Short: "one file that loads without compiling",
		Long: `Pack a plugin that was built (default: the one in this folder): its module, its memory as it
is after the start, and its compiled code, in one file that is ready in milliseconds. Use it
in a rule file with the digest that is printed; without the digest, or on a machine that the
code is not for, the module in the pack is compiled as ever. Equal plugins give equal bytes.

Code for another processor is compiled by a tocsin for it, beside this program as
tocsin-linux-arm64 or named with --program, under qemu-user (Debian: qemu-user-static). Where
one of them is missing, the pack has no code for that processor, and this verb says so.`,
		Example: `  tocsin plugin build slack && tocsin plugin pack slack
  tocsin plugin pack slack --arch arm64 --program dist/tocsin-linux-arm64 --out slack-arm64.pack`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := pluginkit.Open(append(args, ".")[0])
			if err != nil {
				return err
			}
			defer s.Close()
			for _, arch := range archs {
				o.Platforms = append(o.Platforms, "linux-"+arch)
			}
			return a.withSandbox(cmd.Context(), func(h *sandbox.Host) error {
				p, err := pluginkit.Pack(cmd.Context(), h, s, o)
				if err != nil {
					return err
				}
				if format == "json" {
					return writeJSON(a.out, p)
				}
				return a.packed(p)
			})
		},
	}
	f := cmd.Flags()
	f.StringSliceVar(&archs, "arch", []string{"amd64", "arm64"}, "processors to compile for: amd64, arm64")
	f.StringVar(&o.Out, "out", "", "the `FILE` to write (NAME"+pack.Ext+" in the plugin's folder)")
	f.StringSliceVar(&o.Programs, "program", nil, "a tocsin `PROGRAM` for another processor")
	formatFlag(cmd, &format, "text", "json")
	a.cacheFlag(cmd)
	return cmd
}

func (a *app) packed(p pluginkit.Packed) error {
	for _, platform := range slices.Sorted(maps.Keys(p.Without)) {
		fmt.Fprintf(a.err, "%s no code for %s: %s\n", a.talk.mark(), platform, p.Without[platform])
	}
	if !a.cfg.Quiet {
		fmt.Fprintf(a.err, "%s %s, %s; in a rule file:\n", a.talk.tick(), size(p.Size), codeFor(p.Platforms))
	}
	_, err := fmt.Fprintf(a.out, "    file: %s\n    sha256: %s\n", p.Path, p.SHA256)
	return err
}

// codeFor names the platforms that a pack has code for.
func codeFor(platforms map[string]int64) string {
	if len(platforms) == 0 {
		return "no code, it will be compiled"
	}
	return "code for " + list(slices.Sorted(maps.Keys(platforms)))
}

// pluginCodeCommand is what plugin pack runs for another processor.
func pluginCodeCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:    "code",
		Short:  "compile the module on stdin for plugin pack",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			wasm, err := io.ReadAll(a.in)
			if err != nil {
				return err
			}
			code, err := pluginkit.Code(cmd.Context(), wasm)
			if err != nil {
				return err
			}
			_, err = a.out.Write(code)
			return err
		},
	}
}

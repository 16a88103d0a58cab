package cli

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/tocsin-engine/tocsin/runtime/pluginkit"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/trust"
)

func pluginKeygenCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "keygen NAME",
		Short: "make a pair of keys to sign plugins with",
		Long: `Make a pair of Ed25519 keys: NAME.key signs, keep it to yourself; NAME.pub is for the
--trusted-keys of servers, which then load no plugin that is not signed. OpenSSL's keys
(openssl genpkey -algorithm ed25519) will do as well.`,
		Example: "  tocsin plugin keygen ~/.tocsin/team",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := trust.Generate(args[0]); err != nil {
				return err
			}
			_, err := fmt.Fprintf(a.out, "%s.key\n%s.pub\n", args[0], args[0])
			return err
		},
	}
}

func pluginSignCommand(a *app) *cobra.Command {
	var key string
	cmd := &cobra.Command{
		Use:   "sign PLUGIN…",
		Short: "sign plugins that were built, or packs",
		Long: `Sign plugins, named by their folder, manifest, module or pack, and write each signature
beside the manifest or pack, as plugin.yaml.sig. It covers the manifest, and by the digest
in there the module: build first, then sign. Servers check it with --trusted-keys.`,
		Example: "  tocsin plugin sign --key ~/.tocsin/team.key slack",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if key == "" {
				return usagef("name the private key with --key FILE; tocsin plugin keygen NAME makes a pair")
			}
			private, err := trust.LoadPrivate(key)
			if err != nil {
				return err
			}
			for _, plugin := range args {
				file, content, err := signed(plugin)
				if err != nil {
					return err
				}
				if err := trust.Sign(file, content, private); err != nil {
					return err
				}
				if _, err := fmt.Fprintln(a.out, file+trust.Ext); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&key, "key", "", "the private key, a PEM `FILE`")
	return cmd
}

// signed is the file that a plugin's signature stands beside, and what it is over.
func signed(plugin string) (file string, content []byte, err error) {
	s, err := pluginkit.Open(plugin)
	if err != nil {
		return "", nil, err
	}
	defer s.Close()
	switch {
	case s.Pack != nil:
		return plugin, []byte(s.Pack.Digest()), nil
	case s.ManifestPath == "":
		return "", nil, fmt.Errorf("%s has no manifest that could be signed; tocsin new plugin writes one", plugin)
	case !s.Pinned():
		return "", nil, fmt.Errorf("%s does not name the digest of its module; build it first: tocsin plugin build", s.ManifestPath)
	}
	content, err = os.ReadFile(s.ManifestPath)
	return s.ManifestPath, content, err
}

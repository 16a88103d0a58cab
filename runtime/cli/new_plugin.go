package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tocsin-engine/tocsin/runtime/pluginkit"
)

func newPluginCommand(a *app) *cobra.Command {
	lang := pluginkit.Languages[0]
	cmd := &cobra.Command{
		Use:   "plugin NAME",
		Short: "a target of your own: source, manifest, tests and the SDK",
		Long: `Write a folder with a target to start from. It builds and passes its tests as it is,
without a network: the SDK lies in it.`,
		Example: `  tocsin new plugin slack
  cd slack && go test ./... && tocsin plugin build
  tocsin new plugin pager --lang rust`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			files, err := pluginkit.New(args[0], lang)
			if err != nil {
				return usagef("%v", err)
			}
			for _, path := range files {
				if _, err := fmt.Fprintln(a.out, path); err != nil {
					return err
				}
			}
			if !a.cfg.Quiet {
				fmt.Fprintf(a.err, "Try:  cd %s && %stocsin plugin build && tocsin plugin test && tocsin plugin call . --event event.json --config config.json\n",
					args[0], map[bool]string{true: "go test ./... && "}[lang == "go"])
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&lang, "lang", lang, "the `LANGUAGE`: "+strings.Join(pluginkit.Languages, ", "))
	return cmd
}

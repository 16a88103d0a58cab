package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tocsin-engine/tocsin/ingest/logs"
	"github.com/tocsin-engine/tocsin/ingest/metrics"
	"github.com/tocsin-engine/tocsin/ingest/traces"
	"github.com/tocsin-engine/tocsin/rules/rulefile"
)

// schemas are the JSON Schemas by the words that a person asks for them with.
var schemas = []struct {
	name string
	text func() []byte
}{
	{"rules", rulefile.Schema},
	{"tests", rulefile.TestSchema},
	{"metrics", metrics.Schema},
	{"logs", logs.Schema},
	{"traces", traces.Schema},
}

func schemaCommand(a *app) *cobra.Command {
	names := make([]string, len(schemas))
	for i, s := range schemas {
		names[i] = s.name
	}
	var tests bool
	cmd := &cobra.Command{
		Use:   "schema [" + strings.Join(names, "|") + "]",
		Short: "print the JSON Schema of rule files, of their tests, or of a signal's events",
		Long: `Print a JSON Schema (draft 2020-12): of rule files, which is the default, of test files
(*_test.yaml), or of the detail of the events that a signal becomes.

An editor with a YAML language server completes and checks a file that begins with
# yaml-language-server: $schema=../.tocsin/rules.schema.json`,
		Example: `  tocsin schema > .tocsin/rules.schema.json
  tocsin schema --tests > .tocsin/tests.schema.json
  tocsin schema metrics | jq '.properties | keys'`,
		ValidArgs: names,
		Args:      cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			name := "rules"
			switch {
			case tests && len(args) > 0:
				return usagef("--tests is short for the argument tests; write one of them")
			case tests:
				name = "tests"
			case len(args) > 0:
				name = args[0]
			}
			i := slices.Index(names, name)
			if i < 0 {
				return usagef("there is no schema %q; write one of %s%s", name, strings.Join(names, ", "), didYouMean(name, names))
			}
			_, err := a.out.Write(schemas[i].text())
			return err
		},
	}
	cmd.Flags().BoolVar(&tests, "tests", false, "the schema of test files; the same as the argument tests")
	return cmd
}

package cli

import (
	"github.com/spf13/cobra"

	"github.com/tocsin-engine/tocsin/rules/rulefile"
)

func schemaCommand(a *app) *cobra.Command {
	var tests bool
	cmd := &cobra.Command{
		Use:   "schema",
		Short: "print the JSON Schema of rule files, for editors",
		Long: `Print the JSON Schema (draft 2020-12) of rule files. An editor with a YAML language
server completes and checks a file that begins with
# yaml-language-server: $schema=../.tocsin/rules.schema.json`,
		Example: `  tocsin schema > .tocsin/rules.schema.json
  tocsin schema --tests > .tocsin/tests.schema.json`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			schema := rulefile.Schema()
			if tests {
				schema = rulefile.TestSchema()
			}
			_, err := a.out.Write(schema)
			return err
		},
	}
	cmd.Flags().BoolVar(&tests, "tests", false, "the schema of test files (*_test.yaml)")
	return cmd
}

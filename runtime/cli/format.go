package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// formatFlag gives a verb --format with the formats it has, and --json for --format json.
// The first format is the default.
func formatFlag(cmd *cobra.Command, into *string, formats ...string) {
	*into = formats[0]
	v := &choice{into, formats}
	cmd.Flags().Var(v, "format", "print "+strings.Join(formats, ", "))
	if err := cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic("BUG: " + err.Error())
	}
	if slices.Contains(formats, "json") {
		cmd.Flags().VarPF(&jsonSwitch{v}, "json", "", "the same as --format json").NoOptDefVal = "true"
	}
}

// choice is a flag with a fixed list of values.
type choice struct {
	into   *string
	values []string
}

var _ pflag.Value = (*choice)(nil)

func (c *choice) String() string { return *c.into }
func (c *choice) Type() string   { return "FORMAT" }
func (c *choice) Set(text string) error {
	if !slices.Contains(c.values, text) {
		return fmt.Errorf("write one of %s", strings.Join(c.values, ", "))
	}
	*c.into = text
	return nil
}

// jsonSwitch is --json.
type jsonSwitch struct{ format *choice }

func (j *jsonSwitch) String() string { return "" }
func (j *jsonSwitch) Type() string   { return "bool" }
func (j *jsonSwitch) Set(text string) error {
	switch text {
	case "true":
		return j.format.Set("json")
	case "false":
		return nil
	}
	return fmt.Errorf("write true or false")
}

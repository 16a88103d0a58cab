package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/runtime/config"
)

// The examples stand before the flags: most readers want those only.
const usageTemplate = `{{if .HasExample}}Examples:
{{.Example}}

{{end}}Usage:
  {{if .Runnable}}{{.UseLine}}{{else}}{{.CommandPath}} VERB{{end}}{{if .HasAvailableSubCommands}}

Verbs:{{range .Commands}}{{if .IsAvailableCommand}}
  {{rpad .Name .NamePadding}}  {{.Short}}{{end}}{{end}}{{end}}{{if .HasAvailableLocalFlags}}

Flags:
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableInheritedFlags}}

Flags of every verb:
{{.InheritedFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}
`

const helpTemplate = `{{with (or .Long .Short)}}{{. | trimTrailingWhitespaces}}

{{end}}{{.UsageString}}`

// welcome is what `tocsin` alone prints: the verbs and the three usual next steps.
func (a *app) welcome(cmd *cobra.Command) error {
	fmt.Fprintf(a.out, "%s\n\nVerbs:\n", cmd.Short)
	for _, verb := range cmd.Commands() {
		if verb.IsAvailableCommand() {
			fmt.Fprintf(a.out, "  %-12s %s\n", verb.Name(), verb.Short)
		}
	}
	fmt.Fprint(a.out, `
What next?
  tocsin demo               a make-believe shop whose events flow, here in the terminal
  tocsin new project shop   a folder with a rule and its test, to start from
  tocsin help VERB          examples and flags of one verb
`)
	return nil
}

// topics are the help pages that are neither a verb's nor a finding's.
var topics = map[string]func(a *app) string{
	"exit-codes":  func(*app) string { return exitCodes },
	"environment": func(*app) string { return settingsPage() },
}

const exitCodes = `Exit codes, the same for every verb:

    0  fine
    1  there are findings: check, test, a status that is not well;
       match and explain: nothing matched
    2  wrong usage: a flag, an argument, a setting, a pattern
    3  could not do it: a file, the network, the server
  130  interrupted
`

// settingsPage is the documentation of the table of settings.
func settingsPage() string {
	var b strings.Builder
	b.WriteString("A flag goes before its environment variable, that before the file tocsin.yaml\n(--config), that before the default. Every flag of every verb has a variable,\nTOCSIN_ and its name; these can stand in the file too:\n\n")
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "FLAG\tVARIABLE\tKEY\tDEFAULT\tWHAT")
	for _, s := range config.Settings {
		key := s.Key()
		if s.Name == "config" {
			key = ""
		}
		fmt.Fprintf(w, "--%s\t%s\t%s\t%s\t%s\n", s.Name, s.Env(), key, s.Default, strings.ReplaceAll(s.Help, "`", ""))
	}
	w.Flush()
	b.WriteString("\nTOCSIN_ACCESS_KEY and TOCSIN_SECRET_KEY, if set, sign what a client sends.\nNO_COLOR turns colours off; a locale that is not UTF-8 gets ASCII.\n")
	return b.String()
}

func helpCommand(a *app, root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "help [VERB | CODE | exit-codes | environment]",
		Short: "explain a verb, or the code of a finding",
		Example: `  tocsin help check
  tocsin help P003`,
		Args: cobra.ArbitraryArgs,
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			names := make([]string, 0, len(root.Commands()))
			for _, verb := range root.Commands() {
				names = append(names, verb.Name()+"\t"+verb.Short)
			}
			return slices.Concat(names, slices.Sorted(maps.Keys(topics)), diag.Codes()), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error { return a.help(root, args) },
	}
}

func (a *app) help(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return root.Help()
	}
	if page, ok := topics[args[0]]; ok {
		fmt.Fprint(a.out, page(a))
		return nil
	}
	if page, ok := diag.Page(args[0]); ok {
		fmt.Fprint(a.out, page)
		return nil
	}
	if isCode(args[0]) {
		return usagef("no finding has the code %q", args[0])
	}
	cmd, rest, err := root.Find(args)
	if err != nil || cmd == root || len(rest) > 0 {
		return unknownVerb(root, args[0])
	}
	return cmd.Help()
}

// isCode says whether a word looks like a finding's code: a letter and three digits.
func isCode(word string) bool {
	digits := strings.TrimLeft(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
	return len(word)-len(digits) == 1 && len(digits) == 3 && strings.Trim(digits, "0123456789") == ""
}

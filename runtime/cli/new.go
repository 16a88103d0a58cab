package cli

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"text/template"

	"github.com/spf13/cobra"

	"github.com/tocsin-engine/tocsin/rules/rulefile"
)

//go:embed templates
var templates embed.FS

func newCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "new",
		Short: "write a new rule or project to start from",
		Example: `  tocsin new project my-shop
  tocsin new rule big-order`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownVerb(cmd, args[0])
			}
			return usagef("say what: tocsin new project NAME or tocsin new rule NAME")
		},
	}
	cmd.AddCommand(newPluginCommand(a), newProjectCommand(a), newRuleCommand(a))
	return cmd
}

func newProjectCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "project NAME",
		Short: "a folder with a rule, its test and the schemas for the editor",
		Example: `  tocsin new project my-shop
  cd my-shop && tocsin check && tocsin test`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			dir := args[0]
			if err := writeSchemas(filepath.Join(dir, ".tocsin")); err != nil {
				return err
			}
			if err := a.writeRule(filepath.Join(dir, "rules"), "big-order", "../.tocsin"); err != nil {
				return err
			}
			if !a.cfg.Quiet {
				fmt.Fprintf(a.err, "Try:  cd %s && tocsin check && tocsin test\n", dir)
			}
			return nil
		},
	}
}

func newRuleCommand(a *app) *cobra.Command {
	dir := "rules"
	cmd := &cobra.Command{
		Use:   "rule NAME",
		Short: "a rule file and its test file",
		Example: `  tocsin new rule big-order
  tocsin new rule --dir more-rules ssh-open`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return a.writeRule(dir, args[0], "../.tocsin")
		},
	}
	cmd.Flags().StringVar(&dir, "dir", dir, "the `FOLDER` of the rules")
	return cmd
}

// ruleName is what the generated files can carry: names of rules and targets, a file's
// name on every system, and plain YAML.
var ruleName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,50}$`)

// writeRule writes NAME.yaml and NAME_test.yaml and prints their paths.
func (a *app) writeRule(dir, name, schemas string) error {
	if !ruleName.MatchString(name) {
		return usagef("a rule's name is like big-order: lower-case letters, digits and dashes; %q is not", name)
	}
	values := struct{ Name, Schema, TestSchema string }{name, schemas + "/rules.schema.json", schemas + "/tests.schema.json"}
	files := [2]string{filepath.Join(dir, name+".yaml"), filepath.Join(dir, name+"_test.yaml")}
	for _, path := range files {
		if _, err := os.Stat(path); err == nil {
			return fmt.Errorf("%s is there already; choose another name", path)
		}
	}
	for i, from := range [2]string{"rule.yaml", "rule_test.yaml"} {
		var text bytes.Buffer
		if err := template.Must(template.ParseFS(templates, "templates/"+from)).Execute(&text, values); err != nil {
			return err
		}
		if err := writeNew(files[i], text.Bytes()); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(a.out, files[i]); err != nil {
			return err
		}
	}
	return nil
}

func writeSchemas(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, "rules.schema.json")); err == nil {
		return fmt.Errorf("%s holds a project already", filepath.Dir(dir))
	}
	if err := writeNew(filepath.Join(dir, "rules.schema.json"), rulefile.Schema()); err != nil {
		return err
	}
	return writeNew(filepath.Join(dir, "tests.schema.json"), rulefile.TestSchema())
}

// writeNew writes a file that must not be there yet, and its folder.
func writeNew(path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fs.FileMode(0o644))
	if err != nil {
		return err
	}
	if _, err := f.Write(text); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/runtime/config"
)

// version is set by the linker (see Makefile).
var version = "dev"

// app is one invocation: its streams, its settings and how it prints.
type app struct {
	in  io.Reader
	out io.Writer // data
	err io.Writer // talk
	env func(string) (string, bool)
	// demo holds the rules of the demo.
	demo fs.FS

	cfg   config.Config
	style style // of out
	talk  style // of err
}

// Exit codes; `tocsin help exit-codes` prints them.
const (
	exitFine        = 0
	exitFindings    = 1
	exitUsage       = 2
	exitCannot      = 3
	exitInterrupted = 130
)

// exit is an error with the code to end with. A nil err prints nothing: what there was
// to say has been printed.
type exit struct {
	code int
	err  error
}

func (e *exit) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exit) Unwrap() error { return e.err }

// errFindings ends a verb that has printed its findings.
var errFindings = &exit{code: exitFindings}

// usagef is a mistake on the command line.
func usagef(format string, args ...any) error {
	return &exit{exitUsage, fmt.Errorf(format, args...)}
}

// Program is what the process gives the command line.
type Program struct {
	In       io.Reader
	Out, Err io.Writer
	Env      func(string) (string, bool)
	// Demo holds the rules of the demo, below "rules".
	Demo fs.FS
}

// Main runs the program and returns its exit code.
func Main(p Program, args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	a := &app{in: p.In, out: p.Out, err: p.Err, env: p.Env, demo: p.Demo}
	a.style, a.talk = newStyle("auto", a.out, a.env), newStyle("auto", a.err, a.env)
	root := newRoot(a)
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	return a.report(ctx, cmd, err)
}

// report prints what err has to say and turns it into an exit code.
func (a *app) report(ctx context.Context, cmd *cobra.Command, err error) int {
	if err == nil {
		return exitFine
	}
	if ctx.Err() != nil {
		if !errors.Is(err, context.Canceled) {
			fmt.Fprintf(a.err, "%s %v\n", a.talk.bad("error:"), err)
		}
		return exitInterrupted
	}
	if errors.Is(err, syscall.EPIPE) { // `tocsin match … | head` has seen enough
		return exitFine
	}
	var e *exit
	if !errors.As(err, &e) {
		e = &exit{exitCannot, err}
	}
	if e.err != nil {
		fmt.Fprintf(a.err, "%s %v\n", a.talk.bad("error:"), e.err)
	}
	if e.code == exitUsage && e.err != nil {
		fmt.Fprintf(a.err, "see %s --help\n", cmd.CommandPath())
	}
	return e.code
}

// newRoot is the tree of verbs.
func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:           "tocsin",
		Short:         "Tocsin watches events and acts on those that matter.",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.ArbitraryArgs, // an unknown verb gets our own answer
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownVerb(cmd, args[0])
			}
			return a.welcome(cmd)
		},
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return a.settle(cmd) },
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return flagError(cmd, err) })
	root.SetUsageTemplate(usageTemplate)
	root.SetHelpTemplate(helpTemplate)
	config.Register(root.PersistentFlags(), &a.cfg, config.Everywhere)
	root.AddCommand(verbs(a)...)
	root.SetHelpCommand(helpCommand(a, root))
	for _, verb := range root.Commands() {
		asUsage(verb)
	}
	return root
}

// asUsage makes a wrong number of arguments a usage error, for the verb and those below.
func asUsage(cmd *cobra.Command) {
	if check := cmd.Args; check != nil {
		cmd.Args = func(c *cobra.Command, args []string) error {
			if err := check(c, args); err != nil {
				return usagef("%w; write  %s", err, c.UseLine())
			}
			return nil
		}
	}
	for _, sub := range cmd.Commands() {
		asUsage(sub)
	}
}

// settle fills the settings that were not given as flags and readies the output.
func (a *app) settle(cmd *cobra.Command) error {
	if err := config.FromEnv(cmd.Flags(), a.env); err != nil {
		return &exit{exitUsage, err}
	}
	if err := a.readConfigFile(cmd.Flags()); err != nil {
		return err
	}
	a.style, a.talk = newStyle(a.cfg.Color, a.out, a.env), newStyle(a.cfg.Color, a.err, a.env)
	return nil
}

func (a *app) readConfigFile(fs *pflag.FlagSet) error {
	name := a.cfg.File
	if name == "" {
		name = "tocsin.yaml"
	}
	data, err := os.ReadFile(name)
	if os.IsNotExist(err) && a.cfg.File == "" {
		return nil
	}
	if err != nil {
		return err
	}
	return a.wrongUse(name, data, config.FromFile(fs, name, data))
}

func flagError(cmd *cobra.Command, err error) error {
	if unknown, ok := errors.AsType[*pflag.NotExistError](err); ok {
		if near := nearestFlag(cmd, unknown.GetSpecifiedName()); near != "" {
			return usagef("%w; did you mean --%s?", err, near)
		}
	}
	return &exit{exitUsage, err}
}

// nearestFlag is the flag of cmd that name may be a slip of, or "".
func nearestFlag(cmd *cobra.Command, name string) string {
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	return diag.Nearest(name, names)
}

func unknownVerb(cmd *cobra.Command, word string) error {
	names := make([]string, 0, len(cmd.Commands()))
	for _, verb := range cmd.Commands() {
		names = append(names, verb.Name())
	}
	if near := diag.Nearest(word, names); near != "" {
		return usagef("there is no verb %q; did you mean %q?", word, near)
	}
	return usagef("there is no verb %q; tocsin help lists them", word)
}

package cli

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	machine "github.com/tocsin-engine/tocsin/runtime/app"
	"github.com/tocsin-engine/tocsin/runtime/config"
	"github.com/tocsin-engine/tocsin/runtime/core"
	"github.com/tocsin-engine/tocsin/runtime/function"
	"github.com/tocsin-engine/tocsin/runtime/lambdahost/runtimeapi"
)

func lambdaCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "lambda",
		Short: "run as an AWS Lambda function, here or there",
		Long: `Tocsin is a Lambda function, too: the same binary is the bootstrap of a package, and the
payload tells which source it comes from.`,
	}
	cmd.AddCommand(lambdaInvokeCommand(a), lambdaServeCommand(a))
	return cmd
}

// lambdaServeCommand is what the bootstrap of a package runs; main calls it where the
// environment names Lambda's Runtime API.
func lambdaServeCommand(a *app) *cobra.Command {
	started := time.Now()
	cmd := &cobra.Command{
		Use: "serve", Hidden: true, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := function.Serve(cmd.Context(), a.cfg, core.Options{Version: versionText(), AWS: machine.AWSConfig}, started, a.err); err != nil {
				return &exit{code: exitCannot} // the log has said why
			}
			return nil
		},
	}
	config.Register(cmd.Flags(), &a.cfg, config.Server)
	return cmd
}

type invokeVerb struct {
	app       *app
	timeout   time.Duration
	bootstrap string
	zip       string
	env       []string // the settings, for the bootstrap
	root      string   // the folder of a function that was in a zip
}

func lambdaInvokeCommand(a *app) *cobra.Command {
	v := invokeVerb{app: a}
	cmd := &cobra.Command{
		Use:   "invoke FILE|-",
		Short: "invoke the function on this machine with a payload, as Lambda would",
		Long: `Invoke the function on this machine with a payload, as Lambda would: this program is
started as a function's bootstrap, with a Runtime API of its own, gets the payload and is
stopped. Its answer is printed on stdout, its log on stderr. An error of the function
ends with exit code 1. With --zip it is the function in a file of tocsin package lambda,
as it would be deployed; settings are then those of the environment.`,
		Example: `  tocsin lambda invoke event.json
  tocsin lambda invoke --rules rules --timeout 3s - < payload.json
  tocsin lambda invoke --zip tocsin-amd64.zip event.json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if v.zip != "" && v.bootstrap != "" {
				return usagef("a zip has a bootstrap of its own; say --zip or --bootstrap")
			}
			v.env = config.Environ(cmd.Flags())
			return v.run(cmd.Context(), args[0])
		},
	}
	f := cmd.Flags()
	f.DurationVar(&v.timeout, "timeout", 30*time.Second, "the function's time")
	f.StringVar(&v.bootstrap, "bootstrap", "", "the `FILE` to start (this program)")
	f.StringVar(&v.zip, "zip", "", "invoke the function in this `FILE`")
	config.Register(f, &a.cfg, config.Server)
	return cmd
}

func (v *invokeVerb) run(ctx context.Context, file string) error {
	payload, err := v.app.readPayload(file)
	if err != nil {
		return err
	}
	if v.zip != "" {
		remove, err := v.unpack()
		if err != nil {
			return err
		}
		defer remove()
	}
	api, err := runtimeapi.New()
	if err != nil {
		return err
	}
	defer api.Close()
	process, ended, err := v.start(api)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancelCause(ctx)
	go func() {
		err := <-ended
		stop(fmt.Errorf("the function ended: %w", err))
		ended <- err
	}()
	answer, err := api.Invoke(ctx, payload, v.timeout)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if kill := process.Signal(syscall.SIGTERM); kill == nil {
		<-ended
	}
	var failed *runtimeapi.FunctionError
	switch {
	case errors.As(err, &failed):
		return &exit{exitFindings, fmt.Errorf("the function failed, Lambda would try again or give up: %w", failed)}
	case err != nil:
		return err
	}
	_, err = fmt.Fprintf(v.app.out, "%s\n", bytes.TrimSpace(answer))
	return err
}

// unpack lays the function in a zip out in a folder of its own.
func (v *invokeVerb) unpack() (remove func() error, err error) {
	z, err := zip.OpenReader(v.zip)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", v.zip, err)
	}
	defer z.Close()
	if v.root, err = os.MkdirTemp("", "tocsin-function-*"); err != nil {
		return nil, err
	}
	remove = func() error { return os.RemoveAll(v.root) }
	if err := os.CopyFS(v.root, z); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", v.zip, err), remove())
	}
	v.bootstrap = filepath.Join(v.root, "bootstrap")
	return remove, nil
}

// readPayload reads a file, or stdin for "-".
func (a *app) readPayload(file string) ([]byte, error) {
	if file == "-" {
		return io.ReadAll(a.in)
	}
	return os.ReadFile(file)
}

// start starts the bootstrap. The channel says how it ended.
func (v *invokeVerb) start(api *runtimeapi.Server) (*os.Process, chan error, error) {
	program := v.bootstrap
	if program == "" {
		self, err := os.Executable()
		if err != nil {
			return nil, nil, err
		}
		program = self
	}
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), api.Env()...)
	cmd.Env = append(cmd.Env, v.env...)
	if v.root != "" {
		cmd.Dir = v.root
		cmd.Env = append(cmd.Env, "LAMBDA_TASK_ROOT="+v.root)
	}
	cmd.Stdout, cmd.Stderr = v.app.err, v.app.err
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	return cmd.Process, ended, nil
}

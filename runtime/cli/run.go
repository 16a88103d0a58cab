package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"

	machine "github.com/tocsin-engine/tocsin/runtime/app"
	"github.com/tocsin-engine/tocsin/runtime/config"
)

func runCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "run",
		Short: "serve: take events in, match them, deliver to targets",
		Long: `Serve until told to stop: take events in, match them against the rules and deliver to
targets. They come from AWS clients (EventBridge, CloudWatch, CloudWatch Logs, X-Ray and
its SDKs), as OTLP, CloudEvents or StatsD, and through an API of its own.

The rule files are read again when they change and on SIGHUP, all or nothing. SIGINT or
SIGTERM stops taking events in, then waits up to --drain for deliveries that run. Without
--keys only this machine can reach the server. A plugin's secret NAME is the environment
variable TOCSIN_PLUGIN_SECRET_NAME.`,
		Example: `  tocsin run
  tocsin run --rules /etc/tocsin/rules --listen 0.0.0.0:7575 --keys /etc/tocsin/keys \
      --tls-cert cert.pem --tls-key key.pem`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			log := a.newLog()
			log.Info("starting", "version", versionText())
			m, err := a.build(cmd.Context(), log)
			if err != nil {
				return err
			}
			if err := a.announce(cmd.Context(), m); err != nil {
				return errors.Join(err, m.Close())
			}
			return a.serve(cmd.Context(), m)
		},
	}
	config.Register(cmd.Flags(), &a.cfg, config.Server)
	return cmd
}

// newLog is the server's log, on stderr.
func (a *app) newLog() hclog.Logger {
	asJSON := a.cfg.LogFormat == "json" || a.cfg.LogFormat == "auto" && !a.talk.terminal
	color := hclog.ColorOff
	if a.talk.colour {
		color = hclog.ForceColor
	}
	return hclog.New(&hclog.LoggerOptions{
		Name: "tocsin", Level: hclog.LevelFromString(a.cfg.LogLevel), Output: a.err, JSONFormat: asJSON, Color: color,
	})
}

// build puts the machine together. What is wrong with the rule files is printed as check
// prints it.
func (a *app) build(ctx context.Context, log hclog.Logger) (*machine.App, error) {
	defer a.patience("compiling the plugins, once a machine…")()
	m, warnings, err := machine.New(ctx, a.cfg, machine.Options{Version: versionText(), Log: log})
	var rules *machine.RulesError
	if errors.As(err, &rules) && len(rules.Findings) > 0 {
		if err := findings(rules.Findings, rules.Files, a.talk).Text(a.err); err != nil {
			return nil, err
		}
		return nil, &exit{exitFindings, fmt.Errorf("nothing was started: the rules have %s", count(rules.Findings.Errors(), "error"))}
	}
	for _, w := range warnings {
		log.Warn(w.Message, "file", w.File, "line", w.Line, "code", w.Code)
	}
	return m, err
}

// patience tells a person what takes so long, if it takes longer than a second; the
// function that it returns ends that.
func (a *app) patience(what string) (done func()) {
	if !a.talk.terminal || a.cfg.Quiet {
		return func() {}
	}
	told := time.AfterFunc(time.Second, func() { fmt.Fprintf(a.err, "%s %s\n", a.talk.dot(), what) })
	return func() { told.Stop() }
}

// serve runs the machine until ctx ends, and takes it apart.
func (a *app) serve(ctx context.Context, m *machine.App) error {
	kick := make(chan os.Signal, 1)
	signal.Notify(kick, syscall.SIGHUP)
	defer signal.Stop(kick)
	err := m.Run(ctx, kick)
	return errors.Join(err, m.Close())
}

// announce tells a person where the doors are and what to do next; the log says it to
// everybody else.
func (a *app) announce(ctx context.Context, m *machine.App) error {
	if !a.talk.terminal || a.cfg.Quiet {
		return nil
	}
	status, err := m.Engine().Status(ctx)
	if err != nil {
		return err
	}
	s := a.talk
	fmt.Fprintf(a.err, "%s tocsin %s is listening on %s\n", s.tick(), versionText(), s.strong(m.URL()))
	fmt.Fprintf(a.err, "  %s, %s; store: %s\n", count(status.Rules, "rule"), count(status.Targets, "target"), status.Store.Kind)
	fmt.Fprintf(a.err, "  AWS clients:  export AWS_ENDPOINT_URL=%s\n", m.URL())
	next := "tocsin tail --deliveries"
	if status.Rules == 0 {
		next = "tocsin new rule big-order    (there are no rules yet)"
	}
	fmt.Fprintf(a.err, "  next:         %s\n", next)
	return nil
}

package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"

	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/runtime/agent"
	"github.com/tocsin-engine/tocsin/runtime/agentfile"
	"github.com/tocsin-engine/tocsin/runtime/config"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

func agentCommand(a *app) *cobra.Command {
	var v agentVerb
	cmd := &cobra.Command{
		Use:   "agent",
		Short: "measure this machine and follow its log files",
		Long: `Measure this machine (CPU, memory, swap, disks, network, processes), follow its log files,
take StatsD lines, and send that to a server as the CloudWatch agent does. The
configuration is the CloudWatch agent's JSON, or the old logs agent's awslogs.conf: a file,
a folder whose *.json files are merged, or ssm:NAME for a parameter of Parameter Store.
What of it is not done here is named, and the rest is done. Without --config it measures
what the agent's wizard calls standard.

Data go to --endpoint, or else to the configuration's endpoint_override, or else to
` + config.URL + `; "--endpoint aws" is AWS itself. What cannot be sent waits on disk
in --state, and a log file's position is kept there: every line arrives at least once.
TOCSIN_ACCESS_KEY and TOCSIN_SECRET_KEY sign, or else the AWS credentials of this
machine. SIGTERM sends what is there, for up to 10 seconds, and ends.`,
		Example: `  tocsin agent
  tocsin agent --config /opt/aws/amazon-cloudwatch-agent/etc/amazon-cloudwatch-agent.json --check
  tocsin agent --config app.json --print | tocsin match --when 'metric.value > 90'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return v.run(cmd.Context(), a) },
	}
	f := cmd.Flags()
	f.StringSliceVar(&v.configs, "config", nil, "the agent's configuration: a `FILE`, a folder or ssm:NAME; repeat it to merge several")
	if err := f.SetAnnotation("config", config.OwnMeaning, []string{"true"}); err != nil {
		panic("BUG: " + err.Error())
	}
	f.StringVar(&v.endpoint, "endpoint", "", "send to this `URL`, or to aws")
	f.StringVar(&v.ssm, "ssm-endpoint", "", "read ssm:NAME from this `URL` (AWS)")
	f.StringVar(&v.state, "state", "", "keep positions and what waits in this `DIR` ("+defaultState+" in your home folder)")
	f.IntVar(&v.buffer, "buffer", 64, "bound what waits to `N` MiB of metrics and as many of logs")
	f.BoolVar(&v.check, "check", false, "print what of the configuration is not done, and what is; start nothing")
	f.BoolVar(&v.once, "once", false, "collect once, send that, and end")
	f.BoolVar(&v.print, "print", false, "collect once and print the events, one a line; send and keep nothing")
	formatFlag(cmd, &v.format, diag.Formats...)
	config.Register(f, &a.cfg, config.Agent)
	return cmd
}

type agentVerb struct {
	configs              []string
	endpoint, ssm, state string
	buffer               int
	check, once, print   bool
	format               string
}

func (v *agentVerb) run(ctx context.Context, a *app) error {
	if v.buffer < 4 {
		return usagef("--buffer must be 4 MiB or more: a log message may have one")
	}
	files, err := v.files(ctx, a)
	if err != nil {
		return err
	}
	plan, list := agentfile.Read(files, agentfile.Options{Env: a.env, Host: a.host()})
	if v.check {
		return v.printCheck(a, plan, list, files)
	}
	if list.Errors() > 0 {
		if err := findings(list, files, a.talk).Text(a.err); err != nil {
			return err
		}
		return &exit{exitFindings, fmt.Errorf("nothing was started: the configuration has %s", count(list.Errors(), "error"))}
	}
	if plan.Empty() {
		return &exit{exitFindings, errors.New("there is nothing to do: nothing of the configuration is done here; --check says why")}
	}
	log := a.newLog()
	for _, w := range list {
		log.Warn(w.Message, "file", w.File, "line", w.Line, "path", w.Path, "code", w.Code)
	}
	if v.print {
		return v.printOnce(ctx, a, plan, log)
	}
	return v.send(ctx, a, plan, log)
}

// send runs the agent, once or until told to stop.
func (v *agentVerb) send(ctx context.Context, a *app, plan *agentfile.Plan, log hclog.Logger) error {
	state := v.state
	if state == "" {
		state = stateDir(a.env)
	}
	metrics, err := v.client(a, plan.Metrics.Endpoint, plan.Region, log)
	if err != nil {
		return err
	}
	logs, err := v.client(a, plan.Logs.Endpoint, plan.Region, log)
	if err != nil {
		return err
	}
	ag, err := agent.New(agent.Config{
		Plan: plan, State: state, BufferBytes: int64(v.buffer) << 20, Metrics: metrics, Logs: logs,
		Region: cmp.Or(plan.Region, a.cfg.Region), Log: log,
	})
	if err != nil {
		return err
	}
	log.Info("starting", "version", versionText(), "metrics", len(plan.Metrics.Plugins), "logs", len(plan.Logs.Files), "state", state,
		"metrics_to", v.target(plan.Metrics.Endpoint), "logs_to", v.target(plan.Logs.Endpoint))
	if v.once {
		err = ag.Once(ctx)
		fmt.Fprintf(a.err, "%s %s\n", a.talk.dot(), sentText(ag.Counts()))
	} else {
		err = ag.Run(ctx)
	}
	return errors.Join(err, ag.Close())
}

// sentText sums an agent's work up for a person.
func sentText(c agent.Counts) string {
	return fmt.Sprintf("%d data and %s sent; %d refused, %d wait",
		c.Data.Sent, count(int(c.Records.Sent), "log event"),
		c.Data.Refused+c.Records.Refused, c.Data.Waiting+c.Records.Waiting)
}

// printOnce prints what one collection gives, as the events that a server makes of it.
func (v *agentVerb) printOnce(ctx context.Context, a *app, plan *agentfile.Plan, log hclog.Logger) error {
	dir, err := os.MkdirTemp("", "tocsin-agent-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // it holds nothing
	plan.Metrics.StatsD = nil
	ag, err := agent.New(agent.Config{Plan: plan, State: dir, Log: log})
	if err != nil {
		return err
	}
	data, records, err := ag.Collect(ctx)
	if err := errors.Join(err, ag.Close()); err != nil {
		return err
	}
	fields := event.Fields{Account: a.cfg.Account, Region: cmp.Or(plan.Region, a.cfg.Region), Time: time.Now()}
	for _, d := range data {
		fields.ID = service.NewID()
		if err := a.printEvent(d.Event(fields)); err != nil {
			return err
		}
	}
	for _, r := range records {
		fields.ID = service.NewID()
		if err := a.printEvent(r.Event(fields)); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) printEvent(ev event.Event, err error) error {
	if err != nil {
		return err
	}
	_, err = a.out.Write(append(ev.Raw(), '\n'))
	return err
}

// printCheck prints the findings and, in text, what is done.
func (v *agentVerb) printCheck(a *app, plan *agentfile.Plan, list diag.List, files []rulefile.File) error {
	report := findings(list, files, a.style)
	if err := report.Write(a.out, v.format); err != nil {
		return err
	}
	if v.format == "text" && !a.cfg.Quiet {
		if len(list) > 0 {
			fmt.Fprintf(a.err, "\n%s\n", report.Summary())
		}
		v.printPlan(a, plan)
	}
	if list.Errors() > 0 {
		return errFindings
	}
	return nil
}

package cli

import (
	"fmt"
	"strings"

	"github.com/tocsin-engine/tocsin/ingest/agent/logfile"
	"github.com/tocsin-engine/tocsin/ingest/agent/machine"
	"github.com/tocsin-engine/tocsin/runtime/agentfile"
)

// printPlan tells a person what an agent would do.
func (v *agentVerb) printPlan(a *app, plan *agentfile.Plan) {
	s := a.talk
	if plan.Empty() {
		fmt.Fprintf(a.err, "%s nothing of this is done here\n", s.cross())
		return
	}
	if m := plan.Metrics; len(m.Plugins) > 0 || m.StatsD != nil {
		fmt.Fprintf(a.err, "%s metrics of %s go to %s\n", s.tick(), m.Shape.Namespace, v.target(m.Endpoint))
		for _, p := range m.Plugins {
			fmt.Fprintf(a.err, "  %-10s each %s: %s\n", p.Name, p.Every, measured(p))
		}
		if m.StatsD != nil {
			fmt.Fprintf(a.err, "  %-10s each %s: lines to %s\n", "statsd", m.StatsD.Every, m.StatsD.Address)
		}
	}
	if len(plan.Logs.Files) > 0 {
		fmt.Fprintf(a.err, "%s log files go to %s\n", s.tick(), v.target(plan.Logs.Endpoint))
	}
	for _, l := range plan.Logs.Files {
		fmt.Fprintf(a.err, "  %s to %s, stream %s%s\n", l.Path, l.Group, l.Stream, kept(plan.Logs.Retention, l))
	}
}

func measured(p machine.Plugin) string {
	names := make([]string, len(p.Measurements))
	for i, m := range p.Measurements {
		names[i] = m.Field
		if m.Rename != "" {
			names[i] += " as " + m.Rename
		}
	}
	return strings.Join(names, ", ")
}

func kept(retention map[string]int, l logfile.Log) string {
	if days := retention[l.Group]; days > 0 {
		return ", kept for " + count(days, "day")
	}
	return ""
}

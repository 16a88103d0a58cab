package cli

import (
	"fmt"
	"strings"

	"github.com/tocsin-engine/tocsin/runtime/lambdapack"
)

// tell prints the plan for people: all of it for --dry-run, else what was written. A
// person is warned on stderr.
func (v *packageVerb) tell(p lambdapack.Plan, written []string) error {
	if v.dryRun {
		if _, err := fmt.Fprint(v.app.out, planText(p, v.app.style)); err != nil {
			return err
		}
	}
	for _, w := range p.Warnings {
		v.app.note("%s: %s", w.About, w.Message)
		if w.Help != "" && !v.app.cfg.Quiet {
			fmt.Fprintf(v.app.err, "  %s\n", v.app.talk.faint(w.Help))
		}
	}
	if !v.dryRun && !v.app.cfg.Quiet {
		fmt.Fprintf(v.app.err, "%s %s for %s, %s unpacked; %s, %s\n", v.app.talk.tick(), size(p.Zip.Size), p.Function.Arch, size(p.Zip.Unzipped),
			count(len(p.Sources), "source"), count(len(p.Permissions), "permission"))
	}
	for _, name := range written {
		if _, err := fmt.Fprintln(v.app.out, name); err != nil {
			return err
		}
	}
	return nil
}

// note is something that a person should look at.
func (a *app) note(format string, args ...any) {
	if !a.cfg.Quiet {
		fmt.Fprintf(a.err, "%s %s\n", a.talk.mark(), fmt.Sprintf(format, args...))
	}
}

// planText is the plan as a person reads it.
func planText(p lambdapack.Plan, s style) string {
	var b strings.Builder
	head := func(title, text string) {
		fmt.Fprintf(&b, "%s  %s\n", s.strong(fmt.Sprintf("%-12s", title)), text)
	}
	row := func(name, text, why string) {
		if why != "" {
			why = "   " + s.faint(s.left()+" "+why)
		}
		fmt.Fprintf(&b, "  %-28s %s%s\n", name, text, why)
	}
	f := p.Function
	head("function", fmt.Sprintf("%s: %s, %d MB, %d s, log kept %s", f.Name, f.Arch, f.MemoryMB, f.TimeoutSeconds, count(f.LogRetentionDays, "day")))
	head("zip", fmt.Sprintf("%s: %s, %s unpacked, sha256 %s", p.Zip.Path, size(p.Zip.Size), size(p.Zip.Unzipped), p.Zip.SHA256))
	for _, file := range p.Zip.Files {
		row(file.Name, size(file.Size), "")
	}
	head("sources", count(len(p.Sources), "source"))
	for _, source := range p.Sources {
		row(source.Name, sourceText(source), strings.Join(source.Rules, ", "))
	}
	head("permissions", count(len(p.Permissions), "statement"))
	for _, statement := range p.Permissions {
		row(strings.Join(statement.For, ", "), strings.Join(statement.Actions, " "), "")
		for _, resource := range statement.Resources {
			row("", resource, "")
		}
	}
	head("environment", count(len(p.Environment), "variable"))
	for _, variable := range p.Environment {
		row(variable.Name, variable.Value, "")
	}
	for _, name := range p.Secrets {
		row(name, "asked for at deployment", "")
	}
	if p.State != nil {
		head("remembers", "in table "+p.State.Name)
	}
	if p.DeadLetters != nil {
		head("dead letters", fmt.Sprintf("in queue %s, kept %s", p.DeadLetters.Name, count(p.DeadLetters.RetentionDays, "day")))
	}
	return b.String()
}

// sourceText says in a line what invokes the function.
func sourceText(s lambdapack.Source) string {
	switch s.Kind {
	case lambdapack.EventBridge:
		return fmt.Sprintf("EventBridge rule on bus %s: %s", s.Bus, s.Pattern)
	case lambdapack.Schedule:
		return "EventBridge rule: " + s.Schedule
	case lambdapack.Logs:
		return "subscription of log group " + s.LogGroup
	case lambdapack.MetricStream:
		return "metric stream; what is not taken stays in bucket " + s.Bucket
	case lambdapack.S3:
		return "notifications of s3://" + s.Bucket + "/" + s.Prefix
	case lambdapack.SNS:
		return "subscription of " + s.ARN
	case lambdapack.Alarms:
		return "CloudWatch alarms of the account and region"
	case lambdapack.FunctionURL:
		return "a URL; AWS clients sign with the keys"
	}
	text := fmt.Sprintf("%s, %d records", s.ARN, s.Mapping.BatchSize)
	if s.Mapping.WindowSeconds > 0 {
		text += fmt.Sprintf(" or %d s", s.Mapping.WindowSeconds)
	}
	return text + ", ReportBatchItemFailures"
}

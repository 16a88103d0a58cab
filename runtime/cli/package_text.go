package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/tocsin-engine/tocsin/runtime/lambdapack"
)

// write writes the zip: all of it or nothing.
func (v *packageVerb) write(made *lambdapack.Package) error {
	dir := filepath.Dir(v.Zip)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".tocsin-*.zip")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(made.Zip)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Chmod(f.Name(), 0o644)
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), v.Zip)
}

// tell prints the plan for people: all of it for --dry-run, else what was written. A
// person is warned on stderr.
func (v *packageVerb) tell(p lambdapack.Plan) error {
	if v.dryRun {
		if _, err := fmt.Fprint(v.app.out, planText(p, v.app.style)); err != nil {
			return err
		}
	}
	if !v.app.cfg.Quiet {
		for _, w := range p.Warnings {
			fmt.Fprintf(v.app.err, "%s %s: %s\n", v.app.talk.mark(), w.About, w.Message)
			if w.Help != "" {
				fmt.Fprintf(v.app.err, "  %s\n", v.app.talk.faint(w.Help))
			}
		}
	}
	if v.dryRun {
		return nil
	}
	if !v.app.cfg.Quiet {
		fmt.Fprintf(v.app.err, "%s %s, %s unpacked, for %s; %s, %s\n", v.app.talk.tick(), size(p.Zip.Size), size(p.Zip.Unzipped), p.Function.Arch,
			count(len(p.Sources), "source"), count(len(p.Permissions), "permission"))
	}
	_, err := fmt.Fprintf(v.app.out, "%s\n    sha256: %s\n", v.Zip, p.Zip.SHA256)
	return err
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

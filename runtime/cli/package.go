package cli

import (
	"context"
	"fmt"
	"maps"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tocsin-engine/tocsin/runtime/lambdapack"
	"github.com/tocsin-engine/tocsin/runtime/lambdapack/template"
	"github.com/tocsin-engine/tocsin/runtime/sandbox"
)

func packageCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "package",
		Short: "make of rules what can be deployed",
		Long:  `Make of rules what can be deployed: tocsin package lambda makes a Lambda function.`,
	}
	cmd.AddCommand(packageLambdaCommand(a))
	return cmd
}

type packageVerb struct {
	app          *app
	check        checkVerb
	format       string
	sources, env []string
	dryRun       bool
	templates    []string
	force        bool
	lambdapack.Options
}

func packageLambdaCommand(a *app) *cobra.Command {
	v := packageVerb{app: a}
	v.check.purpose, v.check.format = "lambda", "text"
	cmd := &cobra.Command{
		Use:   "lambda",
		Short: "a zip and templates of a Lambda function",
		Long: `Make a Lambda function of a folder of rules: a zip with the bootstrap, the rules and the
packed plugins that rules reach. First the rules are checked as by tocsin check --for lambda.
Beside the zip stand templates that deploy it: template.yaml for SAM, main.tf for Terraform,
and cdk, a project in TypeScript. One that was changed by hand is not written again without
--force. Equal inputs give equal bytes. --dry-run says what would be made and writes nothing.

What invokes the function follows from the rules. A rule that names sources of AWS
(source: [aws.ec2]) implies an EventBridge rule on the default bus; rules that name the same
source share one, because every rule is tried on every event. A rule for tocsin.logs implies
a subscription of the log groups that it names (detail.group). Nothing else is implied; name
it with --source, as often as there are some:

  sqs:ARN  kinesis:ARN  dynamodb:STREAM-ARN  sns:ARN   what is there already
  s3:BUCKET/PREFIX       log files of CloudTrail; rules for API calls then imply nothing
  logs:GROUP             a log group
  metric-stream:BUCKET   metrics of CloudWatch; the bucket keeps what was not taken
  schedule:rate(5 minutes), schedule:cron(0 8 * * ? *)
  eventbridge, eventbridge:BUS   events of all sources that rules want, of people's own too
  alarms                 alarms of CloudWatch may invoke the function themselves
  function-url           AWS clients call the function, with keys of --keys

The function's role allows what the targets' configs and the plugins' allow.aws name, and no
more. Where that cannot be narrow, a warning says why.

Plugins are compiled for the function's processor; for another one than this machine's, see
tocsin plugin pack --help. The bootstrap is bootstrap-linux-ARCH beside this program.`,
		Example: `  tocsin package lambda --dry-run
  tocsin package lambda --rules rules --arch arm64 --name shop-rules --out dist/shop.zip
  tocsin package lambda --source sqs:arn:aws:sqs:eu-west-1:123456789012:orders --lambda-state dynamodb:shop-state`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return v.run(cmd.Context()) },
	}
	v.flags(cmd)
	return cmd
}

func (v *packageVerb) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&v.Dir, "rules", "rules", "the `DIR` of the rules")
	v.Function.Arch = runtime.GOARCH
	f.Var(&choice{&v.Function.Arch, []string{"amd64", "arm64"}}, "arch", "the function's processor: amd64 or arm64")
	f.StringVar(&v.Zip, "out", "", "the zip `FILE` to write (NAME-ARCH.zip)")
	f.StringSliceVar(&v.templates, "templates", template.Kinds, "write these templates beside the zip: sam, cdk, terraform, or none")
	f.BoolVar(&v.force, "force", false, "write also those templates anew that were changed by hand")
	f.BoolVar(&v.dryRun, "dry-run", false, "print the plan and write nothing")
	f.StringArrayVar(&v.sources, "source", nil, "what invokes the function, as `KIND:WHICH`; repeat it")
	f.BoolVar(&v.Implied, "implied", true, "add the sources that follow from the rules")
	f.StringVar(&v.check.state, "lambda-state", "", "remember in this table: `dynamodb:TABLE`")
	f.StringVar(&v.Function.Name, "name", "tocsin", "the function's `NAME`")
	f.StringVar(&v.Function.Description, "description", "", "the function's description (which rules it has)")
	f.IntVar(&v.Function.MemoryMB, "memory", 512, "the function's memory in `MB`; processor time grows with it")
	f.IntVar(&v.Function.TimeoutSeconds, "timeout", 30, "how many `SECONDS` an invocation may take")
	f.IntVar(&v.Function.Retries, "retries", 2, "how often Lambda repeats an asynchronous invocation that failed: 0 to 2")
	f.IntVar(&v.Function.LogRetentionDays, "log-retention", 30, "how many `DAYS` the function's log is kept")
	f.StringArrayVar(&v.env, "env", nil, "a variable of the function's environment, as `NAME=VALUE`; repeat it")
	f.StringVar(&v.Keys, "keys", "", "`FILE` of access keys for the function's URL, a line each: ACCESS_KEY_ID SECRET")
	f.StringVar(&v.Bootstrap, "bootstrap", "", "the function's program, a `FILE` (bootstrap-linux-ARCH beside this program)")
	f.StringSliceVar(&v.Programs, "program", nil, "a tocsin `PROGRAM` for another processor, to compile plugins")
	f.StringSliceVar(&v.check.trusted, "trusted-keys", nil, "PEM `FILES` of public keys; plugins need a signature of one of them")
	formatFlag(cmd, &v.format, "text", "json")
	v.app.cacheFlag(cmd)
}

func (v *packageVerb) run(ctx context.Context) error {
	if err := v.settle(); err != nil {
		return err
	}
	found, err := v.check.look(ctx, v.app, []string{v.Dir})
	if err != nil {
		return err
	}
	if len(found.all) > 0 {
		report := found.report(v.app.talk)
		if err := report.Write(v.app.err, "text"); err != nil {
			return err
		}
		if found.all.Errors() > 0 {
			fmt.Fprintf(v.app.err, "\n%s\n", report.Summary())
			return errFindings
		}
	}
	v.Files, v.Set, v.Plugins = found.files, found.set, found.plugins
	if v.Function.Description == "" {
		v.Function.Description = "Tocsin: " + count(len(v.Set.Rules), "rule")
	}
	made, err := v.pack(ctx)
	if err != nil {
		return err
	}
	var written []string
	if !v.dryRun {
		if written, err = v.write(made); err != nil {
			return err
		}
	}
	if v.format == "json" {
		return printJSON(v.app.out, made.Plan)
	}
	return v.tell(made.Plan, written)
}

// pack makes the zip.
func (v *packageVerb) pack(ctx context.Context) (made *lambdapack.Package, err error) {
	shown := v.app.newCount("packing", "plugins", 0)
	defer shown.finish()
	v.Progress = func(_, total int) {
		shown.total = int64(total)
		shown.add(1)
	}
	err = v.app.withSandbox(ctx, func(h *sandbox.Host) error {
		made, err = lambdapack.New(ctx, h, v.Options)
		return err
	})
	return made, err
}

var (
	functionName = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,50}$`)
	variableName = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_]+$`)
	// retentions are the days that CloudWatch Logs keeps lines for.
	retentions = []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
)

// settle reads the flags that need it.
func (v *packageVerb) settle() error {
	f := &v.Function
	switch {
	case !functionName.MatchString(f.Name):
		return usagef("--name is %q; write letters, digits, - and _, at most 50", f.Name)
	case f.MemoryMB < 128 || f.MemoryMB > 10240:
		return usagef("--memory is %d; Lambda gives 128 to 10240 MB", f.MemoryMB)
	case f.TimeoutSeconds < 1 || f.TimeoutSeconds > 900:
		return usagef("--timeout is %d; Lambda gives 1 to 900 seconds", f.TimeoutSeconds)
	case f.Retries < 0 || f.Retries > 2:
		return usagef("--retries is %d; write 0, 1 or 2", f.Retries)
	case !slices.Contains(retentions, f.LogRetentionDays):
		return usagef("--log-retention is %d; write one of %s days", f.LogRetentionDays, strings.Trim(fmt.Sprint(retentions), "[]"))
	}
	if info, err := os.Stat(v.Dir); err == nil && !info.IsDir() {
		return usagef("--rules is the file %s; name its folder", v.Dir)
	}
	if v.Zip == "" {
		v.Zip = f.Name + "-" + f.Arch + ".zip"
	}
	v.State, v.Version = v.check.state, versionText()
	for _, text := range v.sources {
		s, err := lambdapack.ParseSource(text)
		if err != nil {
			return &exit{exitUsage, err}
		}
		v.Sources = append(v.Sources, s)
	}
	if err := v.kinds(); err != nil {
		return err
	}
	return v.variables()
}

// variables reads --env. The last one of a name counts.
func (v *packageVerb) variables() error {
	values := map[string]string{}
	for _, text := range v.env {
		name, value, ok := strings.Cut(text, "=")
		switch {
		case !ok || !variableName.MatchString(name):
			return usagef("--env is %q; write NAME=VALUE", text)
		case strings.HasPrefix(name, "AWS_") || strings.HasPrefix(name, "LAMBDA_"):
			return usagef("--env sets %s, which is Lambda's own", name)
		case strings.HasPrefix(name, "TOCSIN_PLUGIN_SECRET_"):
			return usagef("--env sets %s: a secret is given at deployment, where nobody reads it in a template", name)
		}
		values[name] = value
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		v.Environment = append(v.Environment, lambdapack.Variable{Name: name, Value: values[name]})
	}
	return nil
}

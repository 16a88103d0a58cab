package template

import (
	"encoding/json"
	"slices"
	"strings"
	"text/template"

	"github.com/tocsin-engine/tocsin/runtime/lambdapack"
)

// CDK writes a project of the AWS Cloud Development Kit in TypeScript: app.ts, stack.ts and
// what builds them, with versions that were tried together.
func CDK(p lambdapack.Plan) []File {
	return render("cdk", template.FuncMap{
		"q": quote, "text": typescript,
		"pattern": func(indent int, raw json.RawMessage) string { return layout(indent, cloudFormation(raw)) },
	}, p)
}

// module is one of the CDK's that the stack imports.
type module struct{ Name, Path string }

// Modules are those that the stack of a plan needs, and no other: the compiler refuses an
// import that is not used.
func (v view) Modules() []module {
	streams := slices.ContainsFunc(v.Sources, func(s source) bool { return s.Mapping != nil && s.Mapping.StartingPosition != "" })
	metrics := v.Has(lambdapack.MetricStream)
	var modules []module
	for _, m := range []struct {
		module
		needed bool
	}{
		{module{"cloudwatch", "aws-cloudwatch"}, metrics},
		{module{"dynamodb", "aws-dynamodb"}, v.State != nil},
		{module{"events", "aws-events"}, v.Has(lambdapack.EventBridge) || v.Has(lambdapack.Schedule)},
		{module{"iam", "aws-iam"}, true},
		{module{"kinesisfirehose", "aws-kinesisfirehose"}, metrics},
		{module{"lambda", "aws-lambda"}, true},
		{module{"destinations", "aws-lambda-destinations"}, v.DeadLetters != nil && v.Asynchronous()},
		{module{"eventSources", "aws-lambda-event-sources"}, v.DeadLetters != nil && streams},
		{module{"logs", "aws-logs"}, true},
		{module{"sns", "aws-sns"}, v.Has(lambdapack.SNS)},
		{module{"sqs", "aws-sqs"}, v.DeadLetters != nil},
	} {
		if m.needed {
			modules = append(modules, m.module)
		}
	}
	return modules
}

// Imports are what the stack needs of the CDK's core.
func (v view) Imports() []string {
	names := []string{"CfnOutput", "Duration", "RemovalPolicy", "Stack", "type StackProps"}
	if len(v.Secrets) > 0 {
		names = append(names, "CfnParameter")
	}
	if v.namesAccount() {
		names = append(names, "Aws")
	}
	slices.Sort(names)
	return names
}

// namesAccount says whether the stack has a word for something of the account.
func (v view) namesAccount() bool {
	texts := []string{}
	for _, e := range v.Environment {
		texts = append(texts, e.Value)
	}
	for _, s := range v.Permissions {
		texts = append(texts, s.Resources...)
	}
	own := []lambdapack.SourceKind{lambdapack.Logs, lambdapack.S3, lambdapack.Alarms, lambdapack.MetricStream}
	return slices.ContainsFunc(texts, hasWord) ||
		slices.ContainsFunc(v.Sources, func(s source) bool { return slices.Contains(own, s.Kind) || hasWord(s.ARN+s.Bus) })
}

// Invoked says whether a source has to be allowed to invoke the function.
func (v view) Invoked() bool {
	return slices.ContainsFunc(v.Sources, func(s source) bool { return s.Mapping == nil && s.Kind != lambdapack.MetricStream })
}

// StackName is the function's name as CloudFormation takes it.
func (v view) StackName() string {
	name := strings.ReplaceAll(v.Function.Name, "_", "-")
	if first := name[0]; first == '-' || first >= '0' && first <= '9' {
		return "tocsin-" + strings.TrimLeft(name, "-")
	}
	return name
}

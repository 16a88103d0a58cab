package template_test

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/tocsin-engine/tocsin/runtime/lambdapack"
	"github.com/tocsin-engine/tocsin/runtime/lambdapack/template"
)

// counterpart is what a resource is called in CloudFormation and in Terraform; in each,
// the properties that have to be the same, by their paths.
type counterpart struct {
	cloudFormation, terraform string
	properties                [][2]string
}

var counterparts = []counterpart{
	{"AWS::Lambda::Function", "aws_lambda_function", [][2]string{
		{"FunctionName", "function_name"}, {"Description", "description"}, {"Runtime", "runtime"}, {"Handler", "handler"},
		{"Architectures", "architectures"}, {"MemorySize", "memory_size"}, {"Timeout", "timeout"}, {"Role", "role"},
		{"LoggingConfig.LogGroup", "logging_config.log_group"}, {"Environment.Variables", "environment.variables"},
	}},
	{"AWS::Logs::LogGroup", "aws_cloudwatch_log_group", [][2]string{{"LogGroupName", "name"}, {"RetentionInDays", "retention_in_days"}}},
	{"AWS::IAM::Role", "aws_iam_role", [][2]string{{"AssumeRolePolicyDocument", "assume_role_policy"}}},
	{"AWS::IAM::Role", "aws_iam_role_policy", [][2]string{{"Policies.PolicyDocument", "policy"}}},
	{"AWS::Lambda::EventInvokeConfig", "aws_lambda_function_event_invoke_config", [][2]string{
		{"MaximumRetryAttempts", "maximum_retry_attempts"}, {"DestinationConfig.OnFailure.Destination", "destination_config.on_failure.destination"},
	}},
	{"AWS::SQS::Queue", "aws_sqs_queue", [][2]string{
		{"QueueName", "name"}, {"MessageRetentionPeriod", "message_retention_seconds"}, {"SqsManagedSseEnabled", "sqs_managed_sse_enabled"},
	}},
	{"AWS::SQS::QueuePolicy", "aws_sqs_queue_policy", [][2]string{{"PolicyDocument", "policy"}}},
	{"AWS::DynamoDB::Table", "aws_dynamodb_table", [][2]string{
		{"TableName", "name"}, {"BillingMode", "billing_mode"},
		{"TimeToLiveSpecification.AttributeName", "ttl.attribute_name"}, {"TimeToLiveSpecification.Enabled", "ttl.enabled"},
	}},
	{"AWS::Events::Rule", "aws_cloudwatch_event_rule", [][2]string{
		{"Description", "description"}, {"State", "state"}, {"ScheduleExpression", "schedule_expression"}, {"EventBusName", "event_bus_name"}, {"EventPattern", "event_pattern"},
	}},
	{"AWS::Events::Rule", "aws_cloudwatch_event_target", [][2]string{
		{"Targets.Id", "target_id"}, {"Targets.Arn", "arn"}, {"Targets.DeadLetterConfig.Arn", "dead_letter_config.arn"}, {"EventBusName", "event_bus_name"},
	}},
	{"AWS::Lambda::Permission", "aws_lambda_permission", [][2]string{
		{"Action", "action"}, {"Principal", "principal"}, {"SourceArn", "source_arn"}, {"SourceAccount", "source_account"},
		{"FunctionUrlAuthType", "function_url_auth_type"}, {"InvokedViaFunctionUrl", "invoked_via_function_url"},
	}},
	{"AWS::Logs::SubscriptionFilter", "aws_cloudwatch_log_subscription_filter", [][2]string{
		{"LogGroupName", "log_group_name"}, {"FilterPattern", "filter_pattern"}, {"DestinationArn", "destination_arn"},
	}},
	{"AWS::Lambda::EventSourceMapping", "aws_lambda_event_source_mapping", [][2]string{
		{"EventSourceArn", "event_source_arn"}, {"FunctionResponseTypes", "function_response_types"}, {"BatchSize", "batch_size"},
		{"MaximumBatchingWindowInSeconds", "maximum_batching_window_in_seconds"}, {"StartingPosition", "starting_position"},
		{"MaximumRetryAttempts", "maximum_retry_attempts"}, {"MaximumRecordAgeInSeconds", "maximum_record_age_in_seconds"},
		{"BisectBatchOnFunctionError", "bisect_batch_on_function_error"}, {"DestinationConfig.OnFailure.Destination", "destination_config.on_failure.destination_arn"},
	}},
	{"AWS::SNS::Subscription", "aws_sns_topic_subscription", [][2]string{
		{"TopicArn", "topic_arn"}, {"Protocol", "protocol"}, {"Endpoint", "endpoint"}, {"RedrivePolicy", "redrive_policy"},
	}},
	{"AWS::Lambda::Url", "aws_lambda_function_url", [][2]string{{"AuthType", "authorization_type"}}},
	{"AWS::CloudWatch::MetricStream", "aws_cloudwatch_metric_stream", [][2]string{
		{"FirehoseArn", "firehose_arn"}, {"RoleArn", "role_arn"}, {"OutputFormat", "output_format"}, {"IncludeFilters.Namespace", "include_filter.namespace"},
	}},
	{"AWS::KinesisFirehose::DeliveryStream", "aws_kinesis_firehose_delivery_stream", [][2]string{
		{"ExtendedS3DestinationConfiguration.BucketARN", "extended_s3_configuration.bucket_arn"},
		{"ExtendedS3DestinationConfiguration.RoleARN", "extended_s3_configuration.role_arn"},
		{"ExtendedS3DestinationConfiguration.Prefix", "extended_s3_configuration.prefix"},
		{"ExtendedS3DestinationConfiguration.ErrorOutputPrefix", "extended_s3_configuration.error_output_prefix"},
		{"ExtendedS3DestinationConfiguration.CompressionFormat", "extended_s3_configuration.compression_format"},
		{"ExtendedS3DestinationConfiguration.BufferingHints.IntervalInSeconds", "extended_s3_configuration.buffering_interval"},
		{"ExtendedS3DestinationConfiguration.BufferingHints.SizeInMBs", "extended_s3_configuration.buffering_size"},
		{"ExtendedS3DestinationConfiguration.ProcessingConfiguration.Processors.Parameters.ParameterName", "extended_s3_configuration.processing_configuration.processors.parameters.parameter_name"},
		{"ExtendedS3DestinationConfiguration.ProcessingConfiguration.Processors.Parameters.ParameterValue", "extended_s3_configuration.processing_configuration.processors.parameters.parameter_value"},
	}},
}

// TestTerraformMakesWhatSAMMakes evaluates the configuration without Terraform, whose
// provider is no library, and holds every resource against the SAM template's.
func TestTerraformMakesWhatSAMMakes(t *testing.T) {
	withNull := full()
	withNull.Sources = slices.DeleteFunc(withNull.Sources, func(s lambdapack.Source) bool { return s.Name == "bus" }) // CloudFormation has no null
	for name, p := range map[string]lambdapack.Plan{"full": withNull, "bare": bare()} {
		sam := readYAML(t, template.SAM(p)[0].Data)
		made := evaluate(t, template.Terraform(p))
		names := map[string]string{} // the type alone: Terraform's names differ
		for id, r := range sam.Resources {
			names[id] = typeOf(r)
		}
		known := map[string]bool{}
		for _, c := range counterparts {
			known[c.terraform] = true
			var want, got []string
			for _, r := range sam.Resources {
				if typeOf(r) == c.cloudFormation {
					properties := canonical(r, names).Properties
					want = append(want, string(asJSON(t, picked(properties, c.properties, 0))))
				}
			}
			for _, r := range made[c.terraform] {
				got = append(got, string(asJSON(t, picked(r, c.properties, 1))))
			}
			slices.Sort(want)
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: %s (-SAM +Terraform):\n%s", name, c.terraform, diff)
			}
		}
		for kind := range made {
			if !known[kind] {
				t.Errorf("%s: nothing of the SAM template is %s", name, kind)
			}
		}
	}
}

// picked are the properties at the paths of one side, under the names of the other.
func picked(properties map[string]any, paths [][2]string, side int) map[string]any {
	out := map[string]any{}
	for _, p := range paths {
		if v := at(properties, strings.Split(p[side], ".")); v != nil {
			out[p[0]] = v
		}
	}
	return out
}

// at is the value at a path. What stands in a list is looked at one by one; one value alone
// is as good as a list of it, as a block of Terraform is.
func at(v any, path []string) any {
	if list, ok := v.([]any); ok && len(path) > 0 {
		var all []any
		for _, m := range list {
			if got := at(m, path); got != nil {
				all = append(all, got)
			}
		}
		if len(all) == 1 {
			return all[0]
		}
		if all == nil {
			return nil
		}
		return all
	}
	if len(path) == 0 {
		return v
	}
	m, _ := v.(map[string]any)
	return at(m[path[0]], path[1:])
}

// evaluate reads the files and says what the resources of each type are.
func evaluate(t *testing.T, files []template.File) map[string][]map[string]any {
	t.Helper()
	var blocks []*hclsyntax.Block
	for _, f := range files {
		if formatted := hclwrite.Format(f.Data); string(formatted) != string(f.Data) {
			t.Errorf("%s is not formatted: %s", f.Name, cmp.Diff(string(formatted), string(f.Data)))
		}
		parsed, wrong := hclsyntax.ParseConfig(f.Data, f.Name, hcl.InitialPos)
		if wrong.HasErrors() {
			t.Fatalf("%v\n%s", wrong, f.Data)
		}
		blocks = append(blocks, parsed.Body.(*hclsyntax.Body).Blocks...)
	}
	scope := scopeOf(blocks)
	made := map[string][]map[string]any{}
	for _, b := range blocks {
		if b.Type == "resource" {
			made[b.Labels[0]] = append(made[b.Labels[0]], body(t, b.Body, scope))
		} else {
			body(t, b.Body, scope)
		}
	}
	return made
}

// attributes are those of a resource that others refer to, and CloudFormation's for them.
var attributes = map[string]string{
	"arn": ".Arn", "id": "", "name": "", "function_name": "", "url": "", "function_url": ".FunctionUrl",
}

// scopeOf is what expressions can refer to: each resource as CloudFormation refers to it.
func scopeOf(blocks []*hclsyntax.Block) *hcl.EvalContext {
	byType := map[string]map[string]cty.Value{}
	variables := map[string]cty.Value{"": cty.EmptyObjectVal}
	for _, b := range blocks {
		switch b.Type {
		case "resource":
			if byType[b.Labels[0]] == nil {
				byType[b.Labels[0]] = map[string]cty.Value{}
			}
			kind := b.Labels[0]
			for _, c := range counterparts {
				if c.terraform == kind {
					kind = c.cloudFormation
				}
			}
			refs := map[string]cty.Value{}
			for name, theirs := range attributes {
				refs[name] = cty.StringVal("→" + kind + theirs)
			}
			byType[b.Labels[0]][b.Labels[1]] = cty.ObjectVal(refs)
		case "variable":
			variables[b.Labels[0]] = cty.StringVal("→") // a parameter; SAM's have no type here either
		}
	}
	data := func(name string) cty.Value {
		return cty.ObjectVal(map[string]cty.Value{"current": cty.ObjectVal(map[string]cty.Value{name: cty.StringVal("any")})})
	}
	scope := map[string]cty.Value{
		"local": cty.ObjectVal(map[string]cty.Value{
			"account": cty.StringVal("<AccountId>"), "partition": cty.StringVal("<Partition>"), "region": cty.StringVal("<Region>"), "zip": cty.StringVal("zip"),
		}),
		"path": cty.ObjectVal(map[string]cty.Value{"module": cty.StringVal(".")}),
		"var":  cty.ObjectVal(variables),
		"data": cty.ObjectVal(map[string]cty.Value{
			"aws_caller_identity": data("account_id"), "aws_partition": data("partition"), "aws_region": data("region"),
		}),
	}
	for kind, labels := range byType {
		scope[kind] = cty.ObjectVal(labels)
	}
	return &hcl.EvalContext{Variables: scope, Functions: map[string]function.Function{
		"jsonencode": stdlib.JSONEncodeFunc, "filebase64sha256": stdlib.UpperFunc,
	}}
}

// references are attributes whose value is a list of other resources, not a property.
var references = []string{"depends_on"}

// body is what a block says; blocks in it are lists.
func body(t *testing.T, b *hclsyntax.Body, scope *hcl.EvalContext) map[string]any {
	t.Helper()
	out := map[string]any{}
	for name, a := range b.Attributes {
		if slices.Contains(references, name) {
			continue
		}
		if name == "type" && len(hcl.ExprAsKeyword(a.Expr)) > 0 {
			continue // of a variable
		}
		v, wrong := a.Expr.Value(scope)
		if wrong.HasErrors() {
			t.Fatalf("%s: %v", name, wrong)
		}
		text, err := ctyjson.SimpleJSONValue{Value: v}.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		out[name] = settled(name, decoded(t, text), nil)
	}
	for _, inner := range b.Blocks {
		list, _ := out[inner.Type].([]any)
		out[inner.Type] = append(list, body(t, inner.Body, scope))
	}
	return out
}

// decoded is a value; a text with JSON in it, as policies are in Terraform, is that.
func decoded(t *testing.T, text []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	if s, ok := v.(string); ok && strings.HasPrefix(s, "{") && json.Valid([]byte(s)) {
		return decoded(t, []byte(s))
	}
	return v
}

// TestTerraformFormats has Terraform itself look at the files, where it is installed. It
// checks their syntax and form; to validate them it needs its provider, from the network.
func TestTerraformFormats(t *testing.T) {
	program, err := exec.LookPath("terraform")
	if err != nil {
		t.Skip("skipped: terraform fmt; terraform is not there")
	}
	for name, p := range map[string]lambdapack.Plan{"full": full(), "bare": bare()} {
		dir := t.TempDir()
		write(t, dir, template.Terraform(p))
		fmt := exec.Command(program, "fmt", "-check", "-diff")
		fmt.Dir = dir
		if out, err := fmt.CombinedOutput(); err != nil {
			t.Errorf("%s: terraform fmt: %v\n%s", name, err, out)
		}
	}
}

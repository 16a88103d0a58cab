package lambdapack

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

const here = "${AWS::Region}:${AWS::AccountId}:"

func TestPermissionsOfTargets(t *testing.T) {
	for _, tt := range []struct {
		plugin, config string
		grants         pluginGrants
		want           []string // "action action resource resource"
		warned         string
	}{
		{plugin: "log", config: `{}`, grants: pluginGrants{shipped: true}},
		{plugin: "sqs", config: `{"queue":"orders.fifo"}`, grants: pluginGrants{shipped: true},
			want: []string{"sqs:GetQueueUrl sqs:SendMessage arn:${AWS::Partition}:sqs:" + here + "orders.fifo"}},
		{plugin: "sqs", config: `{"queue":"arn:aws:sqs:us-east-1:111122223333:q"}`, grants: pluginGrants{shipped: true},
			want: []string{"sqs:GetQueueUrl sqs:SendMessage arn:aws:sqs:us-east-1:111122223333:q"}},
		{plugin: "sqs", config: `{"queue":"https://sqs.eu-west-1.amazonaws.com/111122223333/q"}`, grants: pluginGrants{shipped: true},
			want: []string{"sqs:GetQueueUrl sqs:SendMessage arn:${AWS::Partition}:sqs:eu-west-1:111122223333:q"}},
		{plugin: "sns", config: `{"topic":"arn:aws:sns:us-east-1:111122223333:t"}`, grants: pluginGrants{shipped: true},
			want: []string{"sns:Publish arn:aws:sns:us-east-1:111122223333:t"}},
		{plugin: "sns", config: `{"topic":"t"}`, grants: pluginGrants{shipped: true},
			want: []string{"sns:Publish arn:${AWS::Partition}:sns:" + here + "t"}, warned: "SNS does not take"},
		{plugin: "kinesis", config: `{"stream":"clicks"}`, grants: pluginGrants{shipped: true},
			want: []string{"kinesis:PutRecords arn:${AWS::Partition}:kinesis:" + here + "stream/clicks"}},
		{plugin: "autoscaling", config: `{"group":"web","desired":3}`, grants: pluginGrants{shipped: true},
			want: []string{"autoscaling:SetDesiredCapacity arn:${AWS::Partition}:autoscaling:" + here + "autoScalingGroup:*:autoScalingGroupName/web"}},
		{plugin: "autoscaling", config: `{"group":"web","policy":"grow"}`, grants: pluginGrants{shipped: true},
			want: []string{"autoscaling:ExecutePolicy arn:${AWS::Partition}:autoscaling:" + here + "autoScalingGroup:*:autoScalingGroupName/web"}},
		{plugin: "autoscaling", config: `{"group":"web","change":1}`, grants: pluginGrants{shipped: true}, warned: "may describe all",
			want: []string{"autoscaling:SetDesiredCapacity arn:${AWS::Partition}:autoscaling:" + here + "autoScalingGroup:*:autoScalingGroupName/web",
				"autoscaling:DescribeAutoScalingGroups *"}},
		{plugin: "autoscaling", config: `{"group":"$.detail.group","desired":3}`, grants: pluginGrants{shipped: true}, warned: "any group",
			want: []string{"autoscaling:SetDesiredCapacity arn:${AWS::Partition}:autoscaling:" + here + "autoScalingGroup:*:autoScalingGroupName/*"}},
		{plugin: "ec2", config: `{"action":"reboot","instances":["i-0123456789abcdef0","i-01234567"]}`, grants: pluginGrants{shipped: true},
			want: []string{"ec2:RebootInstances arn:${AWS::Partition}:ec2:" + here + "instance/i-0123456789abcdef0 arn:${AWS::Partition}:ec2:" + here + "instance/i-01234567"}},
		{plugin: "ec2", config: `{"action":"stop","instances":"$.detail.id"}`, grants: pluginGrants{shipped: true}, warned: "may stop any instance",
			want: []string{"ec2:StopInstances arn:${AWS::Partition}:ec2:" + here + "instance/*"}},
		{plugin: "mine", config: `{}`, grants: pluginGrants{allow: abi.Grants{AWS: []abi.AWSGrant{
			{Service: "sns", Actions: []string{"PublishBatch", "Publish"}, Resources: []string{"arn:aws:sns:us-east-1:111122223333:t"}},
			{Service: "sqs", Actions: []string{"SendMessage"}, Resources: []string{"a", "b*"}}}}},
			want: []string{"sns:Publish arn:aws:sns:us-east-1:111122223333:t",
				"sqs:SendMessage arn:${AWS::Partition}:sqs:" + here + "a arn:${AWS::Partition}:sqs:" + here + "b*"}},
		{plugin: "mine", config: `{}`, grants: pluginGrants{allow: abi.Grants{AWS: []abi.AWSGrant{{Service: "monitoring", Actions: []string{"PutMetricData"}}}}},
			want: []string{"cloudwatch:PutMetricData *"}, warned: "on every resource"},
	} {
		t.Run(tt.plugin+" "+tt.config, func(t *testing.T) {
			r := &role{}
			r.target(rulefile.Target{Name: "t", Plugin: tt.plugin, Config: []byte(tt.config)}, tt.grants)
			var got []string
			for _, s := range r.statements {
				got = append(got, strings.Join(append(s.Actions, s.Resources...), " "))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if (len(r.warnings) > 0) != (tt.warned != "") || tt.warned != "" && !strings.Contains(r.warnings[0].Message, tt.warned) {
				t.Errorf("warnings %+v, want %q", r.warnings, tt.warned)
			}
		})
	}
}

func TestPermissionsOfPlan(t *testing.T) {
	p := &Plan{Function: Function{Name: "f"}, State: &Table{Name: "s"}, DeadLetters: &Queue{Name: "d"}, Environment: []Variable{{"TOCSIN_LAMBDA_EMIT", "derived"}},
		Sources: given(t, "sqs:arn:aws:sqs:eu-west-1:123456789012:q", "sqs:arn:aws:sqs:eu-west-1:123456789012:r", "s3:trail/AWSLogs/",
			"kinesis:arn:aws:kinesis:us-east-1:123456789012:stream/c", "dynamodb:arn:aws:dynamodb:us-east-1:123456789012:table/t/stream/1", "alarms")}
	statements, warnings := permissions(p, nil, nil)
	if len(warnings) > 0 {
		t.Error(warnings)
	}
	got := map[string][]string{}
	for _, s := range statements {
		got[s.SID] = s.Resources
	}
	if diff := cmp.Diff(map[string][]string{
		"LogsLog":                  {"arn:${AWS::Partition}:logs:" + here + "log-group:/aws/lambda/f:*"},
		"SqsSourceSqsQ":            {"arn:aws:sqs:eu-west-1:123456789012:q", "arn:aws:sqs:eu-west-1:123456789012:r"},
		"S3SourceS3Trail":          {"arn:${AWS::Partition}:s3:::trail/AWSLogs/*"},
		"KinesisSourceKinesisC":    {"arn:aws:kinesis:us-east-1:123456789012:stream/c"},
		"DynamodbSourceDynamodbT":  {"arn:aws:dynamodb:us-east-1:123456789012:table/t/stream/1"},
		"DynamodbSourceDynamodbT2": {"arn:aws:dynamodb:us-east-1:123456789012:table/t/stream/*"},
		"DynamodbState":            {"arn:${AWS::Partition}:dynamodb:" + here + "table/s"},
		"EventsEmittedEvents":      {"arn:${AWS::Partition}:events:" + here + "event-bus/derived"},
		"SqsDeadLetters":           {"arn:${AWS::Partition}:sqs:" + here + "d"},
	}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

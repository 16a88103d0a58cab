package template_test

import (
	"encoding/json"

	"github.com/tocsin-engine/tocsin/runtime/lambdapack"
)

// arn is one in the account of the deployment.
func arn(service, resource string) string {
	return "arn:" + lambdapack.Partition + ":" + service + ":" + lambdapack.Region + ":" + lambdapack.Account + ":" + resource
}

// full is a plan with everything that a plan can have.
func full() lambdapack.Plan {
	stream := &lambdapack.Mapping{BatchSize: 100, WindowSeconds: 1, StartingPosition: "LATEST", Retries: 10, MaxAgeSeconds: 86400, Bisect: true}
	return lambdapack.Plan{
		Version: 1,
		Function: lambdapack.Function{
			Name: "tocsin", Description: `watches "everything"`, Arch: "arm64", MemoryMB: 256, TimeoutSeconds: 30, LogRetentionDays: 30, Retries: 2,
		},
		Zip: lambdapack.Zip{Path: "tocsin.zip"},
		Environment: []lambdapack.Variable{
			{Name: "TOCSIN_ACCOUNT", Value: lambdapack.Account},
			{Name: "NASTY", Value: "\"q\" 'a' `b` \\ ${x} $${y} %{if} $" + lambdapack.Region + "\n\t\x01 # é \u2028 \U0001f514 </script>"},
			{Name: "NASTY_PLAIN", Value: "\"q\" 'a' `b` \\ ${x} $${y} %{if} \r\n: - {} [] *a &b !c | > @"},
			{Name: "TOCSIN_LAMBDA_STATE", Value: "dynamodb:tocsin-state"},
		},
		Secrets:     []string{"TOCSIN_PLUGIN_SECRET_TOKEN", "TOCSIN_PLUGIN_SECRET_TOKEN_2"},
		State:       &lambdapack.Table{Name: "tocsin-state", PartitionKey: "space", SortKey: "key", TTL: "expires"},
		DeadLetters: &lambdapack.Queue{Name: "tocsin-dead-letters", RetentionDays: 14},
		Sources: []lambdapack.Source{
			{
				Kind: lambdapack.EventBridge, Name: "aws-ec2", Rules: []string{"instance-stopped"}, Bus: "default", AllCalls: true,
				Pattern: json.RawMessage(`{"detail":{"amount":[{"numeric":[">=",1.5e2]}],"eventName":["StopInstances","TerminateInstances","RebootInstances"],"state":["stopped","shutting-down",{"prefix":"\"${x} %{y}\\"}],"size":[true,0.1,-12]},"source":["aws.ec2"]}`),
			},
			{Kind: lambdapack.EventBridge, Name: "bus", Bus: "shop", Pattern: json.RawMessage(`{"$or":[{"source":["shop"]},{"detail":{"reason":[null]}}]}`)},
			{Kind: lambdapack.Schedule, Name: "schedule-rate-5-minutes", Schedule: "rate(5 minutes)"},
			{Kind: lambdapack.Logs, Name: "logs-app-checkout", LogGroup: "/app/checkout", FilterPattern: `{ $.level = "error" }`},
			{Kind: lambdapack.MetricStream, Name: "metric-stream-my-metrics", Bucket: "my-metrics", Namespaces: []string{"AWS/EC2", "Shop"}},
			{Kind: lambdapack.SQS, Name: "sqs-alerts", ARN: "arn:aws:sqs:eu-west-1:111122223333:alerts", Mapping: &lambdapack.Mapping{BatchSize: 100, WindowSeconds: 1}},
			{Kind: lambdapack.SQS, Name: "sqs-orders-fifo", ARN: "arn:aws:sqs:eu-west-1:111122223333:orders.fifo", Mapping: &lambdapack.Mapping{BatchSize: 10}},
			{Kind: lambdapack.Kinesis, Name: "kinesis-clicks", ARN: "arn:aws:kinesis:eu-west-1:111122223333:stream/clicks", Mapping: stream},
			{Kind: lambdapack.DynamoDB, Name: "dynamodb-orders", ARN: "arn:aws:dynamodb:eu-west-1:111122223333:table/orders/stream/2026-01-02T03:04:05.678", Mapping: stream},
			{Kind: lambdapack.SNS, Name: "sns-alarms", ARN: "arn:aws:sns:eu-west-1:111122223333:alarms"},
			{Kind: lambdapack.S3, Name: "s3-my-trail", Bucket: "my-trail", Prefix: "AWSLogs"},
			{Kind: lambdapack.Alarms, Name: "alarms"},
			{Kind: lambdapack.FunctionURL, Name: "function-url"},
		},
		Permissions: []lambdapack.Statement{
			{SID: "LogsLog", Actions: []string{"logs:CreateLogStream", "logs:PutLogEvents"}, Resources: []string{arn("logs", "log-group:/aws/lambda/tocsin:*")}, For: []string{"log"}},
			{SID: "SqsTargetPacking", Actions: []string{"sqs:GetQueueUrl", "sqs:SendMessage"}, Resources: []string{arn("sqs", "packing"), arn("sqs", "tocsin-dead-letters")}, For: []string{"target packing", "dead letters"}},
			{SID: "SqsSourceSqsAlerts", Actions: []string{"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"}, Resources: []string{"arn:aws:sqs:eu-west-1:111122223333:alerts"}, For: []string{"source sqs-alerts"}},
			{SID: "DynamodbState", Actions: []string{"dynamodb:GetItem", "dynamodb:PutItem"}, Resources: []string{arn("dynamodb", "table/tocsin-state")}, For: []string{"state"}},
		},
		Warnings: []lambdapack.Warning{{About: "target stop-it", Message: "it may stop any instance", Help: "list the instances"}},
	}
}

// bare is a plan with as little as one can have.
func bare() lambdapack.Plan {
	return lambdapack.Plan{
		Version:     1,
		Function:    lambdapack.Function{Name: "small", Description: "one rule", Arch: "amd64", MemoryMB: 128, TimeoutSeconds: 10, LogRetentionDays: 7, Retries: 2},
		Zip:         lambdapack.Zip{Path: "small.zip"},
		Sources:     []lambdapack.Source{{Kind: lambdapack.SQS, Name: "sqs-a", ARN: "arn:aws:sqs:eu-west-1:111122223333:a", Mapping: &lambdapack.Mapping{BatchSize: 10}}},
		Permissions: []lambdapack.Statement{{SID: "LogsLog", Actions: []string{"logs:PutLogEvents"}, Resources: []string{arn("logs", "log-group:/aws/lambda/small:*")}, For: []string{"log"}}},
	}
}

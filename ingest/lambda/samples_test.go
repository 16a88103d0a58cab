package lambda

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/sdk/event"
	"github.com/tocsin-engine/tocsin/sdk/sharedtest"
)

var defaults = event.Fields{Account: "000000000000", Region: "us-east-1", Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}

// sample is what one recorded payload is read as.
type sample struct {
	kind Kind
	// records count, events are "source/detail-type" of all events, objects and skips count.
	records int
	events  []string
	objects int
	skipped int
	// refused is part of the error of a payload that is none of ours.
	refused string
}

// placeholders are filled into those samples that are templates.
var placeholders = strings.NewReplacer(
	"{{{data}}}", "SGVsbG8=", "{{{body}}}", "SGVsbG8=", "{{{region}}}", "us-east-1", "{{{account_id}}}", "123456789012",
	"{{{partition}}}", "aws", "{{{method}}}", "POST", "{{{path}}}", "path", "{{{key}}}", "some%2Fkey", "{{{bucket}}}", "some-bucket",
	"{{{dns_suffix}}}", "amazonaws.com")

const (
	logEvent      = "tocsin.logs/Log Event"
	alarmEvent    = "aws.cloudwatch/CloudWatch Alarm State Change"
	itemEvent     = "tocsin.dynamodb/DynamoDB Stream Record"
	streamEvent   = "tocsin.kinesis/Kinesis Record"
	firehoseEvent = "tocsin.firehose/Firehose Record"
	createdEvent  = "aws.s3/Object Created"
)

var samples = map[string]sample{
	"aws-lambda-go/apigw-request.json":                                                      {kind: HTTP},
	"aws-lambda-go/apigw-response.json":                                                     {refused: "no known source"},
	"aws-lambda-go/apigw-v2-custom-authorizer-v1-request.json":                              {refused: "no known source"},
	"aws-lambda-go/apigw-v2-custom-authorizer-v2-request.json":                              {refused: "no known source"},
	"aws-lambda-go/apigw-v2-request-iam.json":                                               {kind: HTTP},
	"aws-lambda-go/apigw-v2-request-jwt-authorizer.json":                                    {kind: HTTP},
	"aws-lambda-go/apigw-v2-request-lambda-authorizer.json":                                 {kind: HTTP},
	"aws-lambda-go/apigw-v2-request-no-authorizer.json":                                     {kind: HTTP},
	"aws-lambda-go/autoscaling-event-launch-successful.json":                                {kind: EventBridge, records: 1, events: []string{"aws.autoscaling/EC2 Instance Launch Successful"}},
	"aws-lambda-go/autoscaling-event-launch-unsuccessful.json":                              {kind: EventBridge, records: 1, events: []string{"aws.autoscaling/EC2 Instance Launch Unsuccessful"}},
	"aws-lambda-go/autoscaling-event-lifecycle-action.json":                                 {kind: EventBridge, records: 1, events: []string{"aws.autoscaling/EC2 Instance-launch Lifecycle Action"}},
	"aws-lambda-go/autoscaling-event-terminate-action.json":                                 {kind: EventBridge, records: 1, events: []string{"aws.autoscaling/EC2 Instance-terminate Lifecycle Action"}},
	"aws-lambda-go/autoscaling-event-terminate-successful.json":                             {kind: EventBridge, records: 1, events: []string{"aws.autoscaling/EC2 Instance Terminate Successful"}},
	"aws-lambda-go/autoscaling-event-terminate-unsuccessful.json":                           {kind: EventBridge, records: 1, events: []string{"aws.autoscaling/EC2 Instance Terminate Unsuccessful"}},
	"aws-lambda-go/cloudwatch-alarm-sns-payload-multiple-metrics.json":                      {kind: SNS, records: 1, events: []string{alarmEvent}},
	"aws-lambda-go/cloudwatch-alarm-sns-payload-single-metric.json":                         {kind: SNS, records: 1, events: []string{alarmEvent}},
	"aws-lambda-go/cloudwatch-logs-event.json":                                              {kind: Logs, records: 1, events: slices.Repeat([]string{logEvent}, 2)},
	"aws-lambda-go/codebuild-state-change.json":                                             {kind: EventBridge, records: 1, events: []string{"aws.codebuild/CodeBuild Build State Change"}},
	"aws-lambda-go/config-event.json":                                                       {refused: "no known source"},
	"aws-lambda-go/dynamodb-event-malformed.2.json":                                         {refused: "the payload is no JSON: event:"},
	"aws-lambda-go/dynamodb-event.json":                                                     {kind: DynamoDB, records: 2, events: slices.Repeat([]string{itemEvent}, 2)},
	"aws-lambda-go/dynamodb-time-window-event.json":                                         {kind: DynamoDB, records: 3, events: slices.Repeat([]string{itemEvent}, 3)},
	"aws-lambda-go/ecr-image-push-event.json":                                               {kind: EventBridge, records: 1, events: []string{"aws.ecr/ECR Image Action"}},
	"aws-lambda-go/ecr-image-scan-event.json":                                               {kind: EventBridge, records: 1, events: []string{"aws.ecr/ECR Image Scan"}},
	"aws-lambda-go/ecs-container-instance-state-change.json":                                {kind: EventBridge, records: 1, events: []string{"aws.ecs/ECS Container Instance State Change"}},
	"aws-lambda-go/kinesis-analytics-output-delivery-event.json":                            {refused: "no known source"},
	"aws-lambda-go/kinesis-analytics-output-delivery-response.json":                         {refused: "no known source"},
	"aws-lambda-go/kinesis-event.json":                                                      {kind: Kinesis, records: 2, events: slices.Repeat([]string{streamEvent}, 2)},
	"aws-lambda-go/kinesis-firehose-event.json":                                             {kind: Firehose, records: 2, events: slices.Repeat([]string{firehoseEvent}, 2)},
	"aws-lambda-go/kinesis-firehose-response.json":                                          {refused: "no known source"},
	"aws-lambda-go/kinesis-time-window-event.json":                                          {kind: Kinesis, records: 1, events: []string{streamEvent}},
	"aws-lambda-go/lambda-urls-request.json":                                                {kind: HTTP},
	"aws-lambda-go/lambda-urls-response.json":                                               {refused: "no known source"},
	"aws-lambda-go/s3-event-with-decoded.json":                                              {kind: S3, records: 1, events: []string{createdEvent}},
	"aws-lambda-go/s3-event.json":                                                           {kind: S3, records: 1, events: []string{createdEvent}},
	"aws-lambda-go/ses-s3-event.json":                                                       {refused: "no known source"},
	"aws-lambda-go/ses-sns-event.json":                                                      {refused: "no known source"},
	"aws-lambda-go/sns-event.json":                                                          {kind: SNS, records: 1, events: []string{"tocsin.sns/SNS Notification"}},
	"aws-lambda-go/sqs-event.json":                                                          {kind: SQS, records: 1, events: []string{"tocsin.sqs/SQS Message"}},
	"aws-lambda-rust-runtime/example-cloudwatch-alarm-composite-with-suppressor-alarm.json": {kind: EventBridge, records: 1, events: []string{alarmEvent}},
	"aws-lambda-rust-runtime/example-cloudwatch-alarm-composite.json":                       {kind: Alarm, records: 1, events: []string{alarmEvent}},
	"aws-lambda-rust-runtime/example-cloudwatch-alarm-metric.json":                          {kind: Alarm, records: 1, events: []string{alarmEvent}},
	"aws-lambda-rust-runtime/example-cloudwatch-cloudtrail-assumed-role.json":               {kind: Direct, records: 1, events: []string{"aws.controltower/AWS API Call via CloudTrail"}},
	"aws-lambda-rust-runtime/example-cloudwatch-cloudtrail-unknown-federate.json":           {kind: Direct, records: 1, events: []string{"aws.sso/AWS Service Event via CloudTrail"}},
	"aws-lambda-rust-runtime/example-eventbridge-event-obj.json":                            {kind: EventBridge, records: 1, events: []string{"aws.ec2/EC2 Instance State-change Notification"}},
	"aws-lambda-rust-runtime/example-eventbridge-schedule.json":                             {kind: EventBridge, records: 1, events: []string{"aws.events/Scheduled Event"}},
	"aws-lambda-rust-runtime/example-sqs-batch-response.json":                               {refused: "no known source"},
	"aws-sam-cli/apigateway__ApiGatewayAuthorizer.json":                                     {refused: "no known source"},
	"aws-sam-cli/apigateway__ApiGatewayRestRequestAuthorizer.json":                          {refused: "no known source"},
	"aws-sam-cli/apigateway__AwsProxy.json":                                                 {kind: HTTP},
	"aws-sam-cli/apigateway__HttpApi.json":                                                  {kind: HTTP},
	"aws-sam-cli/cloudwatch__CloudwatchLogs.json":                                           {kind: Logs, records: 1, events: slices.Repeat([]string{logEvent}, 2)},
	"aws-sam-cli/cloudwatch__ScheduledEvent.json":                                           {kind: EventBridge, records: 1, events: []string{"aws.events/Scheduled Event"}},
	"aws-sam-cli/config__ConfigurationItemChangeNotification.json":                          {refused: "no known source"},
	"aws-sam-cli/config__OversizedConfigurationItemChangeNotification.json":                 {refused: "no known source"},
	"aws-sam-cli/config__PeriodicRule.json":                                                 {refused: "no known source"},
	"aws-sam-cli/dynamodb__DynamoDBUpdate.json":                                             {kind: DynamoDB, records: 3, events: slices.Repeat([]string{itemEvent}, 3)},
	"aws-sam-cli/kinesis__Kinesis.json":                                                     {kind: Kinesis, records: 1, events: []string{streamEvent}},
	"aws-sam-cli/kinesis__KinesisAnalytics.json":                                            {refused: "no known source"},
	"aws-sam-cli/kinesis__KinesisAnalyticsKpl.json":                                         {refused: "no known source"},
	"aws-sam-cli/kinesis__KinesisFirehose.json":                                             {kind: Firehose, records: 1, events: []string{firehoseEvent}},
	"aws-sam-cli/kinesis__KinesisFirehoseApachelog.json":                                    {kind: Firehose, records: 1, events: []string{firehoseEvent}},
	"aws-sam-cli/kinesis__KinesisFirehoseCloudwatchLogsProcessor.json":                      {kind: Firehose, records: 4, events: slices.Repeat([]string{logEvent}, 9), skipped: 1},
	"aws-sam-cli/kinesis__KinesisFirehoseStreamsAsSource.json":                              {kind: Firehose, records: 1, events: []string{firehoseEvent}},
	"aws-sam-cli/kinesis__KinesisFirehoseSyslog.json":                                       {kind: Firehose, records: 2, events: slices.Repeat([]string{firehoseEvent}, 2)},
	"aws-sam-cli/s3__S3BatchInvocation.json":                                                {refused: "no known source"},
	"aws-sam-cli/s3__S3Delete.json":                                                         {kind: S3, records: 1, events: []string{"aws.s3/Object Deleted"}},
	"aws-sam-cli/s3__S3Put.json":                                                            {kind: S3, records: 1, events: []string{createdEvent}},
	"aws-sam-cli/sns__Sns.json":                                                             {kind: SNS, records: 1, events: []string{"tocsin.sns/SNS Notification"}},
	"aws-sam-cli/sqs__Sqs.json":                                                             {kind: SQS, records: 1, events: []string{"tocsin.sqs/SQS Message"}},
	"aws-sam-cli/stepfunctions__StepFunctionsError.json":                                    {refused: "no known source"},
	"powertools-lambda-python/cloudWatchAlarmEventCompositeMetric.json":                     {kind: Alarm, records: 1, events: []string{alarmEvent}},
	"powertools-lambda-python/cloudWatchAlarmEventSingleMetric.json":                        {kind: Alarm, records: 1, events: []string{alarmEvent}},
	"powertools-lambda-python/cloudWatchLogEvent.json":                                      {kind: Logs, records: 1, events: slices.Repeat([]string{logEvent}, 2)},
	"powertools-lambda-python/cloudWatchLogEventWithPolicyLevel.json":                       {kind: Logs, records: 1, events: slices.Repeat([]string{logEvent}, 2)},
	"powertools-lambda-python/eventBridgeEvent.json":                                        {kind: EventBridge, records: 1, events: []string{"aws.ec2/EC2 Instance State-change Notification"}},
	"powertools-lambda-python/kinesisFirehoseKinesisEvent.json":                             {kind: Firehose, records: 2, events: slices.Repeat([]string{firehoseEvent}, 2)},
	"powertools-lambda-python/kinesisFirehosePutEvent.json":                                 {kind: Firehose, records: 2, events: slices.Repeat([]string{firehoseEvent}, 2)},
	"powertools-lambda-python/kinesisFirehoseSQSEvent.json":                                 {kind: Firehose, records: 1, events: []string{firehoseEvent}},
	"powertools-lambda-python/kinesisStreamCloudWatchLogsEvent.json":                        {kind: Kinesis, records: 2, events: slices.Repeat([]string{logEvent}, 6)},
	"powertools-lambda-python/s3EventBridgeNotificationObjectCreatedEvent.json":             {kind: EventBridge, records: 1, events: []string{createdEvent}},
	"powertools-lambda-python/s3SqsEvent.json":                                              {kind: SQS, records: 1, events: []string{createdEvent}},
	"powertools-lambda-python/snsSqsEvent.json":                                             {kind: SQS, records: 1, events: []string{"tocsin.sns/SNS Notification"}},
}

func read(t *testing.T, name string) sample {
	t.Helper()
	raw, err := os.ReadFile(sharedtest.Path(t, "lambda-events/"+name))
	if err != nil {
		t.Fatal(err)
	}
	p, err := Read([]byte(placeholders.Replace(string(raw))), defaults)
	if err != nil {
		return sample{refused: err.Error()}
	}
	s := sample{kind: p.Kind, records: len(p.Records)}
	for _, r := range p.Records {
		if r.Err != nil {
			t.Errorf("%s: %v", name, r.Err)
		}
		for _, ev := range r.Events {
			s.events = append(s.events, ev.Source+"/"+ev.DetailType)
		}
		s.objects += len(r.Objects)
		if r.Skipped != "" {
			s.skipped++
		}
	}
	return s
}

func TestSamples(t *testing.T) {
	root := sharedtest.Path(t, "lambda-events")
	found := map[string]bool{}
	files, err := filepath.Glob(root + "/*/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal(err, len(files))
	}
	for _, file := range files {
		name := strings.TrimPrefix(file, root+"/")
		found[name] = true
		want, ok := samples[name]
		got := read(t, name)
		if !ok {
			t.Errorf("%s is not in the table: %+v", name, got)
			continue
		}
		if !strings.Contains(got.refused, want.refused) || want.refused == "" && got.refused != "" {
			t.Errorf("%s: refused with %q, want %q", name, got.refused, want.refused)
		}
		got.refused, want.refused = "", ""
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(sample{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	for name := range samples {
		if !found[name] {
			t.Errorf("%s is in the table and not among the samples", name)
		}
	}
}

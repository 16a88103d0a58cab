package service_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/tocsin-engine/tocsin/ingest/awswire"
	"github.com/tocsin-engine/tocsin/runtime/awsapi"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/service/local"
	"github.com/tocsin-engine/tocsin/runtime/store/memory"
	"github.com/tocsin-engine/tocsin/sdk/abi"
	"github.com/tocsin-engine/tocsin/sdk/sharedtest"
)

// table is all local services on one store in memory.
func table(now func() time.Time) *service.Table {
	return service.NewTable(local.Operations(memory.New(memory.Config{}), now, nil))
}

// serve answers AWS clients who sign with AKIATEST and secret.
func serve(t *testing.T) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(awsapi.New(awsapi.Config{Table: table(time.Now), Verifier: verifier(), Account: "123456789012", Region: "us-east-1"}))
	t.Cleanup(server.Close)
	return server
}

func verifier() *awswire.Verifier {
	return awswire.NewVerifier(awswire.VerifierConfig{Now: time.Now, Find: func(key string) (awswire.Credential, bool) {
		return awswire.Credential{Secret: "secret"}, key == "AKIATEST"
	}})
}

func signer(secret string) aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "AKIATEST", SecretAccessKey: secret}, nil
	})
}

func sdkConfig(server *httptest.Server) aws.Config {
	return aws.Config{Region: "us-east-1", Credentials: signer("secret"), BaseEndpoint: &server.URL, RetryMaxAttempts: 1}
}

func TestSDKSQS(t *testing.T) {
	ctx, c := t.Context(), sqs.NewFromConfig(sdkConfig(serve(t)))
	made, err := c.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("orders"), Attributes: map[string]string{"VisibilityTimeout": "60"}})
	if err != nil {
		t.Fatal(err)
	}
	// The SDK verifies the MD5 sums of what it sends and receives.
	_, err = c.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: made.QueueUrl, MessageBody: aws.String("grüße <&>"),
		MessageAttributes: map[string]sqstypes.MessageAttributeValue{
			"n": {DataType: aws.String("Number"), StringValue: aws.String("7")},
			"b": {DataType: aws.String("Binary"), BinaryValue: []byte{0, 1}},
		}})
	if err != nil {
		t.Fatal(err)
	}
	batch, err := c.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: made.QueueUrl, Entries: []sqstypes.SendMessageBatchRequestEntry{
		{Id: aws.String("a"), MessageBody: aws.String("two")}, {Id: aws.String("b"), MessageBody: aws.String("bad\x01")}}})
	if err != nil || len(batch.Successful) != 1 || len(batch.Failed) != 1 {
		t.Fatalf("batch %+v, %v", batch, err)
	}
	got, err := c.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: made.QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1,
		MessageAttributeNames: []string{"All"}, MessageSystemAttributeNames: []sqstypes.MessageSystemAttributeName{"All"}})
	if err != nil || len(got.Messages) != 2 {
		t.Fatalf("received %+v, %v", got, err)
	}
	m := got.Messages[0]
	if *m.Body != "grüße <&>" || *m.MessageAttributes["n"].StringValue != "7" || m.Attributes["SenderId"] != "AKIATEST" {
		t.Errorf("message %+v", m)
	}
	if _, err := c.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: made.QueueUrl, ReceiptHandle: m.ReceiptHandle}); err != nil {
		t.Error(err)
	}
	attributes, err := c.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: made.QueueUrl, AttributeNames: []sqstypes.QueueAttributeName{"All"}})
	if err != nil || attributes.Attributes["ApproximateNumberOfMessagesNotVisible"] != "1" || attributes.Attributes["VisibilityTimeout"] != "60" {
		t.Errorf("attributes %+v, %v", attributes, err)
	}
	var missing *sqstypes.QueueDoesNotExist
	_, err = c.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String("nope")})
	if !errors.As(err, &missing) || missing.ErrorCode() != "AWS.SimpleQueueService.NonExistentQueue" {
		t.Errorf("a missing queue: %v", err)
	}
}

func TestSDKSNS(t *testing.T) {
	config := sdkConfig(serve(t))
	ctx, c, queues := t.Context(), sns.NewFromConfig(config), sqs.NewFromConfig(config)
	topic, err := c.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("alerts")})
	if err != nil {
		t.Fatal(err)
	}
	queue, err := queues.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("inbox")})
	if err != nil {
		t.Fatal(err)
	}
	sub, err := c.Subscribe(ctx, &sns.SubscribeInput{TopicArn: topic.TopicArn, Protocol: aws.String("sqs"), Endpoint: aws.String("arn:aws:sqs:us-east-1:123456789012:inbox"),
		Attributes: map[string]string{"FilterPolicy": `{"level":["high"]}`}, ReturnSubscriptionArn: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, level := range []string{"low", "high"} {
		_, err := c.Publish(ctx, &sns.PublishInput{TopicArn: topic.TopicArn, Message: aws.String("is " + level), Subject: aws.String("s"),
			MessageAttributes: map[string]snstypes.MessageAttributeValue{"level": {DataType: aws.String("String"), StringValue: aws.String(level)}}})
		if err != nil {
			t.Fatal(err)
		}
	}
	got, err := queues.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: queue.QueueUrl, MaxNumberOfMessages: 10})
	if err != nil || len(got.Messages) != 1 || !strings.Contains(*got.Messages[0].Body, `"Message":"is high"`) {
		t.Errorf("messages %+v, %v", got.Messages, err)
	}
	attributes, err := c.GetSubscriptionAttributes(ctx, &sns.GetSubscriptionAttributesInput{SubscriptionArn: sub.SubscriptionArn})
	if err != nil || attributes.Attributes["FilterPolicy"] != `{"level":["high"]}` {
		t.Errorf("attributes %+v, %v", attributes, err)
	}
	list, err := c.ListSubscriptionsByTopic(ctx, &sns.ListSubscriptionsByTopicInput{TopicArn: topic.TopicArn})
	if err != nil || len(list.Subscriptions) != 1 || *list.Subscriptions[0].Protocol != "sqs" {
		t.Errorf("subscriptions %+v, %v", list, err)
	}
}

func TestSDKKinesis(t *testing.T) {
	ctx, c := t.Context(), kinesis.NewFromConfig(sdkConfig(serve(t)))
	if _, err := c.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: aws.String("clicks"), ShardCount: aws.Int32(2)}); err != nil {
		t.Fatal(err)
	}
	put, err := c.PutRecords(ctx, &kinesis.PutRecordsInput{StreamName: aws.String("clicks"), Records: []kinesistypes.PutRecordsRequestEntry{
		{PartitionKey: aws.String("a"), Data: []byte("one")}, {PartitionKey: aws.String("b"), Data: []byte{0xff, 0}}}})
	if err != nil || *put.FailedRecordCount != 0 {
		t.Fatalf("put %+v, %v", put, err)
	}
	seen := ""
	for _, r := range put.Records {
		i, err := c.GetShardIterator(ctx, &kinesis.GetShardIteratorInput{StreamName: aws.String("clicks"), ShardId: r.ShardId,
			ShardIteratorType: kinesistypes.ShardIteratorTypeAtSequenceNumber, StartingSequenceNumber: r.SequenceNumber})
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: i.ShardIterator})
		if err != nil || len(got.Records) != 1 || time.Since(*got.Records[0].ApproximateArrivalTimestamp) > time.Hour {
			t.Fatalf("records %+v, %v", got, err)
		}
		seen += string(got.Records[0].Data)
	}
	if seen != "one\xff\x00" {
		t.Errorf("read back %q", seen)
	}
	at, err := c.GetShardIterator(ctx, &kinesis.GetShardIteratorInput{StreamName: aws.String("clicks"), ShardId: put.Records[0].ShardId,
		ShardIteratorType: kinesistypes.ShardIteratorTypeAtTimestamp, Timestamp: aws.Time(time.Now().Add(-time.Hour))})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := c.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: at.ShardIterator}); err != nil || len(got.Records) != 1 {
		t.Errorf("since an hour ago: %+v, %v", got, err)
	}
	stream, err := c.DescribeStream(ctx, &kinesis.DescribeStreamInput{StreamName: aws.String("clicks")})
	if err != nil || len(stream.StreamDescription.Shards) != 2 {
		t.Errorf("stream %+v, %v", stream, err)
	}
	var missing *kinesistypes.ResourceNotFoundException
	if _, err := c.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: aws.String("nope")}); !errors.As(err, &missing) {
		t.Errorf("a missing stream: %v", err)
	}
}

// cli is AWS CLI 2.9.19 as Debian has it: it speaks query to SQS, unlike newer ones.
const cli = "/usr/bin/aws"

// runCLI runs one command; its answer is JSON, or text with --output text.
func runCLI(t *testing.T, endpoint, command string, more ...string) string {
	t.Helper()
	args := append(strings.Fields(command), more...)
	c := exec.CommandContext(t.Context(), cli, append([]string{"--endpoint-url", endpoint, "--region", "us-east-1"}, args...)...)
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "AWS_ACCESS_KEY_ID=AKIATEST", "AWS_SECRET_ACCESS_KEY=secret",
		"AWS_PAGER=", "AWS_EC2_METADATA_DISABLED=true", "AWS_MAX_ATTEMPTS=1"}
	out, err := c.CombinedOutput()
	if err != nil {
		return fmt.Sprintf("%s%v", out, err)
	}
	return strings.TrimSpace(string(out))
}

// step is a command and a text that must be in its answer; "" wants any but an error. $1
// is the first line of the answer of the last step marked with keep.
type step struct {
	command, want string
	more          []string
	keep          bool
}

// runSteps runs the commands one after the other.
func runSteps(t *testing.T, endpoint string, steps []step) {
	t.Helper()
	kept := ""
	for _, s := range steps {
		command := strings.ReplaceAll(s.command, "$1", kept)
		got := runCLI(t, endpoint, command, s.more...)
		if s.want == "" && strings.Contains(got, "exit status") || !strings.Contains(got, s.want) {
			t.Fatalf("aws %s\n%s\nwant %s", command, got, s.want)
		}
		if s.keep {
			kept, _, _ = strings.Cut(got, "\n")
		}
	}
}

// needCLI skips a test where there is no command line, or no time for it.
func needCLI(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a Python program many times")
	}
	if _, err := os.Stat(cli); err != nil {
		t.Skip("there is no " + cli + " here; apt-get install awscli brings it")
	}
}

func TestCLI(t *testing.T) {
	needCLI(t)
	for name, steps := range map[string][]step{
		"sqs": {
			{command: "sqs create-queue --queue-name q --output text", want: "/123456789012/q", keep: true},
			{command: "sqs send-message --queue-url $1 --message-attributes", more: []string{`{"a":{"DataType":"String","StringValue":"x"}}`, "--message-body", "hello world"},
				want: `"MD5OfMessageBody": "5eb63bbbe01eeed093cb22bb8f5acdc3"`},
			{command: "sqs receive-message --queue-url $1 --attribute-names All --message-attribute-names All", want: `"Body": "hello world"`},
			{command: "sqs get-queue-attributes --queue-url $1 --attribute-names All", want: `"ApproximateNumberOfMessagesNotVisible": "1"`},
			{command: "sqs get-queue-url --queue-name nope", want: "(AWS.SimpleQueueService.NonExistentQueue)"},
		},
		"sns": {
			{command: "sqs create-queue --queue-name inbox --output text", want: "inbox"},
			{command: "sns create-topic --name t --output text", want: "arn:aws:sns:us-east-1:123456789012:t", keep: true},
			{command: "sns subscribe --topic-arn $1 --protocol sqs --notification-endpoint arn:aws:sqs:us-east-1:123456789012:inbox", want: `"SubscriptionArn": "arn:aws:sns:us-east-1:123456789012:t:`},
			{command: "sns publish --topic-arn $1 --subject Hi --message hello", want: `"MessageId"`},
			{command: "sqs receive-message --queue-url http://x/123456789012/inbox --query Messages[0].Body", want: `\"Message\":\"hello\"`},
			{command: "sns list-subscriptions-by-topic --topic-arn $1", want: `"Endpoint": "arn:aws:sqs:us-east-1:123456789012:inbox"`},
			{command: "sns publish --topic-arn arn:aws:sns:us-east-1:123456789012:nope --message x", want: "(NotFound)"},
		},
		"kinesis": {
			{command: "kinesis create-stream --stream-name s --shard-count 1", want: ""},
			{command: "kinesis put-record --stream-name s --partition-key k --data aGk=", want: `"ShardId": "shardId-000000000000"`},
			{command: "kinesis get-shard-iterator --stream-name s --shard-id shardId-000000000000 --shard-iterator-type TRIM_HORIZON --output text", want: "", keep: true},
			{command: "kinesis get-records --shard-iterator $1", want: `"Data": "aGk="`},
			{command: "kinesis list-shards --stream-name s", want: `"EndingHashKey": "340282366920938463463374607431768211455"`},
			{command: "kinesis describe-stream-summary --stream-name nope", want: "(ResourceNotFoundException)"},
		},
		"autoscaling": {
			{command: "autoscaling create-auto-scaling-group --auto-scaling-group-name web --min-size 1 --max-size 4 --availability-zones us-east-1a --launch-template LaunchTemplateName=web", want: ""},
			{command: "autoscaling set-desired-capacity --auto-scaling-group-name web --desired-capacity 3", want: ""},
			{command: "autoscaling describe-auto-scaling-groups --auto-scaling-group-names web", want: `"DesiredCapacity": 3`},
			{command: "autoscaling set-desired-capacity --auto-scaling-group-name web --desired-capacity 5", want: "is above max value 4"},
			{command: "autoscaling put-scaling-policy --auto-scaling-group-name web --policy-name down --adjustment-type ChangeInCapacity --scaling-adjustment=-1 --query PolicyARN --output text", want: "policyName/down", keep: true},
			{command: "autoscaling execute-policy --policy-name $1", want: ""},
			{command: "autoscaling describe-policies --auto-scaling-group-name web", want: `"ScalingAdjustment": -1`},
			{command: "autoscaling describe-scaling-activities --auto-scaling-group-name web --max-items 1", want: "executed policy down changing the desired capacity from 3 to 2"},
		},
		"ec2": {
			{command: "ec2 run-instances --image-id ami-12345678 --count 1 --query Instances[0].InstanceId --output text --tag-specifications",
				more: []string{"ResourceType=instance,Tags=[{Key=Name,Value=web}]"}, want: "i-", keep: true},
			{command: "ec2 describe-instance-status", want: `"Status": "ok"`},
			{command: "ec2 stop-instances --instance-ids $1", want: `"Name": "stopping"`},
			{command: "ec2 describe-instances --filters Name=tag:Name,Values=web", want: `"Name": "stopped"`},
			{command: "ec2 reboot-instances --instance-ids $1", want: "(IncorrectInstanceState)"},
			{command: "ec2 terminate-instances --instance-ids $1", want: `"Name": "shutting-down"`},
			{command: "ec2 stop-instances --instance-ids i-00000000000000000", want: "(InvalidInstanceID.NotFound)"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // most of it is waiting for the interpreter to start
			runSteps(t, serve(t).URL, steps)
		})
	}
}

// recorded is one request of data/wire.
type recorded struct {
	Path    string                `json:"path"`
	Headers map[string]string     `json:"headers"`
	Body    struct{ Text string } `json:"body"`
}

// What real clients sent is answered: every call succeeds or gets the service's own
// error for something that is not there.
func TestRecordedRequests(t *testing.T) {
	count := map[string]int{}
	for _, file := range []string{"awscli-2.9.19-debian", "awscli-1.45.11-botocore-1.43.11", "aws-sdk-go-v2-core-1.47.7"} {
		handler := awsapi.New(awsapi.Config{Table: table(time.Now), Account: "123456789012", Region: "us-east-1"})
		f, err := os.Open(sharedtest.Path(t, "wire/"+file+".jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		lines := bufio.NewScanner(f)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var r recorded
			if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
				t.Fatal(err)
			}
			name := scope(r.Headers["Authorization"])
			if name == "" {
				continue
			}
			request := httptest.NewRequest(http.MethodPost, r.Path, strings.NewReader(r.Body.Text))
			for k, v := range r.Headers {
				request.Header.Set(k, v)
			}
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, request)
			missing := strings.Contains(w.Body.String(), "InvalidInstanceID.NotFound") || strings.Contains(w.Body.String(), "PolicyName not found")
			if w.Code != 200 && !missing {
				t.Errorf("%s: %s answers %d %s", file, r.Body.Text, w.Code, w.Body)
			}
			count[name]++
		}
	}
	for name, want := range map[string]int{"sqs": 7, "sns": 5, "kinesis": 4, "autoscaling": 4, "ec2": 2} {
		if count[name] != want {
			t.Errorf("%d recorded calls of %s, want %d", count[name], name, want)
		}
	}
}

// scope is the service of a signature, if it is one of these.
func scope(authorization string) string {
	for _, name := range []string{"sqs", "sns", "kinesis", "autoscaling", "ec2"} {
		if strings.Contains(authorization, "/"+name+"/aws4_request") {
			return name
		}
	}
	return ""
}

// One Tocsin calls another one, which verifies: what `mode: aws` does with AWS.
func TestSignedCalls(t *testing.T) {
	server := serve(t)
	client := awsapi.NewClient(awsapi.ClientConfig{Table: table(time.Now), Region: "us-east-1", Endpoint: server.URL, Credentials: signer("secret")})
	for _, tc := range []struct{ service, action, params, want string }{
		{"sqs", "CreateQueue", `{"QueueName":"q"}`, `{"QueueUrl":"` + server.URL + `/123456789012/q"}`},
		{"sqs", "GetQueueUrl", `{"QueueName":"nope"}`, `QueueDoesNotExist`},
		{"sns", "CreateTopic", `{"Name":"t","Attributes":{"DisplayName":"x"}}`, `{"TopicArn":"arn:aws:sns:us-east-1:123456789012:t"}`},
		{"sns", "Publish", `{"TopicArn":"arn:aws:sns:us-east-1:123456789012:no","Message":"x"}`, `NotFound`},
		{"sns", "PublishBatch", `{"TopicArn":"arn:aws:sns:us-east-1:123456789012:t","PublishBatchRequestEntries":[{"Id":"0","Message":""}]}`,
			`{"Successful":[],"Failed":[{"Id":"0","Code":"InvalidParameter","Message":"Invalid parameter: Empty message","SenderFault":true}]}`},
		{"kinesis", "CreateStream", `{"StreamName":"s","ShardCount":1}`, `{}`},
		{"autoscaling", "CreateAutoScalingGroup", `{"AutoScalingGroupName":"g","MinSize":0,"MaxSize":3}`, `{}`},
		{"autoscaling", "SetDesiredCapacity", `{"AutoScalingGroupName":"g","DesiredCapacity":2}`, `{}`},
		{"ec2", "StopInstances", `{"InstanceIds":["i-00000000"]}`, `InvalidInstanceID.NotFound`},
		{"lambda", "Invoke", `{}`, `UnknownOperation`},
		{"sqs", "SendMessageBatch", `{"QueueUrl":"x","Entries":[{"Id":"0","MessageBody":"x","Colour":"red"}]}`, `UnknownParameter`},
	} {
		got, errno := client.Call(t.Context(), abi.AWSRequest{Service: tc.service, Action: tc.action, Params: abi.RawJSON(tc.params)})
		text := string(got.Result)
		if got.Error != nil {
			text = got.Error.Code
		}
		if errno != 0 || text != tc.want {
			t.Errorf("%s.%s = %s %+v (errno %d), want %s", tc.service, tc.action, got.Result, got.Error, errno, tc.want)
		}
	}
}

func TestSignedCallsWithTheWrongSecret(t *testing.T) {
	client := awsapi.NewClient(awsapi.ClientConfig{Table: table(time.Now), Region: "us-east-1", Endpoint: serve(t).URL, Credentials: signer("other")})
	got, errno := client.Call(t.Context(), abi.AWSRequest{Service: "sqs", Action: "ListQueues", Params: abi.RawJSON(`{}`)})
	if errno != 0 || got.Error == nil || got.Error.Retry || strings.Contains(got.Error.Message, "other") {
		t.Errorf("answer %+v (errno %d), want a refusal that passes for no retry", got.Error, errno)
	}
}

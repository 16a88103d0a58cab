package local_test

import (
	"context"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/runtime/awsapi"
	"github.com/tocsin-engine/tocsin/runtime/engine"
	"github.com/tocsin-engine/tocsin/runtime/sandbox"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/service/local"
	"github.com/tocsin-engine/tocsin/runtime/store/memory"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// A plugin gets the same answer in process and over the wire, whatever the protocol.
func TestModesAnswerAlike(t *testing.T) {
	st := memory.New(memory.Config{})
	table := service.NewTable(local.Operations(st, time.Now, nil))
	e, err := engine.New(engine.Config{Store: st, Plugins: rude{}, Rehearsal: true})
	if err != nil {
		t.Fatal(err)
	}
	e.SetServices(table)
	server := httptest.NewServer(awsapi.New(awsapi.Config{Table: table, Account: "000000000000", Region: "us-east-1"}))
	t.Cleanup(server.Close)
	client := awsapi.NewClient(awsapi.ClientConfig{Table: table, Region: "us-east-1", Endpoint: server.URL,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "A", SecretAccessKey: "B"}, nil
		})})
	for _, r := range []abi.AWSRequest{
		{Service: "sqs", Action: "CreateQueue", Params: abi.RawJSON(`{"QueueName":"a b"}`)},
		{Service: "sqs", Action: "SendMessage", Params: abi.RawJSON(`{"QueueUrl":"q","MessageBody":""}`)},
		{Service: "sqs", Action: "SendMessageBatch", Params: abi.RawJSON(`{"QueueUrl":"q","Entries":[{"Id":"1","MessageBody":""}]}`)},
		{Service: "sqs", Action: "GetQueueAttributes", Params: abi.RawJSON(`{"QueueUrl":"q","AttributeNames":["VisibilityTimeout"]}`)},
		{Service: "sns", Action: "CreateTopic", Params: abi.RawJSON(`{"Name":"a b"}`)},
		{Service: "sns", Action: "Publish", Params: abi.RawJSON(`{"TopicArn":"t","Message":""}`)},
		{Service: "sns", Action: "Unsubscribe", Params: abi.RawJSON(`{"SubscriptionArn":"x"}`)},
		{Service: "sns", Action: "Publish", Params: abi.RawJSON(`{"TopicArn":"t","Message":"x","MessageAttributes":{"n":{"DataType":"Number","StringValue":"x"}}}`)},
		{Service: "kinesis", Action: "PutRecords", Params: abi.RawJSON(`{"StreamName":"s","Records":[]}`)},
		{Service: "kinesis", Action: "ListStreams", Params: abi.RawJSON(`{}`)},
		{Service: "kinesis", Action: "GetRecords", Params: abi.RawJSON(`{"ShardIterator":"x"}`)},
		{Service: "autoscaling", Action: "ExecutePolicy", Params: abi.RawJSON(`{"AutoScalingGroupName":"g","PolicyName":"p"}`)},
		{Service: "autoscaling", Action: "SetDesiredCapacity", Params: abi.RawJSON(`{"AutoScalingGroupName":"g","DesiredCapacity":101}`)},
		{Service: "autoscaling", Action: "DescribeAutoScalingGroups", Params: abi.RawJSON(`{}`)},
		{Service: "ec2", Action: "StopInstances", Params: abi.RawJSON(`{"InstanceIds":["web"]}`)},
		{Service: "ec2", Action: "StopInstances", Params: abi.RawJSON(`{"InstanceIds":["i-01234567"]}`)},
		{Service: "ec2", Action: "RebootInstances", Params: abi.RawJSON(`{"InstanceIds":["i-01234567"]}`)},
		{Service: "ec2", Action: "DescribeInstances", Params: abi.RawJSON(`{"InstanceIds":["i-01234567"]}`)},
	} {
		inProcess, errno := e.AWS(t.Context(), sandbox.Scope{Mode: "local", Target: "t"}, r)
		if r.Action == "StopInstances" && inProcess.Error == nil {
			// The second stop finds it stopped; both ask once more and see the same.
			inProcess, errno = e.AWS(t.Context(), sandbox.Scope{Mode: "local", Target: "t"}, r)
		}
		wired, errno2 := client.Call(t.Context(), r)
		if diff := cmp.Diff(wired, inProcess); diff != "" || errno != 0 || errno2 != 0 {
			t.Errorf("%s.%s %s (-wire +in process):\n%s%d %d", r.Service, r.Action, r.Params, diff, errno, errno2)
		}
	}
}

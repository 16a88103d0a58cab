package program

import (
	"context"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// AWS is the configuration of an AWS client of the program.
func (p *Program) AWS() aws.Config {
	return aws.Config{
		BaseEndpoint: &p.URL, Region: "us-east-1",
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "any", SecretAccessKey: "any"}, nil
		}),
	}
}

// Subscribe makes a topic and a queue that gets everything published to it.
func (p *Program) Subscribe(t *testing.T, topic, queue string) {
	t.Helper()
	topics := sns.NewFromConfig(p.AWS())
	made, err := topics.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: &topic})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sqs.NewFromConfig(p.AWS()).CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &queue}); err != nil {
		t.Fatal(err)
	}
	arn := "arn:aws:sqs:us-east-1:000000000000:" + queue
	if _, err := topics.Subscribe(t.Context(), &sns.SubscribeInput{TopicArn: made.TopicArn, Protocol: aws.String("sqs"), Endpoint: &arn}); err != nil {
		t.Fatal(err)
	}
}

// Waiting counts a queue's messages; a queue that nobody made has none.
func (p *Program) Waiting(t *testing.T, queue string) int {
	t.Helper()
	client := sqs.NewFromConfig(p.AWS())
	list, err := client.ListQueues(t.Context(), &sqs.ListQueuesInput{QueueNamePrefix: &queue})
	if err != nil {
		t.Fatal(err)
	}
	if len(list.QueueUrls) == 0 {
		return 0
	}
	name := sqstypes.QueueAttributeNameApproximateNumberOfMessages
	answer, err := client.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{
		QueueUrl: &list.QueueUrls[0], AttributeNames: []sqstypes.QueueAttributeName{name},
	})
	if err != nil {
		t.Fatal(err)
	}
	var n int
	if _, err := fmt.Sscan(answer.Attributes[string(name)], &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// Records are the data of a stream's records, read to the end of every shard.
func (p *Program) Records(t *testing.T, stream string) [][]byte {
	t.Helper()
	client := kinesis.NewFromConfig(p.AWS())
	shards, err := client.ListShards(t.Context(), &kinesis.ListShardsInput{StreamName: &stream})
	if err != nil {
		t.Fatal(err)
	}
	var all [][]byte
	for _, shard := range shards.Shards {
		at, err := client.GetShardIterator(t.Context(), &kinesis.GetShardIteratorInput{
			StreamName: &stream, ShardId: shard.ShardId, ShardIteratorType: kinesistypes.ShardIteratorTypeTrimHorizon,
		})
		if err != nil {
			t.Fatal(err)
		}
		for iterator := at.ShardIterator; iterator != nil; {
			page, err := client.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: iterator})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range page.Records {
				all = append(all, r.Data)
			}
			if iterator = page.NextShardIterator; len(page.Records) == 0 && *page.MillisBehindLatest == 0 {
				break
			}
		}
	}
	return all
}

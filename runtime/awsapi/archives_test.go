package awsapi_test

import (
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

// TestGoSDKArchivesAndReplays: AWS's client makes an archive and a replay, and reads
// their members and errors.
func TestGoSDKArchivesAndReplays(t *testing.T) {
	server, _, _ := eventBridge(t)
	c, ctx := client(server.URL, "AK", "secret"), t.Context()
	const bus = "arn:aws:events:us-east-1:123456789012:event-bus/default"
	made, err := c.CreateArchive(ctx, &eventbridge.CreateArchiveInput{
		ArchiveName: aws.String("orders"), EventSourceArn: aws.String(bus), EventPattern: aws.String(`{"source":["shop"]}`), RetentionDays: aws.Int32(7)})
	if err != nil || made.State != types.ArchiveStateEnabled || time.Since(*made.CreationTime) > time.Hour {
		t.Fatalf("CreateArchive = %+v, %v", made, err)
	}
	if _, err := c.UpdateArchive(ctx, &eventbridge.UpdateArchiveInput{ArchiveName: aws.String("orders"), RetentionDays: aws.Int32(8)}); err != nil {
		t.Error(err)
	}
	a, err := c.DescribeArchive(ctx, &eventbridge.DescribeArchiveInput{ArchiveName: aws.String("orders")})
	if err != nil || *a.RetentionDays != 8 || *a.EventSourceArn != bus || *a.ArchiveArn != *made.ArchiveArn || a.EventCount != 0 {
		t.Errorf("DescribeArchive = %+v, %v", a, err)
	}
	end := time.Now().Truncate(time.Second)
	started, err := c.StartReplay(ctx, &eventbridge.StartReplayInput{
		ReplayName: aws.String("r"), EventSourceArn: made.ArchiveArn, EventStartTime: aws.Time(end.Add(-time.Hour)), EventEndTime: aws.Time(end),
		Destination: &types.ReplayDestination{Arn: aws.String(bus)}})
	if err != nil || started.State != types.ReplayStateStarting {
		t.Fatalf("StartReplay = %+v, %v", started, err)
	}
	r, err := c.DescribeReplay(ctx, &eventbridge.DescribeReplayInput{ReplayName: aws.String("r")})
	if err != nil || !r.EventEndTime.Equal(end) || *r.Destination.Arn != bus || r.ReplayEndTime != nil || r.EventLastReplayedTime != nil {
		t.Errorf("DescribeReplay = %+v, %v", r, err)
	}
	cancelled, err := c.CancelReplay(ctx, &eventbridge.CancelReplayInput{ReplayName: aws.String("r")})
	if err != nil || cancelled.State != types.ReplayStateCancelling {
		t.Errorf("CancelReplay = %+v, %v", cancelled, err)
	}
	_, err = c.CancelReplay(ctx, &eventbridge.CancelReplayInput{ReplayName: aws.String("r")})
	var illegal *types.IllegalStatusException
	if !errors.As(err, &illegal) {
		t.Errorf("CancelReplay of one that is being cancelled: %v", err)
	}
	if list, err := c.ListReplays(ctx, &eventbridge.ListReplaysInput{NamePrefix: aws.String("r")}); err != nil || len(list.Replays) != 1 {
		t.Errorf("ListReplays = %+v, %v", list, err)
	}
	if _, err := c.DeleteArchive(ctx, &eventbridge.DeleteArchiveInput{ArchiveName: aws.String("orders")}); err != nil {
		t.Error(err)
	}
	_, err = c.DescribeArchive(ctx, &eventbridge.DescribeArchiveInput{ArchiveName: aws.String("orders")})
	var missing *types.ResourceNotFoundException
	if !errors.As(err, &missing) {
		t.Errorf("DescribeArchive of a deleted one: %v", err)
	}
}

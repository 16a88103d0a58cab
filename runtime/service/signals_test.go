package service_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	xraysdk "github.com/aws/aws-sdk-go-v2/service/xray"
	xraytypes "github.com/aws/aws-sdk-go-v2/service/xray/types"
	"github.com/aws/smithy-go"

	"github.com/tocsin-engine/tocsin/runtime/awsapi"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/service/logs"
	"github.com/tocsin-engine/tocsin/runtime/service/xray"
	"github.com/tocsin-engine/tocsin/runtime/store/memory"
)

// sink is an engine that keeps what it gets.
type sink struct {
	mu  sync.Mutex
	got []service.Submission
}

func (s *sink) Put(_ context.Context, submissions []service.Submission) ([]service.Receipt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got = append(s.got, submissions...)
	return make([]service.Receipt, len(submissions)), nil
}

// details are the details of the events, each on a line.
func (s *sink) details() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for _, submission := range s.got {
		all = append(all, string(submission.Event.Detail()))
	}
	return strings.Join(all, "\n")
}

// signals answers those who send logs and traces.
func signals(t *testing.T) (*httptest.Server, *sink) {
	t.Helper()
	engine := &sink{}
	log := logs.New(logs.Config{Store: memory.New(memory.Config{}), Engine: engine, Now: time.Now})
	trace := xray.New(xray.Config{Engine: engine, Now: time.Now, Rules: []xray.SamplingRule{{RuleName: "shop", Priority: 9, FixedRate: 0.5, ReservoirSize: 7, Version: 1}}})
	server := httptest.NewServer(awsapi.New(awsapi.Config{
		Table: service.NewTable(log.Operations(), trace.Operations()), Verifier: verifier(), Account: "123456789012", Region: "us-east-1",
	}))
	t.Cleanup(server.Close)
	return server, engine
}

// segmentAt is a segment document that ended at t.
func segmentAt(t time.Time) string {
	return fmt.Sprintf(`{"id":"70de5b6f19ff9a0a","name":"shop","trace_id":"1-581cf771-a006649127e371903a2de979","start_time":%d.25,"end_time":%d.5}`, t.Unix(), t.Unix())
}

func TestSDKLogs(t *testing.T) {
	server, engine := signals(t)
	ctx, c := t.Context(), cloudwatchlogs.NewFromConfig(sdkConfig(server))
	group, stream := aws.String("/app/one"), aws.String("i-1")
	if _, err := c.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: group, Tags: map[string]string{"env": "test"}}); err != nil {
		t.Fatal(err)
	}
	var there *logstypes.ResourceAlreadyExistsException
	if _, err := c.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: group}); !errors.As(err, &there) {
		t.Errorf("a group that is there: %v", err)
	}
	if _, err := c.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: group, LogStreamName: stream}); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	put, err := c.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: group, LogStreamName: stream, LogEvents: []logstypes.InputLogEvent{
		{Timestamp: aws.Int64(now.Add(-15 * 24 * time.Hour).UnixMilli()), Message: aws.String("too old")},
	}})
	if err != nil || put.RejectedLogEventsInfo == nil || *put.RejectedLogEventsInfo.TooOldLogEventEndIndex != 1 {
		t.Errorf("an old log event: %+v, %v", put, err)
	}
	if _, err := c.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: group, LogStreamName: stream, LogEvents: []logstypes.InputLogEvent{
		{Timestamp: aws.Int64(now.UnixMilli()), Message: aws.String(`{"n":1.50}`)},
	}}); err != nil {
		t.Fatal(err)
	}
	if got := engine.details(); strings.Contains(got, "too old") || !strings.Contains(got, `"json":{"n":1.50}`) {
		t.Errorf("the events are %s", got)
	}
	groups, err := c.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: aws.String("/app")})
	if err != nil || len(groups.LogGroups) != 1 || *groups.LogGroups[0].Arn != "arn:aws:logs:us-east-1:123456789012:log-group:/app/one:*" {
		t.Errorf("groups %+v, %v", groups, err)
	}
	streams, err := c.DescribeLogStreams(ctx, &cloudwatchlogs.DescribeLogStreamsInput{LogGroupName: group})
	if err != nil || len(streams.LogStreams) != 1 || *streams.LogStreams[0].LastEventTimestamp != now.UnixMilli() {
		t.Errorf("streams %+v, %v", streams, err)
	}
	var unknown smithy.APIError
	_, err = c.FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: group})
	if !errors.As(err, &unknown) || unknown.ErrorCode() != "UnknownOperationException" {
		t.Errorf("an operation that is not here: %v", err)
	}
}

func TestSDKXRay(t *testing.T) {
	server, engine := signals(t)
	ctx, c, now := t.Context(), xraysdk.NewFromConfig(sdkConfig(server)), time.Now()
	put, err := c.PutTraceSegments(ctx, &xraysdk.PutTraceSegmentsInput{TraceSegmentDocuments: []string{segmentAt(now), `{"id":"70de5b6f19ff9a0a"}`}})
	if err != nil || len(put.UnprocessedTraceSegments) != 1 || *put.UnprocessedTraceSegments[0].ErrorCode != "MissingTraceId" || *put.UnprocessedTraceSegments[0].Id != "70de5b6f19ff9a0a" {
		t.Errorf("put %+v, %v", put, err)
	}
	if got := engine.details(); got != segmentAt(now) {
		t.Errorf("the events are %s", got)
	}
	rules, err := c.GetSamplingRules(ctx, &xraysdk.GetSamplingRulesInput{})
	if err != nil || len(rules.SamplingRuleRecords) != 2 || *rules.SamplingRuleRecords[0].SamplingRule.RuleName != "shop" || now.Sub(*rules.SamplingRuleRecords[1].ModifiedAt) > time.Hour {
		t.Errorf("rules %+v, %v", rules, err)
	}
	targets, err := c.GetSamplingTargets(ctx, &xraysdk.GetSamplingTargetsInput{SamplingStatisticsDocuments: []xraytypes.SamplingStatisticsDocument{
		{RuleName: aws.String("shop"), ClientID: aws.String("ABCDEF1234567890ABCDEF10"), Timestamp: &now, RequestCount: 5, SampledCount: 1},
		{RuleName: aws.String("gone"), ClientID: aws.String("ABCDEF1234567890ABCDEF10"), Timestamp: &now, RequestCount: 5, SampledCount: 1},
	}})
	if err != nil || len(targets.SamplingTargetDocuments) != 1 || len(targets.UnprocessedStatistics) != 1 {
		t.Fatalf("targets %+v, %v", targets, err)
	}
	if d := targets.SamplingTargetDocuments[0]; *d.ReservoirQuota != 7 || d.FixedRate != 0.5 || *d.Interval != 10 || !d.ReservoirQuotaTTL.After(now) {
		t.Errorf("target %+v", d)
	}
	if _, err := c.PutTelemetryRecords(ctx, &xraysdk.PutTelemetryRecordsInput{TelemetryRecords: []xraytypes.TelemetryRecord{{Timestamp: &now, SegmentsSentCount: aws.Int32(3)}}}); err != nil {
		t.Error(err)
	}
	var unknown smithy.APIError
	_, err = c.GetTraceSummaries(ctx, &xraysdk.GetTraceSummariesInput{StartTime: &now, EndTime: &now})
	if !errors.As(err, &unknown) || unknown.ErrorCode() != "UnknownOperationException" {
		t.Errorf("an operation that is not here: %v", err)
	}
}

// TestCLISignals is the command line of Debian with logs and traces.
func TestCLISignals(t *testing.T) {
	needCLI(t)
	millis := func(before time.Duration) string { return fmt.Sprint(time.Now().Add(-before).UnixMilli()) }
	for name, tc := range map[string]struct {
		steps []step
		want  []string // in the details of the events
	}{
		"logs": {[]step{
			{command: "logs create-log-group --log-group-name /g1 --tags env=test"},
			{command: "logs create-log-group --log-group-name /g1", want: "(ResourceAlreadyExistsException)"},
			{command: "logs create-log-stream --log-group-name /g1 --log-stream-name s"},
			{command: "logs put-retention-policy --log-group-name /g1 --retention-in-days 3"},
			{command: "logs put-log-events --log-group-name /g1 --log-stream-name s --log-events timestamp=" + millis(80*time.Hour) + ",message=expired timestamp=" + millis(70*time.Hour) + ",message=hello",
				want: `"expiredLogEventEndIndex": 1`},
			{command: "logs describe-log-groups --log-group-name-prefix /g", want: `"retentionInDays": 3`},
			{command: "logs describe-log-streams --log-group-name /g1", want: `"lastEventTimestamp":`},
			{command: "logs tail /g1", want: "(UnknownOperationException)"},
		}, []string{`"message":"hello"`}},
		"xray": {[]step{
			{command: "xray put-trace-segments --trace-segment-documents", more: []string{segmentAt(time.Now()), "{}"}, want: `"ErrorCode": "MissingId"`},
			{command: "xray get-sampling-rules --query SamplingRuleRecords[].SamplingRule.RuleName --output text", want: "shop\tDefault"},
			{command: "xray get-sampling-targets --sampling-statistics-documents RuleName=Default,ClientID=ABCDEF1234567890ABCDEF10,Timestamp=2026-11-22T00:20:06,RequestCount=110,SampledCount=20,BorrowCount=10",
				want: `"ReservoirQuota": 1`},
			{command: "xray get-service-graph --start-time 1478293300 --end-time 1478293400", want: "(UnknownOperationException)"},
		}, []string{`"name":"shop"`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // most of it is waiting for the interpreter to start
			server, engine := signals(t)
			runSteps(t, server.URL, tc.steps)
			for _, want := range tc.want {
				if got := engine.details(); strings.Count(got, "\n") != 0 || !strings.Contains(got, want) {
					t.Errorf("the events are %s, want one with %s", got, want)
				}
			}
		})
	}
}

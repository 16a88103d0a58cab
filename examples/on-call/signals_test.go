package oncall

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/xray"

	"github.com/tocsin-engine/tocsin/sdk/sharedtest"
)

// putLog sends a recorded log file, as the agent would that follows it.
func putLog(t *testing.T, config aws.Config, file, group, stream string) {
	t.Helper()
	raw, err := os.ReadFile(sharedtest.Path(t, "logs/loghub/"+file))
	if err != nil {
		t.Fatal(err)
	}
	client := cloudwatchlogs.NewFromConfig(config)
	if _, err := client.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &group}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.CreateLogStream(t.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &group, LogStreamName: &stream}); err != nil {
		t.Fatal(err)
	}
	at := time.Now().Add(-time.Hour).UnixMilli()
	var events []logtypes.InputLogEvent
	for line := range strings.Lines(string(raw)) {
		events = append(events, logtypes.InputLogEvent{Message: aws.String(strings.TrimRight(line, "\r\n")), Timestamp: aws.Int64(at + int64(len(events)))})
	}
	for some := range slices.Chunk(events, 500) {
		out, err := client.PutLogEvents(t.Context(), &cloudwatchlogs.PutLogEventsInput{LogGroupName: &group, LogStreamName: &stream, LogEvents: some})
		if err != nil || out.RejectedLogEventsInfo != nil {
			t.Fatalf("%s: %v, rejected %+v", file, err, out)
		}
	}
}

// putTraces sends the recorded segments, and returns why some of them are refused.
func putTraces(t *testing.T, config aws.Config) (refused []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(sharedtest.Path(t, "xray/otel-awsxray"), "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var documents []string
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		documents = append(documents, string(raw))
	}
	out, err := xray.NewFromConfig(config).PutTraceSegments(t.Context(), &xray.PutTraceSegmentsInput{TraceSegmentDocuments: documents})
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range out.UnprocessedTraceSegments {
		refused = append(refused, aws.ToString(u.ErrorCode)+" "+aws.ToString(u.Id))
	}
	return refused
}

// trail is the files of a recorded attack.
func trail(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(sharedtest.Path(t, "cloudtrail/invictus"), "*.json"))
	if err != nil || len(files) != 20 {
		t.Fatalf("saw %d files of the trail, want 20 (%v)", len(files), err)
	}
	return files
}

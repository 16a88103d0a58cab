package lambdapack

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/rules/rulefile"
)

// given reads sources as a person writes them.
func given(t *testing.T, texts ...string) (sources []Source) {
	t.Helper()
	for _, text := range texts {
		s, err := ParseSource(text)
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, s)
	}
	return sources
}

func TestSources(t *testing.T) {
	const queue, topic = "sqs:arn:aws:sqs:eu-west-1:123456789012:q", "sns:arn:aws:sns:eu-west-1:123456789012:q"
	for _, tt := range []struct {
		name       string
		pattern    string
		given      []string
		notImplied bool
		want       []string // names of sources
		warned     []string // parts of warnings, one each
	}{
		{name: "log groups are subscribed to", pattern: `{"source":["tocsin.logs"],"detail":{"group":["/app/a","/app/b"]}}`, want: []string{"logs-app-a", "logs-app-b"}},
		{name: "any log group", pattern: `{"source":["tocsin.logs"]}`, warned: []string{"brings events of source tocsin.logs"}},
		{name: "a log group that was asked for", pattern: `{"source":["tocsin.logs"],"detail":{"group":["/app/a"]}}`, given: []string{"logs:/app/a"}, want: []string{"logs-app-a"}},
		{name: "not implied", pattern: `{"source":["aws.ec2"]}`, notImplied: true, warned: []string{"brings events of source aws.ec2"}},
		{name: "metrics", pattern: `{"source":["tocsin.metrics"]}`, warned: []string{"tocsin.metrics"}},
		{name: "metrics that were asked for", pattern: `{"source":["tocsin.metrics"]}`, given: []string{"metric-stream:my-bucket"}, want: []string{"metric-stream-my-bucket"}},
		{name: "traces", pattern: `{"source":["tocsin.xray"]}`, given: []string{"function-url"}, want: []string{"function-url"}},
		{name: "schedules", pattern: `{"source":["aws.events"]}`, given: []string{"schedule:rate(5 minutes)"}, want: []string{"schedule-rate-5-minutes"}},
		{name: "scheduled events are on no bus", pattern: `{"source":["aws.events"]}`, given: []string{"eventbridge"}, warned: []string{"schedule:rate"}},
		{name: "a trail's log files instead of API calls", pattern: `{"source":["aws.iam"],"detail-type":["AWS API Call via CloudTrail"]}`,
			given: []string{"s3:my-trail/AWSLogs/"}, want: []string{"s3-my-trail"}, warned: []string{"notification of bucket my-trail"}},
		{name: "a trail and other events", pattern: `{"source":["aws.ec2"],"detail-type":["X"]}`, given: []string{"s3:my-trail"}, want: []string{"s3-my-trail", "aws-ec2"}, warned: []string{"notification of bucket my-trail"}},
		{name: "own events", pattern: `{"source":["shop"]}`, warned: []string{"brings events of source shop"}},
		{name: "own events through a queue", pattern: `{"source":["shop"]}`, given: []string{queue}, want: []string{"sqs-q"}},
		{name: "own events of a bus", pattern: `{"source":["shop"]}`, given: []string{"eventbridge:orders"}, want: []string{"shop"}},
		{name: "any events of a bus", pattern: `{"detail-type":["X"]}`, given: []string{"eventbridge"}, want: []string{"bus"}},
		{name: "any events", pattern: `{"detail-type":["X"]}`, warned: []string{"any source"}},
		{name: "the same name twice", pattern: `{"source":["shop"]}`, given: []string{queue, "sqs:arn:aws:sqs:us-east-1:123456789012:q", topic}, want: []string{"sqs-q", "sqs-q-2", "sns-q"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sources, warnings := sourcesOf(rulesOf(t, tt.pattern), given(t, tt.given...), !tt.notImplied)
			var names []string
			for _, s := range sources {
				names = append(names, s.Name)
			}
			if diff := cmp.Diff(tt.want, names); diff != "" {
				t.Errorf("sources (-want +got):\n%s", diff)
			}
			if len(warnings) != len(tt.warned) {
				t.Fatalf("warnings: %+v, want %q", warnings, tt.warned)
			}
			for i, w := range warnings {
				if !strings.Contains(w.Message+w.Help, tt.warned[i]) {
					t.Errorf("warning %+v, want %q", w, tt.warned[i])
				}
			}
		})
	}
}

func TestSourcesOfOtherRules(t *testing.T) {
	set := rulesOf(t, `{"source":["aws.ec2"]}`, `{"source":["aws.s3"]}`)
	set.Rules[0].Disabled = true
	set.Rules[1].Bus = "orders"
	sources, warnings := sourcesOf(set, nil, true)
	if len(sources) != 0 || len(warnings) != 1 || !strings.Contains(warnings[0].Message, "listens to bus orders") {
		t.Errorf("a disabled rule and one of another bus: %+v, %+v", sources, warnings)
	}
	when := &rulefile.Set{Rules: []rulefile.Rule{{Name: "when", Bus: "default"}}}
	if sources, warnings = sourcesOf(when, nil, true); len(sources) != 0 || len(warnings) != 1 {
		t.Errorf("a rule without a pattern: %+v, %+v", sources, warnings)
	}
	if sources, _ = sourcesOf(when, given(t, "eventbridge"), true); len(sources) != 1 || string(sources[0].Pattern) != `{"source":[{"prefix":""}]}` {
		t.Errorf("a rule without a pattern takes all of a bus: %+v", sources)
	}
}

func TestReads(t *testing.T) {
	for text, want := range map[string]bool{
		`{"source":["aws.s3"],"detail-type":["AWS API Call via CloudTrail"],"detail":{"eventName":["PutObject"]}}`:                    false,
		`{"source":["aws.s3"],"detail-type":["AWS API Call via CloudTrail"],"detail":{"eventName":[{"prefix":"List"}]}}`:              true,
		`{"source":["aws.s3"],"detail-type":["AWS API Call via CloudTrail"],"detail":{"eventName":[{"anything-but":["GetObject"]}]}}`: false,
		`{"source":["aws.s3"],"detail-type":["X"],"detail":{"eventName":["GetObject"]}}`:                                              false,
	} {
		sources, _ := sourcesOf(rulesOf(t, text), nil, true)
		if len(sources) != 1 || sources[0].AllCalls != want {
			t.Errorf("%s: %+v, want AllCalls %v", text, sources, want)
		}
	}
}

func TestParseSource(t *testing.T) {
	for text, want := range map[string]Source{
		"sqs:arn:aws:sqs:eu-west-1:123456789012:a":          {Kind: SQS, Name: "sqs-a", ARN: "arn:aws:sqs:eu-west-1:123456789012:a", Mapping: &Mapping{BatchSize: 100, WindowSeconds: 1}},
		"sqs:arn:aws-cn:sqs:cn-north-1:123456789012:a.fifo": {Kind: SQS, Name: "sqs-a-fifo", ARN: "arn:aws-cn:sqs:cn-north-1:123456789012:a.fifo", Mapping: &Mapping{BatchSize: 10}},
		"kinesis:arn:aws:kinesis:us-east-1:123456789012:stream/c": {Kind: Kinesis, Name: "kinesis-c", ARN: "arn:aws:kinesis:us-east-1:123456789012:stream/c",
			Mapping: &Mapping{BatchSize: 100, WindowSeconds: 1, StartingPosition: "LATEST", Retries: 10, MaxAgeSeconds: 86400, Bisect: true}},
		"dynamodb:arn:aws:dynamodb:us-east-1:123456789012:table/t/stream/2026-01-02T03:04:05.678": {Kind: DynamoDB, Name: "dynamodb-t",
			ARN:     "arn:aws:dynamodb:us-east-1:123456789012:table/t/stream/2026-01-02T03:04:05.678",
			Mapping: &Mapping{BatchSize: 100, WindowSeconds: 1, StartingPosition: "LATEST", Retries: 10, MaxAgeSeconds: 86400, Bisect: true}},
		"s3:my-trail/AWSLogs/x/":     {Kind: S3, Name: "s3-my-trail", Bucket: "my-trail", Prefix: "AWSLogs/x/"},
		"schedule:cron(0 8 * * ? *)": {Kind: Schedule, Name: "schedule-cron-0-8", Schedule: "cron(0 8 * * ? *)"},
		"eventbridge":                {Kind: EventBridge, Name: "eventbridge-default", Bus: "default"},
		"eventbridge:arn:aws:events:eu-west-1:123456789012:event-bus/orders": {Kind: EventBridge, Name: "eventbridge-orders", Bus: "orders"},
		"alarms": {Kind: Alarms, Name: "alarms"},
	} {
		got, err := ParseSource(text)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", text, err, diff)
		}
	}
	for text, want := range map[string]string{
		"":                         "write sqs:ARN",
		"kafka:x":                  "write sqs:ARN",
		"sqs:orders":               "as sqs:arn:aws:sqs:",
		"sqs:arn:aws:sns:r:1:a":    "as sqs:arn:aws:sqs:",
		"s3:Not_A_Bucket":          "write the bucket's name",
		"logs:":                    "write the log group's name",
		"schedule:every 5 minutes": "rate(5 minutes)",
		"eventbridge:a b":          "write the bus's name",
		"function-url:x":           "write function-url alone",
	} {
		if _, err := ParseSource(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// FuzzParseSource holds that what is taken can be named in a template, and that its ARN is
// of the kind that it is said to be.
func FuzzParseSource(f *testing.F) {
	for _, text := range []string{"sqs:arn:aws:sqs:eu-west-1:123456789012:a", "s3:b-c/d", "logs:/a", "schedule:rate(1 day)", "eventbridge:x/y", "alarms", "dynamodb:"} {
		f.Add(text)
	}
	name := regexp.MustCompile(`^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$`)
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseSource(text)
		if err != nil {
			if !strings.Contains(err.Error(), "write") {
				t.Errorf("%q: %v says not what to write", text, err)
			}
			return
		}
		if !name.MatchString(s.Name) {
			t.Errorf("%q: the name %q", text, s.Name)
		}
		if polled := s.Kind == SQS || s.Kind == Kinesis || s.Kind == DynamoDB; polled != (s.Mapping != nil) {
			t.Errorf("%q: mapping %+v", text, s.Mapping)
		}
		if s.ARN != "" && !strings.Contains(s.ARN, ":"+string(s.Kind)+":") {
			t.Errorf("%q: ARN %q", text, s.ARN)
		}
	})
}

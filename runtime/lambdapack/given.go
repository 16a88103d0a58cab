package lambdapack

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// SourceHelp is how ParseSource's texts are written.
const SourceHelp = "sqs:ARN, kinesis:ARN, dynamodb:STREAM-ARN, sns:ARN, s3:BUCKET/PREFIX, logs:GROUP, metric-stream:BUCKET, " +
	"schedule:rate(5 minutes), eventbridge:BUS, alarms or function-url"

// ParseSource reads a source as a person names it: its kind and, after a colon, which one.
func ParseSource(text string) (Source, error) {
	kind, which, _ := strings.Cut(text, ":")
	s := Source{Kind: SourceKind(kind)}
	var err error
	switch s.Kind {
	case SQS, Kinesis, DynamoDB, SNS:
		s.ARN, err = which, checkARN(s.Kind, which)
		s.Mapping = mapping(s.Kind, which)
	case S3:
		s.Bucket, s.Prefix, _ = strings.Cut(which, "/")
		err = checkBucket(s.Bucket)
	case MetricStream:
		s.Bucket, err = which, checkBucket(which)
	case Logs:
		s.LogGroup, err = which, checkGroup(which)
	case Schedule:
		s.Schedule, err = which, checkSchedule(which)
	case EventBridge:
		s.Bus, err = busOf(which)
	case Alarms, FunctionURL:
		if which != "" {
			err = fmt.Errorf("write %s alone", kind)
		}
	default:
		err = errors.New("write " + SourceHelp)
	}
	if err != nil {
		return s, fmt.Errorf("--source %s: %w", text, err)
	}
	s.Name = identifier(kind + "-" + which[strings.LastIndexAny(which, ":/")+1:])
	switch s.Kind {
	case DynamoDB: // its ARN ends with a time
		s.Name = identifier(kind + "-" + tableOf(which))
	case S3, MetricStream:
		s.Name = identifier(kind + "-" + s.Bucket)
	case Logs:
		s.Name = identifier(kind + "-" + which)
	case EventBridge:
		s.Name = identifier(kind + "-" + s.Bus)
	}
	return s, nil
}

// arns are the ARNs that invoke functions.
var arns = map[SourceKind]*regexp.Regexp{
	SQS:      regexp.MustCompile(`^arn:aws[a-z-]*:sqs:[a-z0-9-]+:\d{12}:[\w-]+(\.fifo)?$`),
	Kinesis:  regexp.MustCompile(`^arn:aws[a-z-]*:kinesis:[a-z0-9-]+:\d{12}:stream/[\w.-]+$`),
	DynamoDB: regexp.MustCompile(`^arn:aws[a-z-]*:dynamodb:[a-z0-9-]+:\d{12}:table/[\w.-]+/stream/[\w:.-]+$`),
	SNS:      regexp.MustCompile(`^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]+$`),
}

var examples = map[SourceKind]string{
	SQS:      "arn:aws:sqs:eu-west-1:123456789012:alerts",
	Kinesis:  "arn:aws:kinesis:eu-west-1:123456789012:stream/clicks",
	DynamoDB: "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2026-01-02T03:04:05.678",
	SNS:      "arn:aws:sns:eu-west-1:123456789012:alarms",
}

func checkARN(k SourceKind, arn string) error {
	if arns[k].MatchString(arn) {
		return nil
	}
	return fmt.Errorf("write its ARN, as %s:%s", k, examples[k])
}

var (
	bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	groupName  = regexp.MustCompile(`^[\w./#-]{1,512}$`)
	busName    = regexp.MustCompile(`^[\w./-]{1,256}$`)
	expression = regexp.MustCompile(`^(rate\([^()]+\)|cron\([^()]+\))$`)
)

// busOf reads the name or the ARN of a bus; "" is the default one.
func busOf(which string) (string, error) {
	if _, name, ok := strings.Cut(which, ":event-bus/"); ok {
		which = name
	}
	if which == "" {
		return event.DefaultBus, nil
	}
	if !busName.MatchString(which) {
		return "", errors.New("write the bus's name, as eventbridge:orders, or eventbridge alone for the default bus")
	}
	return which, nil
}

func checkBucket(name string) error {
	if !bucketName.MatchString(name) {
		return errors.New("write the bucket's name, as s3:my-trail/AWSLogs or metric-stream:my-metrics")
	}
	return nil
}

func checkGroup(name string) error {
	if !groupName.MatchString(name) {
		return errors.New("write the log group's name, as logs:/app/checkout")
	}
	return nil
}

func checkSchedule(text string) error {
	if !expression.MatchString(text) {
		return errors.New("write an expression of EventBridge, as  schedule:rate(5 minutes)  or  schedule:cron(0 8 ? * MON-FRI *)")
	}
	return nil
}

// mapping is how Lambda polls a source; nil for those that it does not poll. A batch is as
// large as one invocation can take in its time; streams give a record up after a day of
// retries, or ten of them.
func mapping(k SourceKind, arn string) *Mapping {
	stream := Mapping{BatchSize: 100, WindowSeconds: 1, StartingPosition: "LATEST", Retries: 10, MaxAgeSeconds: 86400, Bisect: true}
	switch {
	case k == Kinesis || k == DynamoDB:
		return &stream
	case k == SQS && strings.HasSuffix(arn, ".fifo"): // has no window, and takes ten
		return &Mapping{BatchSize: 10}
	case k == SQS:
		return &Mapping{BatchSize: 100, WindowSeconds: 1}
	}
	return nil
}

func tableOf(streamARN string) string {
	_, rest, _ := strings.Cut(streamARN, ":table/")
	name, _, _ := strings.Cut(rest, "/")
	return name
}

// identifier is a text as letters, digits and single hyphens.
func identifier(text string) string {
	words := strings.FieldsFunc(text, func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return strings.Join(words, "-")
}

// distinct gives sources that have one name numbers.
func distinct(sources []Source) {
	var taken []string
	for i := range sources {
		name := sources[i].Name
		for n := 2; slices.Contains(taken, sources[i].Name); n++ {
			sources[i].Name = fmt.Sprintf("%s-%d", name, n)
		}
		taken = append(taken, sources[i].Name)
	}
}

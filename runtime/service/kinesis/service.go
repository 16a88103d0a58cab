package kinesis

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/store"
)

// Name is the service's signing name.
const Name = "kinesis"

// Service is the streams of one store.
type Service struct {
	state service.State
	now   func() time.Time
	log   hclog.Logger
}

// New returns the streams kept in st. A nil log is silent.
func New(st store.State, now func() time.Time, log hclog.Logger) *Service {
	if log == nil {
		log = hclog.NewNullLogger()
	}
	return &Service{state: service.NewState(st, Name, now), now: now, log: log.Named(Name)}
}

// Operations are the calls that clients and targets may make.
func (s *Service) Operations() []service.Operation {
	putRecords := service.Op(Name, "PutRecords", s.PutRecords)
	putRecords.MaxBody = 4 * maxRequest // base64 and JSON around five MiB
	return []service.Operation{
		service.Op(Name, "CreateStream", s.CreateStream),
		service.Op(Name, "DeleteStream", s.DeleteStream),
		service.Op(Name, "DescribeStream", s.DescribeStream),
		service.Op(Name, "DescribeStreamSummary", s.DescribeStreamSummary),
		service.Op(Name, "ListStreams", s.ListStreams),
		service.Op(Name, "ListShards", s.ListShards),
		service.Op(Name, "PutRecord", s.PutRecord),
		putRecords,
		service.Op(Name, "GetShardIterator", s.GetShardIterator),
		service.Op(Name, "GetRecords", s.GetRecords),
	}
}

func invalid(format string, args ...any) *service.Error {
	return service.Errorf("InvalidArgumentException", format, args...)
}

// constraint is a request that the service's model refuses before the service sees it.
func constraint(value any, member, rule string) *service.Error {
	return service.Errorf("ValidationException",
		"1 validation error detected: Value '%v' at '%s' failed to satisfy constraint: Member must %s", value, member, rule)
}

// open reads the stream of a name or an ARN.
func (s *Service) open(ctx context.Context, c service.Caller, name, arn string) (service.Stored[stream], error) {
	if arn != "" {
		name = arn[strings.LastIndexByte(arn, '/')+1:]
	}
	if !nameShape.MatchString(name) {
		return service.Stored[stream]{}, constraint(name, "streamName", "satisfy regular expression pattern: [a-zA-Z0-9_.-]{1,128}")
	}
	x, err := service.Get[stream](ctx, s.state, streamKey(name))
	switch {
	case err != nil || x.Exists():
		return x, err
	case !c.Create:
		return x, service.Errorf("ResourceNotFoundException", "Stream %s under account %s not found.", name, c.Account)
	}
	one := 1
	err = s.create(ctx, c, &CreateStreamRequest{StreamName: name, ShardCount: &one})
	if err != nil && !alreadyThere(err) {
		return x, err
	}
	s.log.Info("made the stream that a local target names", "stream", name)
	return service.Get[stream](ctx, s.state, streamKey(name))
}

func arn(c service.Caller, name string) string { return c.ARN(Name, "stream/"+name) }

func shardID(i int) string { return fmt.Sprintf("shardId-%012d", i) }

package logs

import (
	"context"
	"sync/atomic"
	"time"

	ingest "github.com/tocsin-engine/tocsin/ingest/logs"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/store"
)

// Name is the service's signing name.
const Name = "logs"

// maxBody is the cap of PutLogEvents: a batch of 1 MiB whose every character is escaped
// with six, and the JSON around 10,000 log events.
const maxBody = 8 << 20

// Config is what the service needs.
type Config struct {
	// Store keeps groups and streams. Required.
	Store store.State
	// Engine takes the events. Required.
	Engine service.Putter
	// Now is the clock. Required.
	Now func() time.Time
}

// Service answers CloudWatch Logs' clients.
type Service struct {
	c         Config
	state     service.State
	positions positions

	rejected, emfParsing, emfValidation atomic.Uint64
}

// New makes the service.
func New(c Config) *Service {
	return &Service{c: c, state: service.NewState(c.Store, Name, c.Now), positions: positions{of: map[string]position{}}}
}

// Stats counts what clients are told in a place that few of them look at.
type Stats struct {
	// Rejected are log events that were too old, too new or expired.
	Rejected uint64 `json:"log_events_rejected"`
	// EMFParsing and EMFValidation count what is wrong in messages in the embedded metric
	// format, as the metrics EMFParsingErrors and EMFValidationErrors do.
	EMFParsing    uint64 `json:"emf_parsing_errors"`
	EMFValidation uint64 `json:"emf_validation_errors"`
}

// Stats returns the counts of now.
func (s *Service) Stats() Stats {
	return Stats{Rejected: s.rejected.Load(), EMFParsing: s.emfParsing.Load(), EMFValidation: s.emfValidation.Load()}
}

// Operations are what clients may call.
func (s *Service) Operations() []service.Operation {
	put := service.Op(Name, "PutLogEvents", s.PutLogEvents)
	put.MaxBody = maxBody
	return []service.Operation{
		put,
		service.Op(Name, "CreateLogGroup", s.CreateLogGroup),
		service.Op(Name, "DescribeLogGroups", s.DescribeLogGroups),
		service.Op(Name, "DeleteLogGroup", s.DeleteLogGroup),
		service.Op(Name, "CreateLogStream", s.CreateLogStream),
		service.Op(Name, "DescribeLogStreams", s.DescribeLogStreams),
		service.Op(Name, "DeleteLogStream", s.DeleteLogStream),
		service.Op(Name, "PutRetentionPolicy", s.PutRetentionPolicy),
		service.Op(Name, "DeleteRetentionPolicy", s.DeleteRetentionPolicy),
		service.Op(Name, "TagLogGroup", s.TagLogGroup),
		service.Op(Name, "UntagLogGroup", s.UntagLogGroup),
		service.Op(Name, "ListTagsLogGroup", s.ListTagsLogGroup),
		service.Op(Name, "TagResource", s.TagResource),
		service.Op(Name, "UntagResource", s.UntagResource),
		service.Op(Name, "ListTagsForResource", s.ListTagsForResource),
	}
}

// Texts of AWS, word for word (recorded 2026-02); the points at their ends are its own.
var (
	errNoGroup     = service.Errorf("ResourceNotFoundException", "The specified log group does not exist.")
	errNoStream    = service.Errorf("ResourceNotFoundException", "The specified log stream does not exist.")
	errGroupThere  = service.Errorf("ResourceAlreadyExistsException", "The specified log group already exists")
	errStreamThere = service.Errorf("ResourceAlreadyExistsException", "The specified log stream already exists")
	errToken       = invalid("The specified nextToken is invalid.")
)

func invalid(format string, args ...any) *service.Error {
	return service.Errorf("InvalidParameterException", format, args...)
}

// named checks the names of a group and, unless it is nil, a stream.
func named(group string, stream *string) error {
	err := ingest.CheckGroup("logGroupName", group)
	if err == nil && stream != nil {
		err = ingest.CheckStream("logStreamName", *stream)
	}
	if err != nil {
		return invalid("%v", err)
	}
	return nil
}

// openGroup reads a group that must be there.
func (s *Service) openGroup(ctx context.Context, name string) (service.Stored[group], error) {
	if err := named(name, nil); err != nil {
		return service.Stored[group]{}, err
	}
	g, err := service.Get[group](ctx, s.state, groupKey(name))
	if err == nil && !g.Exists() {
		err = errNoGroup
	}
	return g, err
}

// openStream reads a stream that must be there, and its group.
func (s *Service) openStream(ctx context.Context, groupName, name string) (g service.Stored[group], st service.Stored[stream], err error) {
	if err := named(groupName, &name); err != nil {
		return g, st, err
	}
	if g, err = s.openGroup(ctx, groupName); err != nil {
		return g, st, err
	}
	st, err = service.Get[stream](ctx, s.state, g.Value.streamKey(name))
	if err == nil && !st.Exists() {
		err = errNoStream
	}
	return g, st, err
}

package sns

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/service/sqs"
	"github.com/tocsin-engine/tocsin/runtime/store"
)

// Name is the service's signing name.
const Name = "sns"

// Queues are where messages are delivered to.
type Queues interface {
	SendMessage(context.Context, service.Caller, *sqs.SendMessageRequest) (*sqs.SendMessageResponse, error)
}

var _ Queues = (*sqs.Service)(nil)

// Service is the topics of one store.
type Service struct {
	state  service.State
	now    func() time.Time
	queues Queues
	log    hclog.Logger
	// told holds the subscriptions of which the log has said that nothing is sent.
	told sync.Map
}

// New returns the topics kept in st, which deliver to queues. A nil log is silent.
func New(st store.State, now func() time.Time, queues Queues, log hclog.Logger) *Service {
	if log == nil {
		log = hclog.NewNullLogger()
	}
	return &Service{state: service.NewState(st, Name, now), now: now, queues: queues, log: log.Named(Name)}
}

// Operations are the calls that clients and targets may make.
func (s *Service) Operations() []service.Operation {
	return []service.Operation{
		service.Op(Name, "CreateTopic", s.CreateTopic),
		service.Op(Name, "ListTopics", s.ListTopics),
		service.Op(Name, "DeleteTopic", s.DeleteTopic),
		service.Op(Name, "GetTopicAttributes", s.GetTopicAttributes),
		service.Op(Name, "SetTopicAttributes", s.SetTopicAttributes),
		service.Op(Name, "Subscribe", s.Subscribe),
		service.Op(Name, "Unsubscribe", s.Unsubscribe),
		service.Op(Name, "ListSubscriptions", s.ListSubscriptions),
		service.Op(Name, "ListSubscriptionsByTopic", s.ListSubscriptionsByTopic),
		service.Op(Name, "GetSubscriptionAttributes", s.GetSubscriptionAttributes),
		service.Op(Name, "SetSubscriptionAttributes", s.SetSubscriptionAttributes),
		service.Op(Name, "Publish", s.Publish),
		service.Op(Name, "PublishBatch", s.PublishBatch),
	}
}

var errNoTopic = &service.Error{Code: "NotFoundException", QueryCode: "NotFound", Status: 404, Message: "Topic does not exist"}

func invalid(format string, args ...any) *service.Error {
	return &service.Error{Code: "InvalidParameterException", QueryCode: "InvalidParameter",
		Message: "Invalid parameter: " + fmt.Sprintf(format, args...)}
}

// topicName takes the name out of an ARN; a bare name is itself.
func topicName(arn string) string { return arn[strings.LastIndexByte(arn, ':')+1:] }

// open reads the topic of an ARN. A local target may name one that is not there yet.
func (s *Service) open(ctx context.Context, c service.Caller, arn string) (service.Stored[topic], error) {
	name := topicName(arn)
	if !validName(name) {
		return service.Stored[topic]{}, invalid("TopicArn Reason: write arn:aws:sns:REGION:ACCOUNT:NAME, not %q", arn)
	}
	t, err := service.Get[topic](ctx, s.state, topicKey(name))
	switch {
	case err != nil || t.Exists():
		return t, err
	case !c.Create:
		return t, errNoTopic
	}
	r := &CreateTopicRequest{Name: name}
	if isFIFO(name) {
		r.Attributes = map[string]string{"FifoTopic": "true", "ContentBasedDeduplication": "true"}
	}
	if _, err := s.CreateTopic(ctx, c, r); err != nil {
		return t, err
	}
	s.log.Info("made the topic that a local target names", "topic", name)
	return service.Get[topic](ctx, s.state, topicKey(name))
}

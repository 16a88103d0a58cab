package sqs

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/store"
)

// Name is the service's signing name.
const Name = "sqs"

// Service is the queues of one store.
type Service struct {
	state service.State
	now   func() time.Time
	log   hclog.Logger

	mu   sync.Mutex
	bell map[string]chan struct{} // by queue: closed when a message is put
	last int64                    // the newest sequence given in this process
}

// New returns the queues kept in st. now is the clock of visibility and retention; a
// nil log is silent.
func New(st store.State, now func() time.Time, log hclog.Logger) *Service {
	if log == nil {
		log = hclog.NewNullLogger()
	}
	return &Service{
		state: service.NewState(st, Name, now), now: now, log: log.Named(Name),
		bell: map[string]chan struct{}{},
	}
}

// Operations are the calls that clients and targets may make.
func (s *Service) Operations() []service.Operation {
	return []service.Operation{
		service.Op(Name, "CreateQueue", s.CreateQueue),
		service.Op(Name, "GetQueueUrl", s.GetQueueURL),
		service.Op(Name, "ListQueues", s.ListQueues),
		service.Op(Name, "ListDeadLetterSourceQueues", s.ListSources),
		service.Op(Name, "DeleteQueue", s.DeleteQueue),
		service.Op(Name, "PurgeQueue", s.PurgeQueue),
		service.Op(Name, "GetQueueAttributes", s.GetQueueAttributes),
		service.Op(Name, "SetQueueAttributes", s.SetQueueAttributes),
		service.Op(Name, "TagQueue", s.TagQueue),
		service.Op(Name, "UntagQueue", s.UntagQueue),
		service.Op(Name, "ListQueueTags", s.ListQueueTags),
		service.Op(Name, "SendMessage", s.SendMessage),
		service.Op(Name, "SendMessageBatch", s.SendMessageBatch),
		service.Op(Name, "ReceiveMessage", s.ReceiveMessage),
		service.Op(Name, "DeleteMessage", s.DeleteMessage),
		service.Op(Name, "DeleteMessageBatch", s.DeleteMessageBatch),
		service.Op(Name, "ChangeMessageVisibility", s.ChangeMessageVisibility),
		service.Op(Name, "ChangeMessageVisibilityBatch", s.ChangeMessageVisibilityBatch),
	}
}

// ring wakes those who wait for a message of the queue.
func (s *Service) ring(queue string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.bell[queue]; c != nil {
		close(c)
		delete(s.bell, queue)
	}
}

// hear returns a channel that is closed when the next message is put.
func (s *Service) hear(queue string) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.bell[queue]
	if c == nil {
		c = make(chan struct{})
		s.bell[queue] = c
	}
	return c
}

// sequence returns a key that sorts after all earlier ones of this process: standard
// queues promise order only as far as it costs nothing. The random end keeps the keys
// of several processes on one store apart.
func (s *Service) sequence() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = max(s.last+1, s.now().UnixNano())
	return fmt.Sprintf("%019d-%s", s.last, service.RandomHex(4))
}

// open reads the queue that a URL, an ARN or a bare name is about.
func (s *Service) open(ctx context.Context, c service.Caller, url string) (service.Stored[queue], error) {
	if url == "" {
		return service.Stored[queue]{}, missing("QueueUrl")
	}
	name := nameOf(url)
	q, err := service.Get[queue](ctx, s.state, queueKey(name))
	if err != nil || q.Exists() {
		return q, err
	}
	if !c.Create || !validName(name) {
		return q, errNoQueue
	}
	return s.make(ctx, name)
}

// make creates a queue that a local target named.
func (s *Service) make(ctx context.Context, name string) (q service.Stored[queue], err error) {
	attributes := map[string]string{}
	if isFIFO(name) {
		attributes["FifoQueue"], attributes["ContentBasedDeduplication"] = "true", "true"
	}
	err = s.state.Retry(ctx, func() error {
		q, err = service.Get[queue](ctx, s.state, queueKey(name))
		if err != nil || q.Exists() {
			return err
		}
		now := s.now().Unix()
		q.Value = queue{Name: name, Attributes: attributes, Created: now, Modified: now}
		if err := s.state.Apply(ctx, s.state.Put(q.Key, q.Value, 0, time.Time{})); err != nil {
			return err
		}
		s.log.Info("made the queue that a local target names", "queue", name)
		q, err = service.Get[queue](ctx, s.state, queueKey(name))
		return err
	})
	return q, err
}

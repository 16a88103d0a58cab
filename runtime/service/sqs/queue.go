package sqs

import (
	"context"
	"maps"
	"regexp"
	"strings"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/store"
)

// queue is what is stored of a queue itself.
type queue struct {
	Name string
	// Attributes are those that somebody set; the others have their defaults.
	Attributes map[string]string `json:",omitempty"`
	Tags       map[string]string `json:",omitempty"`
	// Created and Modified are in seconds since 1970, as the service answers them.
	Created, Modified int64
}

func (q queue) fifo() bool { return isFIFO(q.Name) }

func isFIFO(name string) bool { return strings.HasSuffix(name, ".fifo") }

func queueKey(name string) string { return "queue/" + name }

var nameShape = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

func validName(name string) bool {
	return len(name) <= 80 && nameShape.MatchString(strings.TrimSuffix(name, ".fifo"))
}

// nameOf takes the queue's name out of its URL or ARN; a bare name is itself.
func nameOf(url string) string {
	return url[strings.LastIndexAny(url, "/:")+1:]
}

func urlOf(c service.Caller, name string) string {
	return c.Endpoint + "/" + c.Account + "/" + name
}

// CreateQueue makes a queue, or answers with the one that is there if its attributes
// are the same.
func (s *Service) CreateQueue(ctx context.Context, c service.Caller, r *CreateQueueRequest) (*QueueURL, error) {
	if r.QueueName == "" {
		return nil, missing("QueueName")
	}
	if !validName(r.QueueName) {
		return nil, invalid("Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")
	}
	if err := s.checkNew(ctx, r); err != nil {
		return nil, err
	}
	err := s.state.Retry(ctx, func() error {
		q, err := service.Get[queue](ctx, s.state, queueKey(r.QueueName))
		if err != nil {
			return err
		}
		if q.Exists() {
			return sameAttributes(q.Value, r.Attributes)
		}
		now := s.now().Unix()
		q.Value = queue{Name: r.QueueName, Attributes: r.Attributes, Tags: r.Tags, Created: now, Modified: now}
		return s.state.Apply(ctx, s.state.Put(q.Key, q.Value, 0, time.Time{}))
	})
	if err != nil {
		return nil, err
	}
	return &QueueURL{QueueURL: urlOf(c, r.QueueName)}, nil
}

func (s *Service) checkNew(ctx context.Context, r *CreateQueueRequest) error {
	fifo, given := r.Attributes["FifoQueue"]
	switch {
	case isFIFO(r.QueueName) && fifo != "true":
		return invalid("The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix, and needs the attribute FifoQueue=true")
	case given && !isFIFO(r.QueueName):
		return invalid("The queue name must end with .fifo and FifoQueue must be true for a FIFO queue; leave FifoQueue out for a standard one")
	}
	return s.checkAttributes(ctx, isFIFO(r.QueueName), r.Attributes)
}

func sameAttributes(q queue, asked map[string]string) error {
	for name, value := range asked {
		if q.attribute(name) != value {
			return &service.Error{Code: "QueueNameExists", QueryCode: "QueueAlreadyExists",
				Message: "A queue already exists with the same name and a different value for attribute " + name}
		}
	}
	return nil
}

// GetQueueURL answers where a queue is.
func (s *Service) GetQueueURL(ctx context.Context, c service.Caller, r *GetQueueURLRequest) (*QueueURL, error) {
	if r.QueueName == "" {
		return nil, missing("QueueName")
	}
	q, err := s.open(ctx, c, r.QueueName)
	if err != nil {
		return nil, err
	}
	return &QueueURL{QueueURL: urlOf(c, q.Value.Name)}, nil
}

// pageSize is the most names that one answer lists.
const pageSize = 1000

// ListQueues answers with the URLs of all queues that begin with a prefix. A page that
// is not the last one has a token, which is the last name on it.
func (s *Service) ListQueues(ctx context.Context, c service.Caller, r *ListQueuesRequest) (*ListQueuesResponse, error) {
	n := r.MaxResults
	if n <= 0 || n > pageSize {
		n = pageSize
	}
	after := ""
	if r.NextToken != "" {
		after = queueKey(r.NextToken)
	}
	got, err := service.List[queue](ctx, s.state, queueKey(r.QueueNamePrefix), after, n+1)
	if err != nil {
		return nil, err
	}
	out := &ListQueuesResponse{}
	for i, q := range got {
		if i == n {
			out.NextToken = got[n-1].Value.Name
			break
		}
		out.QueueURLs = append(out.QueueURLs, urlOf(c, q.Value.Name))
	}
	return out, nil
}

// ListSources answers which queues send their poison to this one.
func (s *Service) ListSources(ctx context.Context, c service.Caller, r *ListSourcesRequest) (*ListSourcesResponse, error) {
	target, err := s.open(ctx, c, r.QueueURL)
	if err != nil {
		return nil, err
	}
	out := &ListSourcesResponse{QueueURLs: []string{}}
	err = service.All(ctx, s.state, queueKey(""), pageSize, func(q service.Stored[queue]) bool {
		if p, ok := q.Value.redrive(); ok && nameOf(p.Target) == target.Value.Name {
			out.QueueURLs = append(out.QueueURLs, urlOf(c, q.Value.Name))
		}
		return true
	})
	return out, err
}

// DeleteQueue removes a queue and everything in it.
func (s *Service) DeleteQueue(ctx context.Context, c service.Caller, r *QueueRequest) (*service.Empty, error) {
	c.Create = false
	q, err := s.open(ctx, c, r.QueueURL)
	if err != nil {
		return nil, err
	}
	if err := s.state.Apply(ctx, s.state.Drop(q.Key, store.AnyVersion), s.state.Drop(numberKey(q.Value.Name), store.AnyVersion)); err != nil {
		return nil, err
	}
	return &service.Empty{}, s.clear(ctx, q.Value.Name)
}

// PurgeQueue removes every message.
func (s *Service) PurgeQueue(ctx context.Context, c service.Caller, r *QueueRequest) (*service.Empty, error) {
	q, err := s.open(ctx, c, r.QueueURL)
	if err != nil {
		return nil, err
	}
	return &service.Empty{}, s.clear(ctx, q.Value.Name)
}

// clear drops what the queue holds.
func (s *Service) clear(ctx context.Context, name string) error {
	for _, prefix := range []string{placePrefix(name), messagePrefix(name), dedupPrefix(name)} {
		if err := s.state.Clear(ctx, prefix); err != nil {
			return err
		}
	}
	return nil
}

// change reads a queue, lets edit change it and writes it back.
func (s *Service) change(ctx context.Context, c service.Caller, url string, edit func(*queue) error) (*service.Empty, error) {
	err := s.state.Retry(ctx, func() error {
		q, err := s.open(ctx, c, url)
		if err != nil {
			return err
		}
		if err := edit(&q.Value); err != nil {
			return err
		}
		q.Value.Modified = s.now().Unix()
		return s.state.Apply(ctx, s.state.Put(q.Key, q.Value, q.Version, time.Time{}))
	})
	return &service.Empty{}, err
}

// TagQueue adds tags; they mean nothing to the queue.
func (s *Service) TagQueue(ctx context.Context, c service.Caller, r *TagQueueRequest) (*service.Empty, error) {
	return s.change(ctx, c, r.QueueURL, func(q *queue) error {
		if q.Tags == nil {
			q.Tags = map[string]string{}
		}
		maps.Copy(q.Tags, r.Tags)
		return nil
	})
}

// UntagQueue removes tags.
func (s *Service) UntagQueue(ctx context.Context, c service.Caller, r *UntagQueueRequest) (*service.Empty, error) {
	return s.change(ctx, c, r.QueueURL, func(q *queue) error {
		for _, key := range r.TagKeys {
			delete(q.Tags, key)
		}
		return nil
	})
}

// ListQueueTags answers with the tags.
func (s *Service) ListQueueTags(ctx context.Context, c service.Caller, r *QueueRequest) (*QueueTags, error) {
	q, err := s.open(ctx, c, r.QueueURL)
	return &QueueTags{Tags: q.Value.Tags}, err
}

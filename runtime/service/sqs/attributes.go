package sqs

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tocsin-engine/tocsin/runtime/service"
)

// attribute is one that clients may set.
type attribute struct {
	// fallback is the value when nobody set one; "" means it is not answered then.
	fallback string
	// low and high bound a number when high is not 0.
	low, high int
	// words are the values allowed, if there are any.
	words []string
	// fifo means only FIFO queues have it.
	fifo bool
}

var boolean = []string{"true", "false"}

// attributes are the service's, with its limits of today
// (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html).
// SqsManagedSseEnabled is false because nothing is encrypted here.
var attributes = map[string]attribute{
	"DelaySeconds":                  {fallback: "0", high: 900},
	"MaximumMessageSize":            {fallback: "1048576", low: 1024, high: 1048576},
	"MessageRetentionPeriod":        {fallback: "345600", low: 60, high: 1209600},
	"ReceiveMessageWaitTimeSeconds": {fallback: "0", high: 20},
	"VisibilityTimeout":             {fallback: "30", high: 43200},
	"KmsDataKeyReusePeriodSeconds":  {low: 60, high: 86400},
	"KmsMasterKeyId":                {},
	"Policy":                        {},
	"RedriveAllowPolicy":            {},
	"RedrivePolicy":                 {},
	"SqsManagedSseEnabled":          {fallback: "false", words: boolean},
	"FifoQueue":                     {words: boolean[:1], fifo: true},
	"ContentBasedDeduplication":     {fallback: "false", words: boolean, fifo: true},
	"DeduplicationScope":            {fallback: "queue", words: []string{"queue", "messageGroup"}, fifo: true},
	"FifoThroughputLimit":           {fallback: "perQueue", words: []string{"perQueue", "perMessageGroupId"}, fifo: true},
}

// attribute is the value in force.
func (q queue) attribute(name string) string {
	if v, ok := q.Attributes[name]; ok {
		return v
	}
	if a := attributes[name]; !a.fifo || q.fifo() {
		return a.fallback
	}
	return ""
}

// number is the value in force of an attribute that was checked to be one.
func (q queue) number(name string) int {
	n, _ := strconv.Atoi(q.attribute(name))
	return n
}

// redrivePolicy is the attribute RedrivePolicy.
type redrivePolicy struct {
	Target string `json:"deadLetterTargetArn"`
	// Max is a number or a number in a string: clients write both.
	Max json.RawMessage `json:"maxReceiveCount"`
}

func (p redrivePolicy) max() int {
	n, _ := strconv.Atoi(strings.Trim(string(p.Max), `"`))
	return n
}

func (q queue) redrive() (redrivePolicy, bool) {
	var p redrivePolicy
	text := q.attribute("RedrivePolicy")
	return p, text != "" && json.Unmarshal([]byte(text), &p) == nil
}

func (s *Service) checkAttributes(ctx context.Context, fifo bool, given map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(given)) {
		value := given[name]
		a, known := attributes[name]
		if !known || a.fifo && !fifo {
			return &service.Error{Code: "InvalidAttributeName", Message: "Unknown Attribute " + name + "."}
		}
		bad := a.words != nil && !slices.Contains(a.words, value)
		if a.high != 0 {
			n, err := strconv.Atoi(value)
			bad = err != nil || n < a.low || n > a.high
		}
		if bad {
			return &service.Error{Code: "InvalidAttributeValue", Message: "Invalid value for the parameter " + name + "."}
		}
	}
	if text := given["RedrivePolicy"]; text != "" {
		return s.checkRedrive(ctx, fifo, text)
	}
	return nil
}

func (s *Service) checkRedrive(ctx context.Context, fifo bool, text string) error {
	p, ok := queue{Attributes: map[string]string{"RedrivePolicy": text}}.redrive()
	if !ok || p.Target == "" {
		return invalidValue(text, "RedrivePolicy", "Redrive policy is not a valid JSON map.")
	}
	if p.max() < 1 || p.max() > 1000 {
		return invalidValue(text, "RedrivePolicy", "Invalid value for maxReceiveCount: write 1 to 1000.")
	}
	target, err := service.Get[queue](ctx, s.state, queueKey(nameOf(p.Target)))
	switch {
	case err != nil:
		return err
	case !target.Exists():
		return invalidValue(text, "RedrivePolicy", "Dead letter target does not exist.")
	case target.Value.fifo() != fifo:
		return invalidValue(text, "RedrivePolicy", "Dead-letter queue must be same type of queue as the source.")
	}
	return nil
}

// SetQueueAttributes changes attributes. An empty RedrivePolicy, Policy or the like
// removes it.
func (s *Service) SetQueueAttributes(ctx context.Context, c service.Caller, r *SetQueueAttributesRequest) (*service.Empty, error) {
	if len(r.Attributes) == 0 {
		return nil, missing("Attribute.Name")
	}
	q, err := s.open(ctx, c, r.QueueURL)
	if err != nil {
		return nil, err
	}
	if err := s.checkAttributes(ctx, q.Value.fifo(), r.Attributes); err != nil {
		return nil, err
	}
	return s.change(ctx, c, r.QueueURL, func(q *queue) error {
		if q.Attributes == nil {
			q.Attributes = map[string]string{}
		}
		maps.Copy(q.Attributes, r.Attributes)
		maps.DeleteFunc(q.Attributes, func(_, v string) bool { return v == "" })
		return nil
	})
}

// GetQueueAttributes answers with the attributes asked for and none otherwise.
func (s *Service) GetQueueAttributes(ctx context.Context, c service.Caller, r *GetQueueAttributesRequest) (*QueueAttributes, error) {
	q, err := s.open(ctx, c, r.QueueURL)
	if err != nil || len(r.AttributeNames) == 0 {
		return &QueueAttributes{}, err
	}
	all, err := s.everyAttribute(ctx, c, q.Value)
	if err != nil {
		return nil, err
	}
	out := &QueueAttributes{Attributes: map[string]string{}}
	for _, name := range r.AttributeNames {
		if name == "All" {
			return &QueueAttributes{Attributes: all}, nil
		}
		if value, ok := all[name]; ok {
			out.Attributes[name] = value
		} else if _, known := attributes[name]; !known {
			return nil, &service.Error{Code: "InvalidAttributeName", Message: "Unknown Attribute " + name + "."}
		}
	}
	return out, nil
}

func (s *Service) everyAttribute(ctx context.Context, c service.Caller, q queue) (map[string]string, error) {
	n, err := s.count(ctx, q.Name)
	if err != nil {
		return nil, err
	}
	all := map[string]string{
		"ApproximateNumberOfMessages":           strconv.Itoa(n.waiting),
		"ApproximateNumberOfMessagesNotVisible": strconv.Itoa(n.received),
		"ApproximateNumberOfMessagesDelayed":    strconv.Itoa(n.delayed),
		"CreatedTimestamp":                      strconv.FormatInt(q.Created, 10),
		"LastModifiedTimestamp":                 strconv.FormatInt(q.Modified, 10),
		"QueueArn":                              c.ARN(Name, q.Name),
	}
	for name := range attributes {
		if v := q.attribute(name); v != "" {
			all[name] = v
		}
	}
	return all, nil
}

type counts struct{ waiting, received, delayed int }

func (s *Service) count(ctx context.Context, queue string) (n counts, err error) {
	now := s.now().UnixMilli()
	err = service.All(ctx, s.state, placePrefix(queue), pageSize, func(p service.Stored[place]) bool {
		switch {
		case p.Value.Visible <= now:
			n.waiting++
		case p.Value.Received:
			n.received++
		default:
			n.delayed++
		}
		return true
	})
	return n, err
}

package sns

import (
	"context"
	"maps"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/store"
)

// topic is what is stored of a topic itself.
type topic struct {
	Name       string
	Attributes map[string]string `json:",omitempty"`
	Tags       []Tag             `json:",omitempty"`
}

func topicKey(name string) string { return "topic/" + name }

func isFIFO(name string) bool { return strings.HasSuffix(name, ".fifo") }

var nameShape = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`)

func validName(name string) bool {
	return len(name) <= 256 && nameShape.MatchString(strings.TrimSuffix(name, ".fifo"))
}

// topicAttributes are those that can be set, and whether only at creation.
var topicAttributes = map[string]bool{
	"DisplayName": false, "Policy": false, "DeliveryPolicy": false, "KmsMasterKeyId": false,
	"SignatureVersion": false, "TracingConfig": false, "ContentBasedDeduplication": false,
	"ArchivePolicy": false, "FifoThroughputScope": false, "FifoTopic": true,
}

// CreateTopic makes a topic, or answers with the one that is there.
func (s *Service) CreateTopic(ctx context.Context, c service.Caller, r *CreateTopicRequest) (*TopicARN, error) {
	if !validName(r.Name) {
		return nil, invalid("Topic Name")
	}
	if isFIFO(r.Name) != (r.Attributes["FifoTopic"] == "true") {
		return nil, invalid("Topic Name: a FIFO topic ends in .fifo and has the attribute FifoTopic=true")
	}
	for name := range r.Attributes {
		if _, known := topicAttributes[name]; !known {
			return nil, invalid("Attributes Reason: Unknown attribute %s", name)
		}
	}
	err := s.state.Retry(ctx, func() error {
		t, err := service.Get[topic](ctx, s.state, topicKey(r.Name))
		if err != nil {
			return err
		}
		if t.Exists() {
			for name, value := range r.Attributes {
				if t.Value.Attributes[name] != value {
					return invalid("Attributes Reason: Topic already exists with different attributes")
				}
			}
			return nil
		}
		t.Value = topic{Name: r.Name, Attributes: r.Attributes, Tags: r.Tags}
		return s.state.Apply(ctx, s.state.Put(t.Key, t.Value, 0, time.Time{}))
	})
	return &TopicARN{TopicARN: c.ARN(Name, r.Name)}, err
}

// pageSize is how many topics or subscriptions an answer lists (AWS's number).
const pageSize = 100

// ListTopics lists topics by name; a page's token is the last name on it.
func (s *Service) ListTopics(ctx context.Context, c service.Caller, r *ListRequest) (*ListTopicsResponse, error) {
	after := ""
	if r.NextToken != "" {
		after = topicKey(r.NextToken)
	}
	got, err := service.List[topic](ctx, s.state, topicKey(""), after, pageSize+1)
	if err != nil {
		return nil, err
	}
	out := &ListTopicsResponse{Topics: []TopicARN{}}
	for i, t := range got {
		if i == pageSize {
			out.NextToken = got[i-1].Value.Name
			break
		}
		out.Topics = append(out.Topics, TopicARN{TopicARN: c.ARN(Name, t.Value.Name)})
	}
	return out, nil
}

// DeleteTopic removes a topic and its subscriptions. One that is not there is no error.
func (s *Service) DeleteTopic(ctx context.Context, _ service.Caller, r *TopicARN) (*service.Empty, error) {
	name := topicName(r.TopicARN)
	if err := s.state.Apply(ctx, s.state.Drop(topicKey(name), store.AnyVersion)); err != nil {
		return nil, err
	}
	var inner error
	err := service.All(ctx, s.state, subscriptionPrefix(name), pageSize, func(x service.Stored[subscription]) bool {
		inner = s.state.Apply(ctx, s.dropSubscription(name, x.Value.ID)...)
		return inner == nil
	})
	if err == nil {
		err = inner
	}
	return &service.Empty{}, err
}

// GetTopicAttributes answers with everything known of a topic.
func (s *Service) GetTopicAttributes(ctx context.Context, c service.Caller, r *TopicARN) (*Attributes, error) {
	t, err := s.open(ctx, c, r.TopicARN)
	if err != nil {
		return nil, err
	}
	confirmed, pending := 0, 0
	err = service.All(ctx, s.state, subscriptionPrefix(t.Value.Name), pageSize, func(x service.Stored[subscription]) bool {
		if x.Value.pending() {
			pending++
		} else {
			confirmed++
		}
		return true
	})
	out := map[string]string{
		"TopicArn": c.ARN(Name, t.Value.Name), "Owner": c.Account, "DisplayName": "",
		"SubscriptionsConfirmed": strconv.Itoa(confirmed), "SubscriptionsPending": strconv.Itoa(pending),
		"SubscriptionsDeleted": "0",
	}
	maps.Copy(out, t.Value.Attributes)
	return &Attributes{Attributes: out}, err
}

// SetTopicAttributes changes one attribute.
func (s *Service) SetTopicAttributes(ctx context.Context, c service.Caller, r *SetTopicAttributesRequest) (*service.Empty, error) {
	if creationOnly, known := topicAttributes[r.AttributeName]; !known || creationOnly {
		return nil, invalid("AttributeName")
	}
	err := s.state.Retry(ctx, func() error {
		t, err := s.open(ctx, c, r.TopicARN)
		if err != nil {
			return err
		}
		t.Value.Attributes = set(t.Value.Attributes, r.AttributeName, r.AttributeValue)
		return s.state.Apply(ctx, s.state.Put(t.Key, t.Value, t.Version, time.Time{}))
	})
	return &service.Empty{}, err
}

// set changes one attribute; an empty value removes it.
func set(all map[string]string, name, value string) map[string]string {
	if all == nil {
		all = map[string]string{}
	}
	if all[name] = value; value == "" {
		delete(all, name)
	}
	return all
}

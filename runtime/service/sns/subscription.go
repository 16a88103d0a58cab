package sns

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/store"
)

// subscription is what is stored of one.
type subscription struct {
	ID, Topic, Protocol, Endpoint string
	Attributes                    map[string]string `json:",omitempty"`
}

// undelivered counts what was not sent to a subscription. It stands beside it, so that
// publishing does not change what a person configured.
type undelivered struct {
	Count  int
	Reason string
}

func subscriptionPrefix(topic string) string { return "subscription/" + topic + "/" }
func undeliveredKey(topic, id string) string { return "undelivered/" + topic + "/" + id }

func (x subscription) key() string { return subscriptionPrefix(x.Topic) + x.ID }

func (x subscription) arn(c service.Caller) string { return c.ARN(Name, x.Topic+":"+x.ID) }

// pending says whether AWS would wait for the other side to confirm; nobody can here.
func (x subscription) pending() bool {
	return slices.Contains([]string{"http", "https", "email", "email-json"}, x.Protocol)
}

func (x subscription) raw() bool { return x.Attributes["RawMessageDelivery"] == "true" }

var protocols = []string{"application", "email", "email-json", "firehose", "http", "https", "lambda", "sms", "sqs"}

// subscriptionID is the same for the same endpoint: subscribing twice gives one
// subscription, as AWS does. It has the shape of a UUID.
func subscriptionID(topic, protocol, endpoint string) string {
	b := sha256.Sum256([]byte(topic + "\n" + protocol + "\n" + endpoint))
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16])
}

// Subscribe makes a subscription, or answers with the one that is there.
func (s *Service) Subscribe(ctx context.Context, c service.Caller, r *SubscribeRequest) (*SubscriptionARN, error) {
	t, err := s.open(ctx, c, r.TopicARN)
	if err != nil {
		return nil, err
	}
	x := subscription{ID: subscriptionID(t.Value.Name, r.Protocol, r.Endpoint), Topic: t.Value.Name,
		Protocol: r.Protocol, Endpoint: r.Endpoint, Attributes: r.Attributes}
	if err := checkSubscription(x); err != nil {
		return nil, err
	}
	err = s.state.Retry(ctx, func() error {
		old, err := service.Get[subscription](ctx, s.state, x.key())
		if err != nil {
			return err
		}
		for name, value := range x.Attributes {
			if old.Exists() && old.Value.Attributes[name] != value {
				return invalid("Attributes Reason: Subscription already exists with different attributes")
			}
		}
		if old.Exists() {
			return nil
		}
		return s.state.Apply(ctx, s.state.Put(x.key(), x, 0, time.Time{}))
	})
	if err != nil {
		return nil, err
	}
	if x.pending() && !r.ReturnSubscriptionARN {
		return &SubscriptionARN{SubscriptionARN: "pending confirmation"}, nil
	}
	return &SubscriptionARN{SubscriptionARN: x.arn(c)}, nil
}

func checkSubscription(x subscription) error {
	switch {
	case !slices.Contains(protocols, x.Protocol):
		return invalid("Protocol Reason: %q is none of %s", x.Protocol, strings.Join(protocols, ", "))
	case x.Endpoint == "":
		return invalid("Endpoint must match the specified protocol")
	case x.Protocol == "sqs" && !strings.HasPrefix(x.Endpoint, "arn:aws:sqs:"):
		return invalid("SQS endpoint ARN")
	case x.Protocol == "sqs" && isFIFO(x.Endpoint) && !isFIFO(x.Topic):
		return invalid("Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics")
	}
	for name, value := range x.Attributes {
		if err := checkSubscriptionAttribute(name, value); err != nil {
			return err
		}
	}
	return nil
}

func checkSubscriptionAttribute(name, value string) error {
	switch name {
	case "FilterPolicy":
		_, err := compileFilter(value)
		return err
	case "FilterPolicyScope":
		if value != "" && value != scopeAttributes && value != scopeBody {
			return invalid("FilterPolicyScope: Invalid value [%s]. Please use either MessageBody or MessageAttributes", value)
		}
	case "RawMessageDelivery":
		if value != "" && value != "true" && value != "false" {
			return invalid("Attributes Reason: RawMessageDelivery: Invalid value [%s]. Must be true or false.", value)
		}
	case "RedrivePolicy":
		if _, ok := redriveTarget(value); !ok && value != "" {
			return invalid("RedrivePolicy: write {\"deadLetterTargetArn\": \"arn:aws:sqs:…\"}")
		}
	case "DeliveryPolicy", "SubscriptionRoleArn", "ReplayPolicy":
	default:
		return invalid("AttributeName")
	}
	return nil
}

// find reads the subscription of an ARN.
func (s *Service) find(ctx context.Context, arn string) (service.Stored[subscription], error) {
	part := strings.Split(arn, ":")
	if len(part) != 7 {
		return service.Stored[subscription]{}, invalid("SubscriptionArn Reason: An ARN must have at least 7 elements, not %d", len(part))
	}
	x, err := service.Get[subscription](ctx, s.state, subscriptionPrefix(part[5])+part[6])
	if err == nil && !x.Exists() {
		err = &service.Error{Code: "NotFoundException", QueryCode: "NotFound", Status: 404, Message: "Subscription does not exist"}
	}
	return x, err
}

func (s *Service) dropSubscription(topic, id string) []store.Swap {
	return []store.Swap{
		s.state.Drop(subscriptionPrefix(topic)+id, store.AnyVersion),
		s.state.Drop(undeliveredKey(topic, id), store.AnyVersion),
	}
}

// Unsubscribe removes a subscription. One that is not there is no error.
func (s *Service) Unsubscribe(ctx context.Context, _ service.Caller, r *SubscriptionARN) (*service.Empty, error) {
	part := strings.Split(r.SubscriptionARN, ":")
	if len(part) != 7 {
		return nil, invalid("SubscriptionArn Reason: An ARN must have at least 7 elements, not %d", len(part))
	}
	return &service.Empty{}, s.state.Apply(ctx, s.dropSubscription(part[5], part[6])...)
}

// ListSubscriptions lists all subscriptions.
func (s *Service) ListSubscriptions(ctx context.Context, c service.Caller, r *ListRequest) (*ListSubscriptionsResponse, error) {
	return s.list(ctx, c, "subscription/", r.NextToken)
}

// ListSubscriptionsByTopic lists one topic's subscriptions.
func (s *Service) ListSubscriptionsByTopic(ctx context.Context, c service.Caller, r *ListByTopicRequest) (*ListSubscriptionsResponse, error) {
	t, err := s.open(ctx, c, r.TopicARN)
	if err != nil {
		return nil, err
	}
	return s.list(ctx, c, subscriptionPrefix(t.Value.Name), r.NextToken)
}

// list answers a page; its token is the key of the last subscription on it.
func (s *Service) list(ctx context.Context, c service.Caller, prefix, after string) (*ListSubscriptionsResponse, error) {
	got, err := service.List[subscription](ctx, s.state, prefix, after, pageSize+1)
	if err != nil {
		return nil, err
	}
	out := &ListSubscriptionsResponse{Subscriptions: []Subscription{}}
	for i, x := range got {
		if i == pageSize {
			out.NextToken = got[i-1].Key
			break
		}
		v := x.Value
		arn := v.arn(c)
		if v.pending() {
			arn = "PendingConfirmation"
		}
		out.Subscriptions = append(out.Subscriptions, Subscription{SubscriptionARN: arn, Owner: c.Account,
			Protocol: v.Protocol, Endpoint: v.Endpoint, TopicARN: c.ARN(Name, v.Topic)})
	}
	return out, nil
}

// GetSubscriptionAttributes answers with everything known of a subscription.
func (s *Service) GetSubscriptionAttributes(ctx context.Context, c service.Caller, r *SubscriptionARN) (*Attributes, error) {
	x, err := s.find(ctx, r.SubscriptionARN)
	if err != nil {
		return nil, err
	}
	lost, err := service.Get[undelivered](ctx, s.state, undeliveredKey(x.Value.Topic, x.Value.ID))
	out := map[string]string{
		"SubscriptionArn": x.Value.arn(c), "TopicArn": c.ARN(Name, x.Value.Topic), "Owner": c.Account,
		"Protocol": x.Value.Protocol, "Endpoint": x.Value.Endpoint, "RawMessageDelivery": "false",
		"PendingConfirmation":          strconv.FormatBool(x.Value.pending()),
		"ConfirmationWasAuthenticated": strconv.FormatBool(!x.Value.pending()),
	}
	if x.Value.Attributes["FilterPolicy"] != "" {
		out["FilterPolicyScope"] = scopeAttributes
	}
	maps.Copy(out, x.Value.Attributes)
	if lost.Exists() {
		out["TocsinUndelivered"], out["TocsinUndeliveredReason"] = strconv.Itoa(lost.Value.Count), lost.Value.Reason
	}
	return &Attributes{Attributes: out}, err
}

// SetSubscriptionAttributes changes one attribute.
func (s *Service) SetSubscriptionAttributes(ctx context.Context, _ service.Caller, r *SetSubscriptionAttributesRequest) (*service.Empty, error) {
	err := s.state.Retry(ctx, func() error {
		x, err := s.find(ctx, r.SubscriptionARN)
		if err != nil {
			return err
		}
		if err := checkSubscriptionAttribute(r.AttributeName, r.AttributeValue); err != nil {
			return err
		}
		x.Value.Attributes = set(x.Value.Attributes, r.AttributeName, r.AttributeValue)
		return s.state.Apply(ctx, s.state.Put(x.Key, x.Value, x.Version, time.Time{}))
	})
	return &service.Empty{}, err
}

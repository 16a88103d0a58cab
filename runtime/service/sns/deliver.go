package sns

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/service/sqs"
)

// fanOut sends a message to the subscriptions of its topic. What one of them refuses is
// counted there and is not the publisher's fault; only a store that fails is.
func (s *Service) fanOut(ctx context.Context, c service.Caller, m message) error {
	var failed error
	err := service.All(ctx, s.state, subscriptionPrefix(m.Topic), pageSize, func(x service.Stored[subscription]) bool {
		failed = s.deliver(ctx, c, x.Value, m)
		return failed == nil
	})
	return errors.Join(failed, err)
}

func (s *Service) deliver(ctx context.Context, c service.Caller, x subscription, m message) error {
	wanted, err := x.wants(m)
	if err != nil || !wanted {
		return err
	}
	if x.Protocol != "sqs" {
		return s.refuse(ctx, x, "protocol "+x.Protocol+" is not delivered from here")
	}
	c.Create = false // a target names topics; their queues are somebody else's
	_, err = s.queues.SendMessage(ctx, c, x.queued(c, m, x.Endpoint))
	var refused *service.Error
	if !errors.As(err, &refused) || refused.Retry {
		return err
	}
	if dead, ok := redriveTarget(x.Attributes["RedrivePolicy"]); ok {
		if _, err := s.queues.SendMessage(ctx, c, x.queued(c, m, dead)); err == nil {
			return s.refuse(ctx, x, "sent to the dead-letter queue: "+refused.Message)
		}
	}
	return s.refuse(ctx, x, refused.Message)
}

// refuse counts a message that was not delivered.
func (s *Service) refuse(ctx context.Context, x subscription, reason string) error {
	if _, told := s.told.LoadOrStore(x.key(), true); !told {
		s.log.Warn("subscription gets nothing; its attribute TocsinUndelivered counts", "topic", x.Topic,
			"protocol", x.Protocol, "endpoint", x.Endpoint, "error", reason)
	}
	return s.state.Retry(ctx, func() error {
		n, err := service.Get[undelivered](ctx, s.state, undeliveredKey(x.Topic, x.ID))
		if err != nil {
			return err
		}
		n.Value.Count++
		n.Value.Reason = reason
		return s.state.Apply(ctx, s.state.Put(n.Key, n.Value, n.Version, time.Time{}))
	})
}

// queued is what is put into a queue.
func (x subscription) queued(c service.Caller, m message, queue string) *sqs.SendMessageRequest {
	r := &sqs.SendMessageRequest{QueueURL: queue, MessageGroupID: m.Group}
	if isFIFO(queue) {
		r.MessageDeduplicationID = m.Dedup
	}
	if !x.raw() {
		r.MessageBody = string(x.notification(c, m))
		return r
	}
	r.MessageBody = m.text("sqs")
	for name, a := range m.Attributes {
		if r.MessageAttributes == nil {
			r.MessageAttributes = map[string]sqs.Attribute{}
		}
		r.MessageAttributes[name] = sqs.Attribute{DataType: a.DataType, StringValue: a.StringValue, BinaryValue: a.BinaryValue}
	}
	return r
}

// notification is the JSON around a message, in the member order of AWS.
type notification struct {
	Type              string
	MessageID         string `json:"MessageId"`
	SequenceNumber    string `json:",omitempty"`
	TopicARN          string `json:"TopicArn"`
	Subject           string `json:",omitempty"`
	Message           string
	Timestamp         string
	SignatureVersion  string
	Signature         string
	SigningCertURL    string
	UnsubscribeURL    string
	MessageAttributes map[string]notedAttribute `json:",omitempty"`
}

type notedAttribute struct{ Type, Value string }

func (x subscription) notification(c service.Caller, m message) []byte {
	n := notification{
		Type: "Notification", MessageID: m.ID, SequenceNumber: m.Number, TopicARN: c.ARN(Name, m.Topic),
		Subject: m.Subject, Message: m.text("sqs"), Timestamp: m.published.Format("2006-01-02T15:04:05.000Z"),
		SignatureVersion: "1", UnsubscribeURL: c.Endpoint + "/?Action=Unsubscribe&SubscriptionArn=" + x.arn(c),
	}
	for name, a := range m.Attributes {
		if n.MessageAttributes == nil {
			n.MessageAttributes = map[string]notedAttribute{}
		}
		value := a.StringValue
		if strings.HasPrefix(a.DataType, "Binary") {
			value = base64.StdEncoding.EncodeToString(a.BinaryValue)
		}
		n.MessageAttributes[name] = notedAttribute{Type: a.DataType, Value: value}
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(n); err != nil {
		panic("BUG: " + err.Error()) // only strings
	}
	return []byte(strings.TrimSuffix(b.String(), "\n"))
}

// redriveTarget reads the dead-letter queue's ARN out of a RedrivePolicy.
func redriveTarget(policy string) (arn string, ok bool) {
	var p struct {
		Target string `json:"deadLetterTargetArn"`
	}
	if json.Unmarshal([]byte(policy), &p) != nil {
		return "", false
	}
	return p.Target, strings.HasPrefix(p.Target, "arn:aws:sqs:")
}

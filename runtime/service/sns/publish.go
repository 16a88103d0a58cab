package sns

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tocsin-engine/tocsin/runtime/service"
)

// maxBytes is the most that a message and its attributes may have.
const maxBytes = 262144

// message is one that passed the checks.
type message struct {
	ID, Topic, Subject, Group, Dedup, Number string
	Attributes                               map[string]Attribute
	// byProtocol is the text per protocol; "default" is always there.
	byProtocol map[string]string
	published  time.Time
}

// text is what a subscription of that protocol gets.
func (m message) text(protocol string) string {
	if t, ok := m.byProtocol[protocol]; ok {
		return t
	}
	return m.byProtocol["default"]
}

// Publish sends a message to every subscription that wants it.
func (s *Service) Publish(ctx context.Context, c service.Caller, r *PublishRequest) (*PublishResponse, error) {
	arn := r.TopicARN
	switch {
	case r.PhoneNumber != "":
		return nil, invalid("PhoneNumber Reason: nothing is sent to telephones from here; publish to a TopicArn")
	case arn == "":
		arn = r.TargetARN
	}
	if arn == "" {
		return nil, invalid("TopicArn or TargetArn Reason: no value for required parameter")
	}
	t, err := s.open(ctx, c, arn)
	if err != nil {
		return nil, err
	}
	m, err := s.message(t.Value, r)
	if err != nil {
		return nil, err
	}
	if isFIFO(t.Value.Name) {
		if m.Number, err = s.number(ctx, t.Value.Name); err != nil {
			return nil, err
		}
	}
	if err := s.fanOut(ctx, c, m); err != nil {
		return nil, err
	}
	return &PublishResponse{MessageID: m.ID, SequenceNumber: m.Number}, nil
}

// number gives a FIFO topic's next sequence number.
func (s *Service) number(ctx context.Context, topic string) (n string, err error) {
	err = s.state.Retry(ctx, func() error {
		last, err := service.Get[uint64](ctx, s.state, "number/"+topic)
		if err != nil {
			return err
		}
		n = fmt.Sprintf("1%019d", last.Value)
		return s.state.Apply(ctx, s.state.Put(last.Key, last.Value+1, last.Version, time.Time{}))
	})
	return n, err
}

// message checks a request and makes a message of it.
func (s *Service) message(t topic, r *PublishRequest) (message, error) {
	m := message{ID: service.NewID(), Topic: t.Name, Subject: r.Subject, Attributes: r.MessageAttributes,
		Group: r.MessageGroupID, Dedup: r.MessageDeduplicationID,
		byProtocol: map[string]string{"default": r.Message}, published: s.now().UTC()}
	switch {
	case r.Message == "":
		return m, invalid("Empty message")
	case !utf8.ValidString(r.Message):
		return m, invalid("Message: write UTF-8")
	case bytesOf(r) > maxBytes:
		return m, invalid("Message too long")
	case r.Subject != "" && !subjectShape.MatchString(r.Subject):
		return m, invalid("Subject")
	}
	if err := checkAttributes(r.MessageAttributes); err != nil {
		return m, err
	}
	if err := m.order(t, r.Message); err != nil {
		return m, err
	}
	return m, m.structure(r)
}

// subjectShape: up to 100 ASCII characters, the first neither space nor control.
var subjectShape = regexp.MustCompile(`^[!-~][ -~]{0,99}$`)

func bytesOf(r *PublishRequest) int {
	n := len(r.Message)
	for name, a := range r.MessageAttributes {
		n += len(name) + len(a.DataType) + len(a.StringValue) + len(a.BinaryValue)
	}
	return n
}

// order checks what only FIFO topics have and fills in the de-duplication id.
func (m *message) order(t topic, text string) error {
	switch {
	case !isFIFO(t.Name) && m.Dedup != "":
		return invalid("MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid for this topic type")
	case !isFIFO(t.Name):
		return nil
	case m.Group == "":
		return invalid("The MessageGroupId parameter is required for FIFO topics")
	case m.Dedup == "" && t.Attributes["ContentBasedDeduplication"] != "true":
		return invalid("The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly")
	case m.Dedup == "":
		m.Dedup = fmt.Sprintf("%x", sha256.Sum256([]byte(text)))
	}
	return nil
}

// structure reads a message that has a text per protocol.
func (m *message) structure(r *PublishRequest) error {
	switch r.MessageStructure {
	case "":
		return nil
	case "json":
	default:
		return invalid("MessageStructure Reason: write json or leave it out")
	}
	var all map[string]any
	if json.Unmarshal([]byte(r.Message), &all) != nil {
		return invalid("Message Structure - JSON message body failed to parse")
	}
	m.byProtocol = map[string]string{}
	for protocol, text := range all {
		if t, ok := text.(string); ok {
			m.byProtocol[protocol] = t
		}
	}
	if _, ok := m.byProtocol["default"]; !ok {
		return invalid("Message Structure - No default entry in JSON message body")
	}
	return nil
}

var numberShape = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

func checkAttributes(all map[string]Attribute) error {
	for name, a := range all {
		kind, _, _ := strings.Cut(a.DataType, ".")
		code := ""
		switch {
		case kind != "String" && kind != "Number" && kind != "Binary":
			code = fmt.Sprintf("The message attribute '%s' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.", name)
		case kind == "Binary" && len(a.BinaryValue) == 0, kind != "Binary" && a.StringValue == "":
			code = fmt.Sprintf("The message attribute '%s' must contain non-empty message attribute value for message attribute type '%s'.", name, a.DataType)
		case kind == "Number" && !numberShape.MatchString(strings.TrimSpace(a.StringValue)):
			code = fmt.Sprintf("Could not cast message attribute '%s' value to number.", name)
		}
		if code != "" {
			return &service.Error{Code: "InvalidParameterValueException", QueryCode: "ParameterValueInvalid", Message: code}
		}
	}
	return nil
}

// PublishBatch publishes up to ten messages, each for itself.
func (s *Service) PublishBatch(ctx context.Context, c service.Caller, r *PublishBatchRequest) (*PublishBatchResponse, error) {
	if _, err := s.open(ctx, c, r.TopicARN); err != nil {
		return nil, err
	}
	if err := checkBatch(r.Entries); err != nil {
		return nil, err
	}
	out := &PublishBatchResponse{Successful: []PublishedEntry{}, Failed: []FailedEntry{}}
	for _, e := range r.Entries {
		done, err := s.Publish(ctx, c, &PublishRequest{TopicARN: r.TopicARN, Message: e.Message, Subject: e.Subject,
			MessageStructure: e.MessageStructure, MessageAttributes: e.MessageAttributes,
			MessageDeduplicationID: e.MessageDeduplicationID, MessageGroupID: e.MessageGroupID})
		var bad *service.Error
		switch {
		case err == nil:
			out.Successful = append(out.Successful, PublishedEntry{ID: e.ID, MessageID: done.MessageID, SequenceNumber: done.SequenceNumber})
		case errors.As(err, &bad):
			out.Failed = append(out.Failed, FailedEntry{ID: e.ID, Code: bad.QueryCode, Message: bad.Message, SenderFault: bad.Status < 500})
		default:
			return nil, err
		}
	}
	return out, nil
}

var entryShape = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

func checkBatch(entries []PublishEntry) error {
	fail := func(code, message string) error {
		return &service.Error{Code: code + "Exception", QueryCode: code, Message: message}
	}
	bytes, seen := 0, map[string]bool{}
	for _, e := range entries {
		switch {
		case !entryShape.MatchString(e.ID):
			return fail("InvalidBatchEntryId", "The batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.")
		case seen[e.ID]:
			return fail("BatchEntryIdsNotDistinct", "Two or more batch entries in the request have the same Id.")
		}
		seen[e.ID] = true
		bytes += bytesOf(&PublishRequest{Message: e.Message, MessageAttributes: e.MessageAttributes})
	}
	switch {
	case len(entries) == 0:
		return fail("EmptyBatchRequest", "The batch request doesn't contain any entries.")
	case len(entries) > 10:
		return fail("TooManyEntriesInBatchRequest", "The batch request contains more entries than permissible.")
	case bytes > maxBytes:
		return fail("BatchRequestTooLong", "The length of all the batch messages put together is more than the limit.")
	}
	return nil
}

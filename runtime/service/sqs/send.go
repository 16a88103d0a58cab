package sqs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/store"
)

// dedupWindow is how long a FIFO queue remembers a de-duplication id.
const dedupWindow = 5 * time.Minute

// draft is a message that passed the checks and is about to be stored.
type draft struct {
	message
	delay time.Duration
	// dedupKey is where a FIFO queue remembers it.
	dedupKey string
}

// sent is what a FIFO queue remembers of a message under its de-duplication id.
type sent struct{ ID, Number string }

// SendMessage puts one message.
func (s *Service) SendMessage(ctx context.Context, c service.Caller, r *SendMessageRequest) (*SendMessageResponse, error) {
	q, err := s.open(ctx, c, r.QueueURL)
	if err != nil {
		return nil, err
	}
	d, err := s.draft(c, q.Value, r)
	if err != nil {
		return nil, err
	}
	drafts := []draft{d}
	if err := s.put(ctx, q.Value, drafts); err != nil {
		return nil, err
	}
	return &SendMessageResponse{
		MD5OfMessageBody: md5Hex(r.MessageBody), MD5OfMessageAttributes: md5Attributes(r.MessageAttributes),
		MD5OfMessageSystemAttributes: md5Attributes(r.SystemAttributes),
		MessageID:                    drafts[0].ID, SequenceNumber: drafts[0].Number,
	}, nil
}

// put stores all drafts in one commit and fills in what the answer tells: an id, and
// the sequence number in a FIFO queue. A repeated FIFO message gets the first one's.
func (s *Service) put(ctx context.Context, q queue, drafts []draft) error {
	store := s.putStandard
	if q.fifo() {
		store = s.putFIFO
	}
	if err := store(ctx, q, drafts); err != nil {
		return err
	}
	s.ring(q.Name)
	return nil
}

func (s *Service) putStandard(ctx context.Context, q queue, drafts []draft) error {
	swaps := make([]store.Swap, 0, 2*len(drafts))
	for i := range drafts {
		d := &drafts[i]
		d.stamp(s.now())
		swaps = append(swaps, s.write(q, s.sequence(), d.message, 0)...)
	}
	return s.state.Apply(ctx, swaps...)
}

func (d *draft) stamp(now time.Time) {
	d.ID = service.NewID()
	d.Sent = now.UnixMilli()
	d.Visible = now.Add(d.delay).UnixMilli()
}

// putFIFO swaps the queue's number with every commit: that makes one order of all
// senders, and what was read of the de-duplication ids holds when it is written.
func (s *Service) putFIFO(ctx context.Context, q queue, drafts []draft) error {
	return s.state.Retry(ctx, func() error {
		number, err := service.Get[uint64](ctx, s.state, numberKey(q.Name))
		if err != nil {
			return err
		}
		var swaps []store.Swap
		fresh := map[string]sent{}
		for i := range drafts {
			d := &drafts[i]
			first, again := fresh[d.dedupKey]
			if !again {
				if first, again, err = s.sentBefore(ctx, d.dedupKey); err != nil {
					return err
				}
			}
			if again {
				d.ID, d.Number = first.ID, first.Number
				continue
			}
			number.Value++
			d.stamp(s.now())
			d.Number = fifoNumber(number.Value)
			fresh[d.dedupKey] = sent{d.ID, d.Number}
			swaps = append(swaps, s.write(q, d.Number, d.message, 0)...)
			swaps = append(swaps, s.state.Put(d.dedupKey, fresh[d.dedupKey], store.AnyVersion, s.now().Add(dedupWindow)))
		}
		if len(swaps) == 0 {
			return nil
		}
		swaps = append(swaps, s.state.Put(number.Key, number.Value, number.Version, time.Time{}))
		return s.state.Apply(ctx, swaps...)
	})
}

func (s *Service) sentBefore(ctx context.Context, key string) (sent, bool, error) {
	got, err := service.Get[sent](ctx, s.state, key)
	return got.Value, got.Exists(), err
}

// draft checks a request and makes a message of it.
func (s *Service) draft(c service.Caller, q queue, r *SendMessageRequest) (draft, error) {
	if r.MessageBody == "" {
		return draft{}, missing("MessageBody")
	}
	if !validText(r.MessageBody) {
		return draft{}, errContents
	}
	if err := checkMessageAttributes(r.MessageAttributes); err != nil {
		return draft{}, err
	}
	limit := q.number("MaximumMessageSize")
	if size(r.MessageBody, r.MessageAttributes) > limit {
		return draft{}, invalid("One or more parameters are invalid. Reason: Message must be shorter than %d bytes.", limit)
	}
	sender := c.AccessKey
	if sender == "" {
		sender = c.Account
	}
	d := draft{
		message: message{
			Body: r.MessageBody, Attributes: r.MessageAttributes, Sender: sender,
			Trace: r.SystemAttributes["AWSTraceHeader"].StringValue,
			Group: r.MessageGroupID, Dedup: r.MessageDeduplicationID,
		},
		delay: time.Duration(q.number("DelaySeconds")) * time.Second,
	}
	if r.DelaySeconds != nil {
		if *r.DelaySeconds < 0 || *r.DelaySeconds > 900 {
			return draft{}, invalidValue(*r.DelaySeconds, "DelaySeconds", "DelaySeconds must be >= 0 and <= 900.")
		}
		d.delay = time.Duration(*r.DelaySeconds) * time.Second
	}
	return d, d.checkOrder(q, r)
}

// checkOrder checks what only FIFO queues have and fills in the de-duplication id.
func (d *draft) checkOrder(q queue, r *SendMessageRequest) error {
	if !q.fifo() {
		if r.MessageDeduplicationID != "" {
			return invalidValue(r.MessageDeduplicationID, "MessageDeduplicationId",
				"The request includes a parameter that is not valid for this queue type.")
		}
		return nil
	}
	switch {
	case r.MessageGroupID == "":
		return missing("MessageGroupId")
	case !validID(r.MessageGroupID, 128):
		return invalidValue(r.MessageGroupID, "MessageGroupId",
			"MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in length.")
	case r.MessageDeduplicationID != "" && !validID(r.MessageDeduplicationID, 128):
		return invalidValue(r.MessageDeduplicationID, "MessageDeduplicationId",
			"MessageDeduplicationId can only include alphanumeric and punctuation characters. 1 to 128 in length.")
	case r.DelaySeconds != nil && *r.DelaySeconds != q.number("DelaySeconds"):
		return invalidValue(*r.DelaySeconds, "DelaySeconds",
			"The request include parameter that is not valid for this queue type.")
	}
	if d.Dedup == "" {
		if q.attribute("ContentBasedDeduplication") != "true" {
			return invalid("The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly")
		}
		sum := sha256.Sum256([]byte(r.MessageBody))
		d.Dedup = hex.EncodeToString(sum[:])
	}
	d.dedupKey = dedupPrefix(q.Name) + d.Dedup
	if q.attribute("DeduplicationScope") == "messageGroup" {
		d.dedupKey = dedupPrefix(q.Name) + strconv.Quote(d.Group) + d.Dedup
	}
	return nil
}

// validID says whether id is 1 to max printable ASCII characters without a space.
func validID(id string, max int) bool {
	return id != "" && len(id) <= max &&
		strings.IndexFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }) < 0
}

// validText is XML's idea of a character, which is also SQS's.
func validText(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool {
		return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF
	}) < 0
}

func size(body string, attributes map[string]Attribute) int {
	n := len(body)
	for name, a := range attributes {
		n += len(name) + len(a.DataType) + len(a.StringValue) + len(a.BinaryValue)
	}
	return n
}

func checkMessageAttributes(all map[string]Attribute) error {
	if len(all) > 10 {
		return invalid("Number of message attributes [%d] exceeds the allowed maximum [10].", len(all))
	}
	for name, a := range all {
		kind, _, _ := strings.Cut(a.DataType, ".")
		switch {
		case name == "" || len(name) > 256:
			return invalid("The message attribute name %q must be 1 to 256 characters long.", name)
		case kind != "String" && kind != "Number" && kind != "Binary":
			return invalid("The type of message (user) attribute '%s' is invalid. You must use only the following supported type prefixes: Binary, Number, String.", name)
		case kind == "Binary" && len(a.BinaryValue) == 0, kind != "Binary" && a.StringValue == "":
			return invalid("The message (user) attribute '%s' must contain a non-empty value of type '%s'.", name, a.DataType)
		case kind == "Number" && !isNumber(a.StringValue):
			return invalid("Could not cast message (user) attribute '%s' value to number.", name)
		case !validText(a.StringValue):
			return errContents
		}
	}
	return nil
}

func isNumber(s string) bool {
	_, err := strconv.ParseFloat(s, 64)
	return err == nil
}

// fifoNumber writes a sequence number as long as AWS's, so that text order is order.
func fifoNumber(n uint64) string { return fmt.Sprintf("%020d", n) }

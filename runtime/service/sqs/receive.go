package sqs

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/store"
)

// lookAgain is how often a waiting receiver looks without being called: a message may
// become visible, or come from another process on the same store.
const lookAgain = time.Second

// ReceiveMessage takes messages and hides them until their visibility timeout is over.
func (s *Service) ReceiveMessage(ctx context.Context, c service.Caller, r *ReceiveMessageRequest) (*ReceiveMessageResponse, error) {
	q, err := s.open(ctx, c, r.QueueURL)
	if err != nil {
		return nil, err
	}
	t, wait, err := newTaking(c, q.Value, r)
	if err != nil {
		return nil, err
	}
	waited, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	for {
		called := s.hear(q.Value.Name)
		got, err := s.take(ctx, t)
		if err != nil || len(got) > 0 || wait == 0 {
			return &ReceiveMessageResponse{Messages: got}, err
		}
		again := time.NewTimer(lookAgain)
		select {
		case <-called:
		case <-again.C:
		case <-waited.Done():
			again.Stop()
			return &ReceiveMessageResponse{}, ctx.Err()
		}
		again.Stop()
	}
}

// taking is one receiver's wish.
type taking struct {
	queue      queue
	arn        string
	max        int
	visibility time.Duration
	system     []string
	attributes []string
}

func newTaking(c service.Caller, q queue, r *ReceiveMessageRequest) (t taking, wait time.Duration, err error) {
	t = taking{
		queue: q, arn: c.ARN(Name, q.Name), attributes: r.MessageAttributeNames,
		system: append(r.AttributeNames, r.SystemAttributeNames...),
	}
	if t.max, err = within(r.MaxNumberOfMessages, "MaxNumberOfMessages", 1, 1, 10); err != nil {
		return t, 0, err
	}
	seconds, err := within(r.VisibilityTimeout, "VisibilityTimeout", q.number("VisibilityTimeout"), 0, 43200)
	if err != nil {
		return t, 0, err
	}
	t.visibility = time.Duration(seconds) * time.Second
	seconds, err = within(r.WaitTimeSeconds, "WaitTimeSeconds", q.number("ReceiveMessageWaitTimeSeconds"), 0, 20)
	return t, time.Duration(seconds) * time.Second, err
}

func within(given *int, name string, fallback, low, high int) (int, error) {
	if given == nil {
		return fallback, nil
	}
	if *given < low || *given > high {
		return 0, invalidValue(*given, name, "Must be between "+strconv.Itoa(low)+" and "+strconv.Itoa(high)+", if provided.")
	}
	return *given, nil
}

// take goes once through the places in their order. In a FIFO queue a message that is
// hidden, or that somebody else took meanwhile, holds back the rest of its group.
func (s *Service) take(ctx context.Context, t taking) (out []Message, err error) {
	now := s.now()
	held := map[string]bool{}
	walk := service.All(ctx, s.state, placePrefix(t.queue.Name), t.page(), func(p service.Stored[place]) bool {
		switch {
		case p.Value.Visible > now.UnixMilli():
			held[p.Value.Group] = true
			return t.queue.fifo() // in a standard queue all that follow are hidden too
		case t.queue.fifo() && held[p.Value.Group]:
			return true
		}
		var m *Message
		if m, err = s.takeOne(ctx, t, p.Value.Seq, now); err != nil {
			return false
		}
		if m == nil {
			held[p.Value.Group] = true
			return true
		}
		out = append(out, *m)
		return len(out) < t.max
	})
	return out, errors.Join(err, walk)
}

// page is how many places are read at once: in a standard queue the first ones are all
// that is needed unless others take them, in a FIFO queue groups may be held.
func (t taking) page() int {
	if t.queue.fifo() {
		return 200
	}
	return 2 * t.max
}

// takeOne receives one message; nil if somebody else did, or if it is poison and went
// to the dead-letter queue.
func (s *Service) takeOne(ctx context.Context, t taking, seq string, now time.Time) (*Message, error) {
	old, err := service.Get[message](ctx, s.state, messageKey(t.queue.Name, seq))
	if err != nil || !old.Exists() || old.Value.Visible > now.UnixMilli() {
		return nil, err
	}
	m := old.Value
	if p, ok := t.queue.redrive(); ok && m.Receives >= p.max() {
		gone, err := s.bury(ctx, t, nameOf(p.Target), seq, old)
		if gone || err != nil {
			return nil, err
		}
	}
	m.Receives++
	if m.First == 0 {
		m.First = now.UnixMilli()
	}
	m.Visible = now.Add(t.visibility).UnixMilli()
	m.Receipt = service.RandomHex(8)
	err = s.state.Apply(ctx, s.move(t.queue, seq, old, m)...)
	if errors.Is(err, store.ErrConflict) {
		return nil, nil
	}
	return t.show(seq, m), err
}

// bury moves a message to the dead-letter queue in one commit. Without that queue the
// message stays: better received once more than lost.
func (s *Service) bury(ctx context.Context, t taking, target, seq string, old service.Stored[message]) (gone bool, err error) {
	dead, err := service.Get[queue](ctx, s.state, queueKey(target))
	if err != nil || !dead.Exists() {
		return false, err
	}
	m := old.Value
	m.Receives, m.First, m.Receipt, m.Source = 0, 0, "", t.arn
	m.Visible = s.now().UnixMilli()
	newSeq := s.sequence()
	swaps := s.remove(t.queue, seq, old)
	if dead.Value.fifo() {
		n, err := service.Get[uint64](ctx, s.state, numberKey(target))
		if err != nil {
			return false, err
		}
		m.Number = fifoNumber(n.Value + 1)
		newSeq, swaps = m.Number, append(swaps, s.state.Put(n.Key, n.Value+1, n.Version, time.Time{}))
	}
	err = s.state.Apply(ctx, append(swaps, s.write(dead.Value, newSeq, m, 0)...)...)
	if err != nil && !errors.Is(err, store.ErrConflict) {
		return false, err
	}
	s.ring(target)
	return true, nil
}

// show makes of a stored message what the receiver asked to see.
func (t taking) show(seq string, m message) *Message {
	out := &Message{
		MessageID: m.ID, Body: m.Body, MD5OfBody: md5Hex(m.Body),
		ReceiptHandle: handle(t.queue.Name, seq, m.Receipt),
	}
	system := map[string]string{
		"SenderId": m.Sender, "SentTimestamp": strconv.FormatInt(m.Sent, 10),
		"ApproximateReceiveCount":          strconv.Itoa(m.Receives),
		"ApproximateFirstReceiveTimestamp": strconv.FormatInt(m.First, 10),
		"AWSTraceHeader":                   m.Trace, "MessageGroupId": m.Group,
		"MessageDeduplicationId": m.Dedup, "SequenceNumber": m.Number,
		"DeadLetterQueueSourceArn": m.Source,
	}
	for name, value := range system {
		if value != "" && wanted(t.system, name) {
			if out.Attributes == nil {
				out.Attributes = map[string]string{}
			}
			out.Attributes[name] = value
		}
	}
	for name, value := range m.Attributes {
		if wanted(t.attributes, name) {
			if out.MessageAttributes == nil {
				out.MessageAttributes = map[string]Attribute{}
			}
			out.MessageAttributes[name] = value
		}
	}
	out.MD5OfMessageAttributes = md5Attributes(out.MessageAttributes)
	return out
}

// wanted says whether a list of names, prefixes like "order.*" and "All" covers name.
func wanted(list []string, name string) bool {
	for _, w := range list {
		prefix, isPrefix := strings.CutSuffix(w, ".*")
		if w == "All" || w == name || isPrefix && strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

package sqs

import (
	"context"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/service"
)

// DeleteMessage removes a received message. A handle that is no longer the newest one
// removes nothing, and that is no error.
func (s *Service) DeleteMessage(ctx context.Context, c service.Caller, r *DeleteMessageRequest) (*service.Empty, error) {
	q, err := s.open(ctx, c, r.QueueURL)
	if err != nil {
		return nil, err
	}
	return &service.Empty{}, s.delete(ctx, q.Value, r.ReceiptHandle)
}

func (s *Service) delete(ctx context.Context, q queue, h string) error {
	seq, receipt, err := readHandle(q.Name, h)
	if err != nil {
		return err
	}
	return s.state.Retry(ctx, func() error {
		old, err := service.Get[message](ctx, s.state, messageKey(q.Name, seq))
		if err != nil || !old.Exists() {
			return err
		}
		late := old.Value.Receipt != receipt || old.Value.Visible <= s.now().UnixMilli()
		switch {
		case late && q.fifo():
			return invalidValue(h, "ReceiptHandle", "The receipt handle has expired.")
		case old.Value.Receipt != receipt:
			return nil
		}
		return s.state.Apply(ctx, s.remove(q, seq, old)...)
	})
}

// ChangeMessageVisibility moves the time when a received message is seen again.
func (s *Service) ChangeMessageVisibility(ctx context.Context, c service.Caller, r *ChangeVisibilityRequest) (*service.Empty, error) {
	q, err := s.open(ctx, c, r.QueueURL)
	if err != nil {
		return nil, err
	}
	return &service.Empty{}, s.show(ctx, q.Value, r.ReceiptHandle, r.VisibilityTimeout)
}

func (s *Service) show(ctx context.Context, q queue, h string, timeout *int) error {
	if timeout == nil {
		return missing("VisibilityTimeout")
	}
	seconds, err := within(timeout, "VisibilityTimeout", 0, 0, 43200)
	if err != nil {
		return err
	}
	seq, receipt, err := readHandle(q.Name, h)
	if err != nil {
		return err
	}
	err = s.state.Retry(ctx, func() error {
		old, err := service.Get[message](ctx, s.state, messageKey(q.Name, seq))
		switch {
		case err != nil:
			return err
		case !old.Exists() || old.Value.Receipt != receipt:
			return invalidValue(h, "ReceiptHandle",
				"Message does not exist or is not available for visibility timeout change.")
		case old.Value.Visible <= s.now().UnixMilli():
			return errNotInFlight
		}
		m := old.Value
		m.Visible = s.now().Add(time.Duration(seconds) * time.Second).UnixMilli()
		return s.state.Apply(ctx, s.move(q, seq, old, m)...)
	})
	if err == nil && seconds == 0 {
		s.ring(q.Name)
	}
	return err
}

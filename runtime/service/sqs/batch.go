package sqs

import (
	"context"
	"errors"

	"github.com/tocsin-engine/tocsin/runtime/service"
)

// batchMax is the most entries of a batch, batchBytes the most bytes of all its
// messages together.
const (
	batchMax   = 10
	batchBytes = 1048576
)

// checkBatch checks what all batches have in common.
func checkBatch(ids []string) error {
	switch {
	case len(ids) == 0:
		return simple("EmptyBatchRequest", "There should be at least one entry in the request.")
	case len(ids) > batchMax:
		return simple("TooManyEntriesInBatchRequest",
			"Maximum number of entries per request are %d. You have sent %d.", batchMax, len(ids))
	}
	seen := map[string]bool{}
	for _, id := range ids {
		if !nameShape.MatchString(id) {
			return simple("InvalidBatchEntryId",
				"A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.")
		}
		if seen[id] {
			return simple("BatchEntryIdsNotDistinct", "Id %s repeated.", id)
		}
		seen[id] = true
	}
	return nil
}

// failed makes the entry of an error that is the sender's; other errors fail the call.
func failed(id string, err error) (FailedEntry, bool) {
	var e *service.Error
	if !errors.As(err, &e) {
		return FailedEntry{}, false
	}
	code := e.QueryCode
	if code == "" {
		code = e.Code
	}
	return FailedEntry{ID: id, SenderFault: e.Status < 500, Code: code, Message: e.Message}, true
}

// SendMessageBatch puts up to ten messages; those that are good are one commit.
func (s *Service) SendMessageBatch(ctx context.Context, c service.Caller, r *SendMessageBatchRequest) (*SendMessageBatchResponse, error) {
	q, err := s.open(ctx, c, r.QueueURL)
	if err != nil {
		return nil, err
	}
	ids, bytes := make([]string, len(r.Entries)), 0
	for i, e := range r.Entries {
		ids[i] = e.ID
		bytes += size(e.MessageBody, e.MessageAttributes)
	}
	if err := checkBatch(ids); err != nil {
		return nil, err
	}
	if bytes > batchBytes {
		return nil, simple("BatchRequestTooLong", "Batch requests cannot be longer than %d bytes. You have sent %d bytes.", batchBytes, bytes)
	}
	return s.sendBatch(ctx, c, q.Value, r.Entries)
}

func (s *Service) sendBatch(ctx context.Context, c service.Caller, q queue, entries []SendBatchEntry) (*SendMessageBatchResponse, error) {
	out := &SendMessageBatchResponse{Successful: []SentEntry{}, Failed: []FailedEntry{}}
	var drafts []draft
	var good []SendBatchEntry
	for _, e := range entries {
		d, err := s.draft(c, q, &SendMessageRequest{
			MessageBody: e.MessageBody, DelaySeconds: e.DelaySeconds,
			MessageAttributes: e.MessageAttributes, SystemAttributes: e.SystemAttributes,
			MessageDeduplicationID: e.MessageDeduplicationID, MessageGroupID: e.MessageGroupID,
		})
		if err == nil {
			drafts, good = append(drafts, d), append(good, e)
			continue
		}
		f, ok := failed(e.ID, err)
		if !ok {
			return nil, err
		}
		out.Failed = append(out.Failed, f)
	}
	if len(drafts) == 0 {
		return out, nil
	}
	if err := s.put(ctx, q, drafts); err != nil {
		return nil, err
	}
	for i, e := range good {
		out.Successful = append(out.Successful, SentEntry{
			ID: e.ID, MessageID: drafts[i].ID, SequenceNumber: drafts[i].Number,
			MD5OfMessageBody:             md5Hex(e.MessageBody),
			MD5OfMessageAttributes:       md5Attributes(e.MessageAttributes),
			MD5OfMessageSystemAttributes: md5Attributes(e.SystemAttributes),
		})
	}
	return out, nil
}

// each runs one call per entry and sorts the answers.
func each(ids []string, call func(i int) error) (done []EntryID, bad []FailedEntry, err error) {
	done, bad = []EntryID{}, []FailedEntry{}
	if err := checkBatch(ids); err != nil {
		return nil, nil, err
	}
	for i, id := range ids {
		err := call(i)
		if err == nil {
			done = append(done, EntryID{ID: id})
			continue
		}
		f, ok := failed(id, err)
		if !ok {
			return nil, nil, err
		}
		bad = append(bad, f)
	}
	return done, bad, nil
}

// DeleteMessageBatch removes up to ten messages.
func (s *Service) DeleteMessageBatch(ctx context.Context, c service.Caller, r *DeleteMessageBatchRequest) (*DeleteMessageBatchResponse, error) {
	q, err := s.open(ctx, c, r.QueueURL)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(r.Entries))
	for i, e := range r.Entries {
		ids[i] = e.ID
	}
	done, bad, err := each(ids, func(i int) error {
		return s.delete(ctx, q.Value, r.Entries[i].ReceiptHandle)
	})
	return &DeleteMessageBatchResponse{Successful: done, Failed: bad}, err
}

// ChangeMessageVisibilityBatch moves up to ten messages.
func (s *Service) ChangeMessageVisibilityBatch(ctx context.Context, c service.Caller, r *ChangeVisibilityBatchRequest) (*ChangeVisibilityBatchResponse, error) {
	q, err := s.open(ctx, c, r.QueueURL)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(r.Entries))
	for i, e := range r.Entries {
		ids[i] = e.ID
	}
	done, bad, err := each(ids, func(i int) error {
		return s.show(ctx, q.Value, r.Entries[i].ReceiptHandle, r.Entries[i].VisibilityTimeout)
	})
	return &ChangeVisibilityBatchResponse{Successful: done, Failed: bad}, err
}

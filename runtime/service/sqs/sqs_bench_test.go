package sqs

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/store/memory"
)

// BenchmarkRoundTrip sends, receives and deletes batches of ten messages of 1 KB.
func BenchmarkRoundTrip(b *testing.B) {
	for _, name := range []string{"q", "q.fifo"} {
		for _, backlog := range []int{0, 10_000} {
			b.Run(fmt.Sprintf("queue=%s/backlog=%d", name, backlog), func(b *testing.B) { roundTrip(b, name, backlog) })
		}
	}
}

func roundTrip(b *testing.B, name string, backlog int) {
	ctx, c, body, ten := b.Context(), service.Caller{Create: true}, strings.Repeat("x", 1000), 10
	s := New(memory.New(memory.Config{}), time.Now, nil)
	n := 0
	put := func() {
		r := &SendMessageBatchRequest{QueueURL: name}
		for range 10 {
			n++
			e := SendBatchEntry{ID: fmt.Sprint("m", n), MessageBody: body}
			if isFIFO(name) {
				e.MessageGroupID, e.MessageDeduplicationID = fmt.Sprint(n%100), fmt.Sprint(n)
			}
			r.Entries = append(r.Entries, e)
		}
		if out, err := s.SendMessageBatch(ctx, c, r); err != nil || len(out.Failed) > 0 {
			b.Fatal(out, err)
		}
	}
	for n < backlog {
		put()
	}
	b.ReportAllocs()
	for b.Loop() {
		put()
		got, err := s.ReceiveMessage(ctx, c, &ReceiveMessageRequest{QueueURL: name, MaxNumberOfMessages: &ten})
		if err != nil || len(got.Messages) != 10 {
			b.Fatal(len(got.Messages), err)
		}
		r := &DeleteMessageBatchRequest{QueueURL: name}
		for i, m := range got.Messages {
			r.Entries = append(r.Entries, DeleteBatchEntry{ID: fmt.Sprint(i), ReceiptHandle: m.ReceiptHandle})
		}
		if out, err := s.DeleteMessageBatch(ctx, c, r); err != nil || len(out.Failed) > 0 {
			b.Fatal(out, err)
		}
	}
	b.ReportMetric(float64(10*b.N)/b.Elapsed().Seconds(), "messages/s")
}

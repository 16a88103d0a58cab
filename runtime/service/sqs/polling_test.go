package sqs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/store/memory"
)

func TestLongPolling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.Service = New(memory.New(memory.Config{}), time.Now, nil)
		url := b.create("q", "ReceiveMessageWaitTimeSeconds", "20")
		start := time.Now()
		wantBodies(t, b.receive(url, 1))
		if took := time.Since(start); took != 20*time.Second {
			t.Errorf("an empty queue answered after %v, want 20s", took)
		}
		start = time.Now()
		got := make(chan []Message)
		go func() { got <- b.receive(url, 1) }()
		synctest.Wait()
		b.send(url, "x", "")
		wantBodies(t, <-got, "x")
		if took := time.Since(start); took != 0 {
			t.Errorf("a waiting receiver was woken after %v", took)
		}
	})
}

func TestLongPollingEndsWithItsClient(t *testing.T) {
	b := newBench(t)
	url := b.create("q", "ReceiveMessageWaitTimeSeconds", "20")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.ReceiveMessage(ctx, b.caller, &ReceiveMessageRequest{QueueURL: url}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that the client is gone", err)
	}
}

func TestReceive_hammer(t *testing.T) {
	b := newBench(t)
	standard := b.create("q")
	fifo := b.create("q.fifo", "FifoQueue", "true", "ContentBasedDeduplication", "true")
	const senders, each = 4, 25
	var wg sync.WaitGroup
	for p := range senders {
		wg.Go(func() {
			for i := range each {
				b.send(standard, fmt.Sprint(p, "-", i), "")
				b.send(fifo, fmt.Sprint(p, "-", i), fmt.Sprint(p))
			}
		})
	}
	wg.Wait()
	var mu sync.Mutex
	seen, next := map[string]int{}, map[string]int{}
	for range senders {
		wg.Go(func() {
			for range 3 * each {
				for _, m := range b.receive(standard, 3) {
					mu.Lock()
					seen[m.Body]++
					mu.Unlock()
				}
				for _, m := range b.receive(fifo, 3) {
					var group, i int
					if _, err := fmt.Sscanf(m.Body, "%d-%d", &group, &i); err != nil {
						t.Error(err)
					}
					mu.Lock()
					if g := m.Attributes["MessageGroupId"]; next[g] != i {
						t.Errorf("group %s gave %d, want %d", g, i, next[g])
					} else {
						next[g]++
					}
					mu.Unlock()
					b.delete(fifo, m)
				}
			}
		})
	}
	wg.Wait()
	if len(seen) != senders*each {
		t.Errorf("%d messages received, want %d", len(seen), senders*each)
	}
	for body, n := range seen {
		if n != 1 {
			t.Errorf("%s was received %d times while it was hidden", body, n)
		}
	}
	for p := range senders {
		if next[fmt.Sprint(p)] != each {
			t.Errorf("group %d: %d messages, want %d", p, next[fmt.Sprint(p)], each)
		}
	}
}

func FuzzReadHandle(f *testing.F) {
	f.Add("")
	f.Add(handle("q", "17", "ab"))
	f.Add("cSBhIGI=")
	f.Add("cSAg001=") // bits beyond the last byte
	f.Fuzz(func(t *testing.T, h string) {
		seq, receipt, err := readHandle("q", h)
		if err != nil {
			return
		}
		if got := handle("q", seq, receipt); got != h {
			t.Errorf("readHandle(%q) and handle give %q", h, got)
		}
	})
}

func FuzzRedrivePolicy(f *testing.F) {
	f.Add(`{"deadLetterTargetArn":"arn:aws:sqs:x:1:q","maxReceiveCount":"3"}`)
	f.Add(`{"maxReceiveCount":1e9}`)
	f.Add(`[]`)
	f.Fuzz(func(t *testing.T, text string) {
		p, ok := queue{Attributes: map[string]string{"RedrivePolicy": text}}.redrive()
		if ok && !json.Valid([]byte(text)) {
			t.Errorf("%q is taken for a policy", text)
		}
		_ = p.max()
	})
}

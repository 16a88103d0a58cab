package sqs

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// model is what a queue must look like from outside: per group (one for a standard
// queue's messages each) the bodies that are not deleted, in the order they were sent.
type model struct {
	fifo   bool
	groups map[string][]string
	// hidden is until when a received message must not be seen again.
	hidden map[string]time.Time
	held   []Message
}

func (m *model) sent(group, body string) { m.groups[group] = append(m.groups[group], body) }

// check judges one answer: nothing hidden, nothing deleted, groups in order and not past
// a message that somebody holds.
func (m *model) check(got []Message, now time.Time) error {
	for _, x := range got {
		group := x.Attributes["MessageGroupId"]
		if !slices.Contains(m.groups[group], x.Body) {
			return fmt.Errorf("%s was deleted or never sent", x.Body)
		}
		if m.hidden[x.Body].After(now) {
			return fmt.Errorf("%s is hidden", x.Body)
		}
		for _, before := range m.groups[group] {
			if !m.fifo || before == x.Body {
				break
			}
			ours := slices.ContainsFunc(got, func(y Message) bool { return y.Body == before })
			if !ours {
				return fmt.Errorf("%s came before %s of its group", x.Body, before)
			}
		}
	}
	return nil
}

func (m *model) received(got []Message, until time.Time) {
	for _, x := range got {
		m.hidden[x.Body] = until
	}
	m.held = append(m.held, got...)
}

func (m *model) deleted(x Message) {
	group := x.Attributes["MessageGroupId"]
	m.groups[group] = slices.DeleteFunc(m.groups[group], func(body string) bool { return body == x.Body })
}

func (m *model) left() (n int) {
	for _, g := range m.groups {
		n += len(g)
	}
	return n
}

// Whatever a sender and a receiver do, no message is lost, none is seen while it is
// hidden, and a FIFO queue's groups keep their order.
func FuzzQueueKeepsItsPromises(f *testing.F) {
	f.Add(true, []byte{0, 0, 1, 4, 8, 5, 12, 3, 5})
	f.Add(false, []byte{0, 1, 2, 5, 9, 3, 3, 3, 3, 5, 8})
	f.Add(true, []byte{0, 4, 16, 5, 3, 9, 2, 2, 6, 10, 7, 11, 13, 3, 5})
	f.Fuzz(func(t *testing.T, fifo bool, script []byte) {
		if len(script) > 60 {
			return
		}
		b := newBench(t)
		m := &model{fifo: fifo, groups: map[string][]string{}, hidden: map[string]time.Time{}}
		url := b.create("q", "VisibilityTimeout", "10")
		if fifo {
			url = b.create("q.fifo", "FifoQueue", "true", "ContentBasedDeduplication", "true", "VisibilityTimeout", "10")
		}
		take := func(max int) {
			got := b.receive(url, max)
			if err := m.check(got, b.clock); err != nil {
				t.Fatalf("%v: %v", script, err)
			}
			m.received(got, b.clock.Add(10*time.Second))
		}
		for i, op := range script {
			arg := int(op >> 2)
			switch op & 3 {
			case 0:
				group := fmt.Sprint("g", arg%3)
				body := fmt.Sprint(group, "-", i)
				b.send(url, body, group)
				m.sent(group, body)
			case 1:
				take(1 + arg%10)
			case 2: // delete what is held and still ours
				if len(m.held) == 0 {
					continue
				}
				x := m.held[arg%len(m.held)]
				newest := !slices.ContainsFunc(m.held, func(y Message) bool { return y.Body == x.Body && y.ReceiptHandle != x.ReceiptHandle })
				if newest && m.hidden[x.Body].After(b.clock) && slices.Contains(m.groups[x.Attributes["MessageGroupId"]], x.Body) {
					b.delete(url, x)
					m.deleted(x)
				}
			case 3:
				b.clock = b.clock.Add(time.Duration(arg%16) * time.Second)
			}
		}
		for range 200 { // drain
			if m.left() == 0 {
				break
			}
			b.clock = b.clock.Add(10 * time.Second)
			got := b.receive(url, 10)
			if err := m.check(got, b.clock); err != nil {
				t.Fatalf("%v, draining: %v", script, err)
			}
			for _, x := range got {
				b.delete(url, x)
				m.deleted(x)
			}
		}
		if n := m.left(); n != 0 {
			t.Fatalf("%v: %d messages are lost: %v", script, n, m.groups)
		}
		wantBodies(t, b.receive(url, 10))
	})
}

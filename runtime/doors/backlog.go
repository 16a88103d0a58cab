package doors

import (
	"net"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
)

// maxBacklog bounds the bytes that wait at a door whose senders do not wait.
const maxBacklog = 32 << 20

// backlog is what arrived over UDP and waits to be worked on, so that a commit that
// takes a while loses nothing that follows.
type backlog struct {
	mu      sync.Mutex
	waiting [][]byte
	bytes   int
	most    int
	// bell rings when something waits.
	bell chan struct{}
}

func newBacklog() *backlog { return &backlog{most: maxBacklog, bell: make(chan struct{}, 1)} }

// add takes a copy of b, unless there is no room.
func (q *backlog) add(b []byte) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.bytes+len(b) > q.most {
		return false
	}
	q.bytes += len(b)
	q.waiting = append(q.waiting, append([]byte(nil), b...))
	select {
	case q.bell <- struct{}{}:
	default:
	}
	return true
}

// take returns up to n of those that wait, the oldest first.
func (q *backlog) take(n int) [][]byte {
	q.mu.Lock()
	defer q.mu.Unlock()
	n = min(n, len(q.waiting))
	taken := q.waiting[:n:n]
	if q.waiting = q.waiting[n:]; len(q.waiting) == 0 {
		q.waiting = nil // what was taken can be freed
	}
	for _, b := range taken {
		q.bytes -= len(b)
	}
	return taken
}

// readBuffer is what the kernel is asked to keep for a socket that is not read for a
// while; it may give less.
const readBuffer = 4 << 20

// receive calls each for every datagram until conn is closed. The datagram is only
// valid until each returns.
func receive(conn *net.UDPConn, each func(datagram []byte)) {
	_ = conn.SetReadBuffer(readBuffer) // less is slower, not wrong
	buffer := make([]byte, 64<<10)
	for {
		n, _, err := conn.ReadFromUDPAddrPort(buffer)
		if err != nil {
			return
		}
		each(buffer[:n])
	}
}

// quietFor is how long the second warning of a kind waits, so that a sender who is wrong
// fills no disk with log lines.
const quietFor = 10 * time.Second

// complaints logs warnings, each kind once in a while. It is for one goroutine.
type complaints struct {
	log  hclog.Logger
	now  func() time.Time
	last map[string]time.Time
	kept map[string]int
}

func newComplaints(log hclog.Logger, now func() time.Time) *complaints {
	return &complaints{log, now, map[string]time.Time{}, map[string]int{}}
}

func (c *complaints) say(what string, args ...any) {
	now := c.now()
	if last, spoke := c.last[what]; spoke && now.Sub(last) < quietFor {
		c.kept[what]++
		return
	}
	c.log.Warn(what, append(args, "not_shown", c.kept[what])...)
	c.last[what], c.kept[what] = now, 0
}

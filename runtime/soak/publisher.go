package soak

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// publisher sends events from several clients and notes what was acknowledged. A request
// that failed is sent again, as an SDK does: with its invocation id, to whoever listens.
type publisher struct {
	client *http.Client
	url    atomic.Pointer[string]
	// pad makes the events larger.
	pad string

	stop  context.CancelFunc
	done  sync.WaitGroup
	sends atomic.Int64

	mu        sync.Mutex
	sent      map[string]bool
	acked     map[string]time.Time
	throttled int
	slowest   time.Duration // of the refusals of requests that began after since
	since     time.Time
}

// batchSize is how many events a request has.
const batchSize = 10

func newPublisher(pad string) *publisher {
	return &publisher{
		client: &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 256}},
		pad:    pad, sent: map[string]bool{}, acked: map[string]time.Time{},
	}
}

// start begins to send from so many clients, to whoever to says.
func (p *publisher) start(ctx context.Context, clients int) {
	ctx, p.stop = context.WithCancel(ctx)
	for range clients {
		p.done.Go(func() {
			for ctx.Err() == nil {
				p.one(ctx)
			}
		})
	}
}

// halt ends the clients; a request under way is not sent again.
func (p *publisher) halt() {
	p.stop()
	p.done.Wait()
	p.client.CloseIdleConnections()
}

// to says who listens now.
func (p *publisher) to(url string) { p.url.Store(&url) }

// one sends one request until it is answered.
func (p *publisher) one(ctx context.Context) {
	id := fmt.Sprint("invocation-", p.sends.Add(1))
	body, serials := p.body(id)
	p.mu.Lock()
	for _, s := range serials {
		p.sent[s] = true
	}
	p.mu.Unlock()
	for ctx.Err() == nil {
		status, began := p.post(ctx, id, body), time.Now()
		if status == http.StatusOK {
			p.mu.Lock()
			for _, s := range serials {
				p.acked[s] = began
			}
			p.mu.Unlock()
			return
		}
		wait(ctx, 2*time.Millisecond)
	}
}

// body is a request's, written by hand: what it costs, the process under test does not get.
func (p *publisher) body(id string) (body []byte, serials []string) {
	body = append(make([]byte, 0, batchSize*(len(p.pad)+100)), `{"Entries":[`...)
	for i := range batchSize {
		serial := id + "-" + strconv.Itoa(i)
		serials = append(serials, serial)
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, `{"Source":"soak","DetailType":"Soak","Detail":"{\"n\":\"`...)
		body = append(append(body, serial...), `\",\"pad\":\"`...)
		body = append(append(body, p.pad...), `\"}"}`...)
	}
	return append(body, "]}"...), serials
}

// post makes one attempt, and returns its status, 0 if there was no answer.
func (p *publisher) post(ctx context.Context, id string, body []byte) int {
	url := p.url.Load()
	if url == nil {
		return 0
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, *url, bytes.NewReader(body))
	if err != nil {
		panic("BUG: " + err.Error())
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "AWSEvents.PutEvents")
	r.Header.Set("Amz-Sdk-Invocation-Id", id)
	began := time.Now()
	answer, err := p.client.Do(r)
	if err != nil {
		return 0
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0
	}
	if answer.StatusCode != http.StatusOK && bytes.Contains(text, []byte("Throttling")) {
		p.mu.Lock()
		p.throttled++
		if began.After(p.since) {
			p.slowest = max(p.slowest, time.Since(began))
		}
		p.mu.Unlock()
	}
	return answer.StatusCode
}

// count is how many events were acknowledged so far.
func (p *publisher) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.acked)
}

// forget takes back the acknowledgements of a time in which the disk was gone: an fsync
// that was under way when it went may have said that it succeeded.
func (p *publisher) forget(from, to time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for serial, at := range p.acked {
		if !at.Before(from) && at.Before(to) {
			delete(p.acked, serial)
		}
	}
}

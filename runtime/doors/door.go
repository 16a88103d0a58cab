package doors

import (
	"context"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// HTTP is a door behind the server's port.
type HTTP interface {
	// Routes are what it answers.
	Routes() []Route
	// Take answers a request. An *Error is for the client; store.ErrFull becomes a 503
	// with Retry-After; every other error is the server's fault.
	Take(ctx context.Context, r *Request) (*Response, error)
	// Refuse writes an error as the door's clients read it; it is also asked for those
	// that the server found, before Take.
	Refuse(r *Request, e *Error) *Response
}

// Route is one path, to which clients POST.
type Route struct {
	Path string
	// Service is the AWS service that a request may be signed for, beside the server's
	// own name; "" for none.
	Service string
	// MaxBody caps the body in bytes, counted after decompression.
	MaxBody int64
}

// Request is what the server has read: who calls is verified, the body decompressed.
type Request struct {
	Path   string
	Query  url.Values
	Header http.Header
	Body   []byte
	// AccessKey is the caller's; "" on a server without keys.
	AccessKey string
}

// Response is an answer.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

func response(status int, contentType string, body []byte) *Response {
	r := &Response{Status: status, Header: http.Header{}, Body: body}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	return r
}

// Error is why a request is refused.
type Error struct {
	// Status is the HTTP status, Code its name in the server's own API ("bad_request").
	Status        int
	Code, Message string
}

func (e *Error) Error() string { return e.Message }

func badRequest(message string) *Error {
	return &Error{Status: http.StatusBadRequest, Code: "bad_request", Message: message}
}

// Config is what every door needs.
type Config struct {
	Engine service.Putter
	// Account and Region are those of events that say none.
	Account, Region string
	// Now is the clock.
	Now func() time.Time
}

// defaults are the members of an event that a client does not say.
func (c *Config) defaults() event.Fields {
	return event.Fields{ID: service.NewID(), Account: c.Account, Region: c.Region, Time: c.Now()}
}

// counters are a door's counts by their names.
type counters struct {
	names  []string
	values []atomic.Uint64
}

func newCounters(names ...string) *counters {
	return &counters{names, make([]atomic.Uint64, len(names))}
}

// add adds to the counter of this place among the names.
func (c *counters) add(i, n int) {
	if n > 0 {
		c.values[i].Add(uint64(n))
	}
}

// Counts are the counts of now.
func (c *counters) Counts() map[string]uint64 {
	counts := make(map[string]uint64, len(c.names))
	for i, name := range c.names {
		counts[name] = c.values[i].Load()
	}
	return counts
}

// The bounds of what waits for a commit: so many events, or so many bytes of them.
const (
	feedEvents = 500
	feedBytes  = 1 << 20
)

// feed hands events to the engine, some at a time: each time is one commit.
type feed struct {
	engine  service.Putter
	waiting []service.Submission
	bytes   int
}

// add takes one event; an error is that of a commit, and what waited is not taken.
func (f *feed) add(ctx context.Context, s service.Submission) error {
	f.waiting = append(f.waiting, s)
	f.bytes += len(s.Event.Raw())
	if len(f.waiting) < feedEvents && f.bytes < feedBytes {
		return nil
	}
	_, err := f.flush(ctx)
	return err
}

// flush commits what waits.
func (f *feed) flush(ctx context.Context) ([]service.Receipt, error) {
	if len(f.waiting) == 0 {
		return nil, nil
	}
	receipts, err := f.engine.Put(ctx, f.waiting)
	f.waiting, f.bytes = f.waiting[:0], 0
	return receipts, err
}

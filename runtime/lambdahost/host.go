package lambdahost

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/hashicorp/go-hclog"

	payloads "github.com/tocsin-engine/tocsin/ingest/lambda"
	"github.com/tocsin-engine/tocsin/runtime/engine"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/tracing"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// Engine is what the host asks of the engine.
type Engine interface {
	Act(ctx context.Context, submissions []service.Submission) []error
	Stats() engine.Stats
}

// Fetcher gets objects out of S3.
type Fetcher interface {
	// Fetch calls each with every record of a log file of CloudTrail.
	Fetch(ctx context.Context, o payloads.Object, each func(record []byte) error) error
}

// Config is what a Host works with. Engine and Front are required.
type Config struct {
	Engine Engine
	// Front answers HTTP requests: the AWS services that take events in.
	Front http.Handler
	// Objects gets the log files of CloudTrail. Default: they are reported as failed.
	Objects Fetcher
	// Account and Region stand in events that name none.
	Account, Region string
	// Bus is the bus that events are on. Default: "default".
	Bus string
	// First is called after the first invocation, with how long that took. Default: nothing
	// is.
	First func(took time.Duration)
	// Metrics takes the lines of metrics. Default: none are written.
	Metrics func(line []byte)
	// Now is the clock. Default: time.Now.
	Now func() time.Time
	// Log is the logger. Default: none.
	Log hclog.Logger
}

// Host answers invocations. Make one with New.
type Host struct {
	c     Config
	log   hclog.Logger
	meter meter
	first sync.Once
	// working is read-locked over an invocation, until its answer has been sent.
	working sync.RWMutex
}

var _ lambda.Handler = (*Host)(nil)

// New makes a host.
func New(c Config) *Host {
	if c.Bus == "" {
		c.Bus = event.DefaultBus
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = hclog.NewNullLogger()
	}
	if c.First == nil {
		c.First = func(time.Duration) {}
	}
	if c.Metrics == nil {
		c.Metrics = func([]byte) {}
	}
	return &Host{c: c, log: c.Log.Named("lambda")}
}

// margin is the part of an invocation's time that is kept for its answer: a record that
// is not done by then is reported failed, and not cut off without a word.
const margin = 200 * time.Millisecond

// Drain waits until every invocation's answer has been sent and keeps others from
// beginning: the process is about to end.
func (h *Host) Drain() { h.working.Lock() }

// Invoke answers one invocation.
func (h *Host) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	h.working.RLock()
	if ctx.Done() == nil {
		defer h.working.RUnlock()
	} else { // aws-lambda-go ends the context when it has sent the answer
		sent := ctx
		defer func() { context.AfterFunc(sent, h.working.RUnlock) }()
	}
	began := h.c.Now()
	first := func() { h.first.Do(func() { h.c.First(h.c.Now().Sub(began)) }) }
	defer first()                                     // also after a panic
	trace, _ := ctx.Value("x-amzn-trace-id").(string) // aws-lambda-go's key
	ctx = tracing.With(ctx, trace)
	if deadline, ok := ctx.Deadline(); ok {
		keep := min(margin, time.Until(deadline)/4)
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-keep))
		defer cancel()
	}
	p, err := payloads.Read(payload, event.Fields{Account: h.c.Account, Region: h.c.Region, Time: began})
	if err != nil {
		h.log.Error("an invocation is not understood", "request", requestID(ctx), "error", err)
		return nil, &PayloadError{err}
	}
	answer, failed, err := h.answer(ctx, p)
	first()
	h.tell(ctx, p, failed, began)
	return answer, err
}

// answer does what an invocation asks for, and counts the records that failed.
func (h *Host) answer(ctx context.Context, p payloads.Payload) (answer []byte, failed int, err error) {
	if p.Kind == payloads.HTTP {
		answer, err = h.serve(ctx, p.Request)
		return answer, 0, err
	}
	verdicts := h.deliver(ctx, p)
	for i, v := range verdicts {
		if v != nil {
			failed++
			h.log.Error("a record failed; its sender is told", "request", requestID(ctx), "source", string(p.Kind), "record", p.Records[i].ID, "error", v)
		}
	}
	if answer, err = p.Answer(verdicts); err != nil {
		err = &DeliveryError{err}
	}
	return answer, failed, err
}

// tell writes the line of the log and the line of metrics of an invocation.
func (h *Host) tell(ctx context.Context, p payloads.Payload, failed int, began time.Time) {
	now := h.c.Now()
	h.log.Info("invocation", "request", requestID(ctx), "source", string(p.Kind), "records", len(p.Records), "failed", failed, "took_ms", millis(now.Sub(began)), "trace", tracing.Of(ctx))
	h.c.Metrics(h.meter.line(h.c.Engine.Stats(), now, now.Sub(began)))
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func requestID(ctx context.Context) string {
	if c, ok := lambdacontext.FromContext(ctx); ok {
		return c.AwsRequestID
	}
	return ""
}

// deliver delivers the events of all records and says, record by record, what failed.
func (h *Host) deliver(ctx context.Context, p payloads.Payload) []error {
	verdicts := make([]error, len(p.Records))
	var submissions []service.Submission
	var of []int // the record of each submission
	for i, r := range p.Records {
		evs := r.Events
		if r.Err == nil {
			var fetched []event.Event
			fetched, r.Err = h.fetch(ctx, r.Objects)
			evs = append(evs[:len(evs):len(evs)], fetched...)
		}
		if r.Err != nil {
			verdicts[i] = r.Err
			continue
		}
		if r.Skipped != "" {
			h.log.Debug("skipped", "record", r.ID, "what", r.Skipped)
		}
		for _, ev := range evs {
			submissions, of = append(submissions, service.Submission{Event: ev.On(h.c.Bus, 0)}), append(of, i)
		}
	}
	for i, err := range h.c.Engine.Act(ctx, submissions) {
		if err != nil {
			verdicts[of[i]] = errors.Join(verdicts[of[i]], err)
		}
	}
	return verdicts
}

// serve answers an HTTP request as the server would.
func (h *Host) serve(ctx context.Context, q *payloads.Request) ([]byte, error) {
	w := &response{header: http.Header{}}
	h.c.Front.ServeHTTP(w, q.HTTP.WithContext(ctx))
	w.WriteHeader(http.StatusOK) // of a front that wrote nothing
	w.sent.Del("Content-Length") // Lambda counts for itself
	return q.Answer(w.status, w.sent, w.body.Bytes())
}

// fetch reads the records in objects of S3.
func (h *Host) fetch(ctx context.Context, objects []payloads.Object) ([]event.Event, error) {
	var evs []event.Event
	for _, o := range objects {
		if h.c.Objects == nil {
			return nil, fmt.Errorf("s3://%s/%s cannot be read: this function has no access to S3", o.Bucket, o.Key)
		}
		err := h.c.Objects.Fetch(ctx, o, func(record []byte) error {
			ev, err := callEvent(record, event.Fields{Account: h.c.Account, Region: h.c.Region, Time: h.c.Now()})
			evs = append(evs, ev)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("s3://%s/%s: %w", o.Bucket, o.Key, err)
		}
	}
	return evs, nil
}

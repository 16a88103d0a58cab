package agent

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/tocsin-engine/tocsin/runtime/spool"
)

const (
	// firstPause and longestPause bound the wait before a request is tried again.
	firstPause   = 500 * time.Millisecond
	longestPause = time.Minute
	// peekRecords and peekBytes bound what is taken from the queue at once. CloudWatch
	// Logs takes 10,000 records and 1 MiB in a request.
	peekRecords = 10_000
	peekBytes   = 1 << 20
)

// request is one call, of records of one queue.
type request struct {
	records [][]byte
	// send makes the call. rejected are records that were refused one by one, while the
	// others were taken.
	send func(ctx context.Context, records [][]byte) (rejected int, err error)
}

// destination makes requests of records, within the limits of its operation. broken are
// records that cannot be read.
type destination interface {
	requests(records [][]byte) (list []request, broken int)
}

// sender sends what its queue holds.
type sender struct {
	name  string
	queue *spool.Queue
	to    destination
	way   *way
	flush time.Duration

	log    hclog.Logger
	jitter func() float64
	// changed has an element when something was put, ended is closed when what is in the
	// queue is all there will be.
	changed, ended chan struct{}
	// troubled says that the last request failed.
	troubled bool
	// progress, if set, is called when something was taken.
	progress func()
	// writing is what was said of the queue.
	writing seldom
	now     func() time.Time
}

func (a *Agent) newSender(name string, open func(string) (*spool.Queue, error), to destination, w *way, flush time.Duration) (*sender, error) {
	q, err := open(name)
	if err != nil {
		return nil, err
	}
	log := a.log.With("queue", name)
	if n := q.Damaged(); n > 0 {
		log.Warn("the end of the queue was torn, and is lost", "bytes", n)
	}
	return &sender{
		name: name, queue: q, to: to, way: w, flush: cmp.Or(flush, time.Second), log: log, jitter: a.c.Jitter, now: a.c.Now,
		changed: make(chan struct{}, 1), ended: make(chan struct{}),
	}, nil
}

// put queues records; when the queue is full, the oldest are dropped.
func (s *sender) put(records [][]byte) {
	if len(records) == 0 {
		return
	}
	dropped, err := s.queue.Append(records)
	if s.queued(len(records), dropped, err); err != nil {
		s.way.dropped.Add(int64(len(records)))
	}
}

// putFitting queues as many records as there is room for, and returns the others.
func (s *sender) putFitting(records [][]byte) (others [][]byte) {
	if len(records) == 0 {
		return nil
	}
	n, dropped, err := s.queue.AppendFitting(records)
	if s.queued(n, dropped, err); err != nil {
		return records
	}
	return records[n:]
}

// queued tells of records that were put.
func (s *sender) queued(n, dropped int, err error) {
	if dropped > 0 {
		s.way.dropped.Add(int64(dropped))
		s.log.Warn("the queue is full: records were dropped", "count", dropped)
	}
	if err != nil {
		if s.writing.again(err, s.now()) {
			s.log.Error("the queue cannot be written", "error", err)
		}
		return
	}
	s.way.collected.Add(int64(n))
	s.notify()
}

func (s *sender) notify() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// end says that nothing more is put.
func (s *sender) end() { close(s.ended) }

func (s *sender) ending() bool {
	select {
	case <-s.ended:
		return true
	default:
		return false
	}
}

// run sends until ctx ends, or the end was said and everything is sent.
func (s *sender) run(ctx context.Context) {
	for ctx.Err() == nil {
		if s.queue.Len() == 0 {
			if s.ending() || !s.idle(ctx) {
				return
			}
			continue
		}
		if !s.gather(ctx) {
			return
		}
		if err := s.sendSome(ctx); err != nil {
			return // ctx has ended
		}
	}
}

// idle waits until something changes.
func (s *sender) idle(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return false
	case <-s.changed:
	case <-s.ended:
	}
	return true
}

// gather waits for more records to be sent together, until there are as many as a
// request holds, their time is over or the end was said.
func (s *sender) gather(ctx context.Context) bool {
	over := time.NewTimer(s.flush)
	defer over.Stop()
	for s.queue.Len() < peekRecords/10 && !s.ending() {
		select {
		case <-ctx.Done():
			return false
		case <-over.C:
			return true
		case <-s.changed:
		case <-s.ended:
		}
	}
	return true
}

// sendSome sends the oldest records, and moves the queue on when all of them are done.
func (s *sender) sendSome(ctx context.Context) error {
	records, end, err := s.queue.Peek(peekRecords, peekBytes)
	if err != nil {
		s.log.Error("the queue cannot be read", "error", err)
		if !wait(ctx, longestPause) {
			return ctx.Err()
		}
		return nil
	}
	list, broken := s.to.requests(records)
	s.way.refused.Add(int64(broken))
	for len(list) > 0 {
		more, err := s.deliver(ctx, list[0])
		if err != nil {
			return err
		}
		list = append(more, list[1:]...)
	}
	if err := s.queue.Advance(end); err != nil {
		s.log.Error("how far the queue was sent cannot be kept", "error", err)
	}
	return nil
}

// deliver makes one call until it is taken or refused. A refused one of several records
// is returned in halves. The error is that of ctx.
func (s *sender) deliver(ctx context.Context, r request) (halves []request, err error) {
	pause := firstPause
	for {
		rejected, err := r.send(ctx, r.records)
		if err == nil {
			s.taken(len(r.records)-rejected, rejected)
			return nil, nil
		}
		var refusal *refusedError
		if errors.As(err, &refusal) {
			return s.refused(r, err), nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		s.troubled = true
		s.way.retried.Add(1)
		next := time.Duration(float64(pause) * (0.5 + s.jitter()/2))
		s.log.Warn("not sent, will retry", "count", len(r.records), "next", next, "error", err)
		if !s.pause(ctx, next) {
			return nil, ctx.Err()
		}
		pause = min(2*pause, longestPause)
	}
}

// pause waits before a request is tried again. There is no time for long waits at the
// end: a last try is worth more.
func (s *sender) pause(ctx context.Context, d time.Duration) bool {
	if s.ending() {
		return wait(ctx, min(d, 4*firstPause))
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
	case <-s.ended:
	}
	return true
}

func (s *sender) taken(n, rejected int) {
	s.way.sent.Add(int64(n))
	if s.progress != nil {
		s.progress()
	}
	if rejected > 0 {
		s.way.rejected.Add(int64(rejected))
		s.log.Warn("the receiver took only a part: the others are too old or too new", "count", rejected)
	}
	if s.troubled {
		s.troubled = false
		s.log.Info("sending again", "waiting", s.queue.Len())
	}
}

// refused halves a request to find what is wrong in it, and drops that.
func (s *sender) refused(r request, err error) []request {
	if n := len(r.records); n > 1 {
		return []request{{r.records[:n/2], r.send}, {r.records[n/2:], r.send}}
	}
	s.way.refused.Add(1)
	s.log.Error("dropped: the receiver calls it wrong", "error", err)
	return nil
}

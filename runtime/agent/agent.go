package agent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/tocsin-engine/tocsin/ingest/agent/machine"
	"github.com/tocsin-engine/tocsin/runtime/agentfile"
	"github.com/tocsin-engine/tocsin/runtime/spool"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// Caller makes signed calls: *awsapi.Client.
type Caller interface {
	Call(ctx context.Context, r abi.AWSRequest) (abi.AWSResponse, abi.Errno)
}

// Config is what an agent works with. Plan, State, Metrics and Logs are required.
type Config struct {
	Plan *agentfile.Plan
	// State is the folder of queues and positions; one agent may use it.
	State string
	// BufferBytes bounds each of the two queues. Default: 64 MiB.
	BufferBytes int64
	// Metrics and Logs make the calls.
	Metrics, Logs Caller
	// Region is that of the calls.
	Region string
	// Readings are those of the machine. Default: this one's.
	Readings *machine.Readings
	// Drain is how long ending waits for what can be sent. Default: 10 s.
	Drain time.Duration
	// Now is the clock. Default: time.Now.
	Now func() time.Time
	// Jitter gives a number from 0 to 1. Default: a random one.
	Jitter func() float64
	// Log says what happens. Default: nowhere.
	Log hclog.Logger
}

// Agent collects and sends.
type Agent struct {
	c       Config
	log     hclog.Logger
	counts  counters
	machine *measurer
	files   *follower
	metrics *sender
	logs    *sender
	unlock  func() error
	// measuring, reading and keeping are what was said of those.
	measuring, reading, keeping seldom
}

// New opens the state.
func New(c Config) (*Agent, error) {
	c.BufferBytes, c.Drain = cmp.Or(c.BufferBytes, 64<<20), cmp.Or(c.Drain, 10*time.Second)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Jitter == nil {
		c.Jitter = rand.Float64
	}
	if c.Log == nil {
		c.Log = hclog.NewNullLogger()
	}
	if c.Readings == nil {
		local := machine.Local()
		c.Readings = &local
	}
	if err := os.MkdirAll(c.State, 0o700); err != nil {
		return nil, fmt.Errorf("agent: %w", err)
	}
	unlock, err := lock(filepath.Join(c.State, "lock"))
	if err != nil {
		return nil, fmt.Errorf("agent: another one uses %s; give each its own --state: %w", c.State, err)
	}
	a := &Agent{c: c, log: c.Log.Named("agent"), unlock: unlock}
	if err := a.open(); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

// open opens the queues and what fills them.
func (a *Agent) open() error {
	var err error
	queue := func(name string) (*spool.Queue, error) {
		return spool.Open(spool.Config{Dir: filepath.Join(a.c.State, name), MaxBytes: a.c.BufferBytes})
	}
	if a.metrics, err = a.newSender("metrics", queue, putMetricData{a.c.Metrics, a.c.Region}, &a.counts.data, a.c.Plan.Metrics.Flush); err != nil {
		return err
	}
	put := &putLogEvents{call: a.c.Logs, region: a.c.Region, retention: a.c.Plan.Logs.Retention, ready: map[string]bool{}, log: a.log}
	if a.logs, err = a.newSender("logs", queue, put, &a.counts.records, a.c.Plan.Logs.Flush); err != nil {
		return err
	}
	if a.machine, err = newMeasurer(a.c.Plan.Metrics, *a.c.Readings, a.c.Now); err != nil {
		return err
	}
	a.files, err = newFollower(a.c.Plan.Logs.Files, filepath.Join(a.c.State, "positions.json"))
	return err
}

// Close closes the state. What waits in the queues stays there.
func (a *Agent) Close() error {
	var err error
	for _, s := range []*sender{a.metrics, a.logs} {
		if s != nil {
			err = errors.Join(err, s.queue.Close())
		}
	}
	if a.files != nil {
		err = errors.Join(err, a.files.close())
	}
	return errors.Join(err, a.unlock())
}

// Run collects and sends until ctx ends; then it takes in what there is, and sends for as
// long as Drain says. What is not sent is sent by the next run.
func (a *Agent) Run(ctx context.Context) error {
	statsd, err := a.openStatsD()
	if err != nil {
		return err
	}
	sending, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var collectors, senders sync.WaitGroup
	collectors.Go(func() { a.measure(ctx) })
	collectors.Go(func() { a.follow(ctx) })
	collectors.Go(func() { a.report(ctx) })
	if statsd != nil {
		collectors.Go(func() {
			if err := statsd.Run(ctx); err != nil {
				a.log.Error("statsd ended", "error", err)
			}
		})
	}
	for _, s := range []*sender{a.metrics, a.logs} {
		senders.Go(func() { s.run(sending) })
	}
	collectors.Wait()
	a.takeIn(a.files.flush(a.c.Now()))
	a.drain(sending, stop, &senders)
	a.log.Info("ended", a.Counts().pairs()...)
	return nil
}

// drain lets the senders send what there is, until they have or its time is over.
func (a *Agent) drain(ctx context.Context, stop func(), senders *sync.WaitGroup) {
	a.metrics.end()
	a.logs.end()
	late := time.AfterFunc(a.c.Drain, stop)
	defer late.Stop()
	senders.Wait()
	if n := a.metrics.queue.Len() + a.logs.queue.Len(); n > 0 && ctx.Err() != nil {
		a.log.Warn("not everything was sent; the next run sends it", "data", a.metrics.queue.Len(), "records", a.logs.queue.Len())
	}
}

// report logs the counters each minute.
func (a *Agent) report(ctx context.Context) {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			a.log.Info("counted", a.Counts().pairs()...)
		}
	}
}

// seldom logs what may happen each second once a minute, unless it changes.
type seldom struct {
	text string
	at   time.Time
}

func (s *seldom) again(err error, now time.Time) bool {
	if err.Error() == s.text && now.Sub(s.at) < time.Minute {
		return false
	}
	s.text, s.at = err.Error(), now
	return true
}

// wait waits; it says whether ctx lives on.
func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

package agent

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/tocsin-engine/tocsin/ingest/logs"
	"github.com/tocsin-engine/tocsin/ingest/metrics"
)

// between is the time between the two readings that a single collection needs: usage and
// growth are differences.
const between = time.Second

// Collect measures once and reads what is new in the log files. It keeps nothing: who
// calls it and not Once gets the same lines again.
func (a *Agent) Collect(ctx context.Context) ([]metrics.Datum, []logs.Record, error) {
	data, err := a.measureOnce(ctx)
	var records []logs.Record
	for more := true; more && ctx.Err() == nil; {
		var some []logs.Record
		var e error
		some, more, e = a.files.poll(a.c.Now(), pollBytes)
		records, err = append(records, some...), errors.Join(err, e)
	}
	return data, append(records, a.files.flush(a.c.Now())...), err
}

// measureOnce measures, with the reading before that differences need.
func (a *Agent) measureOnce(ctx context.Context) ([]metrics.Datum, error) {
	_, _, err := a.machine.collect(a.c.Now())
	if len(a.machine.plugins) > 0 && !wait(ctx, between) {
		return nil, ctx.Err()
	}
	for i := range a.machine.plugins {
		a.machine.plugins[i].due = time.Time{}
	}
	data, _, e := a.machine.collect(a.c.Now())
	return data, errors.Join(err, e)
}

// Once collects once and sends that, and what waited; it is the last thing that an Agent
// does. It gives up when nothing was taken for as long as Drain says. An error says what
// is not done.
func (a *Agent) Once(ctx context.Context) error {
	sending, stop := context.WithCancel(ctx)
	defer stop()
	late := time.AfterFunc(between+a.c.Drain, stop)
	defer late.Stop()
	var senders sync.WaitGroup
	for _, s := range []*sender{a.metrics, a.logs} {
		s.progress = func() { late.Reset(a.c.Drain) }
		senders.Go(func() { s.run(sending) })
	}
	data, err := a.measureOnce(sending)
	a.takeData(data)
	for more := true; more && sending.Err() == nil; {
		more = a.pollFiles()
		if len(a.files.unsaved) > 0 { // until the sender has made room
			more = wait(sending, between/10)
		}
	}
	a.takeIn(a.files.flush(a.c.Now()))
	a.metrics.end()
	a.logs.end()
	senders.Wait()
	if err == nil {
		err = ctx.Err()
	}
	return errors.Join(err, a.undone())
}

// undone says what a single collection could not do.
func (a *Agent) undone() error {
	var err error
	if n := a.counts.errors.Load(); n > 0 {
		err = errors.New("not everything could be read; the log says what")
	}
	if n, m := a.metrics.queue.Len(), a.logs.queue.Len()+len(a.files.unsaved); n+m > 0 {
		err = errors.Join(err, fmt.Errorf("%d data and %d records could not be sent; they wait in %s", n, m, a.c.State))
	}
	return err
}

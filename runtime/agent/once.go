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
	_, _, err := a.machine.collect(a.c.Now())
	if len(a.machine.plugins) > 0 && !wait(ctx, between) {
		return nil, nil, ctx.Err()
	}
	for i := range a.machine.plugins {
		a.machine.plugins[i].due = time.Time{}
	}
	data, _, e := a.machine.collect(a.c.Now())
	err = errors.Join(err, e)
	var records []logs.Record
	for more := true; more; {
		var some []logs.Record
		some, more, e = a.files.poll(a.c.Now(), pollBytes)
		records, err = append(records, some...), errors.Join(err, e)
	}
	return data, append(records, a.files.flush(a.c.Now())...), err
}

// Once collects once and sends that, and what waited; it is the last thing that an Agent
// does. An error says what could not be
// measured or read, and whether something still waits.
func (a *Agent) Once(ctx context.Context) error {
	data, records, err := a.Collect(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	a.takeData(data)
	a.takeIn(records)
	sending, stop := context.WithCancel(ctx)
	defer stop()
	var senders sync.WaitGroup
	for _, s := range []*sender{a.metrics, a.logs} {
		senders.Go(func() { s.run(sending) })
	}
	a.drain(sending, stop, &senders)
	if n, m := a.metrics.queue.Len(), a.logs.queue.Len(); n+m > 0 {
		err = errors.Join(err, fmt.Errorf("%d data and %d records could not be sent; they wait in %s", n, m, a.c.State))
	}
	return err
}

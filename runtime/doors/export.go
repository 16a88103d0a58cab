package doors

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-engine/tocsin/ingest/logs"
	"github.com/tocsin-engine/tocsin/ingest/metrics"
	"github.com/tocsin-engine/tocsin/ingest/otlp"
	"github.com/tocsin-engine/tocsin/ingest/traces"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// export is one request of OTLP under way.
type export struct {
	o      *OTLP
	signal otlp.Signal
	feed   feed
	// bytes are those of the events so far.
	bytes                   int
	taken, refused, skipped int
	reasons                 []string
	// advanced are the running totals that moved on, to be put back if it all fails.
	advanced []advance
}

// maxReasons is how many different refusals an answer tells.
const maxReasons = 5

func (x *export) refuse(why error) {
	x.refused++
	if text := why.Error(); len(x.reasons) < maxReasons && !slices.Contains(x.reasons, text) {
		x.reasons = append(x.reasons, text)
	}
}

func (x *export) why() string { return strings.Join(x.reasons, "\n") }

// errTooMuch is why the rest of a request is refused.
var errTooMuch = fmt.Errorf("the request becomes more than %d MiB of events, because each of them repeats its resource; send fewer records at once", maxExported>>20)

// run takes one record after the other. An error is the engine's: the client is to send
// all of it again.
func (x *export) run(ctx context.Context, r otlp.Request, o otlp.Options) error {
	var err error
	each := func(events []event.Event, refused error) bool {
		err = x.take(ctx, events, refused)
		return err == nil
	}
	switch x.signal {
	case otlp.Logs:
		x.logs(r, o, each)
	case otlp.Metrics:
		x.metrics(r, o, each)
	case otlp.Traces:
		x.traces(r, each)
	}
	if errors.Is(err, errTooMuch) {
		x.refuse(errTooMuch)
		x.refused, err = r.Len()-x.taken-x.skipped, nil
	}
	if err != nil {
		return err
	}
	_, err = x.feed.flush(ctx)
	return err
}

// take hands on what one record became, or notes why it is refused.
func (x *export) take(ctx context.Context, events []event.Event, refused error) error {
	for _, ev := range events {
		x.bytes += len(ev.Raw())
		if len(ev.Raw()) > maxEvent {
			refused = fmt.Errorf("an event may have %d KiB, this one has %d", maxEvent>>10, len(ev.Raw())>>10)
		}
	}
	switch {
	case x.bytes > x.o.most:
		return errTooMuch
	case refused != nil:
		x.refuse(refused)
		return nil
	case len(events) == 0:
		x.skipped++
		return nil
	}
	for _, ev := range events {
		if err := x.feed.add(ctx, service.Submission{Event: ev}); err != nil {
			return err
		}
	}
	x.taken++
	return nil
}

// logs makes events of log records, within the limits of PutLogEvents.
func (x *export) logs(r otlp.Request, o otlp.Options, each func([]event.Event, error) bool) {
	now := x.o.c.Now()
	for record, err := range r.Records(o) {
		if err == nil {
			err = checkRecord(record, now)
		}
		if err != nil {
			if !each(nil, err) {
				return
			}
			continue
		}
		record.Ingested = now
		ev, err := record.Event(x.o.c.defaults())
		if !each([]event.Event{ev}, err) {
			return
		}
	}
}

func checkRecord(r logs.Record, now time.Time) error {
	if r.Size() > logs.MaxRecord {
		return fmt.Errorf("a log event may have %d bytes, this one has %d", logs.MaxRecord, r.Size())
	}
	if r.Time.IsZero() {
		return nil
	}
	if kept, _ := logs.Window([]logs.Record{r}, now, 0); len(kept) == 0 {
		return fmt.Errorf("a log record's time is at most %d days past and %d hours ahead", int(logs.MaxAge.Hours()/24), int(logs.MaxAhead.Hours()))
	}
	return nil
}

// metrics makes events of data points, within the limits of PutMetricData. A point that
// says nothing new makes none.
func (x *export) metrics(r otlp.Request, o otlp.Options, each func([]event.Event, error) bool) {
	for sample, err := range r.Samples(o) {
		var events []event.Event
		if err == nil {
			events, err = x.data(sample)
		}
		if !each(events, err) {
			return
		}
	}
}

// data makes events of one sample. A running total moves on only if its data are sound.
func (x *export) data(s otlp.Sample) ([]event.Event, error) {
	data := s.Data
	var moved advance
	if s.Running != nil {
		data, moved = x.o.totals.advance(s.Running, x.o.c.Now())
	}
	events, err := x.dataEvents(data)
	if err != nil {
		moved.undo()
		return nil, err
	}
	x.advanced = append(x.advanced, moved)
	return events, nil
}

func (x *export) dataEvents(data []metrics.Datum) ([]event.Event, error) {
	now := x.o.c.Now()
	var events []event.Event
	for _, d := range data {
		var found metrics.Findings
		metrics.ValidateNamespace(&found, d.Namespace)
		d.Validate(&found, d.Name, now)
		if err := found.Err(); err != nil {
			return nil, err
		}
		ev, err := d.Event(x.o.c.defaults())
		if err != nil {
			return nil, err
		}
		events = append(events, ev)
	}
	return events, nil
}

// undo puts the running totals back, so that a client that sends again is heard.
func (x *export) undo() {
	for _, a := range slices.Backward(x.advanced) {
		a.undo()
	}
}

// traces makes events of spans.
func (x *export) traces(r otlp.Request, each func([]event.Event, error) bool) {
	for document, err := range r.Segments() {
		var ev event.Event
		if err == nil {
			ev, err = x.segment(document)
		}
		if !each([]event.Event{ev}, err) {
			return
		}
	}
}

func (x *export) segment(document []byte) (event.Event, error) {
	s, err := traces.Parse(document)
	if err != nil {
		return event.Event{}, err
	}
	return s.Event(x.o.c.defaults())
}

package logs

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/tocsin-engine/tocsin/ingest/emf"
	ingest "github.com/tocsin-engine/tocsin/ingest/logs"
	"github.com/tocsin-engine/tocsin/ingest/metrics"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// formatHeader says json/emf where a client means all its log events to be in the embedded
// metric format.
const formatHeader = "X-Amzn-Logs-Format"

// maxData bounds the metrics of one batch. A message of 10 kB can define 10,000, so a
// batch could make a hundred times its own size; those beyond count as invalid.
const maxData = 50_000

// batch collects the events of one call, to put them at once.
type batch struct {
	s   *Service
	c   service.Caller
	now time.Time
	// first is the place in the request of the first record: an event's key is made of
	// its record's place, which a retry does not change.
	first int

	submissions []service.Submission
	data        int
	// parsing and validation count what is wrong with the embedded metrics.
	parsing, validation int
}

// put puts the events of records.
func (b *batch) put(ctx context.Context, records []ingest.Record) error {
	declared := b.c.Header.Get(formatHeader) == "json/emf"
	for i, r := range records {
		ev, err := r.Event(b.defaults())
		if err != nil {
			return fmt.Errorf("logs: log event %d: %w", b.first+i, err)
		}
		b.submissions = append(b.submissions, service.Submission{Event: ev, Key: b.c.Key("put-log", b.first+i)})
		if err := b.embedded(b.first+i, emf.Read([]byte(r.Message), declared, b.now)); err != nil {
			return err
		}
	}
	if err := b.errors(records[0].Group); err != nil {
		return err
	}
	if _, err := b.s.c.Engine.Put(ctx, b.submissions); err != nil {
		return err
	}
	b.s.emfParsing.Add(uint64(b.parsing))
	b.s.emfValidation.Add(uint64(b.validation))
	return nil
}

func (b *batch) defaults() event.Fields {
	return event.Fields{ID: service.NewID(), Account: b.c.Account, Region: b.c.Region, Time: b.now}
}

// embedded adds the events of the metrics in the log event i.
func (b *batch) embedded(i int, r emf.Result) error {
	b.parsing += len(r.Parsing)
	b.validation += len(r.Validation)
	for j, d := range r.Data {
		if b.data == maxData {
			b.validation += len(r.Data) - j
			return nil
		}
		b.data++
		if err := b.datum(d, "put-log-metric/"+strconv.Itoa(i), j); err != nil {
			return err
		}
	}
	return nil
}

// datum adds the event of one datum.
func (b *batch) datum(d metrics.Datum, key string, i int) error {
	ev, err := d.Event(b.defaults())
	if err != nil {
		return fmt.Errorf("logs: metric %s: %w", d.Name, err)
	}
	b.submissions = append(b.submissions, service.Submission{Event: ev, Key: b.c.Key(key, i)})
	return nil
}

// errors adds the metrics in which CloudWatch Logs says how much of the embedded metric
// format it could not use
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch-Logs-Monitoring-CloudWatch-Metrics.html).
func (b *batch) errors(group string) error {
	for i, m := range []struct {
		name string
		n    int
	}{{"EMFParsingErrors", b.parsing}, {"EMFValidationErrors", b.validation}} {
		if m.n == 0 {
			continue
		}
		d := metrics.Datum{
			Namespace: "AWS/Logs", Name: m.name, Dimensions: []metrics.Dimension{{Name: "LogGroupName", Value: group}},
			Time: b.now, Unit: "Count", Value: metrics.Int(int64(m.n)),
		}
		if err := b.datum(d, "put-log-emf-errors", i); err != nil {
			return err
		}
	}
	return nil
}

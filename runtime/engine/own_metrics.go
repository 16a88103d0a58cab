package engine

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/tocsin-engine/tocsin/ingest/metrics"
	"github.com/tocsin-engine/tocsin/runtime/dispatch"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// ownNamespace is the namespace of the engine's own metrics: EventBridge's.
const ownNamespace = "AWS/Events"

// The engine's own metrics, as EventBridge names them. ThrottledRules is not among them,
// because no rule is throttled here.
const (
	invocations       = "Invocations"           // deliveries made or given up
	triggeredRules    = "TriggeredRules"        // matches of a rule
	matchedEvents     = "MatchedEvents"         // events that some rule matched
	failedInvocations = "FailedInvocations"     // deliveries given up
	deadInvocations   = "DeadLetterInvocations" // events not matched because they went round in a loop
	sentToDLQ         = "InvocationsSentToDlq"
	failedToBeSent    = "InvocationsFailedToBeSentToDlq"
	startLatency      = "IngestionToInvocationStartLatency" // in ms, of first attempts
)

// ownMetric is one of them for a rule, or for all rules of a bus where rule is "".
type ownMetric struct{ name, rule, bus string }

// ownSum is what it has come to since it was published.
type ownSum struct {
	n             int
	sum, min, max float64
}

func (s *ownSum) add(o ownSum) {
	if s.n == 0 {
		*s = o
		return
	}
	s.n, s.sum, s.min, s.max = s.n+o.n, s.sum+o.sum, min(s.min, o.min), max(s.max, o.max)
}

// own adds to one of the engine's own metrics. c.mu is held.
func (c *counters) own(m ownMetric, o ownSum) {
	s := c.minute[m]
	if s == nil {
		s = &ownSum{}
		c.minute[m] = s
	}
	s.add(o)
}

// ownCount counts one. c.mu is held.
func (c *counters) ownCount(name, rule, bus string) {
	c.own(ownMetric{name, rule, bus}, ownSum{1, 1, 1, 1})
}

// ownAttempt counts what dispatch reports. c.mu is held.
func (c *counters) ownAttempt(r dispatch.Report) {
	count := func(name string) { c.ownCount(name, r.Rule, r.Entry.Bus) }
	switch r.Kind {
	case dispatch.Delivered:
		count(invocations)
	case dispatch.Dead:
		count(invocations)
		count(failedInvocations)
		if r.Queue != "" {
			count(sentToDLQ)
		}
	case dispatch.QueueFailed:
		count(failedToBeSent)
		return
	case dispatch.Retried:
	}
	if began(r) {
		ms := max(0, float64(r.At.Sub(r.Entry.Received).Microseconds())/1000)
		c.own(ownMetric{startLatency, r.Rule, r.Entry.Bus}, ownSum{1, ms, ms, ms})
	}
}

// began says that a report is of a first attempt, made when its event was new. One that
// is dead can be older: it may have waited for its dead-letter queue.
func began(r dispatch.Report) bool {
	return r.Attempt == 1 && (r.Kind == dispatch.Delivered || r.Kind == dispatch.Retried)
}

// takeOwn returns what was counted since the last time.
func (c *counters) takeOwn() map[ownMetric]*ownSum {
	c.mu.Lock()
	defer c.mu.Unlock()
	taken := c.minute
	c.minute = map[ownMetric]*ownSum{}
	return taken
}

// giveOwnBack undoes takeOwn for metrics that could not be published.
func (c *counters) giveOwnBack(taken map[ownMetric]*ownSum) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for m, s := range taken {
		c.own(m, *s)
	}
}

// isOwn says whether an event is one of the engine's own metrics. What it causes is not
// counted in them: they would cause themselves, every minute for ever.
func isOwn(raw []byte) bool {
	if !bytes.Contains(raw, []byte(ownNamespace)) { // nearly every event
		return false
	}
	v := event.Value(raw)
	if source, _ := v.Get("source").Text(); source != metrics.Source {
		return false
	}
	namespace, _ := v.Get("detail").Get("namespace").Text()
	return namespace == ownNamespace
}

// datum is the metric as a client would put it.
func (m ownMetric) datum(s ownSum) metrics.Datum {
	d := metrics.Datum{Namespace: ownNamespace, Name: m.name, Unit: "Count", Value: metrics.Float(s.sum)}
	if m.name == startLatency {
		d.Unit, d.Value = "Milliseconds", ""
		d.Statistics = &metrics.StatisticSet{SampleCount: metrics.Float(float64(s.n)), Sum: metrics.Float(s.sum),
			Minimum: metrics.Float(s.min), Maximum: metrics.Float(s.max)}
	}
	if m.rule == "" || m.bus != event.DefaultBus {
		d.Dimensions = append(d.Dimensions, metrics.Dimension{Name: "EventBusName", Value: m.bus})
	}
	if m.rule != "" {
		d.Dimensions = append(d.Dimensions, metrics.Dimension{Name: "RuleName", Value: m.rule})
	}
	return d
}

// publishEvery is how often the engine publishes its own metrics.
const publishEvery = time.Minute

// publishAtOnce is how many metrics are one commit.
const publishAtOnce = 500

func (e *Engine) runOwnMetrics(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(publishEvery):
		}
		if err := e.publish(ctx); err != nil && ctx.Err() == nil {
			e.log.Warn("the engine's own metrics wait for the next minute", "error", err)
		}
	}
}

// publish puts the engine's own metrics of the last minute on the default bus. One that
// nobody wants leaves no trace: it is no event that a rule is missing for.
func (e *Engine) publish(ctx context.Context) error {
	taken := e.stats.takeOwn()
	rs, now := e.rules.Load(), e.config.Now()
	names := slices.SortedFunc(maps.Keys(taken), func(a, b ownMetric) int {
		return cmp.Or(cmp.Compare(a.bus, b.bus), cmp.Compare(a.rule, b.rule), cmp.Compare(a.name, b.name))
	})
	for part := range slices.Chunk(names, publishAtOnce) {
		var wanted []*arrival
		for _, m := range part {
			ev, err := m.datum(*taken[m]).Event(event.Fields{ID: e.config.NewID(), Account: e.config.Account, Region: e.config.Region, Time: now})
			if err != nil {
				return err
			}
			if a := e.arrive(rs, service.Submission{Event: ev}, origin{}); len(a.matched)+len(a.archived) > 0 {
				wanted = append(wanted, a)
			}
		}
		if err := e.takeIn(ctx, rs, now, wanted); err != nil {
			e.stats.giveOwnBack(taken)
			return err
		}
		for _, m := range part {
			delete(taken, m)
		}
	}
	return nil
}

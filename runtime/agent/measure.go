package agent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tocsin-engine/tocsin/ingest/agent/machine"
	"github.com/tocsin-engine/tocsin/ingest/metrics"
	"github.com/tocsin-engine/tocsin/runtime/agentfile"
	"github.com/tocsin-engine/tocsin/runtime/doors"
)

// measurer runs the collectors, each at its time.
type measurer struct {
	shape   machine.Shape
	plugins []plugin
}

type plugin struct {
	machine.Plugin
	collector machine.Collector
	due       time.Time
}

// newMeasurer makes the collectors; all are due at once.
func newMeasurer(m agentfile.Metrics, r machine.Readings, now func() time.Time) (*measurer, error) {
	out := &measurer{shape: m.Shape}
	for _, p := range m.Plugins {
		c, err := machine.New(p, r)
		if err != nil {
			return nil, err
		}
		out.plugins = append(out.plugins, plugin{p, c, now()})
	}
	return out, nil
}

// collect runs what is due and says when something is again.
func (m *measurer) collect(now time.Time) (data []metrics.Datum, next time.Time, err error) {
	for i := range m.plugins {
		p := &m.plugins[i]
		if !p.due.After(now) {
			samples, e := p.collector.Collect(now)
			if e != nil {
				err = errors.Join(err, fmt.Errorf("%s: %w", p.Name, e))
			}
			data = append(data, m.shape.Data(p.Plugin, samples, now)...)
			if p.due = p.due.Add(p.Every); !p.due.After(now) { // the machine slept
				p.due = now.Add(p.Every)
			}
		}
		if next.IsZero() || p.due.Before(next) {
			next = p.due
		}
	}
	return data, next, err
}

// measure collects until ctx ends.
func (a *Agent) measure(ctx context.Context) {
	for len(a.machine.plugins) > 0 {
		data, next, err := a.machine.collect(a.c.Now())
		if err != nil {
			a.counts.errors.Add(1)
			if a.measuring.again(err, a.c.Now()) {
				a.log.Warn("not everything could be measured", "error", err)
			}
		}
		a.takeData(data)
		if !wait(ctx, next.Sub(a.c.Now())) {
			return
		}
	}
}

// takeData puts data into their queue. Data that break a limit of CloudWatch are
// refused here: what they stand in is refused there.
func (a *Agent) takeData(data []metrics.Datum) {
	var records [][]byte
	for _, d := range data {
		record, err := encodeDatum(d, a.c.Now())
		if err != nil {
			a.counts.data.refused.Add(1)
			a.log.Warn("a datum is refused", "metric", d.Name, "error", err)
			continue
		}
		records = append(records, record)
	}
	a.metrics.put(records)
}

// openStatsD opens the StatsD door, if the plan has one.
func (a *Agent) openStatsD() (*doors.StatsD, error) {
	s := a.c.Plan.Metrics.StatsD
	if s == nil {
		return nil, nil
	}
	shape := a.c.Plan.Metrics.Shape
	return doors.NewStatsD(doors.StatsDConfig{
		Config: doors.Config{Now: a.c.Now}, Listen: s.Address, Interval: s.Every, Namespace: shape.Namespace, Log: a.c.Log,
		Put: func(_ context.Context, data []metrics.Datum) error {
			for i := range data {
				data[i].Dimensions = with(data[i].Dimensions, slices.Concat(s.Dimensions, shape.Dimensions))
			}
			a.takeData(data)
			return nil
		},
	})
}

// with adds dimensions that are not there, as far as there is room.
func with(dims, more []metrics.Dimension) []metrics.Dimension {
	dims = slices.Clone(dims)
	for _, d := range more {
		if len(dims) < metrics.MaxDimensions && !slices.ContainsFunc(dims, func(o metrics.Dimension) bool { return o.Name == d.Name }) {
			dims = append(dims, d)
		}
	}
	return dims
}

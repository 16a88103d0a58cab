package app

import (
	"context"
	"errors"
	"time"

	"github.com/tocsin-engine/tocsin/ingest/awswire"
	"github.com/tocsin-engine/tocsin/runtime/awsapi"
	"github.com/tocsin-engine/tocsin/runtime/doors"
	"github.com/tocsin-engine/tocsin/runtime/service"
)

// openDoors opens the ways in that are not the AWS front.
func (a *App) openDoors(o Options) error {
	a.httpDoors(o.Now)
	return errors.Join(a.statsD(o), a.xrayDaemon(o))
}

// listener is a door with a port of its own.
type listener interface {
	// Run takes what comes until ctx ends, and then hands over what it still has.
	Run(ctx context.Context) error
	// Close gives the port back, for a door that never ran.
	Close() error
}

// statsD opens the StatsD door.
func (a *App) statsD(o Options) error {
	c := a.config
	if c.StatsD == "" {
		return nil
	}
	statsd, err := doors.NewStatsD(doors.StatsDConfig{
		Config: doors.Config{Engine: a.core.Engine, Account: c.Account, Region: c.Region, Now: o.Now},
		Listen: c.StatsD, Interval: c.StatsDInterval, Namespace: c.StatsDNamespace, Log: o.Log,
	})
	if err != nil {
		return err
	}
	a.listeners = append(a.listeners, statsd)
	a.doors[statsd.Name()] = func() any { return statsd.Counts() }
	return nil
}

// httpDoors are the ways in that have paths of their own on the server's port.
func (a *App) httpDoors(now func() time.Time) {
	c := doors.Config{Engine: a.core.Engine, Account: a.config.Account, Region: a.config.Region, Now: now}
	otlp, cloudEvents := doors.NewOTLP(c, a.config.OTLPDimensions), doors.NewCloudEvents(c)
	a.doors["otlp"] = func() any { return otlp.Counts() }
	a.doors["cloudevents"] = func() any { return cloudEvents.Counts() }
	a.paths = []doors.HTTP{otlp, cloudEvents}
}

// off is the address of a door that is not wanted.
const off = "off"

// xrayDaemon takes the ports of the X-Ray daemon. Its sampling calls are not signed, so
// it has a front of its own that answers nothing else.
func (a *App) xrayDaemon(o Options) error {
	c, trace := a.config, a.core.Traces
	if c.XRay == "" || c.XRay == off {
		return nil
	}
	sampling := awsapi.New(awsapi.Config{
		Table: service.NewTable(trace.Sampling()), Account: c.Account, Region: c.Region, Budget: &awswire.Budget{Max: samplingBytes}, Log: o.Log,
	})
	d, warnings, err := doors.NewXRay(doors.XRayConfig{
		Address: c.XRay, Segments: trace, Sampling: sampling, Account: c.Account, Region: c.Region, Now: o.Now, Log: o.Log,
	})
	if err != nil {
		return err
	}
	for _, w := range warnings {
		o.Log.Warn(w)
	}
	a.warnings = append(a.warnings, warnings...)
	a.listeners = append(a.listeners, d)
	a.doors[d.Name()] = func() any { return d.Counts() }
	return nil
}

// samplingBytes bounds the bodies of all sampling calls that are being answered.
const samplingBytes = 16 << 20

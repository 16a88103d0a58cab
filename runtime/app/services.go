package app

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/runtime/doors"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/service/cloudwatch"
	"github.com/tocsin-engine/tocsin/runtime/service/events"
	"github.com/tocsin-engine/tocsin/runtime/service/local"
	"github.com/tocsin-engine/tocsin/runtime/service/logs"
	"github.com/tocsin-engine/tocsin/runtime/service/xray"
)

// services are the AWS services that clients reach. What they count goes to the doors.
func (a *App) services(o Options) (*service.Table, error) {
	sampling, modified, err := samplingRules(a.config.SamplingRules)
	if err != nil {
		return nil, err
	}
	bus := events.New(events.Config{Store: a.store, Engine: a.engine, Now: o.Now, Rules: a.engine.Rules, Archives: a.archives})
	metric := cloudwatch.New(cloudwatch.Config{Engine: a.engine, Now: o.Now})
	log := logs.New(logs.Config{Store: a.store, Engine: a.engine, Now: o.Now})
	trace := xray.New(xray.Config{Engine: a.engine, Now: o.Now, Rules: sampling, Modified: modified})
	a.doors = map[string]func() any{
		events.Name:  func() any { return bus.Stats() },
		"cloudwatch": func() any { return metric.Stats() },
		logs.Name:    func() any { return log.Stats() },
		xray.Name:    func() any { return trace.Stats() },
	}
	a.httpDoors(o.Now)
	return service.NewTable(bus.Operations(), metric.Operations(), log.Operations(), trace.Operations(),
		local.Operations(a.store, o.Now, o.Log)), nil
}

// samplingRules reads the file of sampling rules and says when it was changed; no file
// means no rules. What is wrong with it is a *RulesError.
func samplingRules(file string) (rules []xray.SamplingRule, modified time.Time, err error) {
	if file == "" {
		return nil, modified, nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, modified, err
	}
	info, err := os.Stat(file)
	if err != nil {
		return nil, modified, err
	}
	rules, findings := xray.ParseRules(file, data)
	if len(findings) > 0 {
		return nil, modified, &RulesError{findings, []rulefile.File{{Name: file, Data: data}}, errors.New("the sampling rules cannot be used")}
	}
	return rules, info.ModTime(), nil
}

// listener is a door with a port of its own.
type listener interface {
	// Run takes what comes until ctx ends, and then hands over what it still has.
	Run(ctx context.Context) error
	// Close gives the port back, for a door that never ran.
	Close() error
}

// listen opens the doors that have ports of their own.
func (a *App) listen(o Options) error {
	c := a.config
	if c.StatsD == "" {
		return nil
	}
	statsd, err := doors.NewStatsD(doors.StatsDConfig{
		Config: doors.Config{Engine: a.engine, Account: c.Account, Region: c.Region, Now: o.Now},
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
	c := doors.Config{Engine: a.engine, Account: a.config.Account, Region: a.config.Region, Now: now}
	otlp, cloudEvents := doors.NewOTLP(c, a.config.OTLPDimensions), doors.NewCloudEvents(c)
	a.doors["otlp"] = func() any { return otlp.Counts() }
	a.doors["cloudevents"] = func() any { return cloudEvents.Counts() }
	a.paths = []doors.HTTP{otlp, cloudEvents}
}

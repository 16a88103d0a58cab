package app

import (
	"time"

	"github.com/tocsin-engine/tocsin/runtime/doors"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/service/cloudwatch"
	"github.com/tocsin-engine/tocsin/runtime/service/events"
	"github.com/tocsin-engine/tocsin/runtime/service/local"
	"github.com/tocsin-engine/tocsin/runtime/service/logs"
)

// services are the AWS services that clients reach. What they count goes to the doors.
func (a *App) services(o Options) *service.Table {
	bus := events.New(events.Config{Store: a.store, Engine: a.engine, Now: o.Now, Rules: a.engine.Rules})
	metric := cloudwatch.New(cloudwatch.Config{Engine: a.engine, Now: o.Now})
	log := logs.New(logs.Config{Store: a.store, Engine: a.engine, Now: o.Now})
	a.doors = map[string]func() any{
		events.Name: func() any { return bus.Stats() },
		logs.Name:   func() any { return log.Stats() },
	}
	a.httpDoors(o.Now)
	return service.NewTable(bus.Operations(), metric.Operations(), log.Operations(), local.Operations(a.store, o.Now, o.Log))
}

// httpDoors are the ways in that have paths of their own on the server's port.
func (a *App) httpDoors(now func() time.Time) {
	c := doors.Config{Engine: a.engine, Account: a.config.Account, Region: a.config.Region, Now: now}
	otlp, cloudEvents := doors.NewOTLP(c, a.config.OTLPDimensions), doors.NewCloudEvents(c)
	a.doors["otlp"] = func() any { return otlp.Counts() }
	a.doors["cloudevents"] = func() any { return cloudEvents.Counts() }
	a.paths = []doors.HTTP{otlp, cloudEvents}
}

package app

import (
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
	return service.NewTable(bus.Operations(), metric.Operations(), log.Operations(), local.Operations(a.store, o.Now, o.Log))
}

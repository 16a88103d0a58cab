package app

import (
	"errors"
	"os"
	"time"

	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/runtime/lambdahost"
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
	bus := events.New(events.Config{Store: a.store, Engine: a.putter(), Now: o.Now, Rules: a.engine.Rules, Archives: a.archives})
	metric := cloudwatch.New(cloudwatch.Config{Engine: a.putter(), Now: o.Now})
	log := logs.New(logs.Config{Store: a.store, Engine: a.putter(), Now: o.Now})
	trace := xray.New(xray.Config{Engine: a.putter(), Now: o.Now, Rules: sampling, Modified: modified})
	a.doors = map[string]func() any{
		events.Name:  func() any { return bus.Stats() },
		"cloudwatch": func() any { return metric.Stats() },
		logs.Name:    func() any { return log.Stats() },
		xray.Name:    func() any { return trace.Stats() },
	}
	if !a.function { // whose URL is its only way in
		if err := a.openDoors(trace, o); err != nil {
			return nil, err
		}
	}
	return service.NewTable(bus.Operations(), metric.Operations(), log.Operations(), trace.Operations(),
		local.Operations(a.store, o.Now, o.Log)), nil
}

// putter takes in what clients send.
func (a *App) putter() service.Putter {
	if a.function {
		return lambdahost.Putter(a.engine)
	}
	return a.engine
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

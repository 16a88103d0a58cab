package core

import (
	"errors"
	"os"
	"time"

	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/runtime/awsapi"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/service/cloudwatch"
	"github.com/tocsin-engine/tocsin/runtime/service/events"
	"github.com/tocsin-engine/tocsin/runtime/service/local"
	"github.com/tocsin-engine/tocsin/runtime/service/logs"
	"github.com/tocsin-engine/tocsin/runtime/service/xray"
)

// services makes the AWS services that clients reach.
func (m *Core) services() error {
	c := m.config
	sampling, modified, err := samplingRules(c.SamplingRules)
	if err != nil {
		return err
	}
	var in service.Putter = m.Engine
	if c.Putter != nil {
		in = c.Putter(m.Engine)
	}
	bus := events.New(events.Config{Store: c.Store, Engine: in, Now: c.Now, Rules: m.Engine.Rules, Archives: m.Archives})
	metric := cloudwatch.New(cloudwatch.Config{Engine: in, Now: c.Now})
	log := logs.New(logs.Config{Store: c.Store, Engine: in, Now: c.Now})
	m.Traces = xray.New(xray.Config{Engine: in, Now: c.Now, Rules: sampling, Modified: modified})
	m.Counts = map[string]func() any{
		events.Name:  func() any { return bus.Stats() },
		"cloudwatch": func() any { return metric.Stats() },
		logs.Name:    func() any { return log.Stats() },
		xray.Name:    func() any { return m.Traces.Stats() },
	}
	m.Table = service.NewTable(bus.Operations(), metric.Operations(), log.Operations(), m.Traces.Operations(),
		local.Operations(c.Store, c.Now, c.Log))
	return nil
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

// AccessKeys reads the file of access keys; no file means no keys.
func (m *Core) AccessKeys() (map[string]string, error) {
	if m.config.Keys == "" {
		return nil, nil
	}
	return awsapi.LoadKeys(m.config.Keys)
}

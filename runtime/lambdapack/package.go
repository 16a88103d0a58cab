package lambdapack

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/runtime/config"
	"github.com/tocsin-engine/tocsin/runtime/ruledir"
	"github.com/tocsin-engine/tocsin/runtime/sandbox"
)

// Options say what is packaged, and what a person wants of the function.
type Options struct {
	// Dir is the folder of the rules and Files what was read of it; Set is what those say,
	// without findings, and Plugins what is known of the plugins.
	Dir     string
	Files   ruledir.Files
	Set     *rulefile.Set
	Plugins map[string]rulefile.PluginInfo

	Function Function
	// Zip is where the zip will be.
	Zip string
	// Sources were asked for; Implied says that others follow from the rules.
	Sources []Source
	Implied bool
	// State is dynamodb:TABLE, or "" for a function that remembers nothing.
	State       string
	Environment []Variable
	// Keys is a file of access keys for the function's URL, "" for none.
	Keys string

	// Bootstrap is the program; "" is found, see bootstrap. Programs are tocsin programs
	// for other processors, which compile plugins for them.
	Bootstrap string
	Programs  []string
	// Version is tocsin's.
	Version string
	// Progress, if it is set, is called when one more plugin is packed.
	Progress func(done, total int)
}

// Package is a function that is ready to be written.
type Package struct {
	Plan Plan
	// Zip is the function's code.
	Zip []byte
}

// New decides on a function and makes its zip. h compiles the plugins.
func New(ctx context.Context, h *sandbox.Host, o Options) (*Package, error) {
	p := &Package{Plan: Plan{Version: 1, Function: o.Function, Warnings: []Warning{}, Secrets: []string{}}}
	p.Plan.Zip.Path = filepath.Base(o.Zip)
	targets := reached(o.Set)
	if err := p.settle(o, targets); err != nil {
		return nil, err
	}
	files, err := p.collect(ctx, h, o, targets)
	if err != nil {
		return nil, err
	}
	if p.Zip, p.Plan.Zip, err = archive(p.Plan.Zip.Path, files); err != nil {
		return nil, err
	}
	return p, p.weigh()
}

func (p *Package) warn(w ...Warning) { p.Plan.Warnings = append(p.Plan.Warnings, w...) }

// settle decides everything about the function but its code.
func (p *Package) settle(o Options, targets []rulefile.Target) error {
	plan := &p.Plan
	var err error
	if plan.State, err = table(o.State); err != nil {
		return err
	}
	var more []Warning
	plan.Sources, more = sourcesOf(o.Set, o.Sources, o.Implied)
	p.warn(more...)
	for _, s := range plan.Sources {
		if s.LogGroup == "/aws/lambda/"+plan.Function.Name {
			return fmt.Errorf("source %s is the function's own log: it would invoke itself for ever; --name gives the function another name", s.Name)
		}
	}
	if len(plan.Sources) == 0 {
		plan.Sources = []Source{}
		p.warn(Warning{"function", "nothing invokes it", "say  --source " + SourceHelp})
	}
	if slices.ContainsFunc(plan.Sources, gives) {
		plan.DeadLetters = &Queue{Name: plan.Function.Name + "-dead-letters", RetentionDays: 14}
	}
	granted := grants(o.Set, o.Plugins)
	p.environment(o, targets, granted)
	plan.Permissions, more = permissions(plan, targets, granted)
	p.warn(more...)
	return nil
}

// gives says whether something can be given up on the way from a source: the kinds that
// invoke asynchronously, and streams. A queue has dead letters of its own.
func gives(s Source) bool {
	return !slices.Contains([]SourceKind{SQS, FunctionURL, MetricStream}, s.Kind)
}

// table is where a function remembers.
func table(state string) (*Table, error) {
	if state == "" {
		return nil, nil
	}
	name, ok := strings.CutPrefix(state, "dynamodb:")
	if !ok || name == "" {
		return nil, fmt.Errorf("--lambda-state is %q; write dynamodb:TABLE", state)
	}
	return &Table{Name: name, PartitionKey: "space", SortKey: "key", TTL: "expires"}, nil
}

// environment is what the function finds in its environment.
func (p *Package) environment(o Options, targets []rulefile.Target, granted map[string]pluginGrants) {
	env := []Variable{{config.EnvName("account"), Account}}
	if o.State != "" {
		env = append(env, Variable{config.EnvName("lambda-state"), o.State})
	}
	if o.Keys != "" {
		env = append(env, Variable{config.EnvName("keys"), keysFile})
	} else if slices.ContainsFunc(p.Plan.Sources, func(s Source) bool { return s.Kind == FunctionURL }) {
		p.warn(Warning{"source function-url", "without access keys the function answers no HTTP request", "say  --keys FILE"})
	}
	for _, v := range o.Environment {
		env = slices.DeleteFunc(env, func(have Variable) bool { return have.Name == v.Name })
		env = append(env, v)
	}
	slices.SortFunc(env, func(a, b Variable) int { return strings.Compare(a.Name, b.Name) })
	p.Plan.Environment = env
	for _, t := range targets {
		for _, name := range granted[t.Plugin].allow.Secrets {
			p.Plan.Secrets = append(p.Plan.Secrets, "TOCSIN_PLUGIN_SECRET_"+name)
		}
	}
	slices.Sort(p.Plan.Secrets)
	p.Plan.Secrets = slices.Compact(p.Plan.Secrets)
}

// reached are the targets that a rule can reach, in the order of the set.
func reached(set *rulefile.Set) []rulefile.Target {
	routed := map[string]bool{}
	for _, r := range set.Rules {
		if r.Disabled {
			continue
		}
		for _, route := range r.Targets {
			routed[route.Target] = true
		}
	}
	var targets []rulefile.Target
	for _, t := range set.Targets {
		if routed[t.Name] {
			targets = append(targets, t)
		}
	}
	return targets
}

// grants are what plugins may call, by their names.
func grants(set *rulefile.Set, infos map[string]rulefile.PluginInfo) map[string]pluginGrants {
	out := map[string]pluginGrants{}
	for _, t := range set.Targets {
		out[t.Plugin] = pluginGrants{shipped: infos[t.Plugin].Shipped}
	}
	for _, e := range set.Plugins {
		out[e.Name] = pluginGrants{shipped: infos[e.Name].Shipped, allow: e.Allow}
	}
	return out
}

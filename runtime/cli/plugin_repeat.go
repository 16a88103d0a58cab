package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/tocsin-engine/tocsin/plugins"
	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/rules/transform"
	"github.com/tocsin-engine/tocsin/runtime/pluginkit"
	"github.com/tocsin-engine/tocsin/runtime/ruledir"
	"github.com/tocsin-engine/tocsin/runtime/sandbox"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// eventOf is the event of --event: JSON, a file, stdin, or one that a server got.
func (c *callVerb) eventOf(ctx context.Context, a *app) ([]byte, error) {
	if _, err := os.Stat(c.event); err == nil || c.event == "" || !eventID.MatchString(c.event) {
		b, err := a.jsonArgument("--event", c.event)
		if err != nil {
			return nil, err
		}
		return completeEvent(b)
	}
	client, err := a.newClient()
	if err != nil {
		return nil, err
	}
	var fate struct{ Event json.RawMessage }
	if err := client.get(ctx, "/events/"+c.event, nil, &fate); err != nil {
		return nil, err
	}
	return fate.Event, nil
}

// fromRules makes of the rule files what a delivery to a target is: the plugin, its
// grant, the target's config and the input that a rule makes of the event.
func (c *callVerb) fromRules(a *app, o *pluginkit.CallOptions) (pluginkit.Source, error) {
	files, err := ruledir.Read(c.rules)
	if err != nil {
		return pluginkit.Source{}, err
	}
	set, _ := a.loadSet(files)
	for _, t := range set.Targets {
		if t.Name != c.target {
			continue
		}
		o.Config = t.Config
		if err := c.shape(set, t, o); err != nil {
			return pluginkit.Source{}, err
		}
		return pluginOf(set, t, o)
	}
	return pluginkit.Source{}, usagef("there is no target %q in the rule files%s", c.target, didYouMean(c.target, targetNames(set)))
}

func targetNames(set *rulefile.Set) []string {
	names := make([]string, 0, len(set.Targets))
	for _, t := range set.Targets {
		names = append(names, t.Name)
	}
	return names
}

// pluginOf opens a target's plugin with the grant of the rule files.
func pluginOf(set *rulefile.Set, t rulefile.Target, o *pluginkit.CallOptions) (pluginkit.Source, error) {
	for _, p := range set.Plugins {
		if p.Name == t.Plugin && p.File != "" {
			o.Grants = p.Allow
			s, err := pluginkit.Open(p.File)
			s.Trusted = p.SHA256
			o.Limits = sandbox.Limits(p.Limits, s.Manifest.Limits)
			return s, err
		}
	}
	wasm, m, err := plugins.Load(t.Plugin)
	o.Grants, o.Limits = m.Needs, m.Limits
	return pluginkit.Source{Manifest: m, Wasm: wasm}, err
}

// shape makes the input, if the rule or the target shapes one and none was given.
func (c *callVerb) shape(set *rulefile.Set, t rulefile.Target, o *pluginkit.CallOptions) error {
	input := t.Input
	for _, r := range set.Rules {
		for _, route := range r.Targets {
			if r.Name == c.rule && route.Target == t.Name && route.HasInput {
				input = route.Input
			}
		}
	}
	if o.Input != nil || input.IsZero() {
		return nil
	}
	ev, err := event.Parse(o.Event)
	if err != nil {
		return err
	}
	if o.Input, err = input.Apply(ev, transform.Context{RuleName: c.rule, Ingestion: time.Now()}); err != nil {
		return fmt.Errorf("the input of target %q: %w", t.Name, err)
	}
	if event.Check(o.Input) != nil {
		o.Input = event.AppendString(nil, string(o.Input))
	}
	return nil
}

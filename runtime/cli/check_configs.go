package cli

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/runtime/engine"
	"github.com/tocsin-engine/tocsin/runtime/sandbox"
)

// tryConfigs gives every target's config to its plugin, in the sandbox, as run does: the
// plugin alone knows what it takes.
func (a *app) tryConfigs(ctx context.Context, set *rulefile.Set) (all diag.List, err error) {
	if len(set.Targets) == 0 {
		return nil, nil
	}
	entries := map[string]*rulefile.Plugin{}
	for i := range set.Plugins {
		entries[set.Plugins[i].Name] = &set.Plugins[i]
	}
	err = a.withSandbox(ctx, func(h *sandbox.Host) error {
		plugins := engine.Sandboxed(h.NewCatalog(), time.Now)
		bar := a.newCount("compiling plugins", "targets", int64(len(set.Targets)))
		defer bar.finish()
		var moving sync.Mutex
		found := make([]diag.List, len(set.Targets))
		sandbox.Each(len(set.Targets), func(k int) {
			t := set.Targets[k]
			found[k] = tryConfig(ctx, plugins, t, entries[t.Plugin])
			moving.Lock()
			defer moving.Unlock()
			bar.add(1)
		})
		all = slices.Concat(found...)
		return nil
	})
	return all, err
}

// tryConfig opens one target and finds what its plugin wants changed.
func tryConfig(ctx context.Context, plugins engine.Plugins, t rulefile.Target, entry *rulefile.Plugin) (all diag.List) {
	runner, err := plugins.Open(ctx, t, entry, &sandbox.Nobody{})
	if err == nil {
		err = runner.Close()
	}
	finding := func(part, message, label string) {
		pos, path := t.ConfigAt(part)
		all = append(all, diag.Finding{Code: "G004", File: t.File, Pos: pos, Path: path, Message: message, Label: label})
	}
	if c, ok := errors.AsType[*sandbox.ConfigError](err); ok {
		for _, p := range c.Problems {
			finding(p.Path, "plugin "+t.Plugin+" does not take this config", strings.TrimSpace(p.Path+" "+p.Message))
		}
	} else if err != nil {
		finding("", "plugin "+t.Plugin+" does not start: "+err.Error(), "")
	}
	return all
}

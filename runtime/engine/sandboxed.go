package engine

import (
	"context"
	"time"

	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/runtime/sandbox"
)

// Sandboxed opens targets as guests of a sandbox. now is the time that they see.
func Sandboxed(c *sandbox.Catalog, now func() time.Time) Plugins { return sandboxed{c, now} }

type sandboxed struct {
	catalog *sandbox.Catalog
	now     func() time.Time
}

// entry is what the rule files say about a target's plugin; a shipped one needs no entry.
func entry(t rulefile.Target, plugin *rulefile.Plugin) rulefile.Plugin {
	if plugin == nil {
		return rulefile.Plugin{Name: t.Plugin}
	}
	return *plugin
}

func (s sandboxed) Digest(_ context.Context, t rulefile.Target, plugin *rulefile.Plugin) (string, error) {
	e := entry(t, plugin)
	info := s.catalog.Describe(e)
	return info.SHA256, info.Err
}

func (s sandboxed) Open(ctx context.Context, t rulefile.Target, plugin *rulefile.Plugin, host Host) (Runner, error) {
	p, err := s.catalog.Open(ctx, entry(t, plugin))
	if err != nil {
		return nil, err
	}
	guestTarget, err := p.NewTarget(ctx, sandbox.TargetConfig{
		Name: t.Name, Mode: t.Mode, Config: t.Config, Grants: p.Grants, Limits: p.Limits, Function: p.Manifest.Function, Host: host,
	})
	if err != nil {
		return nil, err
	}
	g := &guest{target: guestTarget, host: host, now: s.now, keep: sandbox.KeepFailed}
	if t.Record {
		g.keep = sandbox.KeepAll
	}
	return g, nil
}

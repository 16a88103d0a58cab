package core

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/hashicorp/go-hclog"

	"github.com/tocsin-engine/tocsin/runtime/archive"
	"github.com/tocsin-engine/tocsin/runtime/awsapi"
	"github.com/tocsin-engine/tocsin/runtime/config"
	"github.com/tocsin-engine/tocsin/runtime/engine"
	"github.com/tocsin-engine/tocsin/runtime/sandbox"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/trust"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/service/xray"
	"github.com/tocsin-engine/tocsin/runtime/store"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// Options are what does not stand in the configuration.
type Options struct {
	// Version is shown in the status.
	Version string
	// Secret is a plugin's secret by its name. Default: the environment variable
	// TOCSIN_PLUGIN_SECRET_NAME.
	Secret func(name string) (string, bool)
	// Plugins may put something around every target; the soak keeps its ledger there.
	// Default: nothing.
	Plugins func(engine.Plugins) engine.Plugins
	// AWS reads the AWS configuration of calls in `mode: aws`, once one is made. Default:
	// awsapi.Environment.
	AWS func(context.Context) (aws.Config, error)
	// Now is the clock. Default: time.Now.
	Now func() time.Time
	// Log is the logger. Default: none.
	Log hclog.Logger
}

// Defaults fills in what is not set.
func (o *Options) Defaults() {
	if o.Plugins == nil {
		o.Plugins = func(p engine.Plugins) engine.Plugins { return p }
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = hclog.NewNullLogger()
	}
	if o.Secret == nil {
		o.Secret = func(name string) (string, bool) { return os.LookupEnv("TOCSIN_PLUGIN_SECRET_" + name) }
	}
}

// Config is what a Core is made of.
type Config struct {
	config.Config
	Options
	// Store is closed with the Core, also when New fails.
	Store store.Store
	// Function says that this is a Lambda function: a target is opened when it is first
	// reached, and rules that a function cannot keep are findings.
	Function bool
	// Packs are packed plugins that stand for those of the rule files. Default: none.
	Packs sandbox.Packs
	// Putter takes in what clients send to the services. Default: the engine.
	Putter func(*engine.Engine) service.Putter
}

// Core is the machine without a host. Make one with New, Load its rules, Close it.
type Core struct {
	Engine   *engine.Engine
	Archives *archive.Archives
	// Table are the AWS services that clients reach.
	Table *service.Table
	// Counts are what the services count, by their names.
	Counts map[string]func() any
	// Traces is the X-Ray service, which has ways in of its own.
	Traces *xray.Service

	config  Config
	sources sandbox.Sources
	host    *sandbox.Host
	catalog *sandbox.Catalog
}

// New makes the parts. The services need the engine, because PutEvents puts events into it;
// the engine gets the services afterwards.
func New(ctx context.Context, c Config) (_ *Core, err error) {
	c.Defaults()
	m := &Core{config: c, Counts: map[string]func() any{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, m.Close())
		}
	}()
	cache := c.Cache
	if cache == "" {
		cache = sandbox.CacheDir()
	}
	m.sources.Packs = c.Packs
	if m.sources.Trusted, err = trust.LoadKeys(c.TrustedKeys...); err != nil {
		return nil, err
	}
	m.host = sandbox.New(ctx, sandbox.Config{CacheDir: cache, Sources: m.sources, Log: c.Log})
	m.catalog = m.host.NewCatalog()
	signed := &awsCalls{}
	var emit func(context.Context, event.Event) error
	if c.Function && c.LambdaEmit != "" {
		emit = emitTo(c.LambdaEmit, signed)
	}
	m.Archives = archive.New(archive.Config{Store: c.Store, Now: c.Now, Log: c.Log})
	m.Engine, err = engine.New(engine.Config{
		Store: c.Store, Archives: m.Archives, Plugins: c.Plugins(engine.Sandboxed(m.catalog, c.Now)), AWS: signed, Emit: emit, Secret: c.Secret,
		Account: c.Account, Region: c.Region, MaxHops: c.MaxHops, Drain: c.Drain, Lazy: c.Function, Now: c.Now, Log: c.Log,
	})
	if err != nil {
		return nil, err
	}
	if err := m.services(); err != nil {
		return nil, err
	}
	m.Engine.SetServices(m.Table)
	signed.client = awsapi.NewClient(awsapi.ClientConfig{Table: m.Table, Config: c.AWS, Region: c.Region, Now: c.Now, Log: c.Log})
	return m, nil
}

// Close frees everything. The engine must not run any more.
func (m *Core) Close() error {
	var all []error
	if m.Engine != nil {
		all = append(all, m.Engine.Close())
	}
	ctx := context.Background()
	if m.catalog != nil {
		all = append(all, m.catalog.Close(ctx))
	}
	if m.host != nil {
		all = append(all, m.host.Close(ctx))
	}
	return errors.Join(append(all, m.config.Store.Close())...)
}

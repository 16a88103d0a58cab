package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/runtime/archive"
	"github.com/tocsin-engine/tocsin/runtime/awsapi"
	"github.com/tocsin-engine/tocsin/runtime/config"
	"github.com/tocsin-engine/tocsin/runtime/doors"
	"github.com/tocsin-engine/tocsin/runtime/engine"
	"github.com/tocsin-engine/tocsin/runtime/ruledir"
	"github.com/tocsin-engine/tocsin/runtime/sandbox"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/trust"
	"github.com/tocsin-engine/tocsin/runtime/server"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/store"
	"github.com/tocsin-engine/tocsin/runtime/store/memory"
	"github.com/tocsin-engine/tocsin/runtime/store/sqlite"
)

// App is the machine, put together. Make one with New, Run it, Close it.
type App struct {
	config   config.Config
	store    store.Store
	host     *sandbox.Host
	catalog  *sandbox.Catalog
	trusted  trust.Keys
	engine   *engine.Engine
	archives *archive.Archives
	table    *service.Table
	server   *server.Server
	// warnings are what is not right with the ways in.
	warnings []string
	// function says that this is a Lambda function: what comes in is delivered before it
	// is answered, and a target is opened when it is first reached.
	function bool
	// doors are the ways in beside the server's own, and what each counts.
	doors map[string]func() any
	// paths are those of them that have paths of their own on the server's port.
	paths []doors.HTTP
	// listeners are those of them that have ports of their own.
	listeners []listener
	url       string
	now       func() time.Time
}

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
	// Now is the clock. Default: time.Now.
	Now func() time.Time
	// Log is the logger. Default: none.
	Log hclog.Logger
}

func (o *Options) defaults() {
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

// RulesError is a rule set that cannot be loaded.
type RulesError struct {
	Findings diag.List
	Files    []rulefile.File
	Err      error
}

func (e *RulesError) Error() string { return e.Err.Error() }

// Unwrap returns what the engine said.
func (e *RulesError) Unwrap() error { return e.Err }

// New takes the port, compiles the plugins and loads the rules. A rule set that cannot be
// loaded is a *RulesError; warnings are returned.
func New(ctx context.Context, c config.Config, o Options) (_ *App, warnings diag.List, err error) {
	o.defaults()
	a := &App{config: c, now: o.Now}
	defer func() {
		if err != nil {
			a.Close()
		}
	}()
	if a.store, err = openStore(ctx, c, o.Log); err != nil {
		return nil, nil, err
	}
	if err := a.assemble(ctx, o); err != nil {
		return nil, nil, err
	}
	if warnings, err = a.load(ctx); err != nil {
		return nil, nil, err
	}
	return a, warnings, nil
}

// load reads the rules for the first time.
func (a *App) load(ctx context.Context) (diag.List, error) {
	files, err := a.ruleFiles()
	if err != nil {
		return nil, err
	}
	findings, err := a.engine.Reload(ctx, a.read)
	if err != nil {
		return nil, &RulesError{findings, files.Rules, err}
	}
	return findings, nil
}

// openStore opens the durable store, or makes one in memory that says what it forgets.
func openStore(ctx context.Context, c config.Config, log hclog.Logger) (store.Store, error) {
	if c.Data == "" {
		return memory.New(memory.Config{}), nil
	}
	s, err := sqlite.Open(ctx, c.Data, sqlite.Config{Log: log})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// storeFailed waits for the store to fail for good, and says why.
func (a *App) storeFailed(ctx context.Context) error {
	durable, ok := a.store.(interface {
		Failed() <-chan struct{}
		Err() error
	})
	if !ok {
		return nil
	}
	select {
	case <-ctx.Done():
		return nil
	case <-durable.Failed():
		return durable.Err()
	}
}

// assemble makes the parts of a server.
func (a *App) assemble(ctx context.Context, o Options) error {
	c := a.config
	keys, err := accessKeys(c.Keys)
	if err != nil {
		return err
	}
	if err := a.core(ctx, o); err != nil {
		return err
	}
	a.server, err = server.New(server.Config{
		Listen: c.Listen, TLSCert: c.TLSCert, TLSKey: c.TLSKey, Keys: keys, Account: c.Account, Region: c.Region,
		Engine: a.engine, Archives: a.archives, Services: a.table, Doors: a.doors, HTTPDoors: a.paths, Warnings: a.warnings,
		Reload:  func(ctx context.Context) (diag.List, error) { return a.engine.Reload(ctx, a.read) },
		Version: o.Version, RateLimit: c.RateLimit, Grace: c.Drain, Now: o.Now, Log: o.Log,
	})
	if err != nil {
		return err
	}
	a.url = a.server.URL()
	return nil
}

// core makes the parts that a server and a Lambda function share. The services need the
// engine, because PutEvents puts events into it; the engine gets the services afterwards.
func (a *App) core(ctx context.Context, o Options) (err error) {
	c := a.config
	cache := c.Cache
	if cache == "" {
		cache = sandbox.CacheDir()
	}
	if a.trusted, err = trust.LoadKeys(c.TrustedKeys...); err != nil {
		return err
	}
	a.host = sandbox.New(ctx, sandbox.Config{CacheDir: cache, Trusted: a.trusted, Log: o.Log})
	a.catalog = a.host.NewCatalog()
	signed := &awsCalls{}
	a.archives = archive.New(archive.Config{Store: a.store, Now: o.Now, Log: o.Log})
	a.engine, err = engine.New(engine.Config{
		Store: a.store, Archives: a.archives, Plugins: o.Plugins(engine.Sandboxed(a.catalog, o.Now)), AWS: signed, Secret: o.Secret,
		Account: c.Account, Region: c.Region, MaxHops: c.MaxHops, Drain: c.Drain, Lazy: a.function, Now: o.Now, Log: o.Log,
	})
	if err != nil {
		return err
	}
	if a.table, err = a.services(o); err != nil {
		return err
	}
	a.engine.SetServices(a.table)
	signed.client = awsapi.NewClient(awsapi.ClientConfig{Table: a.table, Region: c.Region, Now: o.Now, Log: o.Log})
	return nil
}

// accessKeys reads the file of access keys; no file means no keys.
func accessKeys(file string) (map[string]string, error) {
	if file == "" {
		return nil, nil
	}
	return server.LoadKeys(file)
}

// ruleFiles reads the files. The default folder may be missing: a server without rules
// still answers AWS clients.
func (a *App) ruleFiles() (ruledir.Files, error) {
	if _, err := os.Stat(config.Rules); os.IsNotExist(err) && slices.Equal(a.config.Rules, []string{config.Rules}) {
		return ruledir.Files{}, nil
	}
	return ruledir.Read(a.config.Rules)
}

// read reads the rule files for the engine.
func (a *App) read(context.Context) (*rulefile.Set, diag.List, error) {
	files, err := a.ruleFiles()
	if err != nil {
		return nil, nil, err
	}
	plugins := sandbox.Describe(rulefile.Plugins(files.Rules), a.trusted)
	// What a function cannot keep has findings of its own.
	durable := a.store.Promises().Durable || a.function
	set, findings := rulefile.Load(files.Rules, rulefile.Options{Durable: durable, Plugins: plugins})
	if a.function {
		findings = append(findings, set.Function(a.store.Promises().Durable, plugins)...)
	}
	return set, findings, nil
}

// Run serves, delivers and watches the rule files until ctx ends; kick (SIGHUP) reloads
// them. Then it drains: the server first, so that nothing comes in that nobody delivers.
func (a *App) Run(ctx context.Context, kick <-chan os.Signal) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	engineCtx, stopEngine := context.WithCancel(context.WithoutCancel(ctx))
	defer stopEngine()
	var parts sync.WaitGroup
	var engineErr error
	parts.Go(func() {
		engineErr = a.engine.Run(engineCtx)
		stop() // a server that delivers nothing any more must not accept anything
	})
	parts.Go(func() { a.archives.Run(ctx, a.engine) })
	parts.Go(func() { a.engine.Watch(ctx, a.config.Rules, kick, a.read) })
	var storeErr error
	parts.Go(func() {
		if storeErr = a.storeFailed(ctx); storeErr != nil {
			stop() // nothing can be accepted before a restart
		}
	})
	ended := make([]error, len(a.listeners))
	var own sync.WaitGroup
	for i, l := range a.listeners {
		own.Go(func() {
			ended[i] = l.Run(ctx)
			stop() // a door that fell shut must not be missed
		})
	}
	serverErr := a.server.Run(ctx)
	stop() // a server that failed takes the doors with it
	own.Wait()
	a.server, a.listeners = nil, nil // they have given their ports back
	stopEngine()
	parts.Wait()
	return errors.Join(append(ended, serverErr, engineErr, storeErr)...)
}

// URL is where the server is.
func (a *App) URL() string { return a.url }

// Engine is the engine, for those who put events in themselves or watch.
func (a *App) Engine() *engine.Engine { return a.engine }

// Call makes a call of a service in this process, as a local target does.
func (a *App) Call(ctx context.Context, serviceName, operation string, request any) (any, error) {
	op, ok := a.table.Find(serviceName, operation)
	if !ok {
		return nil, fmt.Errorf("app: there is no operation %s.%s", serviceName, operation)
	}
	caller := service.Caller{Account: a.config.Account, Region: a.config.Region, RequestID: "app", Endpoint: a.URL()}
	return op.Handle(ctx, caller, request)
}

// Close frees everything. Run must have ended.
func (a *App) Close() error {
	var all []error
	for _, l := range a.listeners {
		all = append(all, l.Close())
	}
	if a.server != nil {
		all = append(all, a.server.Close())
	}
	if a.engine != nil {
		all = append(all, a.engine.Close())
	}
	ctx := context.Background()
	if a.catalog != nil {
		all = append(all, a.catalog.Close(ctx))
	}
	if a.host != nil {
		all = append(all, a.host.Close(ctx))
	}
	if a.store != nil {
		all = append(all, a.store.Close())
	}
	return errors.Join(all...)
}

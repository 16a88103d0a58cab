package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/hashicorp/go-hclog"

	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/runtime/config"
	"github.com/tocsin-engine/tocsin/runtime/core"
	"github.com/tocsin-engine/tocsin/runtime/doors"
	"github.com/tocsin-engine/tocsin/runtime/engine"
	"github.com/tocsin-engine/tocsin/runtime/server"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/store"
	"github.com/tocsin-engine/tocsin/runtime/store/memory"
	"github.com/tocsin-engine/tocsin/runtime/store/sqlite"
)

// App is a server. Make one with New, Run it, Close it.
type App struct {
	config config.Config
	store  store.Store
	core   *core.Core
	server *server.Server
	// warnings are what is not right with the ways in.
	warnings []string
	// doors are the ways in beside the server's own, and what each counts.
	doors map[string]func() any
	// paths are those of them that have paths of their own on the server's port.
	paths []doors.HTTP
	// listeners are those of them that have ports of their own.
	listeners []listener
	url       string
}

// Options are what does not stand in the configuration.
type Options = core.Options

// AWSConfig is the AWS configuration of this machine, by the chain of the AWS SDKs:
// environment, shared files, web identity, container, instance.
func AWSConfig(ctx context.Context) (aws.Config, error) { return awsconfig.LoadDefaultConfig(ctx) }

// RulesError is a rule set that cannot be loaded.
type RulesError = core.RulesError

// New takes the port, compiles the plugins and loads the rules. A rule set that cannot be
// loaded is a *RulesError; warnings are returned.
func New(ctx context.Context, c config.Config, o Options) (_ *App, warnings diag.List, err error) {
	o.Defaults()
	if o.AWS == nil {
		o.AWS = AWSConfig
	}
	a := &App{config: c}
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
	if warnings, err = a.core.Load(ctx); err != nil {
		return nil, nil, err
	}
	return a, warnings, nil
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
func (a *App) assemble(ctx context.Context, o Options) (err error) {
	c := a.config
	if a.core, err = core.New(ctx, core.Config{Config: c, Options: o, Store: a.store}); err != nil {
		return err
	}
	keys, err := a.core.AccessKeys()
	if err != nil {
		return err
	}
	a.doors = a.core.Counts
	if err := a.openDoors(o); err != nil {
		return err
	}
	a.server, err = server.New(server.Config{
		Listen: c.Listen, TLSCert: c.TLSCert, TLSKey: c.TLSKey, Keys: keys, Account: c.Account, Region: c.Region,
		Engine: a.core.Engine, Archives: a.core.Archives, Services: a.core.Table, Doors: a.doors, HTTPDoors: a.paths, Warnings: a.warnings,
		Reload:  func(ctx context.Context) (diag.List, error) { return a.core.Engine.Reload(ctx, a.core.Read) },
		Version: o.Version, RateLimit: c.RateLimit, Grace: c.Drain, Now: o.Now, Log: o.Log,
	})
	if err != nil {
		return err
	}
	a.url = a.server.URL()
	return nil
}

// Run serves, delivers and watches the rule files until ctx ends; kick (SIGHUP) reloads
// them. Then it drains: the server first, so that nothing comes in that nobody delivers.
func (a *App) Run(ctx context.Context, kick <-chan os.Signal) error {
	defer collectLess()()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	engineCtx, stopEngine := context.WithCancel(context.WithoutCancel(ctx))
	defer stopEngine()
	var parts sync.WaitGroup
	var engineErr error
	parts.Go(func() {
		engineErr = a.core.Engine.Run(engineCtx)
		stop() // a server that delivers nothing any more must not accept anything
	})
	parts.Go(func() { a.core.Archives.Run(ctx, a.core.Engine) })
	parts.Go(func() { a.core.Engine.Watch(ctx, a.config.Rules, kick, a.core.Read) })
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
func (a *App) Engine() *engine.Engine { return a.core.Engine }

// Call makes a call of a service in this process, as a local target does.
func (a *App) Call(ctx context.Context, serviceName, operation string, request any) (any, error) {
	op, ok := a.core.Table.Find(serviceName, operation)
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
	if a.core != nil {
		all = append(all, a.core.Close())
	}
	return errors.Join(all...)
}

package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/runtime/dispatch"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/store"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// Config is what an engine works with. Only Store and Plugins are required.
type Config struct {
	Store store.Store
	// Plugins makes targets of their configuration.
	Plugins Plugins
	// AWS makes the signed calls of targets in `mode: aws`. Default: they are refused.
	AWS AWS
	// Emit takes the events that targets emit, within the hop limit. Default: they go on the
	// bus of the event that led to them.
	Emit func(context.Context, event.Event) error
	// Secret is where secrets come from. Default: there are none.
	Secret func(name string) (value string, ok bool)
	// DeadLetters takes the dead letters of targets that name a queue. Default: the
	// queues of the SQS service in this process (SetServices).
	DeadLetters dispatch.DeadLetterQueues
	// Archives keep events to replay them. Default: there are none, and a rule file that
	// has some is refused.
	Archives Archives
	// Account and Region stand in events that have none and in ARNs.
	// Default: 000000000000, us-east-1.
	Account, Region string
	// MaxHops is how many targets may stand between a client's event and one that is
	// still matched. Default: 8.
	MaxHops int
	// Recent and RecentBytes bound the ring of the last events. Default: 1,000 events,
	// 16 MiB.
	Recent      int
	RecentBytes int64
	// Keep is how long settled events and dead letters stay. Default: 14 days.
	Keep time.Duration
	// KeyLife is how long an idempotency key holds. Default: 15 min.
	KeyLife time.Duration
	// Drain bounds how long Run goes on delivering after its context ended.
	// Default: 10 s.
	Drain time.Duration
	// Lazy opens a target when its first delivery comes, and not when rules are loaded.
	Lazy bool
	// Rehearsal says that nothing depends on this engine's memory: rules that need a
	// durable store are taken on any. For tests of rules.
	Rehearsal bool
	// Now is the clock. Default: time.Now.
	Now func() time.Time
	// NewID makes the ids of events that have none. Default: UUIDs.
	NewID func() string
	// Log is the logger. Default: none.
	Log hclog.Logger
}

// Archives keep events of buses; archive.Archives do.
type Archives interface {
	// Load replaces the archives of the rule files.
	Load(ctx context.Context, declared []rulefile.Archive) error
	// Want returns a pair for every archive that keeps an event: the archive's name in
	// the place of the rule, and a reserved target (store.Reserved).
	Want(ev event.Event) []store.Pair
}

// Engine is the machine. Make one with New, give it rules with Load, run it with Run.
type Engine struct {
	config   Config
	log      hclog.Logger
	dispatch *dispatch.Dispatcher
	rules    atomic.Pointer[ruleset]
	services atomic.Pointer[service.Table]

	loading sync.Mutex // one Load or Tick at a time
	// plans say when scheduled rules are due; replanned holds a token after a Load.
	plans     map[string]planned
	replanned chan struct{}
	closing   sync.WaitGroup
	stats     counters
	trails    trails
	tail      tail
	status    statusBox
	loops     loopLog
	kv        kvUsage
	seen      seen
	recorded  recordings
}

var _ service.Putter = (*Engine)(nil)

// New makes an engine without rules: until Load, no event matches.
func New(c Config) (*Engine, error) {
	if c.Store == nil || c.Plugins == nil {
		return nil, errors.New("engine: a store and plugins are required")
	}
	c.defaults()
	e := &Engine{config: c, log: c.Log.Named("engine"), replanned: make(chan struct{}, 1), seen: newSeen()}
	if c.DeadLetters == nil {
		c.DeadLetters = deadLetterQueues{e}
	}
	e.stats.init()
	e.trails.init(c.Recent, c.RecentBytes)
	e.status.started = c.Now()
	e.rules.Store(newRuleset(nil))
	e.services.Store(service.NewTable())
	e.dispatch = dispatch.New(dispatch.Config{
		Store: c.Store, DeadLetters: c.DeadLetters, Now: c.Now, Observe: e.observe,
		Drain: c.Drain, Log: c.Log.Named("dispatch"),
	})
	if warning := c.Store.Promises().Warning; warning != "" && !c.Rehearsal {
		e.log.Warn(warning, "store", c.Store.Promises().Kind)
	}
	return e, nil
}

func (c *Config) defaults() {
	or(&c.Account, "000000000000")
	or(&c.Region, "us-east-1")
	or(&c.MaxHops, 8)
	or(&c.Recent, 1000)
	or(&c.RecentBytes, 16<<20)
	or(&c.Keep, 14*24*time.Hour)
	or(&c.KeyLife, 15*time.Minute)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.NewID == nil {
		c.NewID = service.NewID
	}
	if c.Secret == nil {
		c.Secret = func(string) (string, bool) { return "", false }
	}
	if c.Log == nil {
		c.Log = hclog.NewNullLogger()
	}
}

// or gives a setting its default.
func or[T comparable](setting *T, value T) {
	var zero T
	if *setting == zero {
		*setting = value
	}
}

// SetServices says which services answer the calls of targets in `mode: local` and take
// dead letters. They are made after the engine, because they put events into it.
func (e *Engine) SetServices(t *service.Table) { e.services.Store(t) }

// Run delivers until ctx ends, then drains; see dispatch.Run. Meanwhile scheduled rules
// get their events, the engine's own metrics are published, and what was settled long
// ago is let go of.
func (e *Engine) Run(ctx context.Context) error {
	var beside sync.WaitGroup
	beside.Go(func() { e.sweep(ctx) })
	beside.Go(func() { e.runSchedules(ctx) })
	beside.Go(func() { e.runOwnMetrics(ctx) })
	err := e.dispatch.Run(ctx)
	beside.Wait()
	if err != nil {
		return fmt.Errorf("engine: %w", err)
	}
	return nil
}

// Step delivers all that is due now, without a goroutine; see dispatch.Step.
func (e *Engine) Step(ctx context.Context) (worked bool, next time.Time, err error) {
	return e.dispatch.Step(ctx)
}

// Close closes the targets, after Run has ended. What waits for them stays in the store,
// which is the caller's to close.
func (e *Engine) Close() error {
	e.loading.Lock()
	defer e.loading.Unlock()
	none := newRuleset(nil)
	e.closeTargets(e.rules.Swap(none), none)
	e.closing.Wait()
	e.seen.cache.Reset() // gives its memory back
	return nil
}

// sweepEvery is how often the store is told to let go of what is old.
const sweepEvery = 10 * time.Minute

func (e *Engine) sweep(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(sweepEvery):
		}
		if err := e.config.Store.Trim(ctx, e.config.Now().Add(-e.config.Keep)); err != nil && ctx.Err() == nil {
			e.log.Error("old events could not be dropped", "error", err)
		}
	}
}

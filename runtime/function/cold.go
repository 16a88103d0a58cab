package function

import (
	"context"
	"sync"
	"time"

	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/runtime/engine"
)

// ColdStart is what the time from a process's start to its first answer went into.
type ColdStart struct {
	// Process is the processor time before main: Go's runtime and the packages' variables.
	Process time.Duration
	// Config is until the rules are read, Rules reading and checking them and what the
	// manifests of their plugins say, Matcher making the index.
	Config, Rules, Matcher time.Duration
	// Plugin is loading the plugin that was reached first; 0 when none was. Answer is the
	// rest of the first invocation.
	Plugin, Answer time.Duration
	// CPU is all the processor time, MaxRSS the most memory that the process had, in bytes.
	CPU    time.Duration
	MaxRSS int64
}

// fields are those of the line in the log.
func (c ColdStart) fields() []any {
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	return []any{
		"process_ms", ms(c.Process), "config_ms", ms(c.Config), "rules_ms", ms(c.Rules), "matcher_ms", ms(c.Matcher),
		"plugin_ms", ms(c.Plugin), "answer_ms", ms(c.Answer), "cpu_ms", ms(c.CPU), "max_rss_mib", float64(c.MaxRSS>>10) / 1024,
	}
}

// stopwatch takes the times of a cold start. They are those of this machine, whatever clock
// the function sees.
type stopwatch struct {
	cold ColdStart
	last time.Time

	once sync.Once // over the first plugin
	mu   sync.Mutex
}

func newStopwatch(started time.Time) *stopwatch {
	cpu, _ := usage()
	return &stopwatch{last: started, cold: ColdStart{Process: max(0, cpu-time.Since(started))}}
}

func (s *stopwatch) configured() { s.cold.Config, s.last = time.Since(s.last), time.Now() }

func (s *stopwatch) loaded(r engine.ReloadStatus) {
	s.cold.Matcher = time.Duration(r.Index * float64(time.Second))
	s.cold.Rules = time.Since(s.last) - s.cold.Matcher
}

func (s *stopwatch) answered(took time.Duration) ColdStart {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cold.Answer = max(0, took-s.cold.Plugin)
	s.cold.CPU, s.cold.MaxRSS = usage()
	return s.cold
}

// plugins times the first plugin that is opened.
func (s *stopwatch) plugins(p engine.Plugins) engine.Plugins { return timed{p, s} }

type timed struct {
	engine.Plugins
	watch *stopwatch
}

func (t timed) Open(ctx context.Context, d rulefile.Target, plugin *rulefile.Plugin, host engine.Host) (r engine.Runner, err error) {
	began := time.Now()
	r, err = t.Plugins.Open(ctx, d, plugin, host)
	t.watch.once.Do(func() {
		t.watch.mu.Lock()
		defer t.watch.mu.Unlock()
		t.watch.cold.Plugin = time.Since(began)
	})
	return r, err
}

package soak

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/store"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// Config says what to break and how often.
type Config struct {
	// Kills is how often the process is killed, Cuts how often the power is cut.
	Kills, Cuts int
	// Pause is how long a life publishes at most before it is killed. Default: 1 s.
	Pause time.Duration
	// Batch is how many deliveries a target gets at once. Default: 10.
	Batch int
	// Program is run with Env set: it must call Child.
	Program string
	// Dir is for scratch files.
	Dir string
	// Out gets a line a fault, JSON one with its figures.
	Out, JSON io.Writer
}

func (c *Config) batch() int {
	if c.Batch == 0 {
		return 10
	}
	return c.Batch
}

// Result is one fault's figures.
type Result struct {
	Fault        string `json:"fault"`
	Injected     int    `json:"injected"`
	Acknowledged int    `json:"acknowledged"`
	Lost         int    `json:"lost"`
	Phantom      int    `json:"phantom"`
	Duplicates   int    `json:"duplicates"`
	RecoveryMS   int64  `json:"recovery_ms"`
	NotRun       bool   `json:"not_run"`
}

// NotRunError is a fault that cannot be made here.
type NotRunError struct{ Why string }

func (e *NotRunError) Error() string { return "not run: " + e.Why }

// fault is one way to break it.
type fault struct {
	name string
	run  func(context.Context, *Config) (Result, error)
	// short says that the tests have it too.
	short bool
}

// Run makes the faults, the short ones only if short, and says what became of each. The
// error joins those that were not survived.
func (c *Config) Run(ctx context.Context, short bool) ([]Result, error) {
	var results []Result
	var errs []error
	for _, f := range faults {
		if short && !f.short {
			continue
		}
		r, err := f.run(ctx, c)
		r.Fault = f.name
		var notRun *NotRunError
		r.NotRun = errors.As(err, &notRun)
		switch {
		case r.NotRun:
			fmt.Fprintf(c.Out, "%-28s %v\n", f.name, err)
		case err == nil && r.Lost+r.Phantom > 0:
			err = fmt.Errorf("%s: %d lost, %d phantom", f.name, r.Lost, r.Phantom)
			fallthrough
		default:
			fmt.Fprintf(c.Out, "%-28s injected %4d  acknowledged %8d  lost %d  phantom %d  duplicates %d  recovery %d ms  %s\n",
				f.name, r.Injected, r.Acknowledged, r.Lost, r.Phantom, r.Duplicates, r.RecoveryMS, okay(err))
		}
		if err != nil && !r.NotRun {
			errs = append(errs, fmt.Errorf("%s: %w", f.name, err))
		}
		if err := json.NewEncoder(c.JSON).Encode(r); err != nil {
			return results, err
		}
		results = append(results, r)
	}
	return results, errors.Join(errs...)
}

func okay(err error) string {
	if err != nil {
		return "FAILED: " + err.Error()
	}
	return "ok"
}

// result makes one of what a world was judged.
func (w *world) result(injected int, v verdict) Result {
	return Result{Injected: injected, Acknowledged: v.acknowledged, Lost: v.lost, Phantom: v.phantom,
		Duplicates: v.duplicates, RecoveryMS: w.slowest.Milliseconds()}
}

// serialIn is the number that the publisher gave the event of an entry, "" if its bytes
// are lost.
func serialIn(e store.Entry) string {
	ev, err := event.Parse(e.Raw)
	if err != nil {
		return ""
	}
	return serialOf(ev)
}

package soak

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"os"
	"os/signal"
	"runtime/pprof"
	"strings"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/runtime/app"
	"github.com/tocsin-engine/tocsin/runtime/config"
	"github.com/tocsin-engine/tocsin/runtime/dispatch"
	"github.com/tocsin-engine/tocsin/runtime/engine"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// Env names the environment variable that makes a process the one under test.
const Env = "TOCSIN_SOAK_CHILD"

// order is what the process under test is told, as JSON in Env.
type order struct {
	Data, Rules, Ledger, Cache string
	// Ahead is how far its clock is ahead of the machine's.
	Ahead time.Duration
	// Slow makes the target of this name take that long for a batch.
	Slow string
	Nap  time.Duration
	// Measure keeps no ledger, and lets nothing fail for good.
	Measure bool
	// Profile is a file for a CPU profile, "" for none.
	Profile string
}

// Child is the main function of the process under test: a tocsin that prints its address
// when it is ready, and ends on SIGTERM as the real one does.
func Child(text string) int {
	var o order
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		return 2
	}
	if err := serve(o); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		return 1
	}
	return 0
}

func serve(o order) error {
	ledger, err := os.OpenFile(o.Ledger, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer ledger.Close()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if o.Profile != "" {
		f, err := os.Create(o.Profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	c := config.Config{Data: o.Data, Rules: []string{o.Rules}, Listen: "127.0.0.1:0", Cache: o.Cache,
		Account: config.Account, Region: config.Region, Drain: 5 * time.Second}
	a, _, err := app.New(ctx, c, app.Options{
		Now: func() time.Time { return time.Now().Add(o.Ahead) },
		Log: hclog.New(&hclog.LoggerOptions{Name: "tocsin", Level: hclog.Error, Output: os.Stderr}),
		Plugins: func(p engine.Plugins) engine.Plugins {
			return &ledgerPlugins{p, ledger, o}
		},
	})
	if err != nil {
		return err
	}
	fmt.Println(a.URL())
	err = a.Run(ctx, nil)
	if closeErr := a.Close(); err == nil {
		err = closeErr
	}
	return err
}

// ledgerPlugins writes down what targets have taken, after they have.
type ledgerPlugins struct {
	engine.Plugins
	file  *os.File
	order order
}

// Open puts the ledger around a target.
func (p *ledgerPlugins) Open(ctx context.Context, t rulefile.Target, plugin *rulefile.Plugin, host engine.Host) (engine.Runner, error) {
	r, err := p.Plugins.Open(ctx, t, plugin, host)
	if err != nil {
		return nil, err
	}
	nap := time.Duration(0)
	if t.Name == p.order.Slow {
		nap = p.order.Nap
	}
	return &ledgerTarget{r, t.Name, p.file, nap, p.order.Measure}, nil
}

type ledgerTarget struct {
	engine.Runner
	name    string
	file    *os.File
	nap     time.Duration
	measure bool
}

// Deliver lets one delivery in a hundred fail once, and one in five hundred for good.
func (l *ledgerTarget) Deliver(ctx context.Context, batch []dispatch.Delivery) []dispatch.Outcome {
	out := make([]dispatch.Outcome, len(batch))
	taken := make([]dispatch.Delivery, 0, len(batch))
	places := make([]int, 0, len(batch))
	for i, d := range batch {
		switch dice := roll(l.name, d.Event); {
		case dice < 2 && !l.measure:
			out[i] = dispatch.Outcome{Code: "NEVER"}
		case dice < 12 && d.Attempt == 1:
			out[i] = dispatch.Outcome{Retry: true, Code: "BUSY"}
		default:
			taken, places = append(taken, d), append(places, i)
		}
	}
	if len(taken) == 0 {
		return out
	}
	wait(ctx, l.nap)
	var lines strings.Builder
	for i, o := range l.Runner.Deliver(ctx, taken) {
		out[places[i]] = o
		if o.OK && !l.measure {
			fmt.Fprintln(&lines, l.name, serialOf(taken[i].Event))
		}
	}
	if l.measure {
		return out
	}
	if _, err := l.file.WriteString(lines.String()); err != nil {
		panic(err) // a ledger with gaps proves nothing
	}
	return out
}

func wait(ctx context.Context, d time.Duration) {
	if d == 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// serialOf is the number that the publisher gave an event.
func serialOf(ev event.Event) string {
	text, _ := event.Value(ev.Detail()).Get("n").Text()
	return text
}

// roll is a number below 1000, the same for every attempt.
func roll(target string, ev event.Event) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(target + serialOf(ev))) // a hash takes everything
	return (h.Sum32() >> 8) % 1000
}

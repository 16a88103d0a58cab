package soak

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// slowTarget has one target that takes a second for every batch, and one beside it that
// must not notice.
func slowTarget(ctx context.Context, c *Config) (Result, error) {
	w, err := c.newWorld("")
	if err != nil {
		return Result{}, err
	}
	defer w.remove()
	w.order.Slow, w.order.Nap = "ledger1", time.Second
	p, err := w.start(ctx)
	if err != nil {
		return Result{}, err
	}
	w.pub.start(ctx, clients)
	wait(ctx, 2*time.Second)
	w.pub.halt()
	if err := keepsUp(ctx, p, "ledger2"); err != nil {
		return Result{}, err
	}
	if err := p.term(); err != nil {
		return Result{}, err
	}
	w.order.Slow = "" // it has recovered
	v, _, err := w.judge(ctx)
	return w.result(1, v), err
}

// keepsUp waits until nothing but retries waits for a target, while another one lags.
func keepsUp(ctx context.Context, p *process, target string) error {
	behind := ""
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); wait(ctx, 20*time.Millisecond) {
		stats, err := p.status(ctx)
		if err != nil {
			return err
		}
		waits := map[string]int{}
		for _, l := range stats.Lanes {
			waits[l.Target] = l.Unread
			if l.Target != target && l.Unread > 0 {
				behind = l.Target
			}
		}
		if waits[target] == 0 {
			if behind == "" {
				return fmt.Errorf("no target lags, this shows nothing")
			}
			return nil
		}
	}
	return fmt.Errorf("%s lags because another target is slow", target)
}

// hostile adds a target whose guest hangs, crashes or takes all memory. Its deliveries
// become dead letters, and nobody else's do.
func hostile(guest string) func(context.Context, *Config) (Result, error) {
	return func(ctx context.Context, c *Config) (Result, error) {
		w, err := c.newWorld("", guest)
		if err != nil {
			return Result{}, err
		}
		defer w.remove()
		p, err := w.start(ctx)
		if err != nil {
			return Result{}, err
		}
		before := memory(p)
		w.pub.start(ctx, 1)
		for w.pub.count() < 200 && ctx.Err() == nil {
			wait(ctx, time.Millisecond)
		}
		w.pub.halt()
		wait(ctx, 2*time.Second)
		if grown := memory(p) - before; grown > 256<<20 {
			return Result{}, fmt.Errorf("the process grew by %d MiB", grown>>20)
		}
		p.kill()
		v, _, err := w.judge(ctx)
		if err == nil && v.dead < v.acknowledged {
			err = fmt.Errorf("%d dead letters for %d events that its guest cannot take", v.dead, v.acknowledged)
		}
		return w.result(v.acknowledged, v), err
	}
}

// memory is what a process has in memory, 0 where that cannot be asked.
func memory(p *process) int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(b))
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}

// overload sends from ten times as many clients as it takes to keep the machine busy, and
// then asks how fast it answers a newcomer.
func overload(ctx context.Context, c *Config) (Result, error) {
	w, err := c.newWorld("")
	if err != nil {
		return Result{}, err
	}
	defer w.remove()
	w.pub.pad = strings.Repeat("x", 1300)
	p, err := w.start(ctx)
	if err != nil {
		return Result{}, err
	}
	before := memory(p)
	w.pub.start(ctx, 10*16)
	wait(ctx, 5*time.Second)
	grown := memory(p) - before
	w.pub.halt()
	began := time.Now()
	bounded, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	answer, err := p.get(bounded, "/readyz")
	if err != nil {
		return Result{}, err
	}
	answer.Body.Close()
	if took := time.Since(began); took > 5*time.Second {
		return Result{}, fmt.Errorf("it took %v to answer after the overload", took)
	}
	if grown > 1<<30 {
		return Result{}, fmt.Errorf("the process grew by %d MiB", grown>>20)
	}
	p.kill()
	v, _, err := w.judge(ctx)
	return w.result(1, v), err
}

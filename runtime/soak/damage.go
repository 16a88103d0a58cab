package soak

import (
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// flippedBits kills a life, flips a bit in one of its files and starts it again.
func flippedBits(ctx context.Context, c *Config) (Result, error) {
	return damage(ctx, c, func(b []byte) []byte {
		b[rand.N(len(b))] ^= 1 << rand.N(8)
		return b
	})
}

// truncatedTails cuts one of its files.
func truncatedTails(ctx context.Context, c *Config) (Result, error) {
	return damage(ctx, c, func(b []byte) []byte { return b[:rand.N(len(b))] })
}

// damage changes each kind of file some times. It must start, and say what it has lost.
func damage(ctx context.Context, c *Config, change func([]byte) []byte) (Result, error) {
	const times = 3
	var total Result
	for _, kind := range []string{"bus.db", "bus.db-wal", "bus.db-shm", "events/*.db", "events/*.db-wal", "events/*.db-shm"} {
		for range times {
			w, err := c.newWorld("")
			if err != nil {
				return total, err
			}
			r, err := w.damaged(ctx, kind, change)
			total = total.plus(r)
			if err != nil {
				return total, fmt.Errorf("%s: %w", kind, err)
			}
			w.remove()
		}
	}
	return total, nil
}

func (w *world) damaged(ctx context.Context, kind string, change func([]byte) []byte) (Result, error) {
	p, err := w.start(ctx)
	if err != nil {
		return Result{}, err
	}
	w.pub.start(ctx, clients)
	w.publish(ctx)
	p.kill()
	w.pub.halt()
	names, err := filepath.Glob(filepath.Join(w.data, kind))
	if err != nil || len(names) == 0 {
		return Result{}, fmt.Errorf("there is no such file: %w", fs.ErrNotExist)
	}
	b, err := os.ReadFile(names[0])
	if err != nil || len(b) == 0 {
		return Result{}, err
	}
	if err := os.WriteFile(names[0], change(b), 0o600); err != nil {
		return Result{}, err
	}
	v, stats, err := w.judge(ctx)
	if err != nil {
		return w.result(1, v), err
	}
	if stats.Damaged > 0 {
		v.lost = 0 // it is known
	}
	return w.result(1, v), nil
}

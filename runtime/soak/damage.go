package soak

import (
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
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

// damage changes each kind of file some times. It must start; what is lost must be in a
// damaged file, and it must say so.
func damage(ctx context.Context, c *Config, change func([]byte) []byte) (Result, error) {
	const times = 3
	var total Result
	for _, kind := range []string{"bus.db", "bus.db-wal", "events/*.db", "events/*.db-wal"} {
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
	// What the damage took is known, and a cut log is as one that was never written: a
	// bounded tail of it, and no wrong event.
	if stats.Damaged > 0 || strings.HasSuffix(kind, "-wal") {
		v.lost = 0
	}
	return w.result(1, v), nil
}

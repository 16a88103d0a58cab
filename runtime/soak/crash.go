package soak

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/ncruces/go-sqlite3"
)

// faults are all, in the order in which they are made.
var faults = []fault{
	{"kill -9", kills, true},
	{"power cut", cuts, true},
	{"fsync error", fsyncError, true},
	{"disk full", diskFull, true},
	{"flipped bits", flippedBits, false},
	{"truncated tails", truncatedTails, false},
	{"clock jumps", clockJumps, false},
	{"slow target", slowTarget, false},
	{"hanging target", hostile("hang"), false},
	{"crashing target", hostile("crash"), false},
	{"memory-bombing target", hostile("bomb"), false},
	{"overload", overload, false},
	{"SIGTERM with work in flight", sigterm, true},
	{"newer schema", newerSchema, true},
}

// lives is how many crashes one data directory sees before it is judged: enough for what
// one life leaves to meet the next, and few enough to say which did it.
const lives = 25

// clients is how many publish at once.
const clients = 8

// pause is for how long a life publishes.
func (c *Config) pause() time.Duration {
	if c.Pause == 0 {
		c.Pause = time.Second
	}
	return c.Pause/10 + rand.N(c.Pause)
}

// kills ends lives at random instants.
func kills(ctx context.Context, c *Config) (Result, error) {
	var total Result
	for left := c.Kills; left > 0; left -= lives {
		n := min(left, lives)
		w, err := c.newWorld("")
		if err != nil {
			return total, err
		}
		w.pub.start(ctx, clients)
		for range n {
			p, err := w.start(ctx)
			if err != nil {
				w.pub.halt()
				return total, err
			}
			w.publish(ctx)
			p.kill()
		}
		w.pub.halt()
		v, stats, err := w.judge(ctx)
		if err == nil && v.pending > 0 {
			err = fmt.Errorf("%d deliveries are pending after a minute", v.pending)
		}
		if err == nil && stats.Damaged > 0 {
			err = fmt.Errorf("%d rows are damaged", stats.Damaged)
		}
		total = total.plus(w.result(n, v))
		if err != nil || v.lost+v.phantom > 0 {
			return total, err // its files stay, to look at
		}
		w.remove()
		if ctx.Err() != nil {
			return total, ctx.Err()
		}
	}
	return total, nil
}

func (r Result) plus(o Result) Result {
	r.Injected += o.Injected
	r.Acknowledged += o.Acknowledged
	r.Lost += o.Lost
	r.Phantom += o.Phantom
	r.Duplicates += o.Duplicates
	r.RecoveryMS = max(r.RecoveryMS, o.RecoveryMS)
	return r
}

// sigterm ends lives in the usual way while events come in: nothing is done twice.
func sigterm(ctx context.Context, c *Config) (Result, error) {
	const times = 5
	w, err := c.newWorld("")
	if err != nil {
		return Result{}, err
	}
	defer w.remove()
	w.pub.start(ctx, clients)
	for range times {
		p, err := w.start(ctx)
		if err != nil {
			w.pub.halt()
			return Result{}, err
		}
		w.publish(ctx)
		if err := p.term(); err != nil {
			w.pub.halt()
			return Result{}, err
		}
	}
	w.pub.halt()
	v, _, err := w.judge(ctx)
	if err == nil && v.duplicates > 0 {
		err = fmt.Errorf("%d deliveries were made again", v.duplicates)
	}
	return w.result(times, v), err
}

// clockJumps sets the clock of each life forward or back. A retry that finds itself a
// day older may expire, as it would after a day without power; it is a dead letter then.
func clockJumps(ctx context.Context, c *Config) (Result, error) {
	w, err := c.newWorld("")
	if err != nil {
		return Result{}, err
	}
	defer w.remove()
	jumps := []time.Duration{time.Hour, -time.Hour, 24 * time.Hour, -24 * time.Hour, 0}
	w.pub.start(ctx, clients)
	for _, w.order.Ahead = range jumps {
		p, err := w.start(ctx)
		if err != nil {
			w.pub.halt()
			return Result{}, err
		}
		w.publish(ctx)
		p.kill()
	}
	w.pub.halt()
	// What failed while the clock was ahead is due then: the last life is there again.
	w.order.Ahead = 24 * time.Hour
	v, _, err := w.judge(ctx)
	return w.result(len(jumps), v), err
}

// newerSchema starts on the data of a newer program: it is refused, and nothing changes.
func newerSchema(ctx context.Context, c *Config) (Result, error) {
	w, err := c.newWorld("")
	if err != nil {
		return Result{}, err
	}
	defer w.remove()
	p, err := w.start(ctx)
	if err != nil {
		return Result{}, err
	}
	w.pub.start(ctx, clients)
	w.publish(ctx)
	w.pub.halt()
	if err := p.term(); err != nil {
		return Result{}, err
	}
	have, err := setVersion(w.data, 1000)
	if err != nil {
		return Result{}, err
	}
	if p, err = w.start(ctx); err == nil {
		p.kill()
		return Result{}, errors.New("it ran on the data of a newer program")
	}
	if !strings.Contains(err.Error(), "newer tocsin") {
		return Result{}, fmt.Errorf("it does not say why it refuses: %w", err)
	}
	if changed, err := setVersion(w.data, have); err != nil || changed != 1000 {
		return Result{}, fmt.Errorf("it changed what it refused: version %d, %w", changed, err)
	}
	v, _, err := w.judge(ctx)
	return w.result(1, v), err
}

// setVersion changes the schema's version and returns the one before.
func setVersion(data string, to int) (before int, err error) {
	db, err := sqlite3.Open("file:" + data + "/bus.db")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	s, _, err := db.Prepare("PRAGMA user_version")
	if err != nil {
		return 0, err
	}
	if s.Step() {
		before = s.ColumnInt(0)
	}
	if err := s.Close(); err != nil {
		return before, err
	}
	return before, db.Exec(fmt.Sprintf("PRAGMA user_version = %d", to))
}

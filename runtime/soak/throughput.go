package soak

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// LoadConfig says what to send to a process under test, to measure it.
type LoadConfig struct {
	// Program and Dir are those of Config.
	Program, Dir string
	// Clients is how many send at once, for For; Rate bounds the events a second, 0 not.
	Clients int
	For     time.Duration
	Rate    float64
	// Detail is the size of an event's detail.
	Detail int
	// Profile is a file for the process's CPU profile, "" for none.
	Profile string
}

// Load is what was measured.
type Load struct {
	// Rate is the events a second that were acknowledged and delivered to both targets.
	Rate float64
	// P50 and P99 are of the time that an acknowledgement took.
	P50, P99 time.Duration
	// ServerCPU and GeneratorCPU are in µs an event; what the process did before it was
	// ready does not count.
	ServerCPU, GeneratorCPU float64
}

// Throughput starts a process and sends to it. The time counts until the last delivery
// that was not to be retried: what is only put off is not done.
func Throughput(ctx context.Context, l LoadConfig) (Load, error) {
	c := &Config{Program: l.Program, Dir: l.Dir, Batch: 100}
	w, err := c.newWorld("")
	if err != nil {
		return Load{}, err
	}
	defer w.remove()
	w.order.Measure, w.order.Profile = true, l.Profile
	p, err := w.start(ctx)
	if err != nil {
		return Load{}, err
	}
	w.pub.pad = strings.Repeat("x", l.Detail)
	server, generator, began := p.cpu(), cpu(), time.Now()
	times, err := w.pub.measure(ctx, l, p.url)
	generator = cpu() - generator
	if err != nil {
		return Load{}, errors.Join(err, p.term())
	}
	if err := caughtUp(ctx, p); err != nil {
		return Load{}, errors.Join(err, p.term())
	}
	server, took := p.cpu()-server, time.Since(began)
	if err := p.term(); err != nil {
		return Load{}, err
	}
	n := float64(len(times) * batchSize)
	if n == 0 {
		return Load{}, errors.New("soak: nothing was acknowledged")
	}
	slices.Sort(times)
	return Load{
		Rate: n / took.Seconds(), P50: times[len(times)/2], P99: times[len(times)*99/100],
		ServerCPU:    float64(server.Microseconds()) / n,
		GeneratorCPU: float64(generator.Microseconds()) / n,
	}, nil
}

// measure sends to url and returns how long each request took that was acknowledged.
func (p *publisher) measure(ctx context.Context, l LoadConfig, url string) (times []time.Duration, err error) {
	var mu sync.Mutex
	var clients sync.WaitGroup
	began := time.Now()
	for client := range l.Clients {
		clients.Go(func() {
			mine, failure := p.load(ctx, l, url, client, began)
			mu.Lock()
			defer mu.Unlock()
			times, err = append(times, mine...), errors.Join(err, failure)
		})
	}
	clients.Wait()
	return times, err
}

// load is what one of the clients does.
func (p *publisher) load(ctx context.Context, l LoadConfig, url string, n int, began time.Time) (times []time.Duration, err error) {
	to, err := dial(ctx, url)
	if err != nil {
		return nil, err
	}
	defer to.conn.Close()
	pause := time.Duration(0)
	if l.Rate > 0 {
		pause = time.Duration(float64(time.Second) * batchSize * float64(l.Clients) / l.Rate)
	}
	next := began.Add(pause * time.Duration(n) / time.Duration(l.Clients))
	for i := 0; time.Since(began) < l.For && ctx.Err() == nil; i++ {
		wait(ctx, max(0, time.Until(next)))
		next = next.Add(pause)
		id := fmt.Sprint("load-", n, "-", i)
		body, _ := p.body(id)
		sent := time.Now()
		status, err := to.put(id, body)
		if err != nil {
			return times, err
		}
		if status == 200 {
			times = append(times, time.Since(sent))
		}
	}
	return times, nil
}

// caughtUp waits until nothing is unread.
func caughtUp(ctx context.Context, p *process) error {
	for end := time.Now().Add(drainFor); time.Now().Before(end); wait(ctx, 5*time.Millisecond) {
		stats, err := p.status(ctx)
		if err != nil {
			return err
		}
		unread := 0
		for _, l := range stats.Lanes {
			unread += l.Unread
		}
		if unread == 0 {
			return nil
		}
	}
	return errors.New("soak: the targets do not catch up")
}

// cpu is the time that this process has used.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// clockTick is the unit of times in /proc.
const clockTick = 10 * time.Millisecond

// cpu is the time that a process has used so far, 0 where that cannot be asked.
func (p *process) cpu() time.Duration {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(b), ") ") // after the program's name, which may have spaces
	ticks := 0
	for _, field := range strings.Fields(rest)[11:13] { // utime, stime
		n, err := strconv.Atoi(field)
		if err != nil {
			return 0
		}
		ticks += n
	}
	return time.Duration(ticks) * clockTick
}

package doors

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/tocsin-engine/tocsin/ingest/metrics"
	"github.com/tocsin-engine/tocsin/ingest/statsd"
	"github.com/tocsin-engine/tocsin/runtime/service"
)

// StatsDConfig is what the StatsD door needs.
type StatsDConfig struct {
	Config
	// Listen is the UDP address; without a host, as ":8125" or "8125", it is loopback.
	Listen string
	// Interval is how long samples are summed up; below a minute the data are of high
	// resolution. Default: 10 s.
	Interval time.Duration
	// Namespace is that of the data. Default: CWAgent.
	Namespace string
	// Log gets a line for each interval in which lines were refused. Default: nowhere.
	Log hclog.Logger
	// Put takes the data of an interval. Default: the engine does, as events.
	Put func(context.Context, []metrics.Datum) error
}

// StatsD takes metrics in StatsD's lines over UDP, and puts a datum for each metric at
// the end of each interval.
type StatsD struct {
	c    StatsDConfig
	log  hclog.Logger
	conn *net.UDPConn
	*counters

	mu     sync.Mutex
	sums   *statsd.Aggregator
	wrong  int // lines and samples of this interval that were refused
	reason error
}

// The places of StatsD's counters.
const (
	statsdPackets = iota
	statsdSamples
	statsdMalformed
	statsdRefused
	statsdDropped
	statsdData
	statsdLost
)

// NewStatsD takes the port.
func NewStatsD(c StatsDConfig) (*StatsD, error) {
	c.Interval = cmp.Or(c.Interval, 10*time.Second)
	if c.Log == nil {
		c.Log = hclog.NewNullLogger()
	}
	address, err := udpAddress(c.Listen)
	if err != nil {
		return nil, err
	}
	conn, err := net.ListenUDP("udp", address)
	if err != nil {
		return nil, fmt.Errorf("statsd: %w", err)
	}
	_ = conn.SetReadBuffer(4 << 20) // a wish: what does not fit while we sum up is lost
	resolution := 60
	if c.Interval < time.Minute {
		resolution = 1
	}
	return &StatsD{
		c: c, log: c.Log.Named("statsd"), conn: conn,
		counters: newCounters("packets", "samples", "malformed_lines", "samples_refused", "samples_dropped", "data", "data_lost"),
		sums:     statsd.New(statsd.Config{Namespace: c.Namespace, Resolution: resolution}),
	}, nil
}

// udpAddress reads an address that need not have a host: it is then this machine's own.
func udpAddress(text string) (*net.UDPAddr, error) {
	if !strings.Contains(text, ":") {
		text = ":" + text
	}
	if strings.HasPrefix(text, ":") {
		text = "127.0.0.1" + text
	}
	address, err := net.ResolveUDPAddr("udp", text)
	if err != nil {
		return nil, fmt.Errorf("statsd: write an address and a port, like 127.0.0.1:8125: %w", err)
	}
	return address, nil
}

// Name is what status calls the door.
func (d *StatsD) Name() string { return "statsd" }

// Address is where it listens.
func (d *StatsD) Address() net.Addr { return d.conn.LocalAddr() }

// Close gives the port back, for a door that never ran.
func (d *StatsD) Close() error { return d.conn.Close() }

// Run takes samples until ctx ends, gives the port back and puts what it has.
func (d *StatsD) Run(ctx context.Context) error {
	d.log.Info("listening", "addr", d.Address().String())
	tick := time.NewTicker(d.c.Interval)
	defer tick.Stop()
	failed := make(chan error, 1)
	go func() { failed <- d.read() }()
	for {
		select {
		case <-tick.C:
			d.flush(ctx)
		case err := <-failed:
			d.flush(context.WithoutCancel(ctx))
			return err
		case <-ctx.Done():
			_ = d.conn.Close()               // ends reading, which is heard above
			ctx = context.WithoutCancel(ctx) // it ends once
		}
	}
}

// read takes packets until the port is closed.
func (d *StatsD) read() error {
	packet := make([]byte, 64<<10)
	for {
		n, _, err := d.conn.ReadFromUDPAddrPort(packet)
		switch {
		case errors.Is(err, net.ErrClosed):
			return nil
		case err != nil:
			return fmt.Errorf("statsd: %w", err)
		}
		d.take(packet[:n])
	}
}

// take sums up the lines of a packet.
func (d *StatsD) take(packet []byte) {
	now := d.c.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.add(statsdPackets, 1)
	for line := range statsd.Lines(packet) {
		samples, err := statsd.Parse(line)
		if err != nil {
			d.refuse(statsdMalformed, err)
		}
		for _, s := range samples {
			switch err := d.sums.Add(s, now); {
			case errors.Is(err, statsd.ErrFull):
				d.refuse(statsdDropped, err)
			case err != nil:
				d.refuse(statsdRefused, err)
			default:
				d.add(statsdSamples, 1)
			}
		}
	}
}

// refuse counts a line or sample, and keeps the interval's first reason for the log.
func (d *StatsD) refuse(counter int, err error) {
	d.add(counter, 1)
	if d.wrong++; d.reason == nil {
		d.reason = err
	}
}

// flush ends an interval.
func (d *StatsD) flush(ctx context.Context) {
	d.mu.Lock()
	data, refused := d.sums.Flush(d.c.Now())
	for _, err := range refused {
		d.refuse(statsdRefused, err)
	}
	wrong, reason := d.wrong, d.reason
	d.wrong, d.reason = 0, nil
	d.mu.Unlock()
	if wrong > 0 {
		d.log.Warn("statsd lines were refused", "count", wrong, "error", reason)
	}
	for some := range slices.Chunk(data, feedEvents) {
		if err := d.put(ctx, some); err != nil {
			d.add(statsdLost, len(some))
			d.log.Warn("statsd metrics are lost", "count", len(some), "error", err)
			continue
		}
		d.add(statsdData, len(some))
	}
}

// put hands data on, to the engine in one commit.
func (d *StatsD) put(ctx context.Context, data []metrics.Datum) error {
	if d.c.Put != nil {
		return d.c.Put(ctx, data)
	}
	submissions := make([]service.Submission, len(data))
	for i, datum := range data {
		ev, err := datum.Event(d.c.defaults())
		if err != nil {
			return err
		}
		submissions[i] = service.Submission{Event: ev}
	}
	_, err := d.c.Engine.Put(ctx, submissions)
	return err
}

package doors

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// channel is an engine that hands on what was put.
type channel struct {
	got chan service.Submission
	err error
}

func (c channel) Put(_ context.Context, submissions []service.Submission) ([]service.Receipt, error) {
	if c.err != nil {
		return nil, c.err
	}
	for _, s := range submissions {
		c.got <- s
	}
	return make([]service.Receipt, len(submissions)), nil
}

func newStatsD(t *testing.T, engine service.Putter, interval time.Duration) *StatsD {
	t.Helper()
	d, err := NewStatsD(StatsDConfig{
		Config: Config{Engine: engine, Account: "123456789012", Region: "us-east-1", Now: time.Now},
		Listen: "0", Interval: interval, Namespace: "Shop",
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestStatsDOverUDP: what a client sends comes to the engine when the interval ends.
func TestStatsDOverUDP(t *testing.T) {
	engine := channel{got: make(chan service.Submission, 100)}
	d := newStatsD(t, engine, time.Millisecond)
	if !strings.HasPrefix(d.Address().String(), "127.0.0.1:") {
		t.Errorf("without a host it listens on %s", d.Address())
	}
	ctx, stop := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	go func() { ran <- d.Run(ctx) }()
	client, err := net.Dial("udp", d.Address().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	fmt.Fprint(client, "orders:1|c|#shop:eu\norders:2|c|#shop:eu\nbad\nmoney:7.50|g\ngröße:1|c")
	first, second := <-engine.got, <-engine.got
	want := `{"namespace":"Shop","name":"money","dimensions":{"metric_type":"gauge"},"value":7.5,"statistics":{"count":1,"sum":7.5,"min":7.5,"max":7.5},"unit":"None","storage_resolution":1}`
	if diff := cmp.Diff(want, withoutTime(first.Event)); diff != "" {
		t.Errorf("the gauge (-want +got):\n%s", diff)
	}
	want = `{"namespace":"Shop","name":"orders","dimensions":{"metric_type":"counter","shop":"eu"},"value":3,"statistics":{"count":1,"sum":3,"min":3,"max":3},"unit":"None","storage_resolution":1}`
	if diff := cmp.Diff(want, withoutTime(second.Event)); diff != "" {
		t.Errorf("the counter (-want +got):\n%s", diff)
	}
	if first.Event.Account != "123456789012" || first.Event.ID == second.Event.ID {
		t.Errorf("envelopes %s, %s", first.Event.Raw(), second.Event.Raw())
	}
	stop()
	if err := <-ran; err != nil {
		t.Errorf("Run: %v", err)
	}
	wantCounts(t, d, map[string]uint64{"packets": 1, "samples": 3, "malformed_lines": 1, "samples_refused": 1, "data": 2})
}

// TestStatsDEnds: what the last interval has is put when the door is closed.
func TestStatsDEnds(t *testing.T) {
	engine := channel{got: make(chan service.Submission, 1000)}
	d := newStatsD(t, engine, time.Hour)
	var lines strings.Builder
	for i := range 600 {
		fmt.Fprintf(&lines, "m%d:1|c\n", i)
	}
	d.take([]byte(lines.String()))
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := d.Run(ctx); err != nil {
		t.Errorf("Run: %v", err)
	}
	if len(engine.got) != 600 {
		t.Errorf("%d events, want 600", len(engine.got))
	}
	wantCounts(t, d, map[string]uint64{"packets": 1, "samples": 600, "data": 600})
}

// TestStatsDLoses: what the engine does not take, and what breaks a limit as a sum, is
// counted.
func TestStatsDLoses(t *testing.T) {
	d := newStatsD(t, channel{err: errors.New("full")}, time.Minute)
	defer d.Close()
	d.take([]byte("a:1|c\nb:1|g\nc:2e108|c\nc:2e108|c"))
	d.flush(t.Context())
	wantCounts(t, d, map[string]uint64{"packets": 1, "samples": 4, "samples_refused": 1, "data_lost": 2})
}

func TestStatsDAddresses(t *testing.T) {
	for address, want := range map[string]string{
		"8125": "127.0.0.1:8125", ":8125": "127.0.0.1:8125", "0.0.0.0:8125": "0.0.0.0:8125", "[::1]:8125": "[::1]:8125",
		"127.0.0.1": "", "a:b:c": "", "port": "",
	} {
		got, err := udpAddress(address)
		if (err == nil) != (want != "") || err == nil && got.String() != want {
			t.Errorf("udpAddress(%q) = %v, %v; want %q", address, got, err, want)
		}
	}
	d := newStatsD(t, nil, 0)
	defer d.Close()
	if _, err := NewStatsD(StatsDConfig{Listen: d.Address().String()}); err == nil {
		t.Error("a port was taken twice")
	}
}

func withoutTime(ev event.Event) string {
	v := event.Value(ev.Detail())
	return strings.Replace(string(v), `"timestamp":`+string(v.Get("timestamp"))+",", "", 1)
}

// wantCounts compares the counts that are not 0.
func wantCounts(t *testing.T, d *StatsD, want map[string]uint64) {
	t.Helper()
	got := d.Counts()
	for name, n := range got {
		if n == 0 {
			delete(got, name)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

// TestStatsD_hammer: whatever comes in while intervals end is in one of them.
func TestStatsD_hammer(t *testing.T) {
	const senders, each = 8, 200
	engine := channel{got: make(chan service.Submission, senders*each)}
	d := newStatsD(t, engine, time.Hour)
	defer d.Close()
	var sending sync.WaitGroup
	for i := range senders {
		sending.Go(func() {
			for range each {
				d.take([]byte("n:1|c\nn:1|c"))
				if i == 0 {
					d.flush(t.Context())
				}
			}
		})
	}
	sending.Wait()
	d.flush(t.Context())
	close(engine.got)
	total := 0.0
	for s := range engine.got {
		n, _ := event.Value(s.Event.Detail()).Get("value").Float()
		total += n
	}
	if total != 2*senders*each || d.Counts()["samples"] != 2*senders*each {
		t.Errorf("%v in the data, counted %v, want %d", total, d.Counts(), 2*senders*each)
	}
}

// BenchmarkStatsD is the door without its socket: packets of twenty lines of ten metrics.
func BenchmarkStatsD(b *testing.B) {
	d, err := NewStatsD(StatsDConfig{Config: Config{Now: time.Now}, Listen: "0"})
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	var packet strings.Builder
	for i := range 10 {
		fmt.Fprintf(&packet, "web.requests%d:1|c|@0.5|#env:prod,service:cart\nweb.latency%d:%d.5|ms|#env:prod,service:cart\n", i, i, i)
	}
	b.ReportAllocs()
	b.SetBytes(int64(packet.Len()))
	for b.Loop() {
		d.take([]byte(packet.String()))
	}
	b.ReportMetric(20*float64(b.N)/b.Elapsed().Seconds(), "samples/s")
}

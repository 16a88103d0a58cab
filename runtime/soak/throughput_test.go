package soak_test

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/soak"
)

// bodySize is how large the detail of an event is, about 1.5 KB with its envelope.
const bodySize = 1300

// BenchmarkThroughput is 16 clients that put batches of 10 events of 1.5 KB, each for two
// targets of which one delivery in a hundred fails once: through the bare pipeline and
// through the whole engine, HTTP to sandbox, in turns. The load generator shares the
// machine; its CPU stands apart.
func BenchmarkThroughput(b *testing.B) {
	const turns, lasts = 2, 4 * time.Second
	var bareRate, fullRate, bareCPU, fullCPU, generator float64
	for b.Loop() {
		for range turns {
			rate, cpu := bareTurn(b, lasts)
			bareRate, bareCPU = bareRate+rate, bareCPU+cpu
			load, err := soak.Throughput(b.Context(), soak.LoadConfig{Program: os.Args[0], Dir: b.TempDir(), Clients: 16, For: lasts, Detail: bodySize, Profile: os.Getenv("SOAK_PROFILE")})
			if err != nil {
				b.Fatal(err)
			}
			fullRate, fullCPU, generator = fullRate+load.Rate, fullCPU+load.ServerCPU, generator+load.GeneratorCPU
		}
	}
	n := float64(b.N * turns)
	b.ReportMetric(bareRate/n, "bare-events/s")
	b.ReportMetric(fullRate/n, "full-events/s")
	b.ReportMetric(fullRate/bareRate, "ratio")
	b.ReportMetric(bareCPU/n, "bare-cpu-µs/event")
	b.ReportMetric(fullCPU/n, "full-cpu-µs/event")
	b.ReportMetric(bareCPU/fullCPU, "cpu-ratio")
	b.ReportMetric(generator/n, "generator-cpu-µs/event")
}

// BenchmarkLatency is how long an acknowledgement takes at half of what saturates.
func BenchmarkLatency(b *testing.B) {
	c := soak.LoadConfig{Program: os.Args[0], Dir: b.TempDir(), Clients: 16, For: 2 * time.Second, Detail: bodySize}
	for b.Loop() {
		most, err := soak.Throughput(b.Context(), c)
		if err != nil {
			b.Fatal(err)
		}
		half := c
		half.Rate = most.Rate / 2
		load, err := soak.Throughput(b.Context(), half)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(most.Rate, "most-events/s")
		b.ReportMetric(load.Rate, "events/s")
		b.ReportMetric(float64(load.P50.Microseconds())/1000, "p50-ms")
		b.ReportMetric(float64(load.P99.Microseconds())/1000, "p99-ms")
	}
}

func bareTurn(b *testing.B, lasts time.Duration) (rate, cpu float64) {
	p, bodies := newBare(b), bodies()
	before, began := ownCPU(), time.Now()
	end := began.Add(lasts)
	var events atomic.Int64
	var clients sync.WaitGroup
	for range 16 {
		clients.Go(func() {
			for time.Now().Before(end) {
				p.put(bodies)
				events.Add(10)
			}
		})
	}
	clients.Wait()
	took := time.Since(began)
	p.close()
	n := float64(events.Load())
	return n / took.Seconds(), float64((ownCPU() - before).Microseconds()) / n
}

func bodies() [][]byte {
	out := make([][]byte, 10)
	for i := range out {
		out[i] = fmt.Appendf(nil, `{"id":"%032d","detail":{"pad":%q}}`, i, strings.Repeat("x", bodySize))
	}
	return out
}

func ownCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

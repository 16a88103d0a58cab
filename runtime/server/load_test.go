package server

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestMixedDoors is the short form of TestLoad: every door at once, beside connections
// that do nothing. Everything is answered, every event counted, nothing left behind.
func TestMixedDoors(t *testing.T) {
	c, e := allDoors(t)
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	idle := dialIdle(t, s.URL(), 200)
	client := &http.Client{}
	for _, w := range preparations {
		if err := send(client, s.URL(), w); err != nil {
			t.Fatal(err)
		}
	}
	const senders, rounds = 8, 5
	all := workloads(t, time.Now())
	var group sync.WaitGroup
	for range senders {
		group.Go(func() {
			for range rounds {
				for _, w := range all {
					if err := send(client, s.URL(), w); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	group.Wait()
	if got, want := e.Stats().Received, uint64(senders*rounds*len(all)*perRequest); got != want {
		t.Errorf("the engine received %d events, %d were sent", got, want)
	}
	if used := s.budget.Used(); used != 0 {
		t.Errorf("%d bytes of bodies are left", used)
	}
	if open := s.listener.open.Load(); open < int64(len(idle)) {
		t.Errorf("%d connections are open, %d idle ones were left alone", open, len(idle))
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// send sends one request; its answer must be a success.
func send(client *http.Client, url string, w workload) error {
	response, err := client.Do(w.request(url))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode >= http.StatusMultipleChoices {
		err = fmt.Errorf("%s: %d %s", w.name, response.StatusCode, body)
	}
	return err
}

// dialIdle opens connections that ask once whether the server lives, and then nothing.
func dialIdle(t *testing.T, url string, n int) []net.Conn {
	t.Helper()
	all := make([]net.Conn, n)
	buffer := make([]byte, 4096)
	for i := range all {
		c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		if err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
		t.Cleanup(func() { c.Close() })
		if _, err := io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Read(buffer); err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
		all[i] = c
	}
	return all
}

// TestLoad is what `make load` runs: a server of its own process (TOCSIN_LOAD is the
// program) under 10,000 open connections, some of them slow senders, and 1,000 requests a
// second over every door, for TOCSIN_LOAD_TIME. It fails if a request fails, or the
// server's memory grows.
func TestLoad(t *testing.T) {
	program := os.Getenv("TOCSIN_LOAD")
	if program == "" {
		t.Skip("skipped: the load on a real process; make load runs it")
	}
	duration, err := time.ParseDuration(os.Getenv("TOCSIN_LOAD_TIME"))
	if err != nil {
		t.Fatalf("TOCSIN_LOAD_TIME: %v", err)
	}
	p := startProcess(t, program)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: loadSenders}, Timeout: 30 * time.Second}
	for _, w := range preparations {
		if err := send(client, p.url, w); err != nil {
			t.Fatal(err)
		}
	}
	fmt.Printf("at rest              %4d MiB\n", p.memory()>>20)
	dialIdle(t, p.url, loadConnections-loadSlow)
	ctx, cancel := context.WithTimeout(t.Context(), duration)
	defer cancel()
	cuts := sendSlowly(ctx, p.url)
	fmt.Printf("%d connections  %5d MiB\n", loadConnections, p.memory()>>20)
	mixed(ctx, t, client, p, workloads(t, time.Now()))
	fmt.Printf("slow senders cut off %4d times\n", cuts.Load())
}

const (
	loadConnections = 10_000
	loadSlow        = 500
	loadSenders     = 64
	loadRate        = 1000 // requests a second
)

// process is a server in a process of its own.
type process struct {
	t   *testing.T
	url string
	pid int
}

func startProcess(t *testing.T, program string) *process {
	t.Helper()
	probe, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := probe.Addr().String()
	probe.Close()
	rules := filepath.Join(t.TempDir(), "rules.yaml")
	text := "version: 1\nrules:\n  - {name: order, pattern: {detail: {order: [A-3]}}, when: detail.amount > 1000, targets: [log]}\ntargets:\n  - {name: log, plugin: log}\n"
	if err := os.WriteFile(rules, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), program, "run", "--rules", rules, "--listen", address, "--xray", "off", "--log-level", "warn")
	var said bytes.Buffer
	c.Stderr = &said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Signal(os.Interrupt)
		_ = c.Wait()
		if t.Failed() {
			t.Logf("the server said:\n%s", said.String())
		}
	})
	p := &process{t, "http://" + address, c.Process.Pid}
	p.ready()
	return p
}

// ready waits until the server answers.
func (p *process) ready() {
	ctx, cancel := context.WithTimeout(p.t.Context(), time.Minute)
	defer cancel()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		if response, err := http.Get(p.url + "/readyz"); err == nil {
			response.Body.Close()
			return
		}
		select {
		case <-ctx.Done():
			p.t.Fatal("the server does not start")
		case <-again.C:
		}
	}
}

// memory is the process's resident memory.
func (p *process) memory() int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.pid))
	if err != nil {
		p.t.Fatalf("memory is read from /proc, which is Linux's: %v", err)
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	fields := strings.Fields(rest)
	kib, err := strconv.ParseInt(fields[0], 10, 64)
	if err != nil {
		p.t.Fatal(err)
	}
	return kib << 10
}

// sendSlowly keeps loadSlow connections that send a byte a second, half of them headers,
// half a body; one that is cut off begins again. It counts how often that happens.
func sendSlowly(ctx context.Context, url string) *atomic.Int64 {
	var cuts atomic.Int64
	for i := range loadSlow {
		text := "POST /v1/logs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n"
		at := 0
		if i%2 == 0 {
			at = len(text) // the headers at once, then the body slowly
		}
		go func() {
			for ctx.Err() == nil {
				if slowly(ctx, url, text, at) {
					cuts.Add(1)
				}
			}
		}()
	}
	return &cuts
}

// slowly is one slow sender; it says whether it was cut off.
func slowly(ctx context.Context, url, text string, at int) bool {
	c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		return false
	}
	defer c.Close()
	if _, err := io.WriteString(c, text[:at]); err != nil {
		return true
	}
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for i := at; ; i++ {
		select {
		case <-ctx.Done():
			return false
		case <-second.C:
		}
		next := " "
		if i < len(text) {
			next = text[i : i+1]
		}
		if _, err := io.WriteString(c, next); err != nil {
			return true
		}
	}
}

// mixed sends loadRate requests a second, whatever the answers take, and prints how long
// they took and what memory did.
func mixed(ctx context.Context, t *testing.T, client *http.Client, p *process, all []workload) {
	due := make(chan int, 10*loadRate)
	var took []time.Duration
	var mu sync.Mutex
	var failed atomic.Int64
	var group sync.WaitGroup
	for range loadSenders {
		group.Go(func() {
			for i := range due {
				start := time.Now()
				err := send(client, p.url, all[i%len(all)])
				mu.Lock()
				took = append(took, time.Since(start))
				mu.Unlock()
				if err != nil && failed.Add(1) <= 3 {
					t.Error(err)
				}
			}
		})
	}
	start := time.Now()
	memory := pace(ctx, due, p)
	close(due)
	group.Wait()
	slices.Sort(took)
	seconds := time.Since(start).Seconds()
	fmt.Printf("%d requests in %.0f s: %.0f a second, %.0f events a second, %d failed\n", len(took), seconds, float64(len(took))/seconds, perRequest*float64(len(took))/seconds, failed.Load())
	fmt.Printf("answered within %v (half), %v (99 of 100), %v (all)\n", took[len(took)/2], took[len(took)*99/100], took[len(took)-1])
	early, late := slices.Max(memory[len(memory)/3:len(memory)*2/3]), slices.Max(memory[len(memory)*2/3:])
	fmt.Printf("memory at most %d MiB in the second third, %d MiB in the last\n", early>>20, late>>20)
	if late > early+early/4 {
		t.Errorf("memory grows: %v", memory)
	}
}

// pace puts requests into due at their rate until ctx ends, and measures memory four
// times a second.
func pace(ctx context.Context, due chan<- int, p *process) (memory []int64) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	start, sent := time.Now(), 0
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return memory
		case <-tick.C:
		}
		for ; sent < int(time.Since(start).Seconds()*loadRate); sent++ {
			select {
			case due <- sent:
			default:
				p.t.Error("the server is 10 seconds behind")
				return memory
			}
		}
		if n%25 == 0 {
			memory = append(memory, p.memory())
		}
	}
}

// Package program builds and runs the whole program for the tests of the examples, and
// asks it as its users do: over its own API, and with AWS clients.
package program

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Program is the running program.
type Program struct {
	// Binary is its file, URL where it answers.
	Binary, URL string
}

// Start builds the program and runs it with the rules of an example until the test
// ends. more are further arguments of `tocsin run`.
func Start(t *testing.T, rules string, more ...string) *Program {
	t.Helper()
	dir := t.TempDir()
	p := &Program{Binary: filepath.Join(dir, "tocsin")}
	build := exec.Command("go", "build", "-buildvcs=false", "-o", p.Binary, "github.com/tocsin-engine/tocsin/runtime/cmd/tocsin")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	address := freeAddress(t)
	p.URL = "http://" + address
	run := exec.Command(p.Binary, append([]string{"run", "--rules", rules, "--listen", address, "--xray", "off"}, more...)...)
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	run.Stdout, run.Stderr = log, log
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = run.Process.Signal(syscall.SIGTERM) // it may have ended by itself, which Wait tells
		err := run.Wait()
		log.Close()
		if said, _ := os.ReadFile(log.Name()); err != nil || t.Failed() {
			t.Errorf("tocsin run: %v\n%s", err, said)
		}
	})
	until(t, "the server is ready", func() bool {
		r, err := http.Get(p.URL + "/readyz")
		if err != nil {
			return false
		}
		r.Body.Close()
		return r.StatusCode == http.StatusOK
	})
	return p
}

// freeAddress is an address on loopback that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// Send is `tocsin send`.
func (p *Program) Send(t *testing.T, files ...string) {
	t.Helper()
	out, err := exec.Command(p.Binary, append([]string{"send", "--server", p.URL}, files...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("tocsin send: %v\n%s", err, out)
	}
}

// Counts are those of the server's status.
type Counts struct {
	Received, Matched, Unmatched, Delivered, Retried, Dead int
}

// Wait waits until the server has delivered what is wanted, and holds its counts.
func (p *Program) Wait(t *testing.T, want Counts) {
	t.Helper()
	var got Counts
	until(t, fmt.Sprintf("%d deliveries", want.Delivered), func() bool {
		r, err := http.Get(p.URL + "/api/v1/status")
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		var status struct{ Counts Counts }
		if err := json.NewDecoder(r.Body).Decode(&status); err != nil {
			t.Fatal(err)
		}
		got = status.Counts
		return got.Delivered+got.Dead >= want.Delivered
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

// until asks again and again, for at most two minutes.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Errorf("waited two minutes in vain until %s", what)
			return
		}
	}
}

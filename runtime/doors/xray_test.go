package doors

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-hclog"

	"github.com/tocsin-engine/tocsin/ingest/traces"
	"github.com/tocsin-engine/tocsin/ingest/xray"
	"github.com/tocsin-engine/tocsin/runtime/service"
)

// segments takes documents; the first fail attempts come to nothing.
type segments struct {
	mu        sync.Mutex
	documents []string
	calls     []string // the invocations
	fail      int
	took      chan int // gets how many documents there are, after each call
}

func (s *segments) Put(_ context.Context, c service.Caller, documents ...[]byte) (refused []*traces.Error, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, c.InvocationID)
	if s.fail > 0 {
		s.fail--
		return nil, errors.New("full")
	}
	for _, document := range documents {
		s.documents = append(s.documents, string(document))
		if string(document) == "{}" {
			refused = append(refused, &traces.Error{Code: "MissingId"})
		}
	}
	if s.took != nil {
		s.took <- len(s.documents)
	}
	return refused, nil
}

func nothing(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }

// daemon runs a daemon on ports of its own until the test ends.
func daemon(t *testing.T, c XRayConfig) (d *XRay, stop func()) {
	t.Helper()
	c.Address, c.Now = "127.0.0.1:0", time.Now
	if c.Sampling == nil {
		c.Sampling = http.HandlerFunc(nothing)
	}
	d, warnings, err := NewXRay(c)
	if err != nil || len(warnings) > 0 {
		t.Fatal(err, warnings)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ran := make(chan struct{})
	go func() { defer close(ran); _ = d.Run(ctx) }()
	stop = func() { cancel(); <-ran }
	t.Cleanup(stop)
	return d, stop
}

// send sends one datagram.
func send(t *testing.T, d *XRay, datagram string) {
	t.Helper()
	to, _ := d.Addresses()
	conn, err := net.Dial("udp", to.String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, datagram); err != nil {
		t.Fatal(err)
	}
}

func TestXRayDatagrams(t *testing.T) {
	taken := &segments{took: make(chan int, 100)}
	d, stop := daemon(t, XRayConfig{Segments: taken})
	large := `{"x":"` + strings.Repeat("y", 60_000) + `"}`
	for _, datagram := range []string{
		`{"a":1}`, "{\n\"a\":1}", `{"format": "text", "version": 1}` + "\n{}", xray.Header,
		xray.Header + `{"a":1}`, `{"format":"json","version":1}` + "\n" + `{"a":2}`, xray.Header + large, xray.Header + "{}",
	} {
		send(t, d, datagram)
	}
	for n := range taken.took {
		if n == 4 {
			break
		}
	}
	stop()
	if diff := cmp.Diff([]string{`{"a":1}`, `{"a":2}`, large, "{}"}, taken.documents); diff != "" {
		t.Errorf("documents (-want +got):\n%s", diff)
	}
	want := map[string]uint64{
		"datagrams": 8, "datagrams_without_header": 2, "datagrams_of_another_format": 1, "datagrams_without_segment": 1,
		"segments_refused": 1, "segments_dropped": 0, "sampling_calls": 0,
	}
	if diff := cmp.Diff(want, d.Counts()); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

// TestXRayWaits: while the engine takes nothing the same documents are offered again, as
// one call, and nothing is lost or doubled.
func TestXRayWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		taken := &segments{fail: 5}
		d := &XRay{c: XRayConfig{Segments: taken, Now: time.Now, Log: hclog.NewNullLogger()}, backlog: newBacklog(), counters: newCounters(make([]string, 7)...)}
		ctx, cancel := context.WithCancel(t.Context())
		arriving, stopped := context.WithCancel(t.Context())
		d.arrive([]byte(xray.Header + `{"a":1}`))
		go d.work(ctx, arriving)
		synctest.Wait()
		d.arrive([]byte(xray.Header + `{"a":2}`))
		time.Sleep(time.Minute) // of the bubble
		synctest.Wait()
		if diff := cmp.Diff([]string{`{"a":1}`, `{"a":2}`}, taken.documents); diff != "" {
			t.Errorf("documents (-want +got):\n%s", diff)
		}
		for _, call := range taken.calls[:6] {
			if call != taken.calls[0] || call == taken.calls[6] {
				t.Errorf("the invocations are %q", taken.calls)
			}
		}
		cancel()
		stopped()
	})
}

// TestXRayEnd: what has arrived when the server stops is handed over; what the engine
// still does not take then is counted as lost.
func TestXRayEnd(t *testing.T) {
	for _, tc := range []struct {
		fail    int
		taken   int
		dropped uint64
	}{{0, 120, 0}, {1, 70, 50}, {1000, 0, 120}} {
		synctest.Test(t, func(t *testing.T) {
			taken := &segments{fail: tc.fail}
			d := &XRay{c: XRayConfig{Segments: taken, Now: time.Now, Log: hclog.NewNullLogger()}, backlog: newBacklog(), counters: newCounters("", "", "", "", "", "dropped", "")}
			for range 120 {
				d.arrive([]byte(xray.Header + `{"a":1}`))
			}
			ended, cancel := context.WithCancel(t.Context())
			cancel()
			d.work(ended, ended)
			if len(taken.documents) != tc.taken || d.Counts()["dropped"] != tc.dropped {
				t.Errorf("%d failures: %d taken, counts %v", tc.fail, len(taken.documents), d.Counts())
			}
		})
	}
}

func TestXRayBusyPort(t *testing.T) {
	taken := &segments{took: make(chan int, 1)}
	first, _ := daemon(t, XRayConfig{Segments: taken})
	udp, tcp := first.Addresses()
	for _, busy := range []net.Addr{udp, tcp} {
		second, warnings, err := NewXRay(XRayConfig{Address: busy.String(), Segments: taken, Sampling: http.HandlerFunc(nothing), Now: time.Now})
		if err != nil || len(warnings) == 0 || !strings.Contains(warnings[0], "does not listen on "+strings.ToUpper(busy.Network())+" "+busy.String()) {
			t.Fatalf("a busy port: %v, warnings %q", err, warnings)
		}
		second.Close()
	}
	send(t, first, xray.Header+"{}") // it still works
	<-taken.took
	for _, wrong := range []string{"nonsense", "127.0.0.1", "127.0.0.1:70000"} {
		if _, _, err := NewXRay(XRayConfig{Address: wrong, Now: time.Now}); err == nil || !strings.Contains(err.Error(), "write an address and a port like 127.0.0.1:2000") {
			t.Errorf("the address %q: %v", wrong, err)
		}
	}
}

func TestXRaySamplingCalls(t *testing.T) {
	d, _ := daemon(t, XRayConfig{Segments: &segments{}, Sampling: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = json.NewEncoder(w).Encode(r.URL.Path)
	})})
	_, tcp := d.Addresses()
	call := func(origin string) string {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+tcp.String()+"/GetSamplingRules", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Origin", origin)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, _ := io.ReadAll(response.Body)
		return response.Status + " " + strings.TrimSpace(string(body))
	}
	if got := call(""); got != `200 OK "/GetSamplingRules"` {
		t.Error(got)
	}
	if got := call("https://example.com"); !strings.HasPrefix(got, "403 ") {
		t.Error(got)
	}
	if n := d.Counts()["sampling_calls"]; n != 2 {
		t.Errorf("counted %d calls", n)
	}
}

func TestBacklogIsBounded(t *testing.T) {
	q := newBacklog()
	q.most = 10
	for i, ok := range []bool{true, true, false} {
		if q.add([]byte("12345")) != ok {
			t.Errorf("the datagram %d: taken is %v", i, !ok)
		}
	}
	if got := q.take(1); len(got) != 1 || !q.add([]byte("67890")) || len(q.take(9)) != 2 || q.bytes != 0 {
		t.Errorf("after one was taken there is no room for one")
	}
}

func TestBacklog_hammer(t *testing.T) {
	q := newBacklog()
	var writers, all sync.WaitGroup
	const each, n = 1000, 4
	for range n {
		writers.Go(func() {
			for range each {
				q.add([]byte("x"))
			}
		})
	}
	done := make(chan struct{})
	got := 0
	all.Go(func() {
		for {
			taken := q.take(7)
			if got += len(taken); len(taken) > 0 {
				continue
			}
			select {
			case <-q.bell:
			case <-done:
				got += len(q.take(n * each))
				return
			}
		}
	})
	writers.Wait()
	close(done)
	all.Wait()
	if got != n*each {
		t.Errorf("%d came out, want %d", got, n*each)
	}
}

package server

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-engine/tocsin/rules/rulefile"
)

// stream is an open tail.
type stream struct {
	t     *testing.T
	lines *bufio.Scanner
}

func (w *world) tail(query url.Values) stream {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), "GET", w.server.URL()+"/api/v1/tail?"+query.Encode(), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { response.Body.Close() })
	if response.StatusCode != 200 || response.Header.Get("Content-Type") != "application/x-ndjson" {
		w.t.Fatalf("tail: %s %v", response.Status, response.Header)
	}
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 1<<20)
	return stream{w.t, lines}
}

// next is the next line that is no heartbeat; nil at the end.
func (s stream) next() map[string]any {
	s.t.Helper()
	for s.lines.Scan() {
		if len(s.lines.Bytes()) == 0 {
			continue
		}
		var line map[string]any
		if err := json.Unmarshal(s.lines.Bytes(), &line); err != nil {
			s.t.Fatalf("%v: %s", err, s.lines.Text())
		}
		return line
	}
	return nil
}

func TestTail(t *testing.T) {
	small := `{"id":"small","source":"shop","detail-type":"Order","detail":{"n":5}}`
	big := "{\"id\":\"big\",\n \"source\":\"shop\",\"detail-type\":\"Order\",\"detail\":{\"n\":500,\"html\":\"<&>\"}}"
	bank := `{"id":"bank","source":"bank","detail-type":"Order"}`
	for _, tc := range []struct {
		name  string
		query url.Values
		want  string // ids of events, and deliveries as rule>target=result
	}{
		{"all", url.Values{}, "small big bank"},
		{"rule", url.Values{"rule": {"big"}}, "big"},
		{"pattern", url.Values{"pattern": {`{"detail":{"n":[5]}}`}}, "small"},
		{"when", url.Values{"when": {"detail.n > 5"}}, "big"},
		{"when that fails on some", url.Values{"when": {"detail.nothing.at.all == 1"}}, ""},
		{"unmatched", url.Values{"unmatched": {"true"}}, "bank"},
		{"deliveries", url.Values{"deliveries": {"true"}, "rule": {"big"}}, "big big>works=delivered big>broken=dead"},
		{"deliveries by pattern", url.Values{"deliveries": {""}, "pattern": {`{"detail":{"n":[5]}}`}}, "small orders>works=delivered"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t, nil)
			s := w.tail(tc.query)
			w.do("POST", "/api/v1/events", small+big+bank)
			w.deliver()
			if err := w.stop(); err != nil {
				t.Error(err)
			}
			got := map[string]bool{}
			n := 0
			for line := s.next(); line != nil; line = s.next() {
				n++
				switch line["kind"] {
				case "event":
					got[line["event"].(map[string]any)["id"].(string)] = true
				case "delivery":
					got[line["rule"].(string)+">"+line["target"].(string)+"="+line["result"].(string)] = true
				}
			}
			for word := range strings.FieldsSeq(tc.want) {
				if !got[word] {
					t.Errorf("no %s in %v", word, got)
				}
			}
			if n != len(strings.Fields(tc.want)) {
				t.Errorf("%d lines %v, want %s", n, got, tc.want)
			}
		})
	}
}

func TestTailTellsWhatAReaderMissed(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.tailRoom = 10 })
	s := w.tail(url.Values{})
	// Nothing is read while 20 MB come in: far more than the room for lines and the
	// kernel's buffers hold.
	const events = 200
	large := `{"source":"bank","detail-type":"x","detail":{"pad":"` + strings.Repeat("x", 100_000) + `"}}` + "\n"
	for range events / 20 {
		w.do("POST", "/api/v1/events", strings.Repeat(large, 20))
	}
	shown, missed := 0, 0
	for shown+missed < events {
		line := s.next()
		if line == nil {
			t.Fatal("the stream ended")
		}
		if line["kind"] == "missed" {
			missed += int(line["count"].(float64))
			continue
		}
		shown++
	}
	if shown+missed != events || shown == 0 || missed == 0 {
		t.Errorf("%d shown and %d missed, want %d together", shown, missed, events)
	}
}

// slow answers after it was let go.
type slow struct {
	Engine
	entered, release chan struct{}
}

func (s slow) Rules() *rulefile.Set {
	close(s.entered)
	<-s.release
	return s.Engine.Rules()
}

func TestShutdownLetsRequestsFinish(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	w := newWorld(t, func(c *Config) { c.Engine = slow{c.Engine, entered, release} })
	answers := make(chan int, 1)
	go func() {
		r, err := http.Get(w.server.URL() + "/api/v1/rules")
		if err != nil {
			answers <- 0
			return
		}
		defer r.Body.Close()
		_, _ = io.Copy(io.Discard, r.Body)
		answers <- r.StatusCode
	}()
	<-entered
	stopped := make(chan error, 1)
	go func() { stopped <- w.stop() }()
	select {
	case err := <-stopped:
		t.Fatalf("Run returned %v with a request under way", err)
	case <-w.server.stop:
	}
	close(release)
	if status := <-answers; status != 200 {
		t.Errorf("the request under way got %d", status)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	if _, err := http.Get(w.server.URL() + "/healthz"); err == nil {
		t.Error("it still answers")
	}
}

func TestShutdownDoesNotWaitForEver(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	defer close(release)
	w := newWorld(t, func(c *Config) {
		c.Engine = slow{c.Engine, entered, release}
		c.Grace = time.Millisecond
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, "GET", w.server.URL()+"/api/v1/rules", nil)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		if response, err := http.DefaultClient.Do(r); err == nil {
			response.Body.Close()
		}
	}()
	<-entered
	if err := w.stop(); err != nil {
		t.Error(err)
	}
}

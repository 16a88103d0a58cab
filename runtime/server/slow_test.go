package server

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/doors"
	"github.com/tocsin-engine/tocsin/runtime/engine"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/store/memory"
)

// pipes is a listener whose connections are pipes, which wait on a virtual clock.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	c, ok := <-p
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}

func (p pipes) Close() error   { close(p); return nil }
func (p pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

// piped is a server with room for n connections, which dial makes.
func piped(t *testing.T, n int64) (s *Server, dial func() net.Conn) {
	t.Helper()
	e, err := engine.New(engine.Config{Store: memory.New(memory.Config{}), Plugins: plugins{}, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	d := doors.Config{Engine: e, Now: time.Now}
	s, err = New(Config{Listen: "127.0.0.1:0", Engine: e, Services: service.NewTable(), HTTPDoors: []doors.HTTP{doors.NewOTLP(d, nil), doors.NewCloudEvents(d)}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil { // the port: pipes take its place
		t.Fatal(err)
	}
	listener := make(pipes)
	s.listener = &connections{Listener: listener, most: n}
	go func() { _ = s.http.Serve(s.listener) }()
	t.Cleanup(func() { _ = s.http.Close() })
	return s, func() net.Conn {
		here, there := net.Pipe()
		listener <- there
		return here
	}
}

// drip sends text a byte at a time, and says after how long it was cut.
func drip(c net.Conn, text string, every time.Duration) time.Duration {
	start := time.Now()
	for i := range len(text) {
		if _, err := c.Write([]byte{text[i]}); err != nil {
			break
		}
		time.Sleep(every) // of the bubble
	}
	return time.Since(start)
}

func request(path, contentType, body string) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", path, contentType, len(body), body)
}

// ask sends a whole request and returns the status of its answer.
func ask(t *testing.T, c net.Conn, text string) int {
	t.Helper()
	go func() { _, _ = io.WriteString(c, text) }()
	response, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, response.Body)
	response.Body.Close()
	return response.StatusCode
}

// TestSlowSenders: who sends headers or a body too slowly is cut off when its time is
// over; meanwhile others are answered at once, and nothing of it stays.
func TestSlowSenders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, dial := piped(t, 1000)
		sound := request("/v1/logs", "application/json", oneLog)
		headers, body := sound[:len(sound)-len(oneLog)], oneLog
		type cut struct {
			what  string
			after time.Duration
		}
		cuts := make(chan cut)
		for range 100 {
			go func() {
				c := dial()
				go func() { _, _ = io.Copy(io.Discard, c) }() // a pipe has no buffer for the answer
				cuts <- cut{"headers", drip(c, strings.Repeat(headers, 10), time.Second)}
			}()
			go func() {
				c := dial()
				go func() { _, _ = io.Copy(io.Discard, c) }()
				_, _ = io.WriteString(c, headers)
				cuts <- cut{"body", drip(c, body[:20], 10*time.Second)}
			}()
		}
		synctest.Wait()
		before := time.Now()
		for range 50 {
			c := dial()
			if status := ask(t, c, sound); status != 200 {
				t.Errorf("status %d beside slow senders", status)
			}
			c.Close()
		}
		if waited := time.Since(before); waited != 0 {
			t.Errorf("honest clients waited %v for slow ones", waited)
		}
		for range 200 {
			c := <-cuts
			if limit := map[string]time.Duration{"headers": headerTimeout, "body": bodyTimeout}[c.what]; c.after > limit+10*time.Second {
				t.Errorf("slow %s were cut after %v, want %v", c.what, c.after, limit)
			}
		}
		time.Sleep(idleTimeout) // of the bubble
		synctest.Wait()
		if open, used := s.listener.open.Load(), s.budget.Used(); open != 0 || used != 0 {
			t.Errorf("%d connections and %d bytes of bodies are left", open, used)
		}
	})
}

// TestConnectionsAreBounded: one too many is closed at once; when one ends, there is room.
func TestConnectionsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, dial := piped(t, 2)
		sound := request("/cloudevents", "application/cloudevents+json", oneEvent)
		first, second := dial(), dial()
		third := dial()
		if _, err := third.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("the third connection: %v, want it closed", err)
		}
		for _, c := range []net.Conn{first, second} {
			if status := ask(t, c, sound); status != 204 {
				t.Errorf("status %d", status)
			}
		}
		first.Close()
		synctest.Wait()
		fourth := dial()
		if status := ask(t, fourth, sound); status != 204 {
			t.Errorf("status %d after one ended", status)
		}
		if open, refused := s.listener.open.Load(), s.listener.refused.Load(); open != 2 || refused != 1 {
			t.Errorf("%d open, %d refused", open, refused)
		}
		second.Close()
		fourth.Close()
	})
}

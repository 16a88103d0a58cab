package server

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/runtime/doors"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/store"
)

// withDoors is a world with the doors that speak HTTP.
func withDoors(t *testing.T, change func(*Config)) *world {
	return newWorld(t, func(c *Config) {
		d := doors.Config{Engine: c.Engine, Account: c.Account, Region: c.Region, Now: time.Now}
		c.HTTPDoors = []doors.HTTP{doors.NewOTLP(d, nil), doors.NewCloudEvents(d)}
		if change != nil {
			change(c)
		}
	})
}

const (
	oneLog   = `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"hello"}}]}]}]}`
	oneEvent = `{"specversion":"1.0","id":"A-1","source":"shop","type":"Order","data":{"n":5}}`
)

// TestDoorRefuses: what the server finds wrong is written as the door's clients read it.
func TestDoorRefuses(t *testing.T) {
	w := withDoors(t, nil)
	bomb := zipped(strings.Repeat("\x00", 20<<20))
	for _, tc := range []struct {
		name, method, path, body string
		header                   []string
		status                   int
		code                     string // of google.rpc
		message                  string
	}{
		{"GET", "GET", "/v1/logs", "", nil, 405, "12", "use POST for /v1/logs"},
		{"no content type", "POST", "/v1/logs", oneLog, nil, 415, "3", "send application/x-protobuf or application/json"},
		{"another content type", "POST", "/v1/logs", oneLog, []string{"Content-Type", "text/plain"}, 415, "3", `"text/plain"`},
		{"not OTLP", "POST", "/v1/logs", `[]`, []string{"Content-Type", "application/json"}, 400, "3", "write an object"},
		{"a gzip bomb", "POST", "/v1/traces", bomb, []string{"Content-Type", "application/json", "Content-Encoding", "gzip"}, 413, "3", "gzip bomb"},
		{"too large", "POST", "/v1/traces", strings.Repeat(" ", 10<<20+1), []string{"Content-Type", "application/json"}, 413, "3", "larger"},
		{"gzip that is none", "POST", "/v1/traces", "{}", []string{"Content-Type", "application/json", "Content-Encoding", "gzip"}, 400, "3", "not gzip"},
		{"an encoding that is not known", "POST", "/v1/traces", "{}", []string{"Content-Type", "application/json", "Content-Encoding", "br"}, 400, "3", "send gzip or none"},
		{"a web page", "POST", "/v1/logs", oneLog, []string{"Content-Type", "application/json", "Origin", "https://evil.example"}, 403, "7", "web page"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			status, answer := w.do(tc.method, tc.path, tc.body, tc.header...)
			if status != tc.status {
				t.Errorf("status %d, want %d", status, tc.status)
			}
			want(t, answer, "code", tc.code)
			want(t, answer, "message", tc.message)
		})
	}
	status, answer := w.do("POST", "/v1/logs", oneLog, "Content-Type", "application/x-protobuf")
	if text := fmt.Sprint(answer["text"]); status != 400 || !strings.HasPrefix(text, "\x08\x03\x12") {
		t.Errorf("a Status in protobuf: %d %q", status, text)
	}
	status, answer = w.do("POST", "/cloudevents", "{}", "Content-Type", "application/cloudevents+xml")
	if status != 415 {
		t.Errorf("status %d", status)
	}
	want(t, answer, "error.code", "unsupported_media_type")
}

// TestDoorTakes: what is taken is an event that rules match.
func TestDoorTakes(t *testing.T) {
	w := withDoors(t, nil)
	if status, answer := w.do("POST", "/v1/logs", zipped(oneLog), "Content-Type", "application/json; charset=utf-8", "Content-Encoding", "gzip"); status != 200 || len(answer) != 0 {
		t.Errorf("%d %v", status, answer)
	}
	if status, _ := w.do("POST", "/cloudevents", oneEvent, "Content-Type", "application/cloudevents+json"); status != 204 {
		t.Errorf("status %d", status)
	}
	_, answer := w.do("GET", "/api/v1/events", "")
	want(t, answer, "events.0.event.detail.n", "5")
	want(t, answer, "events.0.matched", "[orders]")
	want(t, answer, "events.1.event.detail.message", "hello")
}

// TestDoorSignatures: a door's paths are as closed as the others.
func TestDoorSignatures(t *testing.T) {
	w := withDoors(t, func(c *Config) { c.Keys = map[string]string{"AK": "secret"} })
	for _, tc := range []struct {
		service, path, body, contentType string
		status                           int
	}{
		{"tocsin", "/v1/logs", oneLog, "application/json", 200},
		{"logs", "/v1/logs", oneLog, "application/json", 200},
		{"monitoring", "/v1/metrics", "{}", "application/json", 200},
		{"xray", "/v1/traces", "{}", "application/json", 200},
		{"xray", "/v1/logs", oneLog, "application/json", 403},
		{"tocsin", "/cloudevents", oneEvent, "application/cloudevents+json", 204},
		{"events", "/cloudevents", oneEvent, "application/cloudevents+json", 403},
		{"", "/v1/logs", oneLog, "application/json", 403},
		{"", "/cloudevents", oneEvent, "application/cloudevents+json", 403},
	} {
		t.Run(tc.service+tc.path, func(t *testing.T) {
			w.sign = func(r *http.Request, body []byte) {
				sum := sha256.Sum256(body)
				err := v4.NewSigner().SignHTTP(r.Context(), aws.Credentials{AccessKeyID: "AK", SecretAccessKey: "secret"}, r, hex.EncodeToString(sum[:]), tc.service, "eu-west-1", time.Now())
				if err != nil {
					t.Fatal(err)
				}
			}
			if tc.service == "" {
				w.sign = nil
			}
			if status, answer := w.do("POST", tc.path, tc.body, "Content-Type", tc.contentType); status != tc.status {
				t.Errorf("status %d, want %d: %v", status, tc.status, answer)
			}
		})
	}
}

// full is an engine whose store has no room.
type full struct{ Engine }

func (full) Put(context.Context, []service.Submission) ([]service.Receipt, error) {
	return nil, fmt.Errorf("engine: append: %w", store.ErrFull)
}

// TestDoorWithoutRoom: who finds no room is told when to try again.
func TestDoorWithoutRoom(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"in the store": func(c *Config) {
			d := doors.Config{Engine: full{c.Engine}, Now: time.Now}
			c.HTTPDoors = []doors.HTTP{doors.NewOTLP(d, nil), doors.NewCloudEvents(d)}
		},
		"for bodies": func(c *Config) { c.MaxBodies = 10 },
	} {
		t.Run(name, func(t *testing.T) {
			w := withDoors(t, change)
			for path, request := range map[string][2]string{"/v1/logs": {"application/json", oneLog}, "/cloudevents": {"application/cloudevents+json", oneEvent}} {
				response, err := http.Post(w.server.URL()+path, request[0], strings.NewReader(request[1]))
				if err != nil {
					t.Fatal(err)
				}
				body, _ := io.ReadAll(response.Body)
				response.Body.Close()
				if response.StatusCode != 503 || response.Header.Get("Retry-After") != "1" {
					t.Errorf("%s: %d, Retry-After %q: %s", path, response.StatusCode, response.Header.Get("Retry-After"), body)
				}
			}
		})
	}
}

// TestDoorWrongLength: a body that ends before its Content-Length is no request.
func TestDoorWrongLength(t *testing.T) {
	w := withDoors(t, nil)
	connection, err := net.Dial("tcp", strings.TrimPrefix(w.server.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	fmt.Fprintf(connection, "POST /v1/logs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(oneLog)+1, oneLog)
	if err := connection.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != 400 {
		t.Errorf("status %d", response.StatusCode)
	}
	_, answer := w.do("GET", "/api/v1/events", "")
	want(t, answer, "events", "[]")
}

// TestAPIExamples runs the commands of API.md's console blocks and compares what they
// print.
func TestAPIExamples(t *testing.T) {
	text, err := os.ReadFile("API.md")
	if err != nil {
		t.Fatal(err)
	}
	w := withDoors(t, nil)
	blocks := regexp.MustCompile("(?s)```console\n\\$ curl -s localhost:7575(\\S+) -H 'Content-Type: ([^']+)' -d '([^']+)'\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	if n := strings.Count(string(text), "```console"); n == 0 || n != len(blocks) {
		t.Fatalf("%d of %d console blocks can be run", len(blocks), n)
	}
	for _, b := range blocks {
		response, err := http.Post(w.server.URL()+b[1], b[2], strings.NewReader(b[3]))
		if err != nil {
			t.Fatal(err)
		}
		got, _ := io.ReadAll(response.Body)
		response.Body.Close()
		if diff := cmp.Diff(strings.TrimSpace(b[4]), strings.TrimSpace(string(got))); diff != "" {
			t.Errorf("%s (-API.md +got):\n%s", b[1], diff)
		}
	}
}

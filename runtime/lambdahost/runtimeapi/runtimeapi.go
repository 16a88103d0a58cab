// Package runtimeapi is Lambda's side of a function: a small Lambda Runtime API
// (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html) that drives a bootstrap
// process on this machine. `tocsin lambda invoke` and the tests use it.
package runtimeapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/service"
)

// FunctionARN is the function that invocations are for.
const FunctionARN = "arn:aws:lambda:us-east-1:000000000000:function:tocsin"

// maxPayload is Lambda's bound of a synchronous payload, in bytes.
const maxPayload = 6 << 20

// FunctionError is what a function answers that failed.
type FunctionError struct {
	Message string `json:"errorMessage"`
	Type    string `json:"errorType"`
}

func (e *FunctionError) Error() string { return e.Type + ": " + e.Message }

// ErrNoAnswer means that the function let its time go by.
var ErrNoAnswer = errors.New("the function did not answer in its time")

// invocation is one payload on its way.
type invocation struct {
	id, trace string
	payload   []byte
	timeout   time.Duration
	answer    chan answer
}

type answer struct {
	payload []byte
	err     error
}

// Server is the API for one process, which takes one invocation at a time.
type Server struct {
	// Grace is how long after its deadline a function may still answer. Lambda gives none;
	// a test that must not fail on a slow machine does. To be set before the first Invoke.
	Grace time.Duration

	listener net.Listener
	http     http.Server
	next     chan *invocation
	init     chan error

	mu      sync.Mutex
	current *invocation
}

// New listens on a port of loopback.
func New() (*Server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &Server{listener: listener, next: make(chan *invocation), init: make(chan error, 1)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", s.serveNext)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/{what}", s.serveAnswer)
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", s.serveInitError)
	mux.HandleFunc("POST /2020-01-01/extension/register", serveRegister)
	mux.HandleFunc("GET /2020-01-01/extension/event/next", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	s.http.Handler = mux
	go s.http.Serve(listener) // ends with Close
	return s, nil
}

// Env is what the bootstrap needs in its environment to find the API.
func (s *Server) Env() []string {
	return []string{
		"AWS_LAMBDA_RUNTIME_API=" + s.listener.Addr().String(),
		"AWS_LAMBDA_FUNCTION_NAME=tocsin", "AWS_LAMBDA_FUNCTION_VERSION=$LATEST", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256",
	}
}

// Trace is the trace of all invocations.
const Trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1"

// Invoke hands the process a payload and waits for its answer, for at most timeout. An
// error of the function is a *FunctionError.
func (s *Server) Invoke(ctx context.Context, payload []byte, timeout time.Duration) ([]byte, error) {
	if len(payload) > maxPayload {
		return nil, fmt.Errorf("the payload has %d bytes; Lambda takes %d", len(payload), maxPayload)
	}
	i := &invocation{
		id: service.NewID(), trace: Trace,
		payload: payload, timeout: timeout, answer: make(chan answer, 1),
	}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case err := <-s.init:
		return nil, err
	case s.next <- i:
	}
	late := time.NewTimer(timeout + s.Grace)
	defer late.Stop()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-late.C:
		return nil, ErrNoAnswer
	case a := <-i.answer:
		return a.payload, a.err
	}
}

// Close stops the API.
func (s *Server) Close() error { return s.http.Close() }

func (s *Server) serveNext(w http.ResponseWriter, r *http.Request) {
	var i *invocation
	select {
	case <-r.Context().Done():
		return
	case i = <-s.next:
	}
	s.mu.Lock()
	s.current = i
	s.mu.Unlock()
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Lambda-Runtime-Aws-Request-Id", i.id)
	h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(time.Now().Add(i.timeout).UnixMilli(), 10))
	h.Set("Lambda-Runtime-Invoked-Function-Arn", FunctionARN)
	h.Set("Lambda-Runtime-Trace-Id", i.trace)
	w.Write(i.payload)
}

func (s *Server) serveAnswer(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxPayload+1))
	i := s.take(r.PathValue("id"))
	switch {
	case err != nil || i == nil:
		http.Error(w, `{"errorType":"InvalidRequestID"}`, http.StatusBadRequest)
		return
	case len(body) > maxPayload:
		i.answer <- answer{err: fmt.Errorf("the answer has more than %d bytes", maxPayload)}
		http.Error(w, `{"errorType":"RequestEntityTooLarge"}`, http.StatusRequestEntityTooLarge)
		return
	case r.PathValue("what") == "error":
		i.answer <- answer{err: functionError(body)}
	default:
		i.answer <- answer{payload: body}
	}
	w.WriteHeader(http.StatusAccepted)
}

// serveRegister takes the internal extension that a function registers so that it is told
// of its end with SIGTERM.
func serveRegister(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Lambda-Extension-Identifier", service.NewID())
	io.WriteString(w, `{"functionName":"tocsin"}`)
}

// take ends the invocation under way, if it has this id.
func (s *Server) take(id string) *invocation {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.current
	if i == nil || i.id != id {
		return nil
	}
	s.current = nil
	return i
}

func (s *Server) serveInitError(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxPayload))
	if err == nil {
		select {
		case s.init <- fmt.Errorf("the function could not start: %w", functionError(body)):
		default:
		}
	}
	w.WriteHeader(http.StatusAccepted)
}

func functionError(body []byte) error {
	e := &FunctionError{}
	if err := json.Unmarshal(body, e); err != nil || e.Message == "" {
		e.Type, e.Message = "Unhandled", strings.TrimSpace(string(body))
	}
	return e
}

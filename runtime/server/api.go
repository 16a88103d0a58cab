package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync/atomic"

	"github.com/tocsin-engine/tocsin/ingest/awswire"
	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/runtime/doors"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/store"
)

// signingName is the service that requests to the API are signed for.
const signingName = "tocsin"

// The caps of bodies: events, and everything else.
const (
	maxEventsBody = 10 << 20
	maxOtherBody  = 2 << 20
)

// apiCounters counts what the own API does.
type apiCounters struct{ requests, refused, failed, internal atomic.Uint64 }

// handler is everything behind the port.
func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok") })
	mux.HandleFunc("/readyz", s.ready)
	mux.Handle("GET /metrics", s.guard(http.HandlerFunc(s.metrics)))
	for _, route := range []struct {
		method, path string
		limit        int64
		answer       func(*call) (any, error)
	}{
		{"POST", "events", maxEventsBody, s.putEvents},
		{"GET", "events", maxOtherBody, s.recent},
		{"GET", "events/{id}", maxOtherBody, s.fate},
		{"GET", "tail", maxOtherBody, s.tail},
		{"GET", "rules", maxOtherBody, s.rules},
		{"GET", "targets", maxOtherBody, s.targets},
		{"GET", "dead-letters", maxOtherBody, s.deadLetters},
		{"GET", "dead-letters/{id}", maxOtherBody, s.deadLetter},
		{"GET", "recordings", maxOtherBody, s.recording},
		{"POST", "dead-letters/redrive", maxOtherBody, s.redrive},
		{"POST", "dead-letters/purge", maxOtherBody, s.purge},
		{"GET", "archives", maxOtherBody, s.archives},
		{"GET", "archives/{name}", maxOtherBody, s.archive},
		{"POST", "archives/{name}/delete", maxOtherBody, s.deleteArchive},
		{"GET", "replays", maxOtherBody, s.replays},
		{"POST", "replays", maxOtherBody, s.startReplay},
		{"GET", "replays/{name}", maxOtherBody, s.replay},
		{"POST", "replays/{name}/cancel", maxOtherBody, s.cancelReplay},
		{"GET", "status", maxOtherBody, s.status},
		{"POST", "reload", maxOtherBody, s.reload},
		{"POST", "explain", maxOtherBody, s.explain},
	} {
		mux.Handle(route.method+" /api/v1/"+route.path, s.guard(s.endpoint(route.limit, route.answer)))
	}
	for _, d := range s.c.HTTPDoors {
		for _, route := range d.Routes() {
			mux.Handle(route.Path, s.door(d, route))
		}
	}
	mux.Handle("/api/", s.guard(http.HandlerFunc(s.noSuchPath)))
	mux.Handle("/", s.guard(s.aws))
	return mux
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n"))
}

// ready says whether events are taken in. Old rules that stay in force after a failed
// reload take them in as well.
func (s *Server) ready(w http.ResponseWriter, _ *http.Request) {
	if s.stopping.Load() {
		plain(w, http.StatusServiceUnavailable, "stopping")
		return
	}
	plain(w, http.StatusOK, "ready")
}

func (s *Server) noSuchPath(w http.ResponseWriter, r *http.Request) {
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		other := r.Clone(r.Context())
		other.Method = method
		if mux, ok := s.http.Handler.(*http.ServeMux); ok && method != r.Method {
			if _, pattern := mux.Handler(other); pattern != "/api/" {
				s.fail(w, &apiError{Status: http.StatusMethodNotAllowed, Code: "method_not_allowed", Message: "use " + method + " for " + r.URL.Path})
				return
			}
		}
	}
	s.fail(w, notFound("there is no %s; runtime/server/API.md has the paths", r.URL.Path))
}

// call is one request to the API.
type call struct {
	*http.Request
	w         http.ResponseWriter
	body      []byte
	accessKey string
}

// apiError is an error that the client sees.
type apiError struct {
	Status   int       `json:"-"`
	Code     string    `json:"code"`
	Message  string    `json:"message"`
	Findings diag.List `json:"-"`
}

func (e *apiError) Error() string { return e.Code + ": " + e.Message }

// answered is what an endpoint returns that has answered by itself.
type answered struct{}

// withStatus is an answer with another status than 200.
type withStatus struct {
	status int
	body   any
}

// endpoint verifies, reads the body, calls answer and writes what it returns as JSON.
func (s *Server) endpoint(limit int64, answer func(*call) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.stats.requests.Add(1)
		room := s.budget.Room()
		defer room.Release()
		c := &call{Request: r, w: w}
		if err := s.read(c, room, limit, signingName); err != nil {
			s.fail(w, err)
			return
		}
		response, err := answer(c)
		if err != nil {
			s.fail(w, err)
			return
		}
		s.write(w, response)
	})
}

// read verifies who calls, for one of the services, and reads the body.
func (s *Server) read(c *call, room *awswire.Room, limit int64, services ...string) error {
	claim, err := s.claim(c.Request, services)
	if err != nil {
		return err
	}
	raw, err := room.Read(c.Body, limit)
	if err != nil {
		return err
	}
	if s.verifier != nil {
		if err := s.verifier.Check(claim, c.Request, raw); err != nil {
			return err
		}
	}
	c.accessKey = claim.AccessKey
	if !s.rates.Take(c.accessKey) {
		return throttled()
	}
	encoding := c.Header.Get("Content-Encoding")
	if encoding == "" && isGzip(raw) {
		encoding = "gzip"
	}
	c.body, err = room.Inflate(encoding, raw, limit)
	return err
}

func (s *Server) claim(r *http.Request, services []string) (awswire.Claim, error) {
	if s.verifier == nil {
		return awswire.Claim{}, nil
	}
	claim, err := s.verifier.Claim(r)
	if err == nil && !slices.Contains(services, claim.Service) {
		err = awswire.WrongService(signingName)
	}
	return claim, err
}

func isGzip(b []byte) bool { return len(b) > 1 && b[0] == 0x1f && b[1] == 0x8b }

func (s *Server) write(w http.ResponseWriter, response any) {
	status := http.StatusOK
	switch r := response.(type) {
	case answered:
		return
	case withStatus:
		status, response = r.status, r.body
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(response) // the client is gone: nobody is left to tell
}

// fail counts an error and answers it.
func (s *Server) fail(w http.ResponseWriter, err error) {
	e := s.visible(w, err)
	body := struct {
		Error    *apiError `json:"error"`
		Findings diag.List `json:"findings,omitempty"`
	}{e, e.Findings}
	s.write(w, withStatus{e.Status, body})
}

// visible makes an error one that a client may see.
func (s *Server) visible(w http.ResponseWriter, err error) *apiError {
	var own *apiError
	var wire *awswire.Error
	var refused *doors.Error
	switch {
	case errors.As(err, &refused):
		s.stats.failed.Add(1)
		return &apiError{Status: refused.Status, Code: refused.Code, Message: refused.Message}
	case errors.As(err, &own):
		s.stats.failed.Add(1)
		return own
	case errors.As(err, &wire):
		return s.wireError(wire)
	case errors.Is(err, store.ErrFull):
		s.stats.failed.Add(1)
		return throttled()
	case errors.Is(err, context.Canceled):
		s.stats.failed.Add(1)
		return &apiError{Status: http.StatusServiceUnavailable, Code: "throttled", Message: "the request was given up"}
	}
	s.stats.internal.Add(1)
	id := service.NewID()
	w.Header().Set("X-Amzn-Requestid", id)
	s.log.Error("request failed", "request", id, "error", err)
	return &apiError{Status: http.StatusInternalServerError, Code: "internal", Message: "this is the server's fault; its log has it under the request id " + id}
}

// wireError gives errors of the body and of signatures our shape.
func (s *Server) wireError(e *awswire.Error) *apiError {
	switch e.Code {
	case "RequestEntityTooLargeException":
		s.stats.failed.Add(1)
		return &apiError{Status: e.Status, Code: "too_large", Message: "the body is larger than this path takes, or a gzip bomb"}
	case "ThrottlingException":
		s.stats.failed.Add(1)
		return throttled()
	case "SerializationException", "RequestTimeout", "UnsupportedMediaTypeException":
		s.stats.failed.Add(1)
		return badRequest("%s", e.Message)
	}
	s.stats.refused.Add(1)
	if e.Code == "MissingAuthenticationTokenException" {
		e.Message = "requests to this server must be signed; the verbs of tocsin sign with TOCSIN_ACCESS_KEY and TOCSIN_SECRET_KEY"
	}
	return &apiError{Status: max(e.Status, http.StatusForbidden), Code: e.Code, Message: e.Message}
}

func badRequest(format string, args ...any) *apiError {
	return &apiError{Status: http.StatusBadRequest, Code: "bad_request", Message: fmt.Sprintf(format, args...)}
}

func notFound(format string, args ...any) *apiError {
	return &apiError{Status: http.StatusNotFound, Code: "not_found", Message: fmt.Sprintf(format, args...)}
}

func forbidden(message string) *apiError {
	return &apiError{Status: http.StatusForbidden, Code: "forbidden", Message: message}
}

func throttled() *apiError {
	return &apiError{Status: http.StatusServiceUnavailable, Code: "throttled", Message: "there is no room now; try again later"}
}

// number reads a whole number of the query, from 1 to most.
func (c *call) number(name string, otherwise, most int) (int, error) {
	text := c.URL.Query().Get(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return 0, badRequest("%s: write a number from 1 to %d, not %q", name, most, text)
	}
	return n, nil
}

// flag reads true or false of the query.
func (c *call) flag(name string) (bool, error) {
	text := c.URL.Query().Get(name)
	if text == "" {
		return c.URL.Query().Has(name), nil
	}
	on, err := strconv.ParseBool(text)
	if err != nil {
		return false, badRequest("%s: write true or false, not %q", name, text)
	}
	return on, nil
}

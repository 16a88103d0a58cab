package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/tocsin-engine/tocsin/ingest/jsonstream"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/store"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

const (
	// maxEvents is how many events one request may put.
	maxEvents = 10_000
	// putAtOnce is how many events are one commit of the store.
	putAtOnce = 500
)

// putResult is what became of one event of a request.
type putResult struct {
	Index     int       `json:"index"`
	ID        string    `json:"id,omitempty"`
	Duplicate bool      `json:"duplicate,omitempty"`
	Matched   []string  `json:"matched,omitzero"`
	Targets   int       `json:"targets,omitempty"`
	Error     *apiError `json:"error,omitempty"`
}

type putAnswer struct {
	Version  int         `json:"version"`
	Accepted int         `json:"accepted"`
	Failed   int         `json:"failed"`
	Events   []putResult `json:"events"`
}

// put is one request under way.
type put struct {
	s       *Server
	key     string // of the whole request, "" for none
	bus     string
	results []putResult
	waiting []service.Submission
	indexes []int // of those that wait, among the results
}

// putEvents takes events in. One that is refused takes none of the others with it.
func (s *Server) putEvents(c *call) (any, error) {
	p := put{s: s, bus: event.DefaultBus}
	if bus := c.URL.Query().Get("bus"); bus != "" {
		p.bus = bus
	}
	if !event.ValidBus(p.bus) {
		return nil, badRequest("bus: a name has 1 to 256 characters of A-Z a-z 0-9 . - _ and /, unlike %q", p.bus)
	}
	if key := c.Header.Get("Idempotency-Key"); key != "" {
		p.key = "api/" + c.accessKey + "/" + key + "/"
	}
	if isGzip(c.body) {
		return nil, badRequest("the body is compressed twice")
	}
	if err := p.each(c.Context(), c.body); err != nil {
		return nil, err
	}
	p.flush(c.Context())
	return p.answer()
}

// each reads the events one after the other. One event alone, which is what most
// requests are, needs no reader with its buffers.
func (p *put) each(ctx context.Context, body []byte) error {
	if event.Check(body) == nil && event.Value(bytes.TrimSpace(body)).Kind() == event.Object {
		p.add(ctx, body)
		return nil
	}
	r, err := jsonstream.NewReader(bytes.NewReader(body))
	if err != nil {
		return err
	}
	for {
		raw, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if len(p.results) == maxEvents {
			p.refuse("too_large", fmt.Sprintf("a request may have %d events; this one and those after it were not read", maxEvents))
			return nil
		}
		var syntax *jsonstream.Error
		switch {
		case errors.As(err, &syntax):
			p.refuse("bad_json", syntax.Error())
			if syntax.Fatal {
				return nil
			}
		case err != nil:
			return err
		default:
			p.add(ctx, slices.Clone(raw))
		}
	}
}

func (p *put) refuse(code, message string) {
	p.results = append(p.results, putResult{Index: len(p.results), Error: &apiError{Code: code, Message: message}})
}

func (p *put) add(ctx context.Context, raw []byte) {
	c := p.s.c
	ev, err := event.Complete(raw, event.Fields{ID: service.NewID(), Account: c.Account, Region: c.Region, Time: c.Now()})
	if err != nil {
		p.refuse("bad_event", strings.TrimPrefix(err.Error(), "event: "))
		return
	}
	i := len(p.results)
	key := p.key
	if key != "" {
		key += strconv.Itoa(i)
	}
	p.results = append(p.results, putResult{Index: i})
	p.waiting = append(p.waiting, service.Submission{Event: ev.On(p.bus, 0), Key: key})
	p.indexes = append(p.indexes, i)
	if len(p.waiting) == putAtOnce {
		p.flush(ctx)
	}
}

// flush hands what waits to the engine: one commit, which succeeds or fails as a whole.
func (p *put) flush(ctx context.Context) {
	if len(p.waiting) == 0 {
		return
	}
	receipts, err := p.s.c.Engine.Put(ctx, p.waiting)
	for n, i := range p.indexes {
		if err != nil {
			p.results[i].Error = p.putError(err)
			continue
		}
		r := receipts[n]
		p.results[i] = putResult{Index: i, ID: r.ID, Duplicate: r.Duplicate, Matched: r.Matched, Targets: r.Targets}
	}
	if err != nil && !errors.Is(err, store.ErrFull) && !errors.Is(err, context.Canceled) {
		p.s.stats.internal.Add(1)
		p.s.log.Error("events were not taken in", "events", len(p.waiting), "error", err)
	}
	p.waiting, p.indexes = nil, nil
}

func (p *put) putError(err error) *apiError {
	if errors.Is(err, store.ErrFull) {
		return throttled()
	}
	return &apiError{Status: http.StatusInternalServerError, Code: "internal", Message: "the event was not taken in; the server's log says why"}
}

func (p *put) answer() (any, error) {
	a := putAnswer{Version: 1, Events: p.results}
	status := http.StatusBadRequest // if no event was accepted
	for _, r := range p.results {
		if r.Error == nil {
			a.Accepted++
			continue
		}
		a.Failed++
		status = max(status, r.Error.Status)
	}
	switch {
	case len(p.results) == 0:
		return nil, badRequest("the body has no event; write one JSON object, a list of them, or one a line")
	case a.Failed == 0:
		return a, nil
	case a.Accepted > 0:
		return withStatus{http.StatusMultiStatus, a}, nil
	}
	return withStatus{status, a}, nil
}

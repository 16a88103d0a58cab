package server

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/engine"
)

const (
	// page is how many things a list has if the client does not say; maxPage the most.
	page    = 100
	maxPage = 1000
	// last stands for the id of the newest event.
	last = "last"
)

// recentEvent is an event that came in a short while ago.
type recentEvent struct {
	Received time.Time       `json:"received"`
	Bus      string          `json:"bus"`
	Hops     int             `json:"hops,omitempty"`
	Matched  []string        `json:"matched"`
	Held     []engine.Held   `json:"held,omitempty"`
	Cut      string          `json:"cut,omitempty"`
	Event    json.RawMessage `json:"event"`
}

func (s *Server) recent(c *call) (any, error) {
	limit, err := c.number("limit", page, maxPage)
	if err != nil {
		return nil, err
	}
	unmatched, err := c.flag("unmatched")
	if err != nil {
		return nil, err
	}
	rule := c.URL.Query().Get("rule")
	found := []recentEvent{}
	for _, r := range s.c.Engine.Recent(maxPage) {
		if len(found) == limit {
			break
		}
		if unmatched && len(r.Matched) > 0 || rule != "" && !slices.Contains(r.Matched, rule) {
			continue
		}
		found = append(found, recentEvent{r.Received, r.Event.Bus, r.Event.Hops, orEmpty(r.Matched), r.Held, r.Cut, r.Event.Raw()})
	}
	return map[string]any{"version": 1, "events": found}, nil
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

func (s *Server) fate(c *call) (any, error) {
	id, err := s.newest(c.PathValue("id"))
	if err != nil {
		return nil, err
	}
	fate, err := s.c.Engine.Fate(c.Context(), id)
	if err != nil {
		return nil, err
	}
	if fate.State == engine.StateNotKept {
		return withStatus{http.StatusNotFound, fate}, nil
	}
	return fate, nil
}

// newest replaces the word "last" by the id of the event that came in last.
func (s *Server) newest(id string) (string, error) {
	if id != last {
		return id, nil
	}
	recent := s.c.Engine.Recent(1)
	if len(recent) == 0 {
		return "", notFound("no event has come in yet")
	}
	return recent[0].Event.ID, nil
}

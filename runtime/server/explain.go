package server

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/runtime/explain"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// explainRequest asks why.
type explainRequest struct {
	Event event.Value
	ID    string
	Rule  string
	Bus   string
}

func (s *Server) explain(c *call) (any, error) {
	r, err := readExplain(c.body)
	if err != nil {
		return nil, err
	}
	ev, err := s.explained(c, r)
	if err != nil {
		return nil, err
	}
	verdicts := []explain.Verdict{}
	for _, rule := range s.c.Engine.Rules().Rules {
		if r.Rule == "" || rule.Name == r.Rule {
			verdicts = append(verdicts, explain.Rule(rule, ev))
		}
	}
	if r.Rule != "" && len(verdicts) == 0 {
		return nil, notFound("there is no rule %q%s", r.Rule, nearest(r.Rule, s.c.Engine.Rules()))
	}
	slices.SortStableFunc(verdicts, func(a, b explain.Verdict) int { return a.Missing() - b.Missing() })
	return map[string]any{"version": 1, "event": ev.ID, "rules": verdicts}, nil
}

func readExplain(body []byte) (r explainRequest, err error) {
	const shape = `write {"event":{…}} or {"id":"…"}, and "rule" or "bus" if you like`
	if err := event.Check(body); err != nil {
		return r, badRequest("%s: %s", shape, strings.TrimPrefix(err.Error(), "event: "))
	}
	v := event.Value(bytes.TrimSpace(body))
	texts := map[string]*string{"id": &r.ID, "rule": &r.Rule, "bus": &r.Bus}
	for name, m := range v.Members() {
		into, known := texts[name]
		text, isText := m.Text()
		switch {
		case name == "event":
			r.Event = m
		case !known || !isText:
			return r, badRequest("%q: %s", name, shape)
		default:
			*into = text
		}
	}
	if (r.Event == nil) == (r.ID == "") {
		return r, badRequest("%s", shape)
	}
	return r, nil
}

// explained is the event that is asked about.
func (s *Server) explained(c *call, r explainRequest) (event.Event, error) {
	if r.ID != "" {
		return s.known(c, r.ID)
	}
	ev, err := event.Complete(r.Event, event.Fields{ID: service.NewID(), Account: s.c.Account, Region: s.c.Region, Time: s.c.Now()})
	if err != nil {
		return ev, badRequest("%s", strings.TrimPrefix(err.Error(), "event: "))
	}
	return ev.On(cmp.Or(r.Bus, event.DefaultBus), 0), nil
}

// known is an event that came in before.
func (s *Server) known(c *call, id string) (event.Event, error) {
	id, err := s.newest(id)
	if err != nil {
		return event.Event{}, err
	}
	fate, err := s.c.Engine.Fate(c.Context(), id)
	if err != nil {
		return event.Event{}, err
	}
	if fate.Event == nil {
		return event.Event{}, notFound("%s: %s", id, fate.Reason)
	}
	ev, err := event.Parse(fate.Event)
	return ev.On(fate.Bus, fate.Hops), err
}

func nearest(name string, set *rulefile.Set) string {
	names := make([]string, len(set.Rules))
	for i, r := range set.Rules {
		names[i] = r.Name
	}
	if near := diag.Nearest(name, names); near != "" {
		return "; did you mean " + strconv.Quote(near) + "?"
	}
	return ""
}

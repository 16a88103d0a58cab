package server

import (
	"encoding/json"

	"github.com/tocsin-engine/tocsin/runtime/engine"
	"github.com/tocsin-engine/tocsin/runtime/store"
)

type ruleView struct {
	Name        string            `json:"name"`
	Description string            `json:"description,omitempty"`
	Bus         string            `json:"bus"`
	Pattern     json.RawMessage   `json:"pattern,omitempty"`
	When        string            `json:"when,omitempty"`
	OncePer     *oncePerView      `json:"once_per,omitempty"`
	Schedule    string            `json:"schedule,omitempty"`
	Timezone    string            `json:"timezone,omitempty"`
	Disabled    bool              `json:"disabled"`
	Tags        map[string]string `json:"tags,omitempty"`
	Targets     []string          `json:"targets"`
	File        string            `json:"file"`
	Line        int               `json:"line"`
	Counts      engine.RuleStats  `json:"counts"`
}

type oncePerView struct {
	Key   string `json:"key"`
	Every string `json:"every"`
}

func (s *Server) rules(*call) (any, error) {
	counts := s.c.Engine.Stats().Rules
	set := s.c.Engine.Rules().Rules
	views := make([]ruleView, 0, len(set))
	for _, r := range set {
		v := ruleView{
			Name: r.Name, Description: r.Description, Bus: r.Bus, Disabled: r.Disabled, Tags: r.Tags,
			Targets: []string{}, File: r.File, Line: r.Pos.Line, Counts: counts[r.Name],
		}
		if r.Pattern != nil {
			v.Pattern = r.Pattern.JSON()
		}
		if r.When != nil {
			v.When = r.When.Source()
		}
		if r.OncePer != nil {
			v.OncePer = &oncePerView{r.OncePer.Key.Source(), r.OncePer.Every.String()}
		}
		if r.Schedule != nil {
			v.Schedule, v.Timezone = r.Schedule.String(), r.Schedule.Zone()
		}
		for _, route := range r.Targets {
			v.Targets = append(v.Targets, route.Target)
		}
		views = append(views, v)
	}
	return map[string]any{"version": 1, "rules": views}, nil
}

type targetView struct {
	Name        string             `json:"name"`
	Plugin      string             `json:"plugin"`
	Mode        string             `json:"mode,omitempty"`
	DeadLetter  string             `json:"dead_letter,omitempty"`
	Concurrency int                `json:"concurrency,omitempty"`
	Batch       int                `json:"batch,omitempty"`
	Window      string             `json:"window,omitempty"`
	OrderBy     string             `json:"order_by,omitempty"`
	File        string             `json:"file"`
	Line        int                `json:"line"`
	Counts      engine.TargetStats `json:"counts"`
	Waiting     store.Lane         `json:"waiting"`
}

// targets leaves a target's config out: it may name what is nobody else's business.
func (s *Server) targets(c *call) (any, error) {
	status, err := s.c.Engine.Status(c.Context())
	if err != nil {
		return nil, err
	}
	lanes := map[string]store.Lane{}
	for _, l := range status.Kept.Lanes {
		lanes[l.Target] = l
	}
	counts := s.c.Engine.Stats().Targets
	views := []targetView{}
	for _, t := range s.c.Engine.Rules().Targets {
		lane := lanes[t.Name]
		lane.Target = t.Name
		view := targetView{
			Name: t.Name, Plugin: t.Plugin, Mode: t.Mode, DeadLetter: t.DeadLetter, Concurrency: t.Concurrency, Batch: t.Batch,
			File: t.File, Line: t.Pos.Line, Counts: counts[t.Name], Waiting: lane,
		}
		if t.Window > 0 {
			view.Window = t.Window.String()
		}
		if t.OrderBy != nil {
			view.OrderBy = t.OrderBy.Source()
		}
		views = append(views, view)
	}
	return map[string]any{"version": 1, "targets": views}, nil
}

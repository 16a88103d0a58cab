package server

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/archive"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/store"
)

type archiveView struct {
	Name          string          `json:"name"`
	Description   string          `json:"description,omitempty"`
	Bus           string          `json:"bus"`
	Pattern       json.RawMessage `json:"pattern,omitempty"`
	RetentionDays int             `json:"retention_days"`
	State         string          `json:"state"`
	Created       time.Time       `json:"created"`
	File          string          `json:"file,omitempty"`
	Events        int64           `json:"events"`
	Bytes         int64           `json:"bytes"`
}

func (s *Server) archiveView(c *call, a archive.Archive) (archiveView, error) {
	n, err := s.c.Archives.Count(c.Context(), a)
	v := archiveView{Name: a.Name, Description: a.Description, Bus: a.Bus, RetentionDays: a.RetentionDays, State: strings.ToLower(a.State),
		Created: a.Created, File: a.File, Events: n.Events, Bytes: n.Bytes}
	if a.Pattern != "" {
		v.Pattern = json.RawMessage(a.Pattern)
	}
	return v, err
}

func (s *Server) archives(c *call) (any, error) {
	all, err := s.c.Archives.List(c.Context())
	if err != nil {
		return nil, err
	}
	views := []archiveView{}
	for _, a := range all {
		v, err := s.archiveView(c, a)
		if err != nil {
			return nil, err
		}
		views = append(views, v)
	}
	return map[string]any{"version": 1, "archives": views}, nil
}

func (s *Server) archive(c *call) (any, error) {
	a, err := s.c.Archives.Get(c.Context(), c.PathValue("name"))
	if err != nil {
		return nil, archiveError(err)
	}
	v, err := s.archiveView(c, a)
	return struct {
		Version int `json:"version"`
		archiveView
	}{1, v}, err
}

// deleteArchive deletes an archive and what it keeps.
func (s *Server) deleteArchive(c *call) (any, error) {
	name := c.PathValue("name")
	if err := s.c.Archives.Delete(c.Context(), name); err != nil {
		return nil, archiveError(err)
	}
	return map[string]any{"version": 1, "deleted": name}, nil
}

// archiveError makes an error of archives and replays one that a client sees.
func archiveError(err error) error {
	text := strings.TrimPrefix(err.Error(), "archive: ")
	switch {
	case errors.Is(err, archive.ErrNotFound):
		return notFound("%s", text)
	case errors.Is(err, archive.ErrExists), errors.Is(err, archive.ErrTooMany), errors.Is(err, archive.ErrRuleFile), errors.Is(err, archive.ErrOver):
		return badRequest("%s", text)
	}
	return err
}

type replayView struct {
	Name        string     `json:"name"`
	Description string     `json:"description,omitempty"`
	Archive     string     `json:"archive"`
	Bus         string     `json:"bus"`
	Rules       []string   `json:"rules,omitempty"`
	Since       time.Time  `json:"since"`
	Until       time.Time  `json:"until"`
	State       string     `json:"state"`
	Reason      string     `json:"reason,omitempty"`
	Events      int64      `json:"events"`
	Started     time.Time  `json:"started"`
	Ended       *time.Time `json:"ended,omitempty"`
}

func viewOfReplay(r archive.Replay) replayView {
	v := replayView{r.Name, r.Description, r.Archive, r.Bus, r.Rules, r.From, r.To, strings.ToLower(r.State), r.Reason, r.Events, r.Started, nil}
	if !r.Ended.IsZero() {
		v.Ended = &r.Ended
	}
	return v
}

func (s *Server) replays(c *call) (any, error) {
	all, err := s.c.Archives.Replays(c.Context())
	if err != nil {
		return nil, err
	}
	views := []replayView{}
	for _, r := range all {
		views = append(views, viewOfReplay(r))
	}
	return map[string]any{"version": 1, "replays": views}, nil
}

// answerReplay is the answer about one replay.
func answerReplay(r archive.Replay, err error) (any, error) {
	if err != nil {
		return nil, archiveError(err)
	}
	return struct {
		Version int `json:"version"`
		replayView
	}{1, viewOfReplay(r)}, nil
}

func (s *Server) replay(c *call) (any, error) {
	return answerReplay(s.c.Archives.Replay(c.Context(), c.PathValue("name")))
}

func (s *Server) cancelReplay(c *call) (any, error) {
	return answerReplay(s.c.Archives.Cancel(c.Context(), c.PathValue("name")))
}

// replayRequest is what a client asks of a replay.
type replayRequest struct {
	Name        string    `json:"name"`
	Description string    `json:"description"`
	Archive     string    `json:"archive"`
	Since       time.Time `json:"since"`
	Until       time.Time `json:"until"`
	Rules       []string  `json:"rules"`
	DryRun      bool      `json:"dry_run"`
}

// startReplay begins a replay, or says what it would do.
func (s *Server) startReplay(c *call) (any, error) {
	var r replayRequest
	if err := json.Unmarshal(c.body, &r); err != nil {
		return nil, badRequest("the body is no replay: %v", err)
	}
	if r.Until.IsZero() {
		r.Until = s.c.Now()
	}
	if !r.Since.Before(r.Until) {
		return nil, badRequest("since is before until")
	}
	known := map[string]bool{}
	for _, rule := range s.c.Engine.Rules().Rules {
		known[rule.Name] = true
	}
	for _, name := range r.Rules {
		if !known[name] {
			return nil, badRequest("rules: there is no rule %q", name)
		}
	}
	if r.DryRun {
		return s.rehearse(c, r)
	}
	if r.Name == "" {
		r.Name = "replay-" + service.NewID()
	}
	return answerReplay(s.c.Archives.Start(c.Context(), archive.Replay{
		Name: r.Name, Description: r.Description, Archive: r.Archive, From: r.Since, To: r.Until, Rules: r.Rules,
	}))
}

// rehearse counts what a replay would put back, and what each rule would match.
func (s *Server) rehearse(c *call, r replayRequest) (any, error) {
	a, err := s.c.Archives.Get(c.Context(), r.Archive)
	if err != nil {
		return nil, archiveError(err)
	}
	if r.Name == "" {
		r.Name = "dry-run"
	}
	events, matched := 0, map[string]int{}
	err = s.c.Archives.Events(c.Context(), a.Lane, r.Since, r.Until, 0, func(e store.Entry) bool {
		events++
		if ev, err := archive.Replayed(e, r.Name); err == nil {
			for _, rule := range s.c.Engine.Match(ev, r.Rules) {
				matched[rule]++
			}
		}
		return c.Context().Err() == nil
	})
	if err == nil {
		err = c.Context().Err()
	}
	return map[string]any{"version": 1, "dry_run": true, "archive": r.Archive, "since": r.Since, "until": r.Until, "events": events, "matched": matched}, err
}

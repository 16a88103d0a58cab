package server

import (
	"fmt"
	"net/http"

	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/runtime/engine"
)

// apiStats are the counts of the own API.
type apiStats struct {
	Requests uint64 `json:"requests"`
	Refused  uint64 `json:"refused"`
	Failed   uint64 `json:"failed"`
	Internal uint64 `json:"internal"`
}

// connectionStats are the connections to the port: Refused found too many open.
type connectionStats struct {
	Open    uint64 `json:"open"`
	Refused uint64 `json:"refused"`
}

// doors are the counts of every way in, by its name: the server's own and those that it
// was given.
func (s *Server) doors() map[string]any {
	d := map[string]any{
		"aws":         s.aws.Stats(),
		"api":         apiStats{s.stats.requests.Load(), s.stats.refused.Load(), s.stats.failed.Load(), s.stats.internal.Load()},
		"connections": connectionStats{uint64(s.listener.open.Load()), uint64(s.listener.refused.Load())},
		// The bodies that are being worked on.
		"bytes_in_flight": s.budget.Used(),
	}
	for name, counts := range s.c.Doors {
		d[name] = counts()
	}
	return d
}

func (s *Server) status(c *call) (any, error) {
	status, err := s.c.Engine.Status(c.Context())
	if err != nil {
		return nil, err
	}
	return struct {
		Version  int            `json:"version"`
		Tocsin   string         `json:"tocsin"`
		OK       bool           `json:"ok"`
		Warnings []string       `json:"warnings"`
		Engine   engine.Status  `json:"engine"`
		Counts   engine.Stats   `json:"counts"`
		Doors    map[string]any `json:"doors"`
	}{1, s.c.Version, status.Reload.Failures == 0, s.warnings(status), status, s.c.Engine.Stats(), s.doors()}, nil
}

// warnings are the sentences a person should read.
func (s *Server) warnings(status engine.Status) []string {
	warnings := append([]string{}, s.c.Warnings...)
	if status.Reload.Failures > 0 {
		warnings = append(warnings, "the rules on disk are not in force: "+status.Reload.Error)
	}
	if status.Store.Warning != "" {
		warnings = append(warnings, status.Store.Warning)
	}
	switch {
	case status.Kept.Stalled:
		warnings = append(warnings, "the disk is full, and the store's reserve was taken by somebody else: neither senders nor deliveries go on until there is room")
	case status.Kept.Full:
		warnings = append(warnings, "the disk is full: senders are throttled until there is room, deliveries go on")
	}
	if status.Kept.Damaged > 0 {
		warnings = append(warnings, fmt.Sprintf("%d times something of what was stored was found damaged since the start; the log says what, and damaged/ in the data directory has the files", status.Kept.Damaged))
	}
	if s.verifier == nil {
		warnings = append(warnings, "there are no access keys: only this machine is served, and everybody on it")
	}
	return warnings
}

func (s *Server) reload(c *call) (any, error) {
	if s.c.Reload == nil {
		return nil, badRequest("this server has no rule files to read again")
	}
	findings, err := s.c.Reload(c.Context())
	if err != nil {
		return nil, &apiError{Status: http.StatusUnprocessableEntity, Code: "findings", Message: err.Error() + "; the rules of before stay in force", Findings: findings}
	}
	if findings == nil {
		findings = diag.List{}
	}
	return map[string]any{"version": 1, "ok": true, "findings": findings}, nil
}

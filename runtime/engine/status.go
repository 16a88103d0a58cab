package engine

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/runtime/store"
)

// Status is how the engine is.
type Status struct {
	Started time.Time      `json:"started"`
	Rules   int            `json:"rules"`
	Enabled int            `json:"enabled"`
	Targets int            `json:"targets"`
	Store   store.Promises `json:"store"`
	Kept    store.Stats    `json:"kept"`
	// Lag is how long the oldest event has waited that a target has yet to try, in
	// seconds, for the targets that have such a one.
	Lag    map[string]float64 `json:"lag_seconds,omitempty"`
	Reload ReloadStatus       `json:"reload"`
}

// ReloadStatus is how the last reload went. A failed one stays here until one succeeds.
type ReloadStatus struct {
	OK bool `json:"ok"`
	// At is when the last one was, LastOK when the last good one was.
	At     time.Time `json:"at,omitzero"`
	LastOK time.Time `json:"last_ok,omitzero"`
	// Took is how many seconds it took to read the files, make the index and open targets.
	Took float64 `json:"took_seconds,omitempty"`
	// Index is how many seconds of that it took to make the index.
	Index float64 `json:"index_seconds,omitempty"`
	// Failures counts the failed ones since the last good one.
	Failures int `json:"failures,omitempty"`
	// Error says why it failed; Findings are the rule files' own.
	Error    string    `json:"error,omitempty"`
	Findings diag.List `json:"findings,omitempty"`
}

// statusBox is the part of Status that does not stand elsewhere.
type statusBox struct {
	started time.Time
	mu      sync.Mutex
	reload  ReloadStatus
}

// Status says how the engine is.
func (e *Engine) Status(ctx context.Context) (Status, error) {
	kept, err := e.config.Store.Stats(ctx)
	kept.Lanes = slices.DeleteFunc(kept.Lanes, func(l store.Lane) bool { return store.Reserved(l.Target) })
	if err != nil {
		return Status{}, fmt.Errorf("engine: %w", err)
	}
	lag, err := e.lag(ctx, kept.Lanes)
	rs := e.rules.Load()
	return Status{
		Started: e.status.started, Rules: len(rs.set.Rules), Enabled: len(rs.active), Targets: len(rs.targets),
		Store: e.config.Store.Promises(), Kept: kept, Lag: lag, Reload: e.ReloadStatus(),
	}, err
}

// lag reads the first entry that each lane has yet to settle.
func (e *Engine) lag(ctx context.Context, lanes []store.Lane) (map[string]float64, error) {
	now, lag := e.config.Now(), map[string]float64{}
	for _, l := range lanes {
		if l.Unread == 0 {
			continue
		}
		first, err := e.config.Store.Read(ctx, l.Target, l.Cursor, 1)
		if err != nil {
			return nil, fmt.Errorf("engine: %w", err)
		}
		if len(first) == 1 {
			lag[l.Target] = max(0, now.Sub(first[0].Received).Seconds())
		}
	}
	return lag, nil
}

// ReloadStatus says how the last reload went.
func (e *Engine) ReloadStatus() ReloadStatus {
	e.status.mu.Lock()
	defer e.status.mu.Unlock()
	return e.status.reload
}

// indexed notes how long it took to make the index.
func (b *statusBox) indexed(took time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.reload.Index = took.Seconds()
}

// reloaded notes how a reload went.
func (b *statusBox) reloaded(start, now time.Time, findings diag.List, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := &b.reload
	r.At, r.Took, r.Findings = now, now.Sub(start).Seconds(), findings
	if err == nil {
		r.OK, r.LastOK, r.Failures, r.Error = true, now, 0, ""
		return
	}
	r.OK, r.Error = false, err.Error()
	r.Failures++
}

package engine

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/dispatch"
)

// Stats counts since the engine's start.
type Stats struct {
	// Received counts events that came in, Duplicates those of them that had come
	// before; the others are Matched, Unmatched or LoopsCut.
	Received   uint64 `json:"received"`
	Duplicates uint64 `json:"duplicates"`
	Matched    uint64 `json:"matched"`
	Unmatched  uint64 `json:"unmatched"`
	LoopsCut   uint64 `json:"loops_cut"`
	// Delivered and Dead count deliveries, Retried attempts that failed, and
	// QueueFailed dead letters that their queue did not take yet, each time.
	Delivered   uint64                 `json:"delivered"`
	Retried     uint64                 `json:"retried"`
	Dead        uint64                 `json:"dead"`
	QueueFailed uint64                 `json:"dead_letter_queue_failed"`
	Rules       map[string]RuleStats   `json:"rules"`
	Targets     map[string]TargetStats `json:"targets"`
	// UnmatchedTypes are the kinds of events that nothing wanted, the most frequent
	// first. OtherTypes counts events of kinds beyond the first 1,000 kinds.
	UnmatchedTypes []TypeStats `json:"unmatched_types"`
	OtherTypes     uint64      `json:"other_types"`
}

// RuleStats counts for one rule.
type RuleStats struct {
	Matched uint64 `json:"matched"`
	// Held counts matches that its once_per held back.
	Held uint64 `json:"held"`
	// WhenErrors counts events on which its when or key failed; LastError is the last.
	WhenErrors uint64 `json:"when_errors"`
	LastError  string `json:"last_error,omitempty"`
	// LoopsCut counts events that its targets emitted beyond the hop limit.
	LoopsCut  uint64    `json:"loops_cut"`
	LastMatch time.Time `json:"last_match,omitzero"`
}

// TargetStats counts for one target.
type TargetStats struct {
	Delivered   uint64 `json:"delivered"`
	Retried     uint64 `json:"retried"`
	Dead        uint64 `json:"dead"`
	QueueFailed uint64 `json:"dead_letter_queue_failed"`
	// FirstAttempts counts those, and StartSeconds how long their events had waited for
	// them since they were received.
	FirstAttempts uint64  `json:"first_attempts"`
	StartSeconds  float64 `json:"start_seconds"`
	// Counters are those that the plugin keeps itself.
	Counters map[string]int64 `json:"counters,omitempty"`
	// LastError is what the last attempt that failed said.
	LastError string `json:"last_error,omitempty"`
}

// TypeStats counts one kind of event.
type TypeStats struct {
	Source     string    `json:"source"`
	DetailType string    `json:"detail_type"`
	Count      uint64    `json:"count"`
	Last       time.Time `json:"last"`
}

// maxTypes bounds how many kinds of unmatched events are counted apart.
const maxTypes = 1000

// maxCounters bounds how many counters one plugin may have.
const maxCounters = 100

// counters is Stats as it is counted.
type counters struct {
	mu      sync.Mutex
	total   Stats
	rules   map[string]*RuleStats
	targets map[string]*TargetStats
	types   map[[2]string]*TypeStats
	// minute is what the engine's own metrics have come to since they were published.
	minute map[ownMetric]*ownSum
}

func (c *counters) init() {
	c.rules, c.targets = map[string]*RuleStats{}, map[string]*TargetStats{}
	c.types, c.minute = map[[2]string]*TypeStats{}, map[ownMetric]*ownSum{}
}

// Stats returns the counts of now.
func (e *Engine) Stats() Stats {
	c := &e.stats
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.total
	s.Rules, s.Targets = map[string]RuleStats{}, map[string]TargetStats{}
	for name, r := range c.rules {
		s.Rules[name] = *r
	}
	for name, t := range c.targets {
		copied := *t
		copied.Counters = maps.Clone(t.Counters)
		s.Targets[name] = copied
	}
	for _, t := range c.types {
		s.UnmatchedTypes = append(s.UnmatchedTypes, *t)
	}
	slices.SortFunc(s.UnmatchedTypes, func(a, b TypeStats) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Source, b.Source), cmp.Compare(a.DetailType, b.DetailType))
	})
	return s
}

func (c *counters) rule(name string) *RuleStats {
	r := c.rules[name]
	if r == nil {
		r = &RuleStats{}
		c.rules[name] = r
	}
	return r
}

func (c *counters) target(name string) *TargetStats {
	t := c.targets[name]
	if t == nil {
		t = &TargetStats{}
		c.targets[name] = t
	}
	return t
}

func (c *counters) whenError(rule string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.rule(rule)
	r.WhenErrors++
	r.LastError = err.Error()
}

func (c *counters) loopCut(rule, bus string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rule(rule).LoopsCut++
	c.ownCount(deadInvocations, rule, bus)
}

// received counts an arrival after its commit.
func (c *counters) received(a *arrival, rules []string, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.total.Received++
	for _, h := range a.held {
		c.rule(h.Rule).Held++
	}
	switch {
	case a.first != "":
		c.total.Duplicates++
	case a.cut != "":
		c.total.LoopsCut++
	case len(rules) > 0:
		c.total.Matched++
		for _, name := range rules {
			r := c.rule(name)
			r.Matched++
			r.LastMatch = now
		}
		if !isOwn(a.Event.Raw()) {
			c.ownCount(matchedEvents, "", a.Event.Bus)
			for _, name := range rules {
				c.ownCount(triggeredRules, name, a.Event.Bus)
			}
		}
	default:
		c.total.Unmatched++
		c.unmatched(a.Event.Source, a.Event.DetailType, now)
	}
}

func (c *counters) unmatched(source, detailType string, now time.Time) {
	kind := [2]string{source, detailType}
	t := c.types[kind]
	if t == nil {
		if len(c.types) == maxTypes {
			c.total.OtherTypes++
			return
		}
		t = &TypeStats{Source: source, DetailType: detailType}
		c.types[kind] = t
	}
	t.Count++
	t.Last = now
}

// count adds to a plugin's own counter.
func (c *counters) count(target, name string, by int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.target(target)
	if t.Counters == nil {
		t.Counters = map[string]int64{}
	}
	if _, known := t.Counters[name]; known || len(t.Counters) < maxCounters {
		t.Counters[name] += by
	}
}

// attempt counts what dispatch reports.
func (c *counters) attempt(r dispatch.Report) {
	counted := !isOwn(r.Entry.Raw)
	c.mu.Lock()
	defer c.mu.Unlock()
	if counted {
		c.ownAttempt(r)
	}
	t := c.target(r.Target)
	if began(r) {
		t.FirstAttempts++
		t.StartSeconds += max(0, r.At.Sub(r.Entry.Received).Seconds())
	}
	switch r.Kind {
	case dispatch.Delivered:
		c.total.Delivered++
		t.Delivered++
		return
	case dispatch.Retried:
		c.total.Retried++
		t.Retried++
	case dispatch.Dead:
		c.total.Dead++
		t.Dead++
	case dispatch.QueueFailed:
		c.total.QueueFailed++
		t.QueueFailed++
	}
	t.LastError = r.Code + ": " + r.Message
}

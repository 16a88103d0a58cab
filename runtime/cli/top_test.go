package cli

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/runtime/engine"
	"github.com/tocsin-engine/tocsin/runtime/store"
)

func lookAt(at time.Time, n engine.Stats, lanes ...store.Lane) look {
	l := look{at: at}
	l.Counts = n
	l.Engine.Kept.Lanes, l.Engine.Lag = lanes, map[string]float64{"slow": 61.26}
	return l
}

// TestTopComparesTwoLooks: rates are between the looks, the busiest rule and the target
// that lags most stand first, and a restart in between is no negative rate.
func TestTopComparesTwoLooks(t *testing.T) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	before := lookAt(start, engine.Stats{Received: 10, Delivered: 5, Rules: map[string]engine.RuleStats{"a": {Matched: 4}}})
	now := lookAt(start.Add(2*time.Second), engine.Stats{
		Received: 30, Delivered: 6, Matched: 20, Retried: 3, Dead: 1,
		Rules:   map[string]engine.RuleStats{"a": {Matched: 5}, "b": {Matched: 6, WhenErrors: 2}},
		Targets: map[string]engine.TargetStats{"fast": {Delivered: 6, Retried: 3, Dead: 1, LastError: "X: no"}},
	}, store.Lane{Target: "slow", Unread: 7, Retries: 1})
	p := compare(before, now)
	if p.Events != (flow{30, 10}) || p.Failed != (flow{4, 2}) || p.Delivered != (flow{6, 0.5}) {
		t.Errorf("events %+v failed %+v delivered %+v", p.Events, p.Failed, p.Delivered)
	}
	wantRules := []topRule{{"b", flow{6, 3}, 2, 0}, {"a", flow{5, 0.5}, 0, 0}}
	if diff := cmp.Diff(wantRules, p.Rules); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
	wantTargets := []topTarget{
		{Name: "slow", Unread: 7, Retries: 1, Lag: 61.26},
		{Name: "fast", Delivered: flow{6, 3}, Failed: flow{4, 2}, Dead: 1, LastError: "X: no"},
	}
	if diff := cmp.Diff(wantTargets, p.Targets); diff != "" {
		t.Errorf("targets (-want +got):\n%s", diff)
	}
	top := topVerb{app: &app{}}
	if line := top.line(p); !strings.HasSuffix(line, "events 10.0/s  matched 10.0/s  delivered 0.5/s  failed 2.0/s  0 dead letters  slow lags 1m1.3s, 7 unread") {
		t.Errorf("the line is %q", line)
	}
	if again := compare(now, before); again.Events.Rate != 0 || again.Events.Total != 10 {
		t.Errorf("after a restart: %+v", again.Events)
	}
}

func TestMoments(t *testing.T) {
	for text, want := range map[string]time.Duration{"24h": 24 * time.Hour, "7d": 7 * 24 * time.Hour, "90m": 90 * time.Minute, "now": 0} {
		var m moment
		if err := m.Set(text); err != nil || time.Since(m.Time)-want > time.Minute || time.Since(m.Time) < want {
			t.Errorf("%s is %s, %v", text, m.Time, err)
		}
	}
	var m moment
	if err := m.Set("2026-01-02T15:04:05Z"); err != nil || !m.Equal(time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)) {
		t.Errorf("a time is %s, %v", m.Time, err)
	}
	for _, text := range []string{"", "yesterday", "-1h", "5"} {
		if err := m.Set(text); err == nil {
			t.Errorf("%q is %s", text, m.Time)
		}
	}
}

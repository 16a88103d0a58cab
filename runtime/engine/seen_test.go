package engine

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/runtime/store"
)

func TestSeen(t *testing.T) {
	s, now := newSeen(), time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s.add(nil)
	if got := s.request("k", now); len(got) > 0 {
		t.Errorf("keys are there that nobody added: %v", got)
	}
	s.add([]store.Entry{
		{Key: "k", ID: "id", KeyExpires: now.Add(time.Minute)},
		{Key: "k2", ID: "", KeyExpires: now.Add(time.Hour)},
	})
	for _, c := range []struct {
		first string
		after time.Duration
		want  map[string]string
	}{
		{"k", 0, map[string]string{"k": "id", "k2": ""}},
		{"k", time.Minute, map[string]string{"k2": ""}},
		{"k2", 0, map[string]string{}},
	} {
		if diff := cmp.Diff(c.want, s.request(c.first, now.Add(c.after))); diff != "" {
			t.Errorf("what came with %s, after %v:\n%s", c.first, c.after, diff)
		}
	}
}

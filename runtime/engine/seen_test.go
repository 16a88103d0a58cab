package engine

import (
	"testing"
	"time"
)

func TestSeen(t *testing.T) {
	s, now := newSeen(), time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	if _, ok := s.first("k", now); ok {
		t.Error("a key is there that nobody added")
	}
	s.add("k", "id", now.Add(time.Minute))
	if id, ok := s.first("k", now); !ok || id != "id" {
		t.Errorf("the key is that of %q, %v", id, ok)
	}
	if _, ok := s.first("k", now.Add(time.Minute)); ok {
		t.Error("an expired key is there")
	}
}

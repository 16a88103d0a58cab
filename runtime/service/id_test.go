package service_test

import (
	"strings"
	"testing"

	"github.com/tocsin-engine/tocsin/runtime/service"
)

// TestNewID: ids are UUIDs, and no two are the same.
func TestNewID(t *testing.T) {
	a, b := service.NewID(), service.NewID()
	if a == b || len(a) != 36 || a[14] != '4' || !strings.Contains("89ab", a[19:20]) {
		t.Errorf("ids %s and %s", a, b)
	}
}

package traces_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/tocsin-engine/tocsin/ingest/traces"
)

// TestReadme: the example of ingest/README.md is a segment.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## Traces\n")
	section, _, _ = strings.Cut(section, "\n## ")
	blocks := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllStringSubmatch(section, -1)
	if len(blocks) != 1 {
		t.Fatalf("%d blocks, want one segment", len(blocks))
	}
	s, err := traces.Parse([]byte(blocks[0][1]))
	if err != nil {
		t.Fatal(err)
	}
	ev, err := s.Event(defaults)
	if err != nil || string(ev.Detail()) != strings.TrimSpace(blocks[0][1]) {
		t.Errorf("the event is %s, %v", ev.Raw(), err)
	}
}

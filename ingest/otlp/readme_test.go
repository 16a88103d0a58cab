package otlp_test

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/ingest/otlp"
)

// TestReadme: the examples of ingest/README.md are what happens.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## OTLP\n")
	section, _, _ = strings.Cut(section, "\n## ")
	blocks := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllStringSubmatch(section, -1)
	if len(blocks) != 4 {
		t.Fatalf("%d blocks, want a request and what it becomes, twice", len(blocks))
	}
	for i, s := range []otlp.Signal{otlp.Logs, otlp.Traces} {
		got := details(parse(t, []byte(blocks[2*i][1]), s, otlp.JSON), s)
		var want bytes.Buffer
		if err := json.Compact(&want, []byte(blocks[2*i+1][1])); err != nil {
			t.Fatal(err)
		}
		if len(got) != 1 {
			t.Fatalf("%s: %d events", s, len(got))
		}
		if diff := cmp.Diff(want.String(), string(got[0])); diff != "" {
			t.Errorf("%s (-README +got):\n%s", s, diff)
		}
	}
}

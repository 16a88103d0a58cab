package cloudevents_test

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/ingest/cloudevents"
)

// TestReadme: the example of ingest/README.md is what happens.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## CloudEvents\n")
	section, _, _ = strings.Cut(section, "\n## ")
	blocks := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllStringSubmatch(section, -1)
	if len(blocks) != 2 {
		t.Fatalf("%d blocks, want a CloudEvent and its event", len(blocks))
	}
	got, err := cloudevents.Read(headers("Content-Type", cloudevents.Structured), []byte(blocks[0][1]), defaults)
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	if err := json.Compact(&want, []byte(blocks[1][1])); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.String(), string(got[0].Event.Raw())); diff != "" {
		t.Errorf("(-README +got):\n%s", diff)
	}
}

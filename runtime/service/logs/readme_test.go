package logs_test

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/runtime/service/logs"
)

// TestReadme: the example of ingest/README.md is what happens.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile("../../../ingest/README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## Logs\n")
	section, _, _ = strings.Cut(section, "\n## ")
	blocks := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllStringSubmatch(section, -1)
	if len(blocks) != 2 {
		t.Fatalf("%d blocks, want a request and what it becomes", len(blocks))
	}
	var request logs.PutLogEventsRequest
	if err := json.Unmarshal([]byte(blocks[0][1]), &request); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	w.now = time.UnixMilli(1795373940000).UTC()
	w.group(request.LogGroupName)
	w.stream(request.LogGroupName, request.LogStreamName)
	call(w, w.PutLogEvents, request, "")
	var want, got bytes.Buffer
	if err := json.Compact(&want, []byte(blocks[1][1])); err != nil {
		t.Fatal(err)
	}
	if err := json.Compact(&got, w.engine.got[0].Event.Detail()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.String(), got.String()); diff != "" || len(w.engine.got) != 1 {
		t.Errorf("%d events (-README +got):\n%s", len(w.engine.got), diff)
	}
}

package security

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/examples/internal/program"
	"github.com/tocsin-engine/tocsin/sdk/sharedtest"
)

// TestRecordedTrails runs the program as a person would: `tocsin run` with these rules,
// `tocsin send` with the log files of a recorded attack, with the recorded attack
// techniques and with the events of StreamAlert; then AWS clients read what the targets
// got.
func TestRecordedTrails(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs the whole program")
	}
	trail := glob(t, "cloudtrail/invictus/*.json", 20)
	techniques := glob(t, "cloudtrail/stratus/*.json", 18)
	p := program.Start(t, "rules")
	p.Subscribe(t, "security-page", "pager")

	p.Send(t, trail...)
	p.Wait(t, program.Counts{Received: 1448, Matched: 1068, Unmatched: 380, Delivered: 1264})
	p.Send(t, techniques...)
	p.Wait(t, program.Counts{Received: 1448 + 186, Matched: 1068 + 173, Unmatched: 380 + 13, Delivered: 1264 + 260})
	p.Send(t, streamAlertFile(t))
	p.Wait(t, program.Counts{Received: 1634 + 55, Matched: 1241 + 43, Unmatched: 393 + 12, Delivered: 1524 + 67})

	got := map[string]int{
		"pager":                 p.Waiting(t, "pager"),
		"security-alerts":       p.Waiting(t, "security-alerts"),
		"security-dead-letters": p.Waiting(t, "security-dead-letters"),
		"security-evidence":     len(p.Records(t, "security-evidence")),
	}
	want := map[string]int{"pager": 7 + 22, "security-alerts": 47 + 51 + 40, "security-dead-letters": 0, "security-evidence": 1217 + 202 + 5}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what AWS clients read (-want +got):\n%s", diff)
	}
}

// streamAlertFile writes the recorded events of StreamAlert as `tocsin send` takes them.
func streamAlertFile(t *testing.T) string {
	t.Helper()
	var all []byte
	lines(t, "rules/streamalert/events_with_expected_rules.jsonl", func(line []byte) {
		var r struct{ Event json.RawMessage }
		decode(t, line, &r)
		all = append(append(all, envelope(t, r.Event).Raw()...), '\n')
	})
	file := filepath.Join(t.TempDir(), "streamalert.jsonl")
	if err := os.WriteFile(file, all, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func glob(t *testing.T, pattern string, want int) []string {
	t.Helper()
	dir := sharedtest.Path(t, filepath.Dir(pattern))
	files, err := filepath.Glob(filepath.Join(dir, filepath.Base(pattern)))
	if err != nil || len(files) != want {
		t.Fatalf("saw %d files of %s, want %d (%v)", len(files), pattern, want, err)
	}
	return files
}

// Package oncall holds the test that runs the rule set of this folder over recordings of
// all four signals. The rules' own tests stand beside them in rules/*_test.yaml.
package oncall

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/examples/internal/program"
)

// TestFourSignals runs the program as a person would, and sends it real data through the
// doors: nine CloudWatch series with PutMetricData, two log files with PutLogEvents,
// X-Ray's segments with PutTraceSegments, and CloudTrail's records with `tocsin send`.
// Then AWS clients read what the targets got.
func TestFourSignals(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs the whole program")
	}
	p := program.Start(t, "rules")
	p.Subscribe(t, "on-call-page", "pager")

	data := putMetrics(t, p.AWS())
	p.Wait(t, program.Counts{Received: 34895, Matched: 204, Unmatched: 34691, Delivered: 327})

	putLog(t, p.AWS(), "Apache/Apache_2k.log", "/on-call/apache", "www")
	putLog(t, p.AWS(), "OpenSSH/OpenSSH_2k.log", "/on-call/sshd", "LabSZ")
	p.Wait(t, program.Counts{Received: 34895 + 4000, Matched: 204 + 1051, Unmatched: 34691 + 2949, Delivered: 327 + 1100})

	refused := putTraces(t, p.AWS())
	if diff := cmp.Diff([]string{"ParseError 5cc4a447f5d4d696", "MissingStartTime bda182a644eee9b3"}, refused); diff != "" {
		t.Errorf("segments that were refused (-want +got):\n%s", diff)
	}
	p.Wait(t, program.Counts{Received: 38895 + 13, Matched: 1255 + 7, Unmatched: 37640 + 6, Delivered: 1427 + 15})

	p.Send(t, trail(t)...)
	p.Wait(t, program.Counts{Received: 38908 + 1448, Matched: 1262 + 71, Unmatched: 37646 + 1377, Delivered: 1442 + 88})

	ofMetrics, ofOthers, noticed := perRule(t, p.Records(t, "on-call-record"), data)
	if diff := cmp.Diff(wantOfMetrics, ofMetrics); diff != "" {
		t.Errorf("what the rules of metrics found (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(wantOfOthers, ofOthers); diff != "" {
		t.Errorf("what the rules of logs, traces and calls found (-want +got):\n%s", diff)
	}
	if noticed != 16 {
		t.Errorf("%d of the 17 labelled windows were noticed, want 16", noticed)
	}
	got := map[string]int{}
	for _, queue := range []string{"pager", "on-call-incidents", "on-call-dead-letters"} {
		got[queue] = p.Waiting(t, queue)
	}
	// Metrics, logs, traces, calls.
	want := map[string]int{"pager": 26 + 1 + 3 + 9, "on-call-incidents": 79 + 24 + 3 + 7, "on-call-dead-letters": 0}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what AWS clients read (-want +got):\n%s", diff)
	}
}

// found is what a rule matched: in a labelled window of its series, and outside.
type found struct{ Inside, Outside int }

var wantOfMetrics = map[string]found{
	"quiet-host-wakes":   {1, 0},
	"web-host-busy":      {2, 0},
	"batch-host-idle":    {46, 16},
	"disk-burst":         {4, 19},
	"network-burst":      {13 + 13, 14 + 36},
	"load-balancer-rush": {6, 10},
	"database-busy":      {4, 2},
	"requests-slow":      {9, 9},
}

var wantOfOthers = map[string]int{
	"web-error": 595, "web-backend-broken": 24,
	"ssh-root-guessed": 370, "ssh-break-in": 85, "ssh-password-accepted": 1,
	"request-failed": 3, "request-throttled": 1, "request-slow": 3, "query-from-request": 2,
	"witness-off": 8, "account-leaves": 1, "command-on-host": 2, "door-opened": 5, "call-refused": 56,
}

// record is one record of the stream; the members of a datum are there where it is one.
type record struct {
	Rule   string
	Time   time.Time
	Detail struct {
		Namespace  string
		Dimensions map[string]string
		Timestamp  int64
	}
}

// perRule counts what was recorded, and how many windows were noticed.
func perRule(t *testing.T, records [][]byte, data labelled) (ofMetrics map[string]found, ofOthers map[string]int, windows int) {
	t.Helper()
	ofMetrics, ofOthers = map[string]found{}, map[string]int{}
	noticed := map[anomaly]bool{}
	for _, raw := range records {
		var r record
		if err := json.Unmarshal(raw, &r); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(r.Detail.Namespace, "OnCall/") {
			ofOthers[r.Rule]++
			continue
		}
		n := ofMetrics[r.Rule]
		for _, value := range r.Detail.Dimensions {
			at, ok := data[value][r.Detail.Timestamp]
			if !ok || r.Time.Unix() != r.Detail.Timestamp/1000 {
				t.Errorf("nobody sent the datum of %s", raw)
			}
			if at.window < 0 {
				n.Outside++
				continue
			}
			n.Inside++
			noticed[at] = true
		}
		ofMetrics[r.Rule] = n
	}
	return ofMetrics, ofOthers, len(noticed)
}

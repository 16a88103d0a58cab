package expression

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/sdk/event"
	"github.com/tocsin-engine/tocsin/sdk/sharedtest"
)

// maxRecorded bounds the events taken from each folder, so that the test stays short.
const maxRecorded = 300

// recordedDetails are real JSON objects: API calls, Lambda payloads, samples of the
// documentation. Each is the detail of one event.
func recordedDetails(t *testing.T, folder string) [][]byte {
	t.Helper()
	var details [][]byte
	err := filepath.WalkDir(sharedtest.Path(t, folder), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".json" || len(details) >= maxRecorded {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, raw := range records(data) {
			details = append(details, raw)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return details
}

// records takes a file apart: a list, CloudTrail's {"Records": […]}, or one object.
func records(data []byte) []json.RawMessage {
	var list []json.RawMessage
	if json.Unmarshal(data, &list) == nil {
		return list
	}
	var trail struct{ Records []json.RawMessage }
	if json.Unmarshal(data, &trail) == nil && len(trail.Records) > 1 {
		return trail.Records
	}
	return []json.RawMessage{data}
}

// TestRecordedEvents: on real events the detail comes out as it went in, Explain agrees
// with Bool, and what one program decodes does not change what another one sees.
func TestRecordedEvents(t *testing.T) {
	var programs []*Program
	for _, src := range []string{
		`detail.eventSource == "ec2.amazonaws.com" and detail.eventName startsWith "Describe"`,
		`detail.userIdentity?.type in ["Root", "IAMUser"] or detail.errorCode != nil`,
		`not (detail.sourceIPAddress matches "^10\\.") and len(keys(detail)) > 3`,
		`any(values(detail), type(#) == "map")`,
		`detail.requestParameters.groupId startsWith "sg-"`,
		`detail.Records[0].eventVersion == "2.1"`,
	} {
		programs = append(programs, compile(t, src, When))
	}
	all := compile(t, `detail`, Input)
	for _, folder := range []string{"cloudtrail", "lambda-events", "aws-docs-samples"} {
		details := recordedDetails(t, folder)
		if len(details) == 0 {
			t.Fatalf("no events in %s", folder)
		}
		for _, detail := range details {
			ev, err := event.New(event.Fields{Source: "s", DetailType: "AWS API Call via CloudTrail", Detail: detail})
			if err != nil {
				continue // not an object, or one with a name twice
			}
			shared := NewEnv(ev)
			for _, p := range programs {
				checkTrace(t, p, ev)
				ok, _ := p.Bool(shared)
				if alone, _ := p.Bool(NewEnv(ev)); alone != ok {
					t.Errorf("%s is %v after others, %v alone: %s", p.source, ok, alone, detail)
				}
			}
			got, err := all.JSON(shared)
			if err != nil {
				t.Errorf("%s: %v", detail, err)
				continue
			}
			if diff := cmp.Diff(generic(t, ev.Detail()), generic(t, got)); diff != "" {
				t.Errorf("%s", diff)
			}
		}
	}
}

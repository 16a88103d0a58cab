package transform

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/sdk/event"
	"github.com/tocsin-engine/tocsin/sdk/sharedtest"
)

// recordedAt is where the answers stand that were recorded from AWS.
const recordedAt = "aws-snapshots/events/test_events_inputs.snapshot.json"

// The details of the events that the recordings were made with.
const (
	plainDetail      = `{"command": "update-account", "payload": {"acc_id": "0a787ecb-4015", "sf_id": "baz"}}`
	duplicatedDetail = `{"command": "update-account", "payload": {"acc_id": "0a787ecb-4015", "payload": {"message": "baz", "id": "123"}}}`
	specialDetail    = `{"command": "update-account", "payload": {"acc_id": "0a787ecb-4015", "sf_id": "baz"},
		"listsingle": ["HIGH"], "listmulti": ["ACTIVE", "INACTIVE"], "valid": true}`
)

var (
	allFound  = map[string]string{"detail-type": "$.detail-type", "timestamp": "$.time", "command": "$.detail.command"}
	oneAbsent = map[string]string{"detail-type": "$.detail-type", "timestamp": "$.time", "command": "$.detail.notinmessage"}
	nested    = map[string]string{
		"userId": "$.detail.payload.acc_id", "payload": "$.detail.payload", "systemstring": "$.detail.awsAccountId",
		"listsingle": "$.detail.listsingle", "listmulti": "$.detail.listmulti", "valid": "$.detail.valid",
	}
)

// recordedInput is what a recorded answer was an answer to.
type recordedInput struct {
	path     string
	paths    map[string]string
	template string
	detail   string
}

// inputOf finds out what was asked, from the name of the recorded test and of the answer
// in it. ok is false for the answers of PutTargets.
func inputOf(test, answer string) (in recordedInput, ok bool) {
	name, param, _ := strings.Cut(strings.TrimSuffix(test[strings.LastIndex(test, "::")+2:], "]"), "[")
	param = strings.ReplaceAll(param, `\n`, "\n")
	switch name {
	case "test_put_events_with_input_path":
		return recordedInput{path: "$.detail", detail: plainDetail}, true
	case "test_put_events_with_input_path_nested":
		if param == "event_detail1" {
			return recordedInput{path: "$.detail.payload", detail: duplicatedDetail}, true
		}
		return recordedInput{path: "$.detail.payload", detail: plainDetail}, true
	case "test_put_events_with_input_path_max_level_depth":
		return recordedInput{path: "$.detail.payload.sf_id", detail: plainDetail}, true
	case "test_put_events_with_input_path_multiple_targets":
		if answer == "message-queue-2" {
			return recordedInput{path: "$", detail: plainDetail}, true
		}
		return recordedInput{path: "$.detail", detail: plainDetail}, true
	case "test_put_events_with_input_transformer_input_template_string", "test_put_events_with_input_transformer_input_template_json":
		if param == "" {
			param = `"Event of <detail-type> type, at time <timestamp>, info extracted from detail <command>"`
		}
		if strings.HasSuffix(name, "json") {
			param = `{"detailType": <detail-type>,  "time": <timestamp>, "command": <command>}`
		}
		if answer == "custom-variables-not-match-all" {
			return recordedInput{paths: oneAbsent, template: param, detail: plainDetail}, true
		}
		return recordedInput{paths: allFound, template: param, detail: plainDetail}, true
	case "test_input_transformer_predefined_variables":
		return recordedInput{template: param, detail: plainDetail}, true
	case "test_input_transformer_nested_keys_replacement":
		return recordedInput{paths: nested, template: param, detail: specialDetail}, true
	}
	return recordedInput{}, false
}

type recordedCase struct {
	Content map[string]json.RawMessage `json:"recorded-content"`
}

func recordedCases(t *testing.T) map[string]recordedCase {
	t.Helper()
	data, err := os.ReadFile(sharedtest.Path(t, recordedAt))
	if err != nil {
		t.Fatal(err)
	}
	var cases map[string]recordedCase
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	return cases
}

func TestRecordedFromAWS(t *testing.T) {
	cases := recordedCases(t)
	if len(cases) < 31 {
		t.Fatalf("%d recorded cases, want at least 31", len(cases))
	}
	for test, c := range cases {
		t.Run(test[strings.LastIndex(test, "::")+2:], func(t *testing.T) {
			if len(c.Content) == 0 {
				checkUndelivered(t, test)
			}
			for answer, content := range c.Content {
				if strings.HasSuffix(answer, "-error") {
					checkRefused(t, test, content)
				} else {
					checkDelivered(t, test, answer, content)
				}
			}
		})
	}
}

// checkDelivered compares what Apply gives with the body that was recorded.
func checkDelivered(t *testing.T, test, answer string, content json.RawMessage) {
	t.Helper()
	var messages []struct{ Body any }
	if err := json.Unmarshal(content, &messages); err != nil || len(messages) == 0 {
		t.Fatalf("%s: no messages: %v", answer, err)
	}
	in, ok := inputOf(test, answer)
	if !ok {
		t.Fatalf("nobody knows what %s was an answer to", test)
	}
	got := asRecorded(t, applyRecorded(t, in), messages[0].Body)
	if diff := cmp.Diff(messages[0].Body, got); diff != "" {
		t.Errorf("%s: %s (-want +got):\n%s", answer, in.template+in.path, diff)
	}
}

func checkUndelivered(t *testing.T, test string) {
	t.Helper()
	in, ok := inputOf(test, "")
	if !ok {
		t.Fatalf("nobody knows what %s was an answer to", test)
	}
	compiled, errs := FromTemplate(in.paths, in.template)
	if len(errs) > 0 {
		return
	}
	if body, err := compiled.Apply(recordedEvent(t, in.detail), recordedContext); err == nil {
		t.Errorf("%s gives %s; AWS delivers nothing", in.template, body)
	}
}

// checkRefused is for the answers of PutTargets. That there is only one of Input,
// InputPath and InputTransformer is for those to check who read requests.
func checkRefused(t *testing.T, test string, content json.RawMessage) {
	t.Helper()
	if strings.HasSuffix(test, "::test_put_event_input_path_and_input_transformer") {
		return
	}
	var answer struct{ Error struct{ Message string } }
	if err := json.Unmarshal(content, &answer); err != nil {
		t.Fatal(err)
	}
	_, errs := FromTemplate(allFound, `"Event of <detail-type> type, with not defined key <notdefinedkey>"`)
	if len(errs) != 1 {
		t.Fatalf("errors %v, want one", errs)
	}
	if diff := cmp.Diff(answer.Error.Message, errs[0].AWS("<target-id>")); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func applyRecorded(t *testing.T, r recordedInput) []byte {
	t.Helper()
	in, errs := FromTemplate(r.paths, r.template)
	if r.path != "" {
		in, errs = FromPath(r.path)
	}
	if len(errs) > 0 {
		t.Fatalf("%s%s: %v", r.path, r.template, errs)
	}
	body, err := in.Apply(recordedEvent(t, r.detail), recordedContext)
	if err != nil {
		t.Fatalf("%s%s: %v", r.path, r.template, err)
	}
	return body
}

// The values that the recordings hold names for.
var (
	recordedTime    = time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)
	recordedContext = Context{
		RuleName: "<rule-name>", RuleARN: "arn:<partition>:events:<region>:111111111111:rule/<bus-name>/<rule-name>",
		Ingestion: recordedTime,
	}
)

func recordedEvent(t *testing.T, detail string) event.Event {
	t.Helper()
	ev, err := event.New(event.Fields{ID: "<uuid>", Source: "core.update-account-command", DetailType: "core.update-account-command",
		Account: "111111111111", Region: "<region>", Time: recordedTime, Detail: []byte(detail)})
	if err != nil {
		t.Fatal(err)
	}
	return ev
}

// asRecorded gives body the form of the recordings: JSON is read where it was read
// there, and what differs from run to run has a name.
func asRecorded(t *testing.T, body []byte, want any) any {
	t.Helper()
	text := strings.ReplaceAll(string(body), event.FormatTime(recordedTime), "date")
	if _, isText := want.(string); isText {
		return text
	}
	var got any
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	nameIDs(want, got)
	return got
}

// nameIDs gives the ids of got the names that want has for its own, and the time within
// <aws.events.event>, of which only the name was recorded.
func nameIDs(want, got any) {
	w, _ := want.(map[string]any)
	g, _ := got.(map[string]any)
	for name, v := range g {
		s, _ := w[name].(string)
		if name == "id" && v == "<uuid>" && strings.HasPrefix(s, "<uuid:") || name == "time" && s == "<ingestion-time>" {
			g[name] = s
		}
		nameIDs(w[name], v)
	}
}

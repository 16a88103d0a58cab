package rulefile

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tocsin-engine/tocsin/rules/diag"
)

func TestParseTests(t *testing.T) {
	got, list := ParseTests(File{Name: "rules/audit_test.yaml", Data: []byte(`version: 1
tests:
  - name: one event
    event: {source: shop.orders, detail-type: OrderPlaced, detail: {id: A-17, amount: 1250.50}}
    match: [b, a]
    deliver:
      fraud: [{title: Order A-17, n: 1e3}]
      log: 2
  - name: steps
    start: 2026-02-01T00:00:00+01:00
    respond: {page: [retry, ok]}
    steps:
      - at: 3m
        expect: {deliver: {page: 1}, dead: {page: 0}}
      - each: 1m
        from: 0m
        to: 2m
        event_file: testdata/x.json
        with: {detail.errorCode: Client.UnauthorizedOperation, detail.n: 5}
        times: 6
        match: []
`)})
	for _, f := range list {
		t.Error(f.Error())
	}
	again := func(at time.Duration) Step {
		return Step{At: at, EventFile: "testdata/x.json", Times: 6, Match: []string{}, With: []Override{
			{Path: "detail.errorCode", Value: []byte(`"Client.UnauthorizedOperation"`)}, {Path: "detail.n", Value: []byte("5")}}}
	}
	want := []Test{
		{Name: "one event", Start: TestStart, Steps: []Step{{
			Event: []byte(`{"source":"shop.orders","detail-type":"OrderPlaced","detail":{"id":"A-17","amount":1250.50}}`),
			Times: 1, Match: []string{"a", "b"}, Settle: true,
			Deliver: map[string]Want{"fraud": {Count: 1, Inputs: [][]byte{[]byte(`{"title":"Order A-17","n":1e3}`)}}, "log": {Count: 2}},
		}}},
		{Name: "steps", Start: time.Date(2026, 1, 31, 23, 0, 0, 0, time.UTC), Respond: map[string][]Response{"page": {Again, OK}},
			Steps: []Step{again(0), again(time.Minute), again(2 * time.Minute),
				{At: 3 * time.Minute, Deliver: map[string]Want{"page": {Count: 1}}, Dead: map[string]Want{"page": {}}}}},
	}
	if diff := cmp.Diff(want, got.Tests, cmpopts.IgnoreTypes(diag.Pos{})); diff != "" {
		t.Errorf("ParseTests (-want +got):\n%s", diff)
	}
	unknown := got.Unknown(&Set{Rules: []Rule{{Name: "a"}, {Name: "bb"}}, Targets: []Target{{Name: "log"}, {Name: "pages"}}})
	var short []string
	for _, f := range unknown {
		short = append(short, f.Error()+": "+f.Label)
	}
	wantUnknown := []string{
		`rules/audit_test.yaml:5:13: error T009: tests[0].match[0]: unknown rule "b": define it under rules:`,
		`rules/audit_test.yaml:7:7: error T009: tests[0].deliver.fraud: unknown target "fraud": define it under targets:`,
		`rules/audit_test.yaml:11:15: error T009: tests[1].respond.page: unknown target "page": did you mean "pages"?`,
		`rules/audit_test.yaml:14:28: error T009: tests[1].steps[0].expect.deliver.page: unknown target "page": did you mean "pages"?`,
		`rules/audit_test.yaml:14:45: error T009: tests[1].steps[0].expect.dead.page: unknown target "page": did you mean "pages"?`,
	}
	if diff := cmp.Diff(wantUnknown, short); diff != "" {
		t.Errorf("Unknown (-want +got):\n%s", diff)
	}
}

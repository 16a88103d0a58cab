package rulefile

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

const pluginTests = `version: 1
tests:
  - name: tries again when the channel is down
    config: {url: "https://hooks.example.com/T0"}
    event: {source: shop, detail-type: Order, detail: {id: 7}}
    input: {text: hello}
    now: 2026-02-03T04:05:06Z
    respond:
      - {status: 503, body: {error: down}, headers: {x-a: b}}
      - {result: {MessageId: "1"}}
      - {error: {code: Throttling, retry: true}}
      - {refuse: busy}
    calls:
      - http: {method: POST}
      - aws: {service: sqs}
    outcome: retry
    log: [told]
  - name: says nothing else
    event: {source: shop, detail-type: Order, detail: {}}
`

func TestParsePluginTests(t *testing.T) {
	got, list := ParsePluginTests(File{Name: "plugin_test.yaml", Data: []byte(pluginTests)})
	if len(list) > 0 {
		t.Fatal(list)
	}
	want := []PluginTest{{
		Name: "tries again when the channel is down", Config: []byte(`{"url":"https://hooks.example.com/T0"}`),
		Event: []byte(`{"source":"shop","detail-type":"Order","detail":{"id":7}}`), Input: []byte(`{"text":"hello"}`),
		Now: TestStart.AddDate(0, 1, 2).Add(4*3600e9 + 5*60e9 + 6e9),
		Respond: []PluginAnswer{
			{HTTP: &abi.HTTPResponse{Status: 503, Headers: map[string]string{"x-a": "b"}, Body: `{"error":"down"}`}},
			{AWS: &abi.AWSResponse{Result: abi.RawJSON(`{"MessageId":"1"}`)}},
			{AWS: &abi.AWSResponse{Error: &abi.AWSError{Code: "Throttling", Retry: true}}},
			{Refuse: abi.Busy},
		},
		Calls:   []PluginCall{{Function: "http", Want: []byte(`{"method":"POST"}`)}, {Function: "aws", Want: []byte(`{"service":"sqs"}`)}},
		Outcome: "retry", Log: []string{"told"},
	}, {
		Name: "says nothing else", Config: []byte("{}"), Event: []byte(`{"source":"shop","detail-type":"Order","detail":{}}`), Now: TestStart, Outcome: "done",
	}}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreTypes(diag.Pos{})); diff != "" {
		t.Errorf("tests (-want +got):\n%s", diff)
	}
}

func TestParsePluginTests_findings(t *testing.T) {
	for _, tc := range []struct{ name, change, with, want string }{
		{"two kinds of answer", "{refuse: busy}", "{refuse: busy, status: 500}", "T002"},
		{"no kind of answer", "{refuse: busy}", "{}", "T002"},
		{"two functions", "- aws: {service: sqs}", "- {aws: {}, http: {}}", "T002"},
		{"a code of nothing", "outcome: retry", "code: X", "T002"},
		{"an unknown field", "outcome: retry", "outcom: retry", "R001"},
		{"an unknown outcome", "outcome: retry", "outcome: maybe", "R011"},
		{"two of one name", "says nothing else", "tries again when the channel is down", "T004"},
		{"no event", "    event: {source: shop, detail-type: Order, detail: {}}\n", "", "R003"},
		{"a status that is none", "status: 503", "status: 42", "R012"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			changed := strings.Replace(pluginTests, tc.change, tc.with, 1)
			_, list := ParsePluginTests(File{Name: "plugin_test.yaml", Data: []byte(changed)})
			if len(list) != 1 || list[0].Code != tc.want {
				t.Errorf("findings %v, want one %s", list, tc.want)
			}
		})
	}
}

func FuzzParsePluginTests(f *testing.F) {
	f.Add([]byte(pluginTests))
	f.Add([]byte(""))
	f.Add([]byte("version: 1\ntests: [{name: x, event: {}, respond: [{}], calls: [{}]}]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		tests, list := ParsePluginTests(File{Name: "f", Data: data})
		if len(list) == 0 && len(tests) == 0 {
			t.Errorf("no finding and no test in %q", data)
		}
		for _, finding := range list {
			if finding.Line < 1 || finding.Message == "" {
				t.Errorf("a finding without a place: %+v", finding)
			}
		}
	})
}

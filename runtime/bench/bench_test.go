package bench

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/rules/matcher/workload"
)

const file = `{"name":"buckets","pattern":{"detail":{"requestParameters":{"bucketName":[{"prefix":"bucket-0"}]}}}}

{"name":"resources","when":"len(resources) == 1"}
{"pattern":{"source":["nobody"]}}
`

func TestLines(t *testing.T) {
	rules, findings := Lines("r.jsonl", []byte(file))
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	var names []string
	for _, r := range rules {
		names = append(names, r.Name)
	}
	if diff := cmp.Diff([]string{"buckets", "resources", "line 4"}, names); diff != "" {
		t.Error(diff)
	}
}

func TestLinesFindings(t *testing.T) {
	_, findings := Lines("r.jsonl", []byte("{\"name\":\"a\"}\n[]\n{\"name\":1}\n{\"patern\":{}}\n{\"pattern\":{\"a\":\"x\"}}\n{\"when\":\"sorce == 1\"}\n{\n"))
	var got []string
	for _, f := range findings {
		got = append(got, f.Error())
	}
	want := []string{
		`r.jsonl:1:1: error R009: a rule has a pattern or a when`,
		`r.jsonl:2:1: error R002: a line is one rule, a JSON object, not a list`,
		`r.jsonl:3:9: error R002: name: "name" is a string, not a number`,
		`r.jsonl:4:2: error R001: patern: unknown field "patern"`,
		`r.jsonl:5:17: error P002: pattern.a: "a" is a string; a field's value is a list`,
		`r.jsonl:6:9: error E003: when: unknown name "sorce"`,
		`r.jsonl:7:2: error J001: a member name in quotes is needed here`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestRun holds what can be held without looking at a clock.
func TestRun(t *testing.T) {
	rules, _ := Lines("r.jsonl", []byte(file))
	r := Run(rules, workload.CloudTrail(1, 100), Options{Round: time.Millisecond})
	if r.Rules != 3 || r.Events != 100 || r.Failed != 0 || r.EventsPerCPUSecond <= 0 || r.NsPerEvent <= 0 || r.JSONValidPerCPUSecond <= 0 {
		t.Errorf("Run = %+v", r)
	}
	if r.Matches != 200 {
		t.Errorf("%d matches, want 200: every event has a bucket and one resource", r.Matches)
	}
	var got []Cost
	for _, c := range r.Expensive {
		c.Help = ""
		got = append(got, c)
	}
	want := []Cost{
		{Rule: "resources", Tried: 100, Evaluated: 100, Matched: 100, Why: "is evaluated on every event: len(resources) == 1 does not say what value a field must have"},
		{Rule: "buckets", Tried: 100, Matched: 100, Why: `is found by detail.requestParameters.bucketName prefix "bucket-0"`},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTable(t *testing.T) {
	five := workload.ByName("five")
	five.Sizes, five.Count = []int{1, 2}, 10
	var out strings.Builder
	if err := Workloads(&out, Options{Round: time.Millisecond, Workloads: []workload.Workload{five}, Most: 20}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"× json.Valid", "five exact fields", "of the first\n", "two cores", "a change among 20 rules: add ", "loading 20 mixed rules: "} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table has no %q:\n%s", want, out.String())
		}
	}
}

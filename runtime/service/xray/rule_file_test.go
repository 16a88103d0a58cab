package xray_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/runtime/service/xray"
)

// printed is what the AWS CLI prints, with AWS's own members.
const printed = `{"SamplingRuleRecords": [
  {"SamplingRule": {"RuleName": "checkout", "RuleARN": "arn:aws:xray:us-east-1:1:sampling-rule/checkout", "ResourceARN": "*",
    "Priority": 100, "FixedRate": 0.25, "ReservoirSize": 10, "ServiceName": "shop", "ServiceType": "AWS::EC2::Instance", "Host": "*",
    "HTTPMethod": "POST", "URLPath": "/checkout/*", "Version": 1, "Attributes": {"tier": "gold"}},
   "CreatedAt": "2026-01-02T15:04:05+00:00", "ModifiedAt": 1529959993.0},
  {"SamplingRule": {"RuleName": "Default", "Priority": 10000, "FixedRate": 0.01, "ReservoirSize": 0}}
]}`

func TestParseRules(t *testing.T) {
	got, list := xray.ParseRules("sampling.json", []byte(printed))
	if len(list) > 0 {
		t.Fatal(list)
	}
	want := []xray.SamplingRule{
		{RuleName: "checkout", ResourceARN: "*", Priority: 100, FixedRate: 0.25, ReservoirSize: 10, ServiceName: "shop", ServiceType: "AWS::EC2::Instance",
			Host: "*", HTTPMethod: "POST", URLPath: "/checkout/*", Version: 1, Attributes: map[string]string{"tier": "gold"}},
		{RuleName: "Default", ResourceARN: "*", Priority: 10000, FixedRate: 0.01, ServiceName: "*", ServiceType: "*", Host: "*", HTTPMethod: "*", URLPath: "*", Version: 1},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
	w := newWorld(t, got...)
	if all := call(w, w.GetSamplingRules, xray.GetSamplingRulesRequest{}, "").SamplingRuleRecords; len(all) != 2 || all[1].SamplingRule.FixedRate != 0.01 {
		t.Errorf("with a Default of its own: %+v", all)
	}
}

// TestRuleFindings: all mistakes of a file are found at once, where they are.
func TestRuleFindings(t *testing.T) {
	rule := func(fields string) string {
		return "SamplingRuleRecords:\n- SamplingRule: {RuleName: a, Priority: 1, FixedRate: 0, ReservoirSize: 0" + fields + "}\n"
	}
	for _, tc := range []struct{ name, file, want string }{
		{"nothing wrong", rule(""), ""},
		{"the limits", rule(", Host: " + strings.Repeat("h", 64) + ", URLPath: " + strings.Repeat("/", 128) + ", HTTPMethod: ABCDEFGHIJ"), ""},
		{"no rules", "SamplingRuleRecords: []", ""},
		{"a list", "- a", `f:1:1: error C002: this is a list, not an object`},
		{"an unknown field", "SamplingRules: []", `f:1:1: error C002: SamplingRules: unknown field "SamplingRules"`},
		{"no list", "SamplingRuleRecords: {}", `f:1:22: error C002: SamplingRuleRecords: this is an object, not a list`},
		{"an unknown member", rule(", Rate: 1"), `f:2:76: error C002: SamplingRuleRecords[0].SamplingRule.Rate: unknown field "Rate"`},
		{"host too long", rule(", Host: " + strings.Repeat("h", 65)), `f:2:82: error C002: SamplingRuleRecords[0].SamplingRule.Host: Host does not take this value`},
		{"missing", "SamplingRuleRecords: [{SamplingRule: {RuleName: a, FixedRate: 1}}]",
			"f:1:38: error C002: SamplingRuleRecords[0].SamplingRule: the rule has no Priority\n" +
				"f:1:38: error C002: SamplingRuleRecords[0].SamplingRule: the rule has no ReservoirSize"},
		{"rate", strings.Replace(rule(""), "FixedRate: 0", "FixedRate: 5", 1), `f:2:55: error C002: SamplingRuleRecords[0].SamplingRule.FixedRate: FixedRate does not take this value`},
		{"priority 0", strings.Replace(rule(""), "Priority: 1", "Priority: 0", 1), `f:2:41: error C002: SamplingRuleRecords[0].SamplingRule.Priority: Priority does not take this value`},
		{"priority 9999", strings.Replace(rule(""), "Priority: 1", "Priority: 9999", 1), ""},
		{"priority 10000", strings.Replace(rule(""), "Priority: 1", "Priority: 10000", 1),
			`f:2:17: error C002: SamplingRuleRecords[0].SamplingRule.Priority: only the rule Default has the priority 10000`},
		{"default", strings.Replace(rule(""), "RuleName: a", "RuleName: Default", 1),
			`f:2:17: error C002: SamplingRuleRecords[0].SamplingRule: the rule Default has priority 10000 and matches everything`},
		{"version", rule(", Version: 2"), `f:2:85: error C002: SamplingRuleRecords[0].SamplingRule.Version: Version does not take this value`},
		{"attributes", rule(", Attributes: {a: 1}"), `f:2:88: error C002: SamplingRuleRecords[0].SamplingRule.Attributes: Attributes does not take this value`},
		{"the same name", rule("") + "- SamplingRule: {RuleName: a, Priority: 2, FixedRate: 0, ReservoirSize: 0}",
			`f:3:17: error C002: SamplingRuleRecords[1].SamplingRule: a second rule is called "a"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, list := xray.ParseRules("f", []byte(tc.file))
			var got []string
			for _, f := range list {
				got = append(got, f.Error())
			}
			if diff := cmp.Diff(tc.want, strings.Join(got, "\n")); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

// FuzzParseRules: what is read without a finding is within X-Ray's limits.
func FuzzParseRules(f *testing.F) {
	f.Add([]byte(printed))
	f.Add([]byte("SamplingRuleRecords:\n- SamplingRule: {RuleName: a, Priority: 1, FixedRate: 1e-1, ReservoirSize: 0}\n"))
	f.Add([]byte("SamplingRuleRecords: [{SamplingRule: {}}, 5]"))
	f.Fuzz(func(t *testing.T, file []byte) {
		rules, list := xray.ParseRules("f", file)
		if len(list) > 0 {
			return
		}
		for _, r := range rules {
			if r.RuleName == "" || len([]rune(r.RuleName)) > 32 || r.Priority < 1 || r.Priority > 10000 || !(r.FixedRate >= 0 && r.FixedRate <= 1) ||
				r.ReservoirSize < 0 || r.Version != 1 || r.URLPath == "" || len(r.Attributes) > 5 {
				t.Errorf("%q gives the rule %+v", file, r)
			}
		}
	})
}

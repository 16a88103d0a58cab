package events

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/sdk/sharedtest"
)

func TestListRules(t *testing.T) {
	s, _ := newService()
	got, err := s.ListRules(t.Context(), us, &ListRulesRequest{})
	if err != nil {
		t.Fatal(err)
	}
	want := []Rule{
		{Name: "orders", Arn: "arn:aws:events:us-east-1:111111111111:rule/orders", EventPattern: `{"source":["shop"]}`, State: "ENABLED", Description: "all of them", EventBusName: "default"},
		{Name: "refunds", Arn: "arn:aws:events:us-east-1:111111111111:rule/refunds", EventPattern: `{"source":["shop"],"detail-type":["Refund"]}`, State: "DISABLED", EventBusName: "default"},
	}
	if diff := cmp.Diff(want, got.Rules); diff != "" {
		t.Error(diff)
	}
	got, err = s.ListRules(t.Context(), us, &ListRulesRequest{EventBusName: "from-a-file"})
	if err != nil || len(got.Rules) != 1 || got.Rules[0].Arn != "arn:aws:events:us-east-1:111111111111:rule/from-a-file/elsewhere" {
		t.Errorf("of another bus: %+v, %v", got, err)
	}
	got, err = s.ListRules(t.Context(), us, &ListRulesRequest{NamePrefix: "o", Limit: 1})
	if err != nil || len(got.Rules) != 1 || got.NextToken != "" {
		t.Errorf("by prefix: %+v, %v", got, err)
	}
	_, err = s.ListRules(t.Context(), us, &ListRulesRequest{EventBusName: "nowhere"})
	wantError(t, err, "ResourceNotFoundException", "Event bus nowhere does not exist.")
}

func TestDescribeRuleAndItsTargets(t *testing.T) {
	s, _ := newService()
	rule, err := s.DescribeRule(t.Context(), us, &RuleRequest{Name: "orders"})
	if err != nil || rule.CreatedBy != us.Account || rule.EventPattern != `{"source":["shop"]}` {
		t.Errorf("DescribeRule = %+v, %v", rule, err)
	}
	targets, err := s.ListTargetsByRule(t.Context(), us, &ListTargetsByRuleRequest{Rule: "orders"})
	want := []Target{{"one", "arn:aws:tocsin:us-east-1:111111111111:target/one"}, {"two", "arn:aws:tocsin:us-east-1:111111111111:target/two"}}
	if diff := cmp.Diff(want, targets.Targets); diff != "" || err != nil {
		t.Error(diff, err)
	}
	_, err = s.DescribeRule(t.Context(), us, &RuleRequest{Name: "nope"})
	wantError(t, err, "ResourceNotFoundException", "Rule nope does not exist on EventBus default.")
	_, err = s.ListTargetsByRule(t.Context(), us, &ListTargetsByRuleRequest{Rule: "orders", EventBusName: "from-a-file"})
	wantError(t, err, "ResourceNotFoundException", "Rule orders does not exist on EventBus from-a-file.")
}

func TestBusWithRulesStays(t *testing.T) {
	s, _ := newService()
	const name = "aws.partner/acme.com/kept/eu"
	if _, err := s.CreatePartnerEventSource(t.Context(), us, &PartnerSourceRequest{Name: name, Account: us.Account}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.CreateEventBus(t.Context(), us, &CreateEventBusRequest{Name: name, EventSourceName: name}); err != nil {
		t.Fatal(err)
	}
	_, err := s.DeleteEventBus(t.Context(), us, &EventBusRequest{Name: name})
	wantError(t, err, "ValidationException", "Event bus can't be deleted since it has rules.")
}

func TestTestEventPatternRefuses(t *testing.T) {
	s, _ := newService()
	for _, tc := range []struct{ name, pattern, event, code, want string }{
		{"pattern", `{"source":"shop"}`, `{}`, "InvalidEventPatternException", "Event pattern is not valid. Reason: "},
		{"pattern twice wrong", `{"source":"shop","detail":{"a":1}}`, `{}`, "InvalidEventPatternException", "; "},
		{"long pattern", strings.Repeat(" ", maxPattern+1), `{}`, "ValidationException", "less than or equal to 4096"},
		{"event", `{"source":["shop"]}`, `{"a":`, "ValidationException", "Parameter Event is not valid. Reason: "},
		{"event is a list", `{"source":["shop"]}`, `[]`, "ValidationException", "one JSON object"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := s.TestEventPattern(t.Context(), us, &TestEventPatternRequest{EventPattern: tc.pattern, Event: tc.event})
			wantError(t, err, tc.code, tc.want)
		})
	}
}

// Every case that was checked against AWS gives AWS's answer through this door too.
func TestTestEventPatternAgreesWithAWS(t *testing.T) {
	raw, err := os.ReadFile(sharedtest.Path(t, "eventpatterns/localstack-cases.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct{ Name, Expect, Pattern, Event, AWSCode string }
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	s, _ := newService()
	for _, tc := range cases {
		t.Run(tc.Name, func(t *testing.T) {
			got, err := s.TestEventPattern(t.Context(), us, &TestEventPatternRequest{EventPattern: tc.Pattern, Event: tc.Event})
			if tc.Expect == "error" {
				wantError(t, err, tc.AWSCode, "Event pattern is not valid. Reason: ")
				return
			}
			if err != nil || got.Result != (tc.Expect == "yes") {
				t.Errorf("got %+v, %v; AWS says %s", got, err, tc.Expect)
			}
		})
	}
	if len(cases) == 0 {
		t.Error("no cases")
	}
}

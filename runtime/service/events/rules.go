package events

import (
	"context"
	"slices"
	"strings"

	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// maxPattern is the longest pattern that EventBridge takes.
const maxPattern = 4096

// TestEventPatternRequest asks whether an event matches a pattern.
type TestEventPatternRequest struct {
	EventPattern string
	Event        string
}

// TestEventPatternResponse answers it.
type TestEventPatternResponse struct {
	Result bool
}

// TestEventPattern matches one event against one pattern. Why it does not match is
// told by `tocsin explain`; EventBridge's API has no room for it.
func (s *Service) TestEventPattern(_ context.Context, _ service.Caller, r *TestEventPatternRequest) (*TestEventPatternResponse, error) {
	p, err := compiled(r.EventPattern)
	if err != nil {
		return nil, err
	}
	raw := []byte(strings.Trim(r.Event, " \t\r\n"))
	if err := event.Check(raw); err != nil {
		return nil, service.Errorf("ValidationException", "Parameter Event is not valid. Reason: %s", strings.TrimPrefix(err.Error(), "event: "))
	}
	if event.Value(raw).Kind() != event.Object {
		return nil, service.Errorf("ValidationException", "Parameter Event is not valid. Reason: an event is one JSON object.")
	}
	return &TestEventPatternResponse{Result: p.Match(raw)}, nil
}

// Rule is a loaded rule as clients see it. A rule with a `when` expression matches less
// than its EventPattern says; the API has no member for that.
type Rule struct {
	Name               string
	Arn                string
	EventPattern       string `json:",omitempty"`
	ScheduleExpression string `json:",omitempty"`
	State              string
	Description        string `json:",omitempty"`
	EventBusName       string
	CreatedBy          string `json:",omitempty"`
}

// ListRulesRequest is a page of a bus's rules.
type ListRulesRequest struct {
	NamePrefix   string `json:",omitempty"`
	EventBusName string `json:",omitempty"`
	NextToken    string `json:",omitempty"`
	Limit        int    `json:",omitempty"`
}

// ListRulesResponse is that page.
type ListRulesResponse struct {
	Rules     []Rule
	NextToken string `json:",omitempty"`
}

// RuleRequest names a rule of a bus.
type RuleRequest struct {
	Name         string `json:",omitempty"`
	EventBusName string `json:",omitempty"`
}

// ListTargetsByRuleRequest names a rule of a bus.
type ListTargetsByRuleRequest struct {
	Rule         string
	EventBusName string `json:",omitempty"`
	NextToken    string `json:",omitempty"`
	Limit        int    `json:",omitempty"`
}

// Target is a target of a rule. Its ARN is ours: what it delivers to, its plugin knows.
type Target struct {
	ID  string `json:"Id"`
	Arn string
}

// ListTargetsByRuleResponse is a page of targets.
type ListTargetsByRuleResponse struct {
	Targets   []Target
	NextToken string `json:",omitempty"`
}

func ruleView(c service.Caller, r rulefile.Rule) Rule {
	name := r.Name
	if r.Bus != event.DefaultBus {
		name = r.Bus + "/" + r.Name
	}
	v := Rule{Name: r.Name, Arn: c.ARN(Name, "rule/"+name), State: "ENABLED", Description: r.Description, EventBusName: r.Bus}
	if r.Disabled {
		v.State = "DISABLED"
	}
	if r.Pattern != nil {
		v.EventPattern = string(r.Pattern.JSON())
	}
	if r.Schedule != nil {
		v.ScheduleExpression = r.Schedule.String()
	}
	return v
}

// rulesOf returns the loaded rules of a bus by name.
func (s *Service) rulesOf(ctx context.Context, c service.Caller, bus string) (map[string]rulefile.Rule, error) {
	b, err := s.known(ctx, c, bus)
	if err != nil {
		return nil, err
	}
	found := map[string]rulefile.Rule{}
	for _, r := range s.c.Rules().Rules {
		if r.Bus == b.Value.Name {
			found[r.Name] = r
		}
	}
	return found, nil
}

// ListRules lists the loaded rules of a bus.
func (s *Service) ListRules(ctx context.Context, c service.Caller, r *ListRulesRequest) (*ListRulesResponse, error) {
	all, err := s.rulesOf(ctx, c, r.EventBusName)
	if err != nil {
		return nil, err
	}
	names, next, err := page(all, &ListRequest{NamePrefix: r.NamePrefix, NextToken: r.NextToken, Limit: r.Limit})
	response := &ListRulesResponse{Rules: []Rule{}, NextToken: next}
	for _, name := range names {
		response.Rules = append(response.Rules, ruleView(c, all[name]))
	}
	return response, err
}

func (s *Service) rule(ctx context.Context, c service.Caller, bus, name string) (rulefile.Rule, error) {
	all, err := s.rulesOf(ctx, c, bus)
	if err != nil {
		return rulefile.Rule{}, err
	}
	r, ok := all[name]
	if !ok {
		bus, _ = busName(c, bus)
		return r, service.Errorf("ResourceNotFoundException", "Rule %s does not exist on EventBus %s.", name, bus)
	}
	return r, nil
}

// DescribeRule returns one loaded rule.
func (s *Service) DescribeRule(ctx context.Context, c service.Caller, r *RuleRequest) (*Rule, error) {
	found, err := s.rule(ctx, c, r.EventBusName, r.Name)
	if err != nil {
		return nil, err
	}
	view := ruleView(c, found)
	view.CreatedBy = c.Account
	return &view, nil
}

// ListTargetsByRule lists the targets of one loaded rule.
func (s *Service) ListTargetsByRule(ctx context.Context, c service.Caller, r *ListTargetsByRuleRequest) (*ListTargetsByRuleResponse, error) {
	found, err := s.rule(ctx, c, r.EventBusName, r.Rule)
	if err != nil {
		return nil, err
	}
	all := map[string]rulefile.Route{}
	for _, route := range found.Targets {
		all[route.Target] = route
	}
	names, next, err := page(all, &ListRequest{NextToken: r.NextToken, Limit: r.Limit})
	response := &ListTargetsByRuleResponse{Targets: []Target{}, NextToken: next}
	for _, name := range names {
		response.Targets = append(response.Targets, Target{ID: name, Arn: c.ARN("tocsin", "target/"+name)})
	}
	return response, err
}

// hasRules says whether a loaded rule listens to a bus.
func (s *Service) hasRules(bus string) bool {
	return slices.ContainsFunc(s.c.Rules().Rules, func(r rulefile.Rule) bool { return r.Bus == bus })
}

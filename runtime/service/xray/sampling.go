package xray

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/service"
)

// defaultName is the rule that matches what no other one does.
const defaultName = "Default"

// defaultRule is AWS's: one request a second, and 5 % of the others.
var defaultRule = SamplingRule{
	RuleName: defaultName, Priority: 10_000, FixedRate: 0.05, ReservoirSize: 1, Version: 1,
	ResourceARN: "*", ServiceName: "*", ServiceType: "*", Host: "*", HTTPMethod: "*", URLPath: "*",
}

// withDefault sorts rules and adds the default one if they do not change it.
func withDefault(rules []SamplingRule) []SamplingRule {
	rules = slices.Clone(rules)
	if !slices.ContainsFunc(rules, func(r SamplingRule) bool { return r.RuleName == defaultName }) {
		rules = append(rules, defaultRule)
	}
	slices.SortFunc(rules, func(a, b SamplingRule) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(a.RuleName, b.RuleName))
	})
	return rules
}

// The limits of GetSamplingTargets.
const (
	maxStatistics = 25
	clientID      = 24
)

// interval is after how many seconds a client is to ask again.
const interval = 10

// GetSamplingRules answers all rules, those that are asked first first.
func (s *Service) GetSamplingRules(_ context.Context, c service.Caller, _ *GetSamplingRulesRequest) (*GetSamplingRulesResponse, error) {
	response := &GetSamplingRulesResponse{}
	for _, r := range s.rules {
		r.RuleARN = c.ARN(Name, "sampling-rule/"+r.RuleName)
		if r.Attributes == nil {
			r.Attributes = map[string]string{}
		}
		response.SamplingRuleRecords = append(response.SamplingRuleRecords,
			SamplingRuleRecord{SamplingRule: r, CreatedAt: s.c.Modified, ModifiedAt: s.c.Modified})
	}
	return response, nil
}

// GetSamplingTargets gives a client its part of the reservoirs.
func (s *Service) GetSamplingTargets(_ context.Context, _ service.Caller, r *GetSamplingTargetsRequest) (*GetSamplingTargetsResponse, error) {
	switch n := len(r.SamplingStatisticsDocuments); {
	case r.SamplingStatisticsDocuments == nil:
		return nil, invalid("SamplingStatisticsDocuments is required.")
	case n > maxStatistics:
		return nil, invalid("SamplingStatisticsDocuments has at most %d documents, not %d.", maxStatistics, n)
	}
	now := s.c.Now()
	response := &GetSamplingTargetsResponse{
		SamplingTargetDocuments: []SamplingTargetDocument{}, LastRuleModification: s.c.Modified, UnprocessedStatistics: []UnprocessedStatistics{},
	}
	for _, d := range r.SamplingStatisticsDocuments {
		i := slices.IndexFunc(s.rules, func(r SamplingRule) bool { return r.RuleName == d.RuleName })
		if why := d.wrong(i >= 0); why != "" {
			// SDKs read the code as an HTTP status: at a 4 they ask for the rules again.
			response.UnprocessedStatistics = append(response.UnprocessedStatistics, UnprocessedStatistics{d.RuleName, "400", why})
			continue
		}
		s.count(d)
		response.SamplingTargetDocuments = append(response.SamplingTargetDocuments, s.target(s.rules[i], d.ClientID, now))
	}
	return response, nil
}

// wrong says why a document cannot be answered, "" if it can.
func (d SamplingStatisticsDocument) wrong(known bool) string {
	switch {
	case !known:
		return fmt.Sprintf("No sampling rule is called %q.", d.RuleName)
	case len(d.ClientID) != clientID:
		return fmt.Sprintf("A ClientID has %d characters.", clientID)
	case d.Timestamp.IsZero(), d.RequestCount == nil, d.SampledCount == nil:
		return "Timestamp, RequestCount and SampledCount are required."
	case *d.RequestCount < 0, *d.SampledCount < 0, d.BorrowCount < 0:
		return "A count is 0 or more."
	}
	return ""
}

func (s *Service) count(d SamplingStatisticsDocument) {
	add(&s.matched, *d.RequestCount)
	add(&s.sampled, *d.SampledCount)
	add(&s.borrowed, d.BorrowCount)
}

func (s *Service) target(r SamplingRule, client string, now time.Time) SamplingTargetDocument {
	quota, until := s.leases.renew(r.RuleName, client, r.ReservoirSize, now)
	return SamplingTargetDocument{
		RuleName: r.RuleName, FixedRate: r.FixedRate, ReservoirQuota: quota, ReservoirQuotaTTL: until, Interval: interval,
	}
}

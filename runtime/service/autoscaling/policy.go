package autoscaling

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/store"
)

// policy is what is stored of a policy.
type policy struct {
	Group, Name, ID, Type, Adjustment string
	Aggregation                       string `json:",omitempty"`
	By, Magnitude, Cooldown, Warmup   *int   `json:",omitempty"`
	Steps                             []Step `json:",omitempty"`
	Disabled                          bool   `json:",omitempty"`
}

func policyPrefix(group string) string { return "policy/" + group + "/" }

func (p policy) key() string { return policyPrefix(p.Group) + p.Name }

func (p policy) arn(c service.Caller) string {
	return c.ARN(Name, "scalingPolicy:"+p.ID+":autoScalingGroupName/"+p.Group+":policyName/"+p.Name)
}

// PutPolicy makes or replaces a policy of a group.
func (s *Service) PutPolicy(ctx context.Context, c service.Caller, r *PutPolicyRequest) (*PutPolicyResponse, error) {
	p := policy{Group: r.Group, Name: r.Name, Type: r.PolicyType, Adjustment: r.AdjustmentType, By: r.ScalingAdjustment,
		Magnitude: r.MinAdjustmentMagnitude, Cooldown: r.Cooldown, Warmup: r.EstimatedInstanceWarmup,
		Aggregation: r.MetricAggregationType, Steps: r.StepAdjustments, Disabled: r.Enabled != nil && !*r.Enabled}
	if p.Type == "" {
		p.Type = "SimpleScaling"
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	if _, err := s.open(ctx, c, r.Group); err != nil {
		return nil, err
	}
	err := s.state.Retry(ctx, func() error {
		old, err := service.Get[policy](ctx, s.state, p.key())
		if err != nil {
			return err
		}
		if p.ID = old.Value.ID; p.ID == "" {
			p.ID = service.NewID()
		}
		return s.state.Apply(ctx, s.state.Put(p.key(), p, old.Version, time.Time{}))
	})
	return &PutPolicyResponse{PolicyARN: p.arn(c), Alarms: []Alarm{}}, err
}

func (p policy) check() error {
	switch {
	case p.Name == "" || strings.ContainsAny(p.Name, "/:"):
		return invalid("PolicyName is required, without slash or colon")
	case p.Type != "SimpleScaling" && p.Type != "StepScaling":
		return invalid("PolicyType %s is not there: nothing here measures; write SimpleScaling or StepScaling", p.Type)
	case !slices.Contains([]string{"ChangeInCapacity", "ExactCapacity", "PercentChangeInCapacity"}, p.Adjustment):
		return invalid("AdjustmentType must be ChangeInCapacity, ExactCapacity or PercentChangeInCapacity, not %q", p.Adjustment)
	case p.Magnitude != nil && p.Adjustment != "PercentChangeInCapacity":
		return invalid("MinAdjustmentMagnitude goes with AdjustmentType PercentChangeInCapacity only")
	case p.Type == "SimpleScaling" && (p.By == nil || p.Steps != nil):
		return invalid("a policy of type SimpleScaling has a ScalingAdjustment and no StepAdjustments")
	case p.Type == "StepScaling" && (p.By != nil || p.Cooldown != nil):
		return invalid("a policy of type StepScaling has StepAdjustments, no ScalingAdjustment and no Cooldown")
	case p.Type == "StepScaling":
		return checkSteps(p.Steps)
	}
	return nil
}

// checkSteps wants 1 to 20 intervals that are not empty and do not overlap.
func checkSteps(steps []Step) error {
	if len(steps) == 0 || len(steps) > 20 {
		return invalid("StepAdjustments must have 1 to 20 steps")
	}
	for i, a := range steps {
		if a.Lower != nil && a.Upper != nil && *a.Lower >= *a.Upper {
			return invalid("StepAdjustments: the lower bound of a step must be less than its upper bound")
		}
		for _, b := range steps[i+1:] {
			apart := a.Upper != nil && b.Lower != nil && *a.Upper <= *b.Lower ||
				b.Upper != nil && a.Lower != nil && *b.Upper <= *a.Lower
			if !apart {
				return invalid("StepAdjustments must not overlap")
			}
		}
	}
	return nil
}

// DescribePolicies lists policies by group and name; a page's token is the last key.
func (s *Service) DescribePolicies(ctx context.Context, c service.Caller, r *DescribePoliciesRequest) (*DescribePoliciesResponse, error) {
	prefix := "policy/"
	if r.Group != "" {
		prefix = policyPrefix(r.Group)
	}
	n := pageSize(r.Max)
	out, last := &DescribePoliciesResponse{Policies: []Policy{}}, ""
	after := r.NextToken
	for {
		got, err := service.List[policy](ctx, s.state, prefix, after, 100)
		if err != nil {
			return nil, err
		}
		for _, x := range got {
			p := x.Value
			if len(r.Names) > 0 && !slices.Contains(r.Names, p.Name) && !slices.Contains(r.Names, p.arn(c)) ||
				len(r.Types) > 0 && !slices.Contains(r.Types, p.Type) {
				continue
			}
			if len(out.Policies) == n {
				out.NextToken = last
				return out, nil
			}
			out.Policies, last = append(out.Policies, p.describe(c)), x.Key
		}
		if len(got) < 100 {
			return out, nil
		}
		after = got[len(got)-1].Key
	}
}

func (p policy) describe(c service.Caller) Policy {
	out := Policy{Group: p.Group, Name: p.Name, ARN: p.arn(c), PolicyType: p.Type, AdjustmentType: p.Adjustment,
		MinAdjustmentMagnitude: p.Magnitude, ScalingAdjustment: p.By, Cooldown: p.Cooldown, StepAdjustments: p.Steps,
		MetricAggregationType: p.Aggregation, EstimatedInstanceWarmup: p.Warmup, Alarms: []Alarm{}, Enabled: !p.Disabled}
	if out.StepAdjustments == nil {
		out.StepAdjustments = []Step{}
	}
	return out
}

// find reads a policy by the group's and its own name, or by its ARN.
func (s *Service) find(ctx context.Context, group, name string) (service.Stored[policy], error) {
	if _, rest, ok := strings.Cut(name, ":autoScalingGroupName/"); ok {
		group, name, _ = strings.Cut(rest, ":policyName/")
	}
	p, err := service.Get[policy](ctx, s.state, policyPrefix(group)+name)
	if err == nil && !p.Exists() {
		err = invalid("PolicyName not found: group %q has no policy %q; make it with PutScalingPolicy", group, name)
	}
	return p, err
}

// DeletePolicy removes a policy.
func (s *Service) DeletePolicy(ctx context.Context, _ service.Caller, r *DeletePolicyRequest) (*service.Empty, error) {
	p, err := s.find(ctx, r.Group, r.Name)
	if err != nil {
		return nil, err
	}
	return &service.Empty{}, s.state.Apply(ctx, s.state.Drop(p.Key, store.AnyVersion))
}

// ExecutePolicy runs a policy once: what an alarm would make it do.
func (s *Service) ExecutePolicy(ctx context.Context, c service.Caller, r *ExecutePolicyRequest) (*service.Empty, error) {
	found, err := s.find(ctx, r.Group, r.Name)
	if err != nil {
		return nil, err
	}
	p := found.Value
	by, acts, err := p.adjustment(r)
	if err != nil {
		return nil, err
	}
	return s.change(ctx, c, p.Group, func(g *group) ([]Activity, error) {
		if r.HonorCooldown && s.now().Before(g.CooldownEnds) {
			return nil, errCooldown
		}
		if !acts || p.Disabled {
			return nil, nil
		}
		want := min(max(p.capacity(len(g.Instances), by), g.Min), g.Max)
		done := s.scale(c, g, want, "a user request executed policy "+p.Name)
		if p.Cooldown != nil && done != nil {
			g.CooldownEnds = g.Scaled.Add(time.Duration(*p.Cooldown) * time.Second)
		}
		return done, nil
	})
}

// adjustment is by how much a policy wants to adjust; no step may be for that metric.
func (p policy) adjustment(r *ExecutePolicyRequest) (by int, acts bool, err error) {
	if p.Type == "SimpleScaling" {
		return *p.By, true, nil
	}
	if r.MetricValue == nil || r.BreachThreshold == nil {
		return 0, false, invalid("a policy of type StepScaling needs MetricValue and BreachThreshold")
	}
	distance := *r.MetricValue - *r.BreachThreshold
	for _, s := range p.Steps {
		if s.covers(distance) {
			return s.ScalingAdjustment, true, nil
		}
	}
	return 0, false, nil
}

// covers says whether a distance from the threshold is the step's. Above the threshold
// the lower bound belongs to a step, below it the upper one
// (https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_StepAdjustment.html).
func (s Step) covers(distance float64) bool {
	if distance >= 0 {
		return (s.Lower == nil || distance >= *s.Lower) && (s.Upper == nil || distance < *s.Upper)
	}
	return (s.Lower == nil || distance > *s.Lower) && (s.Upper == nil || distance <= *s.Upper)
}

// capacity is what an adjustment makes of a capacity. A percentage is rounded towards
// zero, but never to nothing.
func (p policy) capacity(have, by int) int {
	switch p.Adjustment {
	case "ExactCapacity":
		return by
	case "ChangeInCapacity":
		return have + by
	}
	change := have * by / 100
	least := 1
	if p.Magnitude != nil {
		least = max(1, *p.Magnitude)
	}
	switch {
	case by > 0:
		change = max(change, least)
	case by < 0:
		change = min(change, -least)
	}
	return have + change
}

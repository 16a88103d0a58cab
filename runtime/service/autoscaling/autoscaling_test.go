package autoscaling

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/store/memory"
)

// bench is a service on a store in memory with a clock that stands still.
type bench struct {
	*Service
	t      *testing.T
	caller service.Caller
	clock  time.Time
}

func newBench(t *testing.T) *bench {
	b := &bench{t: t, clock: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
		caller: service.Caller{Account: "123456789012", Region: "eu-west-1"}}
	b.Service = New(memory.New(memory.Config{}), func() time.Time { return b.clock }, nil)
	return b
}

func (b *bench) group(name string, low, high, desired int) {
	b.t.Helper()
	_, err := b.CreateGroup(b.t.Context(), b.caller, &CreateRequest{Name: name, MinSize: &low, MaxSize: &high, DesiredCapacity: &desired,
		AvailabilityZones: []string{"eu-west-1a", "eu-west-1b"}})
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) describe(name string) Group {
	b.t.Helper()
	r, err := b.DescribeGroups(b.t.Context(), b.caller, &DescribeRequest{Names: []string{name}})
	if err != nil || len(r.Groups) != 1 {
		b.t.Fatalf("groups called %s: %+v, %v", name, r, err)
	}
	g := r.Groups[0]
	if g.DesiredCapacity != len(g.Instances) {
		b.t.Errorf("capacity %d with %d instances", g.DesiredCapacity, len(g.Instances))
	}
	return g
}

func (b *bench) set(name string, n int, honour bool) error {
	return second(b.SetDesiredCapacity(b.t.Context(), b.caller, &SetDesiredCapacityRequest{Name: name, DesiredCapacity: &n, HonorCooldown: honour}))
}

func codeOf(err error) string {
	if e, ok := errors.AsType[*service.Error](err); ok {
		return e.Code
	}
	return fmt.Sprint(err)
}

func second[T any](_ T, err error) error { return err }

func TestCapacity(t *testing.T) {
	b := newBench(t)
	b.group("web", 1, 4, 2)
	g := b.describe("web")
	if g.DesiredCapacity != 2 || g.Instances[0].AvailabilityZone == g.Instances[1].AvailabilityZone {
		t.Fatalf("group %+v, want two instances in two zones", g)
	}
	oldest := g.Instances[0].InstanceID
	if err := b.set("web", 4, false); err != nil {
		t.Fatal(err)
	}
	if err := b.set("web", 3, false); err != nil {
		t.Fatal(err)
	}
	g = b.describe("web")
	if g.DesiredCapacity != 3 || g.Instances[0].InstanceID == oldest {
		t.Errorf("group %+v, want three instances without the oldest", g)
	}
	for n, want := range map[int]string{5: "New SetDesiredCapacity value 5 is above max value 4 for the AutoScalingGroup.",
		0: "New SetDesiredCapacity value 0 is below min value 1 for the AutoScalingGroup."} {
		if err := b.set("web", n, false); err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("capacity %d: %v, want %q", n, err, want)
		}
	}
	if code := codeOf(b.set("web", 2, true)); code != "ScalingActivityInProgressFault" {
		t.Errorf("within the cooldown: %s", code)
	}
	b.clock = b.clock.Add(300 * time.Second)
	if err := b.set("web", 2, true); err != nil {
		t.Errorf("after the cooldown: %v", err)
	}
}

func TestActivities(t *testing.T) {
	b := newBench(t)
	b.group("web", 0, 200, 1)
	b.clock = b.clock.Add(time.Hour)
	if err := b.set("web", 121, false); err != nil {
		t.Fatal(err)
	}
	b.clock = b.clock.Add(time.Hour)
	if err := b.set("web", 120, false); err != nil {
		t.Fatal(err)
	}
	var all []Activity
	token := ""
	for range 2 {
		r, err := b.DescribeActivities(t.Context(), b.caller, &DescribeActivitiesRequest{Group: "web", NextToken: token})
		if err != nil {
			t.Fatal(err)
		}
		all, token = append(all, r.Activities...), r.NextToken
	}
	if len(all) != 122 || token != "" {
		t.Fatalf("%d activities on two pages, token %q; want 122 and none", len(all), token)
	}
	if !strings.HasPrefix(all[0].Description, "Terminating EC2 instance: i-") {
		t.Errorf("the newest is %q", all[0].Description)
	}
	want := "At 2026-03-01T14:00:00Z a user request explicitly set group desired capacity changing the desired capacity from 121 to 120."
	if all[0].Cause != want {
		t.Errorf("cause %q, want %q", all[0].Cause, want)
	}
	for i, a := range all[1:] {
		if a.StartTime.After(all[i].StartTime) {
			t.Fatalf("activity %d is newer than the one before", i+1)
		}
	}
	one, err := b.DescribeActivities(t.Context(), b.caller, &DescribeActivitiesRequest{ActivityIDs: []string{all[120].ActivityID}})
	if err != nil || len(one.Activities) != 1 {
		t.Errorf("by id: %+v, %v", one, err)
	}
}

func TestUpdateAndDelete(t *testing.T) {
	b := newBench(t)
	ctx, c := t.Context(), b.caller
	b.group("web", 0, 10, 5)
	if _, err := b.UpdateGroup(ctx, c, &UpdateRequest{Name: "web", MaxSize: new(3)}); err != nil {
		t.Fatal(err)
	}
	if g := b.describe("web"); g.DesiredCapacity != 3 || g.MaxSize != 3 {
		t.Errorf("group %+v, want 3 of 3", g)
	}
	if code := codeOf(second(b.UpdateGroup(ctx, c, &UpdateRequest{Name: "web", MinSize: new(4)}))); code != "ValidationError" {
		t.Errorf("minimum over maximum: %s", code)
	}
	if code := codeOf(second(b.DeleteGroup(ctx, c, &DeleteRequest{Name: "web"}))); code != "ResourceInUseFault" {
		t.Errorf("deleting a group with instances: %s", code)
	}
	if _, err := b.DeleteGroup(ctx, c, &DeleteRequest{Name: "web", ForceDelete: true}); err != nil {
		t.Fatal(err)
	}
	r, err := b.DescribeGroups(ctx, c, &DescribeRequest{})
	if err != nil || len(r.Groups) != 0 {
		t.Errorf("left over: %+v, %v", r, err)
	}
}

func TestGroupPages(t *testing.T) {
	b := newBench(t)
	for _, name := range []string{"a", "b", "c"} {
		b.group(name, 0, 1, 0)
	}
	r, err := b.DescribeGroups(t.Context(), b.caller, &DescribeRequest{MaxRecords: 2})
	if err != nil || len(r.Groups) != 2 || r.NextToken == "" {
		t.Fatalf("%+v, %v", r, err)
	}
	r, err = b.DescribeGroups(t.Context(), b.caller, &DescribeRequest{MaxRecords: 2, NextToken: r.NextToken})
	if err != nil || len(r.Groups) != 1 || r.NextToken != "" {
		t.Errorf("second page %+v, %v", r, err)
	}
}

func TestPolicies(t *testing.T) {
	steps := []Step{
		{Lower: new(0.0), Upper: new(10.0), ScalingAdjustment: 1},
		{Lower: new(10.0), ScalingAdjustment: 3},
		{Lower: new(-10.0), Upper: new(0.0), ScalingAdjustment: -1},
	}
	for _, tc := range []struct {
		name   string
		policy PutPolicyRequest
		metric float64 // over a threshold of 100
		want   int     // from 5 of 1 to 10
	}{
		{"change", PutPolicyRequest{AdjustmentType: "ChangeInCapacity", ScalingAdjustment: new(2)}, 0, 7},
		{"change beyond the maximum", PutPolicyRequest{AdjustmentType: "ChangeInCapacity", ScalingAdjustment: new(20)}, 0, 10},
		{"exact", PutPolicyRequest{AdjustmentType: "ExactCapacity", ScalingAdjustment: new(3)}, 0, 3},
		{"exact below the minimum", PutPolicyRequest{AdjustmentType: "ExactCapacity", ScalingAdjustment: new(0)}, 0, 1},
		{"percent", PutPolicyRequest{AdjustmentType: "PercentChangeInCapacity", ScalingAdjustment: new(50)}, 0, 7},
		{"a little percent is one", PutPolicyRequest{AdjustmentType: "PercentChangeInCapacity", ScalingAdjustment: new(-3)}, 0, 4},
		{"percent with a magnitude", PutPolicyRequest{AdjustmentType: "PercentChangeInCapacity", ScalingAdjustment: new(10), MinAdjustmentMagnitude: new(4)}, 0, 9},
		{"disabled", PutPolicyRequest{AdjustmentType: "ExactCapacity", ScalingAdjustment: new(3), Enabled: new(false)}, 0, 5},
		{"first step", PutPolicyRequest{PolicyType: "StepScaling", AdjustmentType: "ChangeInCapacity", StepAdjustments: steps}, 100, 6},
		{"second step", PutPolicyRequest{PolicyType: "StepScaling", AdjustmentType: "ChangeInCapacity", StepAdjustments: steps}, 110, 8},
		{"step below", PutPolicyRequest{PolicyType: "StepScaling", AdjustmentType: "ChangeInCapacity", StepAdjustments: steps}, 95, 4},
		{"no step", PutPolicyRequest{PolicyType: "StepScaling", AdjustmentType: "ChangeInCapacity", StepAdjustments: steps}, 90, 5},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := newBench(t)
			b.group("web", 1, 10, 5)
			tc.policy.Group, tc.policy.Name = "web", "p"
			put, err := b.PutPolicy(t.Context(), b.caller, &tc.policy)
			if err != nil {
				t.Fatal(err)
			}
			_, err = b.ExecutePolicy(t.Context(), b.caller, &ExecutePolicyRequest{Name: put.PolicyARN, MetricValue: &tc.metric, BreachThreshold: new(100.0)})
			if err != nil {
				t.Fatal(err)
			}
			if got := b.describe("web").DesiredCapacity; got != tc.want {
				t.Errorf("capacity %d, want %d", got, tc.want)
			}
		})
	}
}

func TestPolicyCooldown(t *testing.T) {
	b := newBench(t)
	b.group("web", 1, 10, 1)
	if _, err := b.PutPolicy(t.Context(), b.caller, &PutPolicyRequest{Group: "web", Name: "up", AdjustmentType: "ChangeInCapacity",
		ScalingAdjustment: new(1), Cooldown: new(60)}); err != nil {
		t.Fatal(err)
	}
	b.clock = b.clock.Add(time.Hour)
	execute := func() error {
		return second(b.ExecutePolicy(t.Context(), b.caller, &ExecutePolicyRequest{Group: "web", Name: "up", HonorCooldown: true}))
	}
	if err := execute(); err != nil {
		t.Fatal(err)
	}
	b.clock = b.clock.Add(59 * time.Second)
	if code := codeOf(execute()); code != "ScalingActivityInProgressFault" {
		t.Errorf("within the policy's cooldown: %s", code)
	}
	b.clock = b.clock.Add(time.Second)
	if err := execute(); err != nil {
		t.Errorf("after it: %v", err)
	}
}

func TestDescribeAndDeletePolicies(t *testing.T) {
	b := newBench(t)
	ctx, c := t.Context(), b.caller
	b.group("web", 1, 10, 1)
	for _, name := range []string{"down", "up"} {
		if _, err := b.PutPolicy(ctx, c, &PutPolicyRequest{Group: "web", Name: name, AdjustmentType: "ChangeInCapacity", ScalingAdjustment: new(1)}); err != nil {
			t.Fatal(err)
		}
	}
	names := func(r *DescribePoliciesRequest) (out []string, token string) {
		t.Helper()
		got, err := b.DescribePolicies(ctx, c, r)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range got.Policies {
			out = append(out, p.Name)
		}
		return out, got.NextToken
	}
	got, token := names(&DescribePoliciesRequest{Group: "web", Max: 1})
	if !cmp.Equal(got, []string{"down"}) || token == "" {
		t.Errorf("first page %v, token %q", got, token)
	}
	if got, token = names(&DescribePoliciesRequest{Group: "web", Max: 1, NextToken: token}); !cmp.Equal(got, []string{"up"}) || token != "" {
		t.Errorf("second page %v, token %q", got, token)
	}
	if got, _ = names(&DescribePoliciesRequest{Names: []string{"up"}}); !cmp.Equal(got, []string{"up"}) {
		t.Errorf("by name %v", got)
	}
	if got, _ = names(&DescribePoliciesRequest{Types: []string{"StepScaling"}}); got != nil {
		t.Errorf("by type %v", got)
	}
	if _, err := b.DeletePolicy(ctx, c, &DeletePolicyRequest{Group: "web", Name: "up"}); err != nil {
		t.Fatal(err)
	}
	if got, _ = names(&DescribePoliciesRequest{}); !cmp.Equal(got, []string{"down"}) {
		t.Errorf("after the deletion %v", got)
	}
}

func TestRefusals(t *testing.T) {
	b := newBench(t)
	b.group("web", 1, 10, 1)
	ctx, c := t.Context(), b.caller
	policy := func(p PutPolicyRequest) error {
		p.Group, p.Name = "web", "p"
		return second(b.PutPolicy(ctx, c, &p))
	}
	overlap := []Step{{Lower: new(0.0), ScalingAdjustment: 1}, {Lower: new(5.0), ScalingAdjustment: 1}}
	for _, tc := range []struct {
		name, want string
		err        error
	}{
		{"no group", "ValidationError", b.set("nope", 1, false)},
		{"twice", "AlreadyExistsFault", second(b.CreateGroup(ctx, c, &CreateRequest{Name: "web", MinSize: new(0), MaxSize: new(1)}))},
		{"no bounds", "ValidationError", second(b.CreateGroup(ctx, c, &CreateRequest{Name: "x"}))},
		{"too large", "ValidationError", second(b.CreateGroup(ctx, c, &CreateRequest{Name: "x", MinSize: new(0), MaxSize: new(1001)}))},
		{"name", "ValidationError", second(b.CreateGroup(ctx, c, &CreateRequest{Name: "a/b", MinSize: new(0), MaxSize: new(1)}))},
		{"desired outside", "ValidationError", second(b.CreateGroup(ctx, c, &CreateRequest{Name: "x", MinSize: new(0), MaxSize: new(1), DesiredCapacity: new(2)}))},
		{"no policy", "ValidationError", second(b.ExecutePolicy(ctx, c, &ExecutePolicyRequest{Group: "web", Name: "nope"}))},
		{"target tracking", "ValidationError", policy(PutPolicyRequest{PolicyType: "TargetTrackingScaling"})},
		{"adjustment", "ValidationError", policy(PutPolicyRequest{AdjustmentType: "More", ScalingAdjustment: new(1)})},
		{"simple without adjustment", "ValidationError", policy(PutPolicyRequest{AdjustmentType: "ExactCapacity"})},
		{"steps with adjustment", "ValidationError", policy(PutPolicyRequest{PolicyType: "StepScaling", AdjustmentType: "ExactCapacity", ScalingAdjustment: new(1), StepAdjustments: overlap[:1]})},
		{"no steps", "ValidationError", policy(PutPolicyRequest{PolicyType: "StepScaling", AdjustmentType: "ExactCapacity"})},
		{"steps overlap", "ValidationError", policy(PutPolicyRequest{PolicyType: "StepScaling", AdjustmentType: "ExactCapacity", StepAdjustments: overlap})},
		{"magnitude", "ValidationError", policy(PutPolicyRequest{AdjustmentType: "ExactCapacity", ScalingAdjustment: new(1), MinAdjustmentMagnitude: new(1)})},
	} {
		if got := codeOf(tc.err); got != tc.want {
			t.Errorf("%s: error %v, want %s", tc.name, tc.err, tc.want)
		}
	}
}

func TestLocalTargetsMakeTheirGroups(t *testing.T) {
	b := newBench(t)
	b.caller.Create = true
	if err := b.set("new", 2, false); err != nil {
		t.Fatal(err)
	}
	if g := b.describe("new"); g.DesiredCapacity != 2 || g.MaxSize != 100 {
		t.Errorf("group %+v", g)
	}
}

func FuzzSteps(f *testing.F) {
	f.Add(0.0, 10.0, 5.0)
	f.Add(-10.0, 0.0, 0.0)
	f.Fuzz(func(t *testing.T, a, b, distance float64) {
		// Two steps that meet at b and are open at both ends cover every distance once.
		steps := []Step{{Upper: &b, ScalingAdjustment: 1}, {Lower: &b, ScalingAdjustment: 2}}
		n := 0
		for _, s := range steps {
			if s.covers(distance) {
				n++
			}
		}
		if n != 1 && !math.IsNaN(distance) && !math.IsNaN(b) {
			t.Errorf("distance %v is covered %d times by steps that meet at %v", distance, n, b)
		}
		if a < b && checkSteps([]Step{{Lower: &a, Upper: &b}}) != nil {
			t.Errorf("a step from %v to %v is refused", a, b)
		}
	})
}

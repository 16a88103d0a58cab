package autoscaling

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/store"
)

// group is what is stored of a group. Its desired capacity is the number of instances:
// they come and go at once.
type group struct {
	Name, ID            string
	Min, Max            int
	Cooldown            int
	Zones               []string
	Subnets             string          `json:",omitempty"`
	LaunchConfiguration string          `json:",omitempty"`
	LaunchTemplate      *LaunchTemplate `json:",omitempty"`
	HealthCheck         string
	Grace               int
	Tags                []Tag `json:",omitempty"`
	Created             time.Time
	Instances           []instance
	// Scaled is when the capacity last changed, CooldownEnds until when a policy that
	// honours the cooldown must wait.
	Scaled, CooldownEnds time.Time
}

type instance struct{ ID, Zone string }

// maxInstances bounds a group: its instances stand in one value of the store.
const maxInstances = 1000

// defaultCooldown is in seconds (the service's default).
const defaultCooldown = 300

func groupKey(name string) string { return "group/" + name }

func (g group) arn(c service.Caller) string {
	return c.ARN(Name, "autoScalingGroup:"+g.ID+":autoScalingGroupName/"+g.Name)
}

// CreateGroup makes a group with its desired capacity, or else its minimum, running.
func (s *Service) CreateGroup(ctx context.Context, c service.Caller, r *CreateRequest) (*service.Empty, error) {
	if r.Name == "" || len(r.Name) > 255 || strings.ContainsAny(r.Name, ":/") {
		return nil, invalid("AutoScalingGroupName must have 1 to 255 characters, none of them a colon or a slash")
	}
	if r.MinSize == nil || r.MaxSize == nil {
		return nil, invalid("MinSize and MaxSize are required")
	}
	g := group{
		Name: r.Name, ID: service.NewID(), Min: *r.MinSize, Max: *r.MaxSize, Cooldown: defaultCooldown,
		Zones: r.AvailabilityZones, Subnets: r.VPCZoneIdentifier, LaunchConfiguration: r.LaunchConfigurationName,
		LaunchTemplate: r.LaunchTemplate, HealthCheck: r.HealthCheckType, Grace: r.HealthCheckGracePeriod,
		Tags: r.Tags, Created: s.now().UTC(),
	}
	if g.HealthCheck == "" {
		g.HealthCheck = "EC2"
	}
	if len(g.Zones) == 0 {
		g.Zones = []string{c.Region + "a"}
	}
	if r.DefaultCooldown != nil {
		g.Cooldown = *r.DefaultCooldown
	}
	desired := g.Min
	if r.DesiredCapacity != nil {
		desired = *r.DesiredCapacity
	}
	if err := g.check(desired); err != nil {
		return nil, err
	}
	acts := s.scale(c, &g, desired, "a user request created an AutoScalingGroup")
	err := s.write(ctx, s.state.Put(groupKey(g.Name), g, 0, time.Time{}), acts)
	if errors.Is(err, store.ErrConflict) {
		err = &service.Error{Code: "AlreadyExistsFault", QueryCode: "AlreadyExists",
			Message: "AutoScalingGroup by this name already exists - A group with the name " + g.Name + " already exists"}
	}
	return &service.Empty{}, err
}

// check says whether the bounds are bounds and desired is within them.
func (g group) check(desired int) error {
	switch {
	case g.Min < 0 || g.Max < g.Min:
		return invalid("Max bound, %d, must be greater than or equal to min bound, %d", g.Max, g.Min)
	case g.Max > maxInstances:
		return invalid("MaxSize %d is more than the %d that a group can have here", g.Max, maxInstances)
	case desired < g.Min || desired > g.Max:
		return invalid("Desired capacity:%d must be between the specified min size:%d and max size:%d", desired, g.Min, g.Max)
	case g.Cooldown < 0:
		return invalid("DefaultCooldown must not be negative")
	}
	return nil
}

// DescribeGroups lists groups by name; a page's token is the last name on it.
func (s *Service) DescribeGroups(ctx context.Context, c service.Caller, r *DescribeRequest) (*DescribeResponse, error) {
	out := &DescribeResponse{Groups: []Group{}}
	if len(r.Names) > 0 {
		for _, name := range r.Names {
			g, err := s.look(ctx, c, name)
			if err != nil {
				return nil, err
			}
			if g.Exists() {
				out.Groups = append(out.Groups, g.Value.describe(c))
			}
		}
		return out, nil
	}
	n := pageSize(r.MaxRecords)
	after := ""
	if r.NextToken != "" {
		after = groupKey(r.NextToken)
	}
	got, err := service.List[group](ctx, s.state, groupKey(""), after, n+1)
	if err != nil {
		return nil, err
	}
	for i, g := range got {
		if i == n {
			out.NextToken = got[i-1].Value.Name
			break
		}
		out.Groups = append(out.Groups, g.Value.describe(c))
	}
	return out, nil
}

// look reads a group that may be missing, unless a local target names it.
func (s *Service) look(ctx context.Context, c service.Caller, name string) (service.Stored[group], error) {
	if c.Create {
		return s.open(ctx, c, name)
	}
	return service.Get[group](ctx, s.state, groupKey(name))
}

func pageSize(asked int) int {
	if asked <= 0 {
		return 50
	}
	return min(asked, 100)
}

func (g group) describe(c service.Caller) Group {
	out := Group{
		Name: g.Name, ARN: g.arn(c), LaunchConfigurationName: g.LaunchConfiguration, LaunchTemplate: g.LaunchTemplate,
		MinSize: g.Min, MaxSize: g.Max, DesiredCapacity: len(g.Instances), DefaultCooldown: g.Cooldown,
		AvailabilityZones: g.Zones, HealthCheckType: g.HealthCheck, HealthCheckGracePeriod: g.Grace,
		Instances: []Instance{}, CreatedTime: g.Created, VPCZoneIdentifier: g.Subnets, Tags: []Tag{},
	}
	for _, i := range g.Instances {
		out.Instances = append(out.Instances, Instance{InstanceID: i.ID, AvailabilityZone: i.Zone,
			LifecycleState: "InService", HealthStatus: "Healthy"})
	}
	for _, t := range g.Tags {
		t.ResourceID, t.ResourceType = g.Name, "auto-scaling-group"
		out.Tags = append(out.Tags, t)
	}
	return out
}

// UpdateGroup changes a group. A capacity outside new bounds moves to the nearer one.
func (s *Service) UpdateGroup(ctx context.Context, c service.Caller, r *UpdateRequest) (*service.Empty, error) {
	return s.change(ctx, c, r.Name, func(g *group) ([]Activity, error) {
		number := func(into *int, from *int) {
			if from != nil {
				*into = *from
			}
		}
		text := func(into *string, from string) {
			if from != "" {
				*into = from
			}
		}
		number(&g.Min, r.MinSize)
		number(&g.Max, r.MaxSize)
		number(&g.Cooldown, r.DefaultCooldown)
		number(&g.Grace, r.HealthCheckGracePeriod)
		text(&g.Subnets, r.VPCZoneIdentifier)
		text(&g.LaunchConfiguration, r.LaunchConfigurationName)
		text(&g.HealthCheck, r.HealthCheckType)
		if len(r.AvailabilityZones) > 0 {
			g.Zones = r.AvailabilityZones
		}
		if r.LaunchTemplate != nil {
			g.LaunchTemplate = r.LaunchTemplate
		}
		desired := min(max(len(g.Instances), g.Min), g.Max)
		number(&desired, r.DesiredCapacity)
		if err := g.check(desired); err != nil {
			return nil, err
		}
		return s.scale(c, g, desired, "a user request updated the AutoScalingGroup constraints"), nil
	})
}

// DeleteGroup removes a group with its policies; its activities stay for a while.
func (s *Service) DeleteGroup(ctx context.Context, c service.Caller, r *DeleteRequest) (*service.Empty, error) {
	c.Create = false
	g, err := s.open(ctx, c, r.Name)
	if err != nil {
		return nil, err
	}
	if len(g.Value.Instances) > 0 && !r.ForceDelete {
		return nil, &service.Error{Code: "ResourceInUseFault", QueryCode: "ResourceInUse",
			Message: "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) still in the group."}
	}
	if err := s.state.Apply(ctx, s.state.Drop(g.Key, store.AnyVersion)); err != nil {
		return nil, err
	}
	return &service.Empty{}, s.state.Clear(ctx, policyPrefix(r.Name))
}

// change reads a group, lets edit change it and writes it with what happened.
func (s *Service) change(ctx context.Context, c service.Caller, name string, edit func(*group) ([]Activity, error)) (*service.Empty, error) {
	err := s.state.Retry(ctx, func() error {
		g, err := s.open(ctx, c, name)
		if err != nil {
			return err
		}
		acts, err := edit(&g.Value)
		if err != nil {
			return err
		}
		return s.write(ctx, s.state.Put(g.Key, g.Value, g.Version, time.Time{}), acts)
	})
	return &service.Empty{}, err
}

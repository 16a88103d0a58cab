package autoscaling

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/store"
)

// activityLife is how long activities are told (AWS: six weeks).
const activityLife = 42 * 24 * time.Hour

// SetDesiredCapacity sets a group's capacity within its bounds.
func (s *Service) SetDesiredCapacity(ctx context.Context, c service.Caller, r *SetDesiredCapacityRequest) (*service.Empty, error) {
	if r.DesiredCapacity == nil {
		return nil, invalid("DesiredCapacity is required")
	}
	want := *r.DesiredCapacity
	return s.change(ctx, c, r.Name, func(g *group) ([]Activity, error) {
		switch {
		case want > g.Max:
			return nil, invalid("New SetDesiredCapacity value %d is above max value %d for the AutoScalingGroup.", want, g.Max)
		case want < g.Min:
			return nil, invalid("New SetDesiredCapacity value %d is below min value %d for the AutoScalingGroup.", want, g.Min)
		case r.HonorCooldown && s.now().Before(g.CooldownEnds):
			return nil, errCooldown
		}
		return s.scale(c, g, want, "a user request explicitly set group desired capacity"), nil
	})
}

// scale brings a group to a capacity: new instances in the zone with the fewest, old
// ones out first. It says what happened, one activity for each instance.
func (s *Service) scale(c service.Caller, g *group, want int, reason string) []Activity {
	have := len(g.Instances)
	if have == want {
		return nil
	}
	now := s.now().UTC()
	at := now.Format(time.RFC3339)
	cause := fmt.Sprintf("At %s %s changing the desired capacity from %d to %d.", at, reason, have, want)
	var acts []Activity
	act := func(doing string, i instance) {
		acts = append(acts, Activity{ActivityID: service.NewID(), Group: g.Name, GroupARN: g.arn(c), Cause: cause,
			Description: doing + i.ID, StartTime: now, EndTime: now, StatusCode: "Successful", Progress: 100,
			Details: `{"Availability Zone":"` + i.Zone + `"}`})
	}
	for len(g.Instances) < want {
		i := instance{ID: "i-" + service.RandomHex(9)[:17], Zone: g.emptiestZone()}
		g.Instances = append(g.Instances, i)
		act("Launching a new EC2 instance: ", i)
	}
	for _, i := range g.Instances[:len(g.Instances)-want] {
		act("Terminating EC2 instance: ", i)
	}
	g.Instances = slices.Clone(g.Instances[len(g.Instances)-want:])
	g.Scaled, g.CooldownEnds = now, now.Add(time.Duration(g.Cooldown)*time.Second)
	return acts
}

func (g *group) emptiestZone() string {
	count := map[string]int{}
	for _, i := range g.Instances {
		count[i.Zone]++
	}
	return slices.MinFunc(g.Zones, func(a, b string) int { return count[a] - count[b] })
}

// write commits a group's change with its activities; those that do not fit into one
// commit follow at once.
func (s *Service) write(ctx context.Context, change store.Swap, acts []Activity) error {
	swaps := append(make([]store.Swap, 0, 1+len(acts)), change)
	for i, a := range acts {
		swaps = append(swaps, s.state.Put(activityKey(a, i), a, store.AnyVersion, a.StartTime.Add(activityLife)))
	}
	for chunk := range slices.Chunk(swaps, store.MaxSwaps) {
		if err := s.state.Apply(ctx, chunk...); err != nil {
			return err
		}
	}
	return nil
}

// activityKey sorts the newest first: the store reads keys upwards only.
func activityKey(a Activity, i int) string {
	return fmt.Sprintf("activity/%s/%019d-%04d-%s", a.Group, int64(1<<63-1)-a.StartTime.UnixNano(), 9999-i, a.ActivityID)
}

// DescribeActivities tells what happened, newest first within each group.
func (s *Service) DescribeActivities(ctx context.Context, _ service.Caller, r *DescribeActivitiesRequest) (*DescribeActivitiesResponse, error) {
	prefix := "activity/"
	if r.Group != "" {
		prefix += r.Group + "/"
	}
	n := r.MaxRecords
	if n <= 0 || n > 100 {
		n = 100
	}
	out, last := &DescribeActivitiesResponse{Activities: []Activity{}}, ""
	after := r.NextToken
	for {
		got, err := service.List[Activity](ctx, s.state, prefix, after, 100)
		if err != nil {
			return nil, err
		}
		for _, a := range got {
			if len(r.ActivityIDs) > 0 && !slices.Contains(r.ActivityIDs, a.Value.ActivityID) {
				continue
			}
			if len(out.Activities) == n {
				out.NextToken = last
				return out, nil
			}
			out.Activities, last = append(out.Activities, a.Value), a.Key
		}
		if len(got) < 100 {
			return out, nil
		}
		after = got[len(got)-1].Key
	}
}

package ec2

import (
	"context"
	"fmt"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/store"
)

// instance is what is stored of one.
type instance struct {
	ID, Reservation, Image, Type, Zone string
	Key                                string `json:",omitempty"`
	Index                              int    `json:",omitempty"`
	State                              State
	// Reason is the transition reason in AWS's words, "" while running.
	Reason   string `json:",omitempty"`
	Launched time.Time
	Tags     []Tag `json:",omitempty"`
}

// listed is how long a terminated instance is still described.
const listed = time.Hour

// rebooted is the tag that tells of the last reboot.
const rebooted = "tocsin:rebooted"

func instanceKey(id string) string { return "instance/" + id }

func (s *Service) put(i instance, version uint64) store.Swap {
	expires := time.Time{}
	if i.State == terminated {
		expires = s.now().Add(listed)
	}
	return s.state.Put(instanceKey(i.ID), i, version, expires)
}

// Run registers instances, running at once.
func (s *Service) Run(ctx context.Context, c service.Caller, r *RunRequest) (*Reservation, error) {
	switch {
	case r.MaxCount < 1 || r.MinCount < 1 || r.MinCount > r.MaxCount:
		return nil, service.Errorf("InvalidParameterValue", "MinCount and MaxCount must be at least 1, and MinCount no more than MaxCount")
	case r.MaxCount > store.MaxSwaps:
		return nil, service.Errorf("InstanceLimitExceeded", "at most %d instances in one call here", store.MaxSwaps)
	case r.ImageID == "":
		return nil, missing("ImageId")
	case r.DryRun:
		return nil, errDryRun
	}
	base := instance{Reservation: newID("r"), Image: r.ImageID, Type: r.InstanceType, Key: r.KeyName,
		Zone: c.Region + "a", State: running, Launched: s.now().UTC()}
	if base.Type == "" {
		base.Type = "m1.small" // the service's default
	}
	if r.Placement != nil && r.Placement.AvailabilityZone != "" {
		base.Zone = r.Placement.AvailabilityZone
	}
	for _, spec := range r.TagSpecifications {
		if spec.ResourceType == "instance" {
			base.Tags = append(base.Tags, spec.Tags...)
		}
	}
	out := &Reservation{ReservationID: base.Reservation, OwnerID: c.Account, Groups: []struct{}{}}
	var swaps []store.Swap
	for n := range r.MaxCount {
		i := base
		i.ID, i.Index = newID("i"), n
		swaps = append(swaps, s.put(i, 0))
		i.State = pending
		out.Instances = append(out.Instances, i.describe())
	}
	return out, s.state.Apply(ctx, swaps...)
}

func (i instance) describe() Instance {
	out := Instance{InstanceID: i.ID, ImageID: i.Image, State: i.State, StateTransitionReason: i.Reason, KeyName: i.Key,
		AMILaunchIndex: i.Index, InstanceType: i.Type, LaunchTime: i.Launched, Placement: Placement{i.Zone}, Tags: []Tag{}}
	out.Tags = append(out.Tags, i.Tags...)
	if i.Reason != "" {
		out.StateReason = &StateReason{"Client.UserInitiatedShutdown", "Client.UserInitiatedShutdown: User initiated shutdown"}
	}
	return out
}

// step is what a call does to one instance.
type step struct {
	// during is what the answer says, after is what is stored.
	during, after State
	// from are the states that allow it; otherwise refusal says what it cannot be.
	from    []State
	refusal string
}

// move takes all instances through a step, or none.
func (s *Service) move(ctx context.Context, c service.Caller, r *InstancesRequest, do step, also func(*instance)) (out []Change, err error) {
	switch {
	case len(r.InstanceIDs) == 0:
		return nil, missing("InstanceId")
	case len(r.InstanceIDs) > store.MaxSwaps:
		return nil, service.Errorf("InvalidParameterValue", "at most %d instances in one call here", store.MaxSwaps)
	}
	if err := checkIDs(r.InstanceIDs); err != nil {
		return nil, err
	}
	err = s.state.Retry(ctx, func() error {
		out = nil
		var swaps []store.Swap
		seen := map[string]bool{}
		for _, id := range r.InstanceIDs {
			if seen[id] {
				continue
			}
			seen[id] = true
			i, err := s.open(ctx, c, id)
			if err != nil {
				return err
			}
			before := i.Value.State
			if err := do.apply(&i.Value, s.now()); err != nil {
				return err
			}
			if also != nil {
				also(&i.Value)
			}
			current := do.during
			if before == do.after {
				current = before
			}
			out = append(out, Change{InstanceID: id, CurrentState: current, PreviousState: before})
			swaps = append(swaps, s.put(i.Value, i.Version))
		}
		if r.DryRun {
			return errDryRun
		}
		return s.state.Apply(ctx, swaps...)
	})
	return out, err
}

func (do step) apply(i *instance, now time.Time) error {
	allowed := i.State == do.after
	for _, from := range do.from {
		allowed = allowed || i.State == from
	}
	if !allowed {
		return service.Errorf("IncorrectInstanceState", "The instance '%s' is not in a state from which it can be %s.", i.ID, do.refusal)
	}
	if i.State == do.after {
		return nil
	}
	i.State, i.Reason = do.after, ""
	if do.after != running {
		i.Reason = fmt.Sprintf("User initiated (%s GMT)", now.UTC().Format(time.DateTime))
	}
	return nil
}

// open reads an instance. A local target may name one that is not registered yet.
func (s *Service) open(ctx context.Context, c service.Caller, id string) (service.Stored[instance], error) {
	i, err := service.Get[instance](ctx, s.state, instanceKey(id))
	if err != nil || i.Exists() {
		return i, err
	}
	if !c.Create {
		return i, service.Errorf("InvalidInstanceID.NotFound", "The instance ID '%s' does not exist", id)
	}
	s.log.Info("registered the instance that a local target names", "instance", id)
	i.Value = instance{ID: id, Reservation: newID("r"), Image: "ami-00000000000000000", Type: "m1.small",
		Zone: c.Region + "a", State: running, Launched: s.now().UTC()}
	return i, nil
}

// Start starts stopped instances.
func (s *Service) Start(ctx context.Context, c service.Caller, r *InstancesRequest) (*StartResponse, error) {
	out, err := s.move(ctx, c, r, step{during: pending, after: running, from: []State{stopped}, refusal: "started"}, nil)
	return &StartResponse{Instances: out}, err
}

// Stop stops running instances.
func (s *Service) Stop(ctx context.Context, c service.Caller, r *InstancesRequest) (*StopResponse, error) {
	out, err := s.move(ctx, c, r, step{during: stopping, after: stopped, from: []State{running}, refusal: "stopped"}, nil)
	return &StopResponse{Instances: out}, err
}

// Terminate ends instances for good.
func (s *Service) Terminate(ctx context.Context, c service.Caller, r *InstancesRequest) (*TerminateResponse, error) {
	out, err := s.move(ctx, c, r, step{during: shuttingDown, after: terminated, from: []State{running, stopped}, refusal: "terminated"}, nil)
	return &TerminateResponse{Instances: out}, err
}

// Reboot reboots running instances.
func (s *Service) Reboot(ctx context.Context, c service.Caller, r *InstancesRequest) (*RebootResponse, error) {
	at := s.now().UTC().Format(time.RFC3339)
	_, err := s.move(ctx, c, r, step{during: running, after: running, refusal: "rebooted"}, func(i *instance) {
		tags := []Tag{{rebooted, at}}
		for _, t := range i.Tags {
			if t.Key != rebooted {
				tags = append(tags, t)
			}
		}
		i.Tags = tags
	})
	return &RebootResponse{Return: err == nil}, err
}

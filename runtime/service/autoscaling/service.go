package autoscaling

import (
	"context"
	"errors"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/store"
)

// Name is the service's signing name.
const Name = "autoscaling"

// Service is the groups of one store.
type Service struct {
	state service.State
	now   func() time.Time
	log   hclog.Logger
}

// New returns the groups kept in st. A nil log is silent.
func New(st store.State, now func() time.Time, log hclog.Logger) *Service {
	if log == nil {
		log = hclog.NewNullLogger()
	}
	return &Service{state: service.NewState(st, Name, now), now: now, log: log.Named(Name)}
}

// Operations are the calls that clients and targets may make.
func (s *Service) Operations() []service.Operation {
	return []service.Operation{
		service.Op(Name, "CreateAutoScalingGroup", s.CreateGroup),
		service.Op(Name, "DescribeAutoScalingGroups", s.DescribeGroups),
		service.Op(Name, "UpdateAutoScalingGroup", s.UpdateGroup),
		service.Op(Name, "DeleteAutoScalingGroup", s.DeleteGroup),
		service.Op(Name, "SetDesiredCapacity", s.SetDesiredCapacity),
		service.Op(Name, "PutScalingPolicy", s.PutPolicy),
		service.Op(Name, "DescribePolicies", s.DescribePolicies),
		service.Op(Name, "DeletePolicy", s.DeletePolicy),
		service.Op(Name, "ExecutePolicy", s.ExecutePolicy),
		service.Op(Name, "DescribeScalingActivities", s.DescribeActivities),
	}
}

func invalid(format string, args ...any) *service.Error {
	return service.Errorf("ValidationError", format, args...)
}

var errCooldown = &service.Error{Code: "ScalingActivityInProgressFault", QueryCode: "ScalingActivityInProgress", Retry: true,
	Message: "Scaling activity is in its cooldown and blocking this action"}

// open reads a group. A local target may name one that is not there yet.
func (s *Service) open(ctx context.Context, c service.Caller, name string) (service.Stored[group], error) {
	if name == "" {
		return service.Stored[group]{}, invalid("AutoScalingGroupName is required")
	}
	g, err := service.Get[group](ctx, s.state, groupKey(name))
	switch {
	case err != nil || g.Exists():
		return g, err
	case !c.Create:
		return g, invalid("AutoScalingGroup name not found - AutoScalingGroup %s not found", name)
	}
	low, high := 0, 100
	_, err = s.CreateGroup(ctx, c, &CreateRequest{Name: name, MinSize: &low, MaxSize: &high})
	if there, ok := errors.AsType[*service.Error](err); err != nil && (!ok || there.QueryCode != "AlreadyExists") {
		return g, err
	}
	s.log.Info("made the group that a local target names", "group", name)
	return service.Get[group](ctx, s.state, groupKey(name))
}

package ec2

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/tocsin-engine/tocsin/runtime/service"
)

// filters are what instances can be filtered by, beside tag:NAME.
var filters = map[string]func(instance) []string{
	"instance-state-name": func(i instance) []string { return []string{i.State.Name} },
	"instance-id":         func(i instance) []string { return []string{i.ID} },
	"instance-type":       func(i instance) []string { return []string{i.Type} },
	"image-id":            func(i instance) []string { return []string{i.Image} },
	"reservation-id":      func(i instance) []string { return []string{i.Reservation} },
	"availability-zone":   func(i instance) []string { return []string{i.Zone} },
	"tag-key": func(i instance) (keys []string) {
		for _, t := range i.Tags {
			keys = append(keys, t.Key)
		}
		return keys
	},
}

func checkFilters(all []Filter) error {
	for _, f := range all {
		if filters[f.Name] == nil && !strings.HasPrefix(f.Name, "tag:") {
			return service.Errorf("InvalidParameterValue", "The filter '%s' is invalid; this register knows instance-state-name, instance-id, instance-type, image-id, reservation-id, availability-zone, tag-key and tag:NAME", f.Name)
		}
		for _, v := range f.Values {
			if _, err := path.Match(v, ""); err != nil {
				return service.Errorf("InvalidParameterValue", "The filter '%s' has the value %q, which is no pattern", f.Name, v)
			}
		}
	}
	return nil
}

// passes says whether an instance passes all filters.
func (i instance) passes(all []Filter) bool {
	return !slices.ContainsFunc(all, func(f Filter) bool {
		return !slices.ContainsFunc(i.filtered(f.Name), func(have string) bool {
			return slices.ContainsFunc(f.Values, func(want string) bool {
				// A slash is like any other character here, unlike in paths.
				ok, err := path.Match(strings.ReplaceAll(want, "/", "\x00"), strings.ReplaceAll(have, "/", "\x00"))
				return ok && err == nil
			})
		})
	})
}

func (i instance) filtered(name string) []string {
	if key, ok := strings.CutPrefix(name, "tag:"); ok {
		for _, t := range i.Tags {
			if t.Key == key {
				return []string{t.Value}
			}
		}
		return nil
	}
	return filters[name](i)
}

// find reads the instances that are named and pass the filters, in the order of ids. A
// page's token is the last key on it.
func (s *Service) find(ctx context.Context, ids []string, want []Filter, token string, n int) (found []instance, next string, err error) {
	if err := checkFilters(want); err != nil {
		return nil, "", err
	}
	if err := checkIDs(ids); err != nil {
		return nil, "", err
	}
	for _, id := range ids {
		i, err := s.open(ctx, service.Caller{}, id)
		if err != nil {
			return nil, "", err
		}
		if i.Value.passes(want) {
			found = append(found, i.Value)
		}
	}
	if len(ids) > 0 {
		return found, "", nil
	}
	if n <= 0 || n > 1000 {
		n = 1000
	}
	for {
		got, err := service.List[instance](ctx, s.state, instanceKey(""), token, 500)
		if err != nil {
			return nil, "", err
		}
		for _, i := range got {
			if !i.Value.passes(want) {
				continue
			}
			if len(found) == n {
				return found, instanceKey(found[n-1].ID), nil
			}
			found = append(found, i.Value)
		}
		if len(got) < 500 {
			return found, "", nil
		}
		token = got[len(got)-1].Key
	}
}

// Describe tells about instances, by reservation.
func (s *Service) Describe(ctx context.Context, c service.Caller, r *DescribeRequest) (*DescribeResponse, error) {
	if r.DryRun {
		return nil, errDryRun
	}
	found, next, err := s.find(ctx, r.InstanceIDs, r.Filters, r.NextToken, r.MaxResults)
	if err != nil {
		return nil, err
	}
	out := &DescribeResponse{Reservations: []Reservation{}, NextToken: next}
	at := map[string]int{}
	for _, i := range found {
		n, known := at[i.Reservation]
		if !known {
			n = len(out.Reservations)
			at[i.Reservation] = n
			out.Reservations = append(out.Reservations, Reservation{ReservationID: i.Reservation, OwnerID: c.Account, Groups: []struct{}{}})
		}
		out.Reservations[n].Instances = append(out.Reservations[n].Instances, i.describe())
	}
	return out, nil
}

// DescribeStatus tells how instances are, only running ones unless all are asked for.
func (s *Service) DescribeStatus(ctx context.Context, _ service.Caller, r *StatusRequest) (*StatusResponse, error) {
	if r.DryRun {
		return nil, errDryRun
	}
	want := r.Filters
	if !r.IncludeAllInstances {
		want = append(slices.Clone(want), Filter{Name: "instance-state-name", Values: []string{running.Name}})
	}
	found, next, err := s.find(ctx, r.InstanceIDs, want, r.NextToken, r.MaxResults)
	if err != nil {
		return nil, err
	}
	out := &StatusResponse{Statuses: []Status{}, NextToken: next}
	for _, i := range found {
		health := Summary{"not-applicable"}
		if i.State == running {
			health = Summary{"ok"}
		}
		out.Statuses = append(out.Statuses, Status{InstanceID: i.ID, AvailabilityZone: i.Zone, InstanceState: i.State,
			InstanceStatus: health, SystemStatus: health})
	}
	return out, nil
}

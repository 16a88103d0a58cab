package ec2

import (
	"errors"
	"fmt"
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

func (b *bench) run(n int, tags ...Tag) (ids []string) {
	b.t.Helper()
	r, err := b.Run(b.t.Context(), b.caller, &RunRequest{ImageID: "ami-12345678", InstanceType: "t3.micro", MinCount: n, MaxCount: n,
		TagSpecifications: []TagSpecification{{ResourceType: "instance", Tags: tags}}})
	if err != nil {
		b.t.Fatal(err)
	}
	for _, i := range r.Instances {
		if i.State != pending {
			b.t.Errorf("state %v in the answer, want pending", i.State)
		}
		ids = append(ids, i.InstanceID)
	}
	return ids
}

// states are those of all instances that pass the filters, by id.
func (b *bench) states(all ...Filter) map[string]string {
	b.t.Helper()
	r, err := b.Describe(b.t.Context(), b.caller, &DescribeRequest{Filters: all})
	if err != nil {
		b.t.Fatal(err)
	}
	out := map[string]string{}
	for _, x := range r.Reservations {
		for _, i := range x.Instances {
			out[i.InstanceID] = i.State.Name
		}
	}
	return out
}

func codeOf(err error) string {
	if e, ok := errors.AsType[*service.Error](err); ok {
		return e.Code
	}
	return fmt.Sprint(err)
}

func second[T any](_ T, err error) error { return err }

func TestLife(t *testing.T) {
	b := newBench(t)
	ctx, c := t.Context(), b.caller
	ids := b.run(2)
	want := func(first, last string) {
		t.Helper()
		if diff := cmp.Diff(map[string]string{ids[0]: first, ids[1]: last}, b.states()); diff != "" {
			t.Fatalf("states (-want +got):\n%s", diff)
		}
	}
	want("running", "running")
	r := &InstancesRequest{InstanceIDs: ids[:1]}
	stop, err := b.Stop(ctx, c, r)
	if diff := cmp.Diff([]Change{{ids[0], stopping, running}}, stop.Instances); diff != "" || err != nil {
		t.Errorf("stop (-want +got):\n%s%v", diff, err)
	}
	want("stopped", "running")
	if stop, err = b.Stop(ctx, c, r); err != nil || stop.Instances[0].CurrentState != stopped {
		t.Errorf("stopping again: %+v, %v", stop, err)
	}
	if code := codeOf(second(b.Reboot(ctx, c, r))); code != "IncorrectInstanceState" {
		t.Errorf("rebooting a stopped instance: %s", code)
	}
	if _, err := b.Start(ctx, c, r); err != nil {
		t.Fatal(err)
	}
	want("running", "running")
	if _, err := b.Terminate(ctx, c, r); err != nil {
		t.Fatal(err)
	}
	want("terminated", "running")
	if code := codeOf(second(b.Start(ctx, c, r))); code != "IncorrectInstanceState" {
		t.Errorf("starting a terminated instance: %s", code)
	}
	b.clock = b.clock.Add(listed)
	if got := b.states(); len(got) != 1 {
		t.Errorf("%v: the terminated instance is listed longer than an hour", got)
	}
}

func TestReboot(t *testing.T) {
	b := newBench(t)
	ids := b.run(1, Tag{"Name", "web"})
	for range 2 {
		b.clock = b.clock.Add(time.Minute)
		if _, err := b.Reboot(t.Context(), b.caller, &InstancesRequest{InstanceIDs: ids}); err != nil {
			t.Fatal(err)
		}
	}
	r, err := b.Describe(t.Context(), b.caller, &DescribeRequest{InstanceIDs: ids})
	if err != nil {
		t.Fatal(err)
	}
	want := []Tag{{rebooted, "2026-03-01T12:02:00Z"}, {"Name", "web"}}
	if diff := cmp.Diff(want, r.Reservations[0].Instances[0].Tags); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
}

func TestAllOrNothing(t *testing.T) {
	b := newBench(t)
	ids := append(b.run(1), "i-00000000000000000")
	if code := codeOf(second(b.Stop(t.Context(), b.caller, &InstancesRequest{InstanceIDs: ids}))); code != "InvalidInstanceID.NotFound" {
		t.Errorf("error %s", code)
	}
	if got := b.states()[ids[0]]; got != "running" {
		t.Errorf("the known instance is %s", got)
	}
}

func TestFilters(t *testing.T) {
	b := newBench(t)
	web, db := b.run(1, Tag{"Name", "web/1"})[0], b.run(1, Tag{"Name", "db"})[0]
	if _, err := b.Stop(t.Context(), b.caller, &InstancesRequest{InstanceIDs: []string{db}}); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		filter Filter
		want   []string
	}{
		{Filter{"tag:Name", []string{"web*"}}, []string{web}},
		{Filter{"tag:Name", []string{"d?", "x"}}, []string{db}},
		{Filter{"tag:Team", []string{"*"}}, nil},
		{Filter{"tag-key", []string{"Name"}}, []string{web, db}},
		{Filter{"instance-state-name", []string{"stopped"}}, []string{db}},
		{Filter{"instance-type", []string{"t3.*"}}, []string{web, db}},
	} {
		got := b.states(tc.filter)
		for _, id := range tc.want {
			if got[id] == "" {
				t.Errorf("%v does not find %s", tc.filter, id)
			}
		}
		if len(got) != len(tc.want) {
			t.Errorf("%v finds %v, want %v", tc.filter, got, tc.want)
		}
	}
	status, err := b.DescribeStatus(t.Context(), b.caller, &StatusRequest{})
	if err != nil || len(status.Statuses) != 1 || status.Statuses[0].InstanceID != web {
		t.Errorf("statuses %+v, %v; want the running instance", status, err)
	}
	status, err = b.DescribeStatus(t.Context(), b.caller, &StatusRequest{IncludeAllInstances: true})
	if err != nil || len(status.Statuses) != 2 {
		t.Errorf("statuses %+v, %v; want both", status, err)
	}
}

func TestPages(t *testing.T) {
	b := newBench(t)
	b.run(5)
	seen, token := 0, ""
	for range 3 {
		r, err := b.Describe(t.Context(), b.caller, &DescribeRequest{MaxResults: 2, NextToken: token})
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range r.Reservations {
			seen += len(x.Instances)
		}
		token = r.NextToken
	}
	if seen != 5 || token != "" {
		t.Errorf("%d instances on three pages, token %q; want 5 and none", seen, token)
	}
}

func TestRefusals(t *testing.T) {
	b := newBench(t)
	ctx, c := t.Context(), b.caller
	ids := b.run(1)
	for _, tc := range []struct {
		name, want string
		err        error
	}{
		{"no ids", "MissingParameter", second(b.Stop(ctx, c, &InstancesRequest{}))},
		{"bad id", "InvalidInstanceID.Malformed", second(b.Stop(ctx, c, &InstancesRequest{InstanceIDs: []string{"web"}}))},
		{"dry run", "DryRunOperation", second(b.Stop(ctx, c, &InstancesRequest{InstanceIDs: ids, DryRun: true}))},
		{"describe one that is not there", "InvalidInstanceID.NotFound", second(b.Describe(ctx, c, &DescribeRequest{InstanceIDs: []string{"i-00000000"}}))},
		{"filter", "InvalidParameterValue", second(b.Describe(ctx, c, &DescribeRequest{Filters: []Filter{{Name: "colour"}}}))},
		{"filter value", "InvalidParameterValue", second(b.Describe(ctx, c, &DescribeRequest{Filters: []Filter{{"tag:a", []string{"["}}}}))},
		{"no image", "MissingParameter", second(b.Run(ctx, c, &RunRequest{MinCount: 1, MaxCount: 1}))},
		{"no count", "InvalidParameterValue", second(b.Run(ctx, c, &RunRequest{ImageID: "ami-1"}))},
	} {
		if got := codeOf(tc.err); got != tc.want {
			t.Errorf("%s: error %v, want %s", tc.name, tc.err, tc.want)
		}
	}
	if got := b.states()[ids[0]]; got != "running" {
		t.Errorf("after a dry run the instance is %s", got)
	}
}

func TestLocalTargetsRegisterTheirInstances(t *testing.T) {
	b := newBench(t)
	b.caller.Create = true
	id := "i-0123456789abcdef0"
	r, err := b.Stop(t.Context(), b.caller, &InstancesRequest{InstanceIDs: []string{id}})
	if err != nil || r.Instances[0].PreviousState != running || b.states()[id] != "stopped" {
		t.Errorf("%+v, %v", r, err)
	}
}

package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/sdk/abi"
	"github.com/tocsin-engine/tocsin/sdk/target/targettest"
)

func TestCalls(t *testing.T) {
	event := `{"detail":{"group":"web","n":4,"value":7.5}}`
	for config, want := range map[string]string{
		`{"group":"web","desired":3}`:                                                        `{"service":"autoscaling","action":"SetDesiredCapacity","params":{"AutoScalingGroupName":"web","DesiredCapacity":3}}`,
		`{"group":"$.detail.group","desired":"$.detail.n"}`:                                  `{"service":"autoscaling","action":"SetDesiredCapacity","params":{"AutoScalingGroupName":"web","DesiredCapacity":4}}`,
		`{"group":"web","policy":"up","honor_cooldown":true}`:                                `{"service":"autoscaling","action":"ExecutePolicy","params":{"AutoScalingGroupName":"web","PolicyName":"up","HonorCooldown":true}}`,
		`{"group":"web","policy":"up","metric_value":"$.detail.value","breach_threshold":5}`: `{"service":"autoscaling","action":"ExecutePolicy","params":{"AutoScalingGroupName":"web","PolicyName":"up","MetricValue":7.5,"BreachThreshold":5}}`,
	} {
		host := targettest.New(t, config)
		if failure := host.Deliver(event); failure != nil {
			t.Errorf("%s: %v", config, failure)
		}
		if diff := cmp.Diff([]string{want}, host.Called("aws")); diff != "" {
			t.Errorf("%s: calls (-want +got):\n%s", config, diff)
		}
	}
}

func TestChange(t *testing.T) {
	for _, tc := range []struct {
		config, group, want string
	}{
		{`{"group":"web","change":2}`, `{"MinSize":1,"MaxSize":9,"DesiredCapacity":3}`, `{"service":"autoscaling","action":"SetDesiredCapacity","params":{"AutoScalingGroupName":"web","DesiredCapacity":5}}`},
		{`{"group":"web","change":-5}`, `{"MinSize":1,"MaxSize":9,"DesiredCapacity":3}`, `{"service":"autoscaling","action":"SetDesiredCapacity","params":{"AutoScalingGroupName":"web","DesiredCapacity":1}}`},
		{`{"group":"web","change":2}`, `{"MinSize":1,"MaxSize":3,"DesiredCapacity":3}`, ""},
	} {
		host := targettest.New(t, tc.config)
		host.AWS = func(r abi.AWSRequest) abi.AWSResponse {
			if r.Action == "DescribeAutoScalingGroups" {
				return abi.AWSResponse{Result: abi.RawJSON(`{"AutoScalingGroups":[` + tc.group + `]}`)}
			}
			return abi.AWSResponse{Result: abi.RawJSON(`{}`)}
		}
		if failure := host.Deliver(`{}`); failure != nil {
			t.Errorf("%s: %v", tc.config, failure)
		}
		got := ""
		if calls := host.Called("aws"); len(calls) > 1 {
			got = calls[1]
		}
		if got != tc.want {
			t.Errorf("%s on %s: second call %s, want %s", tc.config, tc.group, got, tc.want)
		}
	}
}

func TestFailures(t *testing.T) {
	for _, tc := range []struct {
		config, event string
		answer        abi.AWSResponse
		want          abi.Failure
	}{
		{`{"group":"$.detail.group","desired":1}`, `{}`, abi.AWSResponse{}, abi.Failure{ID: "1", Error: "the event has no group where config.group says; write the group's name, or another place"}},
		{`{"group":"web","desired":"$.detail.n"}`, `{"detail":{"n":1.5}}`, abi.AWSResponse{}, abi.Failure{ID: "1", Error: "config.desired is no whole number in this event: 1.5"}},
		{`{"group":"web","policy":"p","metric_value":"$.detail.n"}`, `{"detail":{"n":"NaN"}}`, abi.AWSResponse{}, abi.Failure{ID: "1", Error: "MetricValue is no number in this event: NaN"}},
		{`{"group":"web","change":1}`, `{}`, abi.AWSResponse{Result: abi.RawJSON(`{"AutoScalingGroups":[]}`)}, abi.Failure{ID: "1", Code: "NO_RESOURCE", Error: "there is no Auto Scaling group web"}},
		{`{"group":"web","desired":1}`, `{}`, abi.AWSResponse{Error: &abi.AWSError{Code: "ValidationError", Message: "AutoScalingGroup name not found"}},
			abi.Failure{ID: "1", Code: "NO_RESOURCE", Error: "aws autoscaling.SetDesiredCapacity: ValidationError: AutoScalingGroup name not found"}},
		{`{"group":"web","desired":1,"honor_cooldown":true}`, `{}`, abi.AWSResponse{Error: &abi.AWSError{Code: "ScalingActivityInProgress", Message: "cooling", Retry: true}},
			abi.Failure{ID: "1", Retry: true, Error: "aws autoscaling.SetDesiredCapacity: ScalingActivityInProgress: cooling"}},
	} {
		host := targettest.New(t, tc.config)
		host.AWS = func(abi.AWSRequest) abi.AWSResponse { return tc.answer }
		if diff := cmp.Diff(&tc.want, host.Deliver(tc.event)); diff != "" {
			t.Errorf("%s: failure (-want +got):\n%s", tc.config, diff)
		}
	}
}

func TestConfigProblems(t *testing.T) {
	for config, want := range map[string]string{
		`{"desired":1}`:                               "group is missing; write a string",
		`{"group":"web"}`:                             " needs one of desired (a number or a place like $.detail.capacity), change (1, -1, …) and policy (a name)",
		`{"group":"web","desired":1,"change":1}`:      " needs one of desired (a number or a place like $.detail.capacity), change (1, -1, …) and policy (a name)",
		`{"group":"web","change":0}`:                  "change is 0; write how many instances to add, or to take away with a minus",
		`{"group":"web","desired":"three"}`:           `desired is "three"; write a number, or a place like $.detail.capacity`,
		`{"group":"web","desired":[]}`:                "desired is a list; write a number, or a place like $.detail.capacity",
		`{"group":"web","change":1,"metric_value":1}`: "metric_value and breach_threshold go with policy",
	} {
		_, problems := targettest.Configure(t, config)
		if len(problems) != 1 || problems[0].Path+" "+problems[0].Message != want {
			t.Errorf("%s: problems %v, want %q", config, problems, want)
		}
	}
}

package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/sdk/abi"
	"github.com/tocsin-engine/tocsin/sdk/target/targettest"
)

const id = "i-0123456789abcdef0"

func TestCalls(t *testing.T) {
	for _, tc := range []struct{ config, event, input, want string }{
		{`{"action":"stop","instances":["` + id + `","i-01234567"]}`, `{}`, `{}`, `{"service":"ec2","action":"StopInstances","params":{"InstanceIds":["` + id + `","i-01234567"]}}`},
		{`{"action":"reboot","instances":"$.detail.instance-id"}`, `{"detail":{"instance-id":"` + id + `"}}`, `{}`, `{"service":"ec2","action":"RebootInstances","params":{"InstanceIds":["` + id + `"]}}`},
		{`{"action":"terminate","instances":"$input"}`, `{}`, `["` + id + `"]`, `{"service":"ec2","action":"TerminateInstances","params":{"InstanceIds":["` + id + `"]}}`},
		{`{"action":"start","instances":"$.resources"}`, `{"resources":["arn:aws:ec2:eu-west-1:123456789012:instance/` + id + `"]}`, `{}`, `{"service":"ec2","action":"StartInstances","params":{"InstanceIds":["` + id + `"]}}`},
	} {
		host := targettest.New(t, tc.config)
		if failure := host.DeliverInput(tc.event, tc.input); failure != nil {
			t.Errorf("%s: %v", tc.config, failure)
		}
		if diff := cmp.Diff([]string{tc.want}, host.Called("aws")); diff != "" {
			t.Errorf("%s: calls (-want +got):\n%s", tc.config, diff)
		}
	}
}

func TestEventsWithoutInstances(t *testing.T) {
	host := targettest.New(t, `{"action":"stop","instances":"$.detail.id"}`)
	for event, want := range map[string]string{
		`{"detail":{}}`:             "the event names no instance where config.instances says",
		`{"detail":{"id":[]}}`:      "the event names no instance where config.instances says",
		`{"detail":{"id":"web-1"}}`: "the event names web-1, which is no instance id",
		`{"detail":{"id":7}}`:       "the event names 7, which is no instance id",
		`{"detail":{"id":null}}`:    "the event names null, which is no instance id",
	} {
		failure := host.Deliver(event)
		if diff := cmp.Diff(&abi.Failure{ID: "1", Code: "NO_RESOURCE", Error: want}, failure); diff != "" {
			t.Errorf("%s: failure (-want +got):\n%s", event, diff)
		}
	}
	if calls := host.Called("aws"); calls != nil {
		t.Errorf("called %v", calls)
	}
}

func TestMissingInstanceIsFinal(t *testing.T) {
	host := targettest.New(t, `{"action":"stop","instances":["`+id+`"]}`)
	host.AWS = func(abi.AWSRequest) abi.AWSResponse {
		return abi.AWSResponse{Error: &abi.AWSError{Code: "InvalidInstanceID.NotFound", Message: "no"}}
	}
	if got := host.Deliver(`{}`); got == nil || got.Retry || got.Code != "NO_RESOURCE" {
		t.Errorf("failure %+v", got)
	}
}

func TestConfigProblems(t *testing.T) {
	for config, want := range map[string]string{
		`{"instances":["` + id + `"]}`:                      "action is missing; write a string",
		`{"action":"hibernate","instances":["` + id + `"]}`: "action is hibernate; write stop, start, reboot or terminate",
		`{"action":"stop"}`:                                 "instances is missing; write a list of instance ids, or a place like $.detail.instance-id",
		`{"action":"stop","instances":[]}`:                  "instances is empty; write a list of instance ids, or a place like $.detail.instance-id",
		`{"action":"stop","instances":["web"]}`:             `instances has "web", which is no instance id; write i-0123456789abcdef0`,
		`{"action":"stop","instances":"` + id + `"}`:        "instances is " + id + "; write a list of instance ids, or a place like $.detail.instance-id",
		`{"action":"stop","instances":"$."}`:                "instances is $.; write a place like $.detail.id, $.resources[0] or $input.id",
	} {
		_, problems := targettest.Configure(t, config)
		if len(problems) != 1 || problems[0].Path+" "+problems[0].Message != want {
			t.Errorf("%s: problems %v, want %q", config, problems, want)
		}
	}
}

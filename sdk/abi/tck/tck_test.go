package tck

import (
	"strings"
	"testing"

	"github.com/tocsin-engine/tocsin/sdk/abi"
)

func TestScriptsAndGuests(t *testing.T) {
	for name, list := range map[string]func() ([]Case, error){"host.json": Hosts, "sdk.json": SDKs} {
		cases, err := list()
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, c := range cases {
			if seen[c.Name] {
				t.Errorf("%s: %q is there twice", name, c.Name)
			}
			seen[c.Name] = true
			if c.Guest == "" {
				continue
			}
			if _, err := c.Module(); err != nil {
				t.Errorf("%s: %s: %v", name, c.Name, err)
			}
		}
	}
}

func TestCheck(t *testing.T) {
	call := func(request string) []Call { return []Call{{"log", []byte(request)}} }
	for _, tc := range []struct {
		name      string
		got, want Outcome
		differ    string // "" = nothing
	}{
		{"equal by value", Outcome{Calls: call(`{"b":[1,"x"],"a":null}`)}, Outcome{Calls: call(`{"a": null, "b": [1, "x"]}`)}, ""},
		{"any text", Outcome{Calls: call(`"abc"`)}, Outcome{Calls: call(`"*"`)}, ""},
		{"any text is a text", Outcome{Calls: call(`1`)}, Outcome{Calls: call(`"*"`)}, "host call 1"},
		{"digits of a number", Outcome{Calls: call(`1.0`)}, Outcome{Calls: call(`1.00`)}, "host call 1"},
		{"one call too many", Outcome{Calls: call(`1`)}, Outcome{}, "1 host calls, want 0"},
		{"a fault", Outcome{Fault: true}, Outcome{}, "fault true"},
		{"problems in any order", Outcome{Problems: []string{"a", "b"}}, Outcome{Problems: []string{"b", "a"}}, ""},
		{"other problems", Outcome{Problems: []string{"a"}}, Outcome{Problems: []string{"b"}}, "problems at"},
		{"any error", Outcome{Failures: []abi.Failure{{ID: "1", Error: "x"}}}, Outcome{Failures: []abi.Failure{{ID: "1"}}}, ""},
		{"another code", Outcome{Failures: []abi.Failure{{ID: "1", Code: "A"}}}, Outcome{Failures: []abi.Failure{{ID: "1", Code: "B"}}}, "failure"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := strings.Join(Case{Want: tc.want}.Check(tc.got), "\n")
			if (got == "") != (tc.differ == "") || !strings.Contains(got, tc.differ) {
				t.Errorf("%q, want %q", got, tc.differ)
			}
		})
	}
}

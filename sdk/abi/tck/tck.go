// Package tck is the conformance kit of ABI v1. A host passes when it runs the kit's
// guests as host.json says; an SDK passes when a target written with it answers sdk.json.
// README.md says what that target does, so that an SDK of any language can be tried.
//
// The kit is text: guests are WebAssembly text, scripts are JSON. This package reads them
// and compares; it runs nothing.
package tck

import (
	"embed"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/tocsin-engine/tocsin/sdk/abi"
	"github.com/tocsin-engine/tocsin/sdk/abi/wat"
)

//go:embed guests host.json sdk.json
var files embed.FS

// Case is one thing that a guest is asked, and what must come of it.
type Case struct {
	Name string `json:"name"`
	// Guest is a file of guests, for hosts; Function takes the place of FUNCTION in it.
	Guest    string `json:"guest,omitempty"`
	Function string `json:"function,omitempty"`
	// May says what an SDK may do without: a case that not every language can pass.
	May string `json:"may,omitempty"`

	Config  json.RawMessage `json:"config,omitempty"` // {} when left out
	Grants  abi.Grants      `json:"grants"`
	Records []Record        `json:"records,omitempty"`
	// Answers are what the host answers to http and aws, Refuse errnos by function.
	Answers map[string]json.RawMessage `json:"answers,omitempty"`
	Refuse  map[string]abi.Errno       `json:"refuse,omitempty"`

	Want Outcome `json:"want"`
}

// Record is a record of the batch; its id is its place, from 1.
type Record struct {
	ID    string          `json:"id,omitempty"`
	Rule  string          `json:"rule,omitempty"`
	Event json.RawMessage `json:"event,omitempty"` // {} when left out
	Input json.RawMessage `json:"input,omitempty"`
	// Pad is the length of a text that is put before the event's own members.
	Pad int `json:"pad,omitempty"`
}

// Outcome is what came of a case. In a wanted text, * stands for any text.
type Outcome struct {
	// Refused: the module is not loaded. Fault: the call failed as a whole.
	Refused bool `json:"refused,omitempty"`
	Fault   bool `json:"fault,omitempty"`
	// Problems are the paths of the config's problems, in any order.
	Problems []string `json:"problems,omitempty"`
	// Failures are those of the result; errors are for people and not compared where the
	// wanted one is empty.
	Failures []abi.Failure `json:"failures,omitempty"`
	// Calls are the host calls in order: a function's name and its request.
	Calls []Call `json:"calls,omitempty"`
}

// Call is a host call: log, metric, emit, kv_put, http, aws and so on.
type Call struct {
	Function string          `json:"function"`
	Request  json.RawMessage `json:"request"`
}

// Hosts are the cases for hosts, SDKs those for SDKs.
func Hosts() ([]Case, error) { return read("host.json") }

// SDKs are the cases for a target written with an SDK.
func SDKs() ([]Case, error) { return read("sdk.json") }

func read(name string) ([]Case, error) {
	b, err := files.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var cases []Case
	if err := json.Unmarshal(b, &cases); err != nil {
		return nil, fmt.Errorf("tck: %s: %w", name, err)
	}
	return cases, nil
}

// Module is the module of a host's case.
func (c Case) Module() ([]byte, error) {
	text, err := files.ReadFile("guests/" + c.Guest + ".wat")
	if err != nil {
		return nil, err
	}
	wasm, err := wat.Assemble(strings.ReplaceAll(string(text), "FUNCTION", c.Function))
	if err != nil {
		return nil, fmt.Errorf("tck: guest %s: %w", c.Guest, err)
	}
	return wasm, nil
}

// Batch is the case's batch, as the host should make it.
func (c Case) Batch() abi.Batch {
	b := abi.Batch{V: abi.Version, Target: "tck", Delivery: "tck-1", DeadlineMS: 5000}
	for n, r := range c.Records {
		if r.ID == "" {
			r.ID = fmt.Sprint(n + 1)
		}
		if r.Rule == "" {
			r.Rule = "tck-rule"
		}
		b.Records = append(b.Records, abi.Record{ID: r.ID, Attempt: 1, Rule: r.Rule, Event: r.event(), Input: abi.RawJSON(r.Input)})
	}
	return b
}

func (r Record) event() abi.RawJSON {
	e := string(r.Event)
	if e == "" {
		e = "{}"
	}
	if r.Pad > 0 {
		e = `{"pad":"` + strings.Repeat(`pad\"`, r.Pad/5) + `",` + strings.TrimPrefix(e, "{")
	}
	return abi.RawJSON(e)
}

// Check says what differs between what came of the case and what must.
func (c Case) Check(got Outcome) []string {
	var differ []string
	say := func(format string, args ...any) { differ = append(differ, fmt.Sprintf(format, args...)) }
	if got.Refused != c.Want.Refused || got.Fault != c.Want.Fault {
		say("refused %v, fault %v; want refused %v, fault %v", got.Refused, got.Fault, c.Want.Refused, c.Want.Fault)
	}
	if a, b := set(got.Problems), set(c.Want.Problems); !reflect.DeepEqual(a, b) {
		say("problems at %q, want %q", got.Problems, c.Want.Problems)
	}
	if len(got.Failures) != len(c.Want.Failures) {
		say("failures %+v, want %+v", got.Failures, c.Want.Failures)
	}
	for i := range min(len(got.Failures), len(c.Want.Failures)) {
		g, w := got.Failures[i], c.Want.Failures[i]
		if w.Error == "" {
			g.Error = ""
		}
		if g != w {
			say("failure %+v, want %+v", got.Failures[i], w)
		}
	}
	if len(got.Calls) != len(c.Want.Calls) {
		say("%d host calls, want %d: %s", len(got.Calls), len(c.Want.Calls), show(got.Calls))
	}
	for i := range min(len(got.Calls), len(c.Want.Calls)) {
		g, w := got.Calls[i], c.Want.Calls[i]
		if g.Function != w.Function || !same(g.Request, w.Request) {
			say("host call %d is %s, want %s", i+1, show([]Call{g}), show([]Call{w}))
		}
	}
	return differ
}

func set(list []string) map[string]bool {
	m := map[string]bool{}
	for _, s := range list {
		m[s] = true
	}
	return m
}

func show(calls []Call) string {
	var b strings.Builder
	for _, c := range calls {
		fmt.Fprintf(&b, "%s %s; ", c.Function, c.Request)
	}
	return strings.TrimSuffix(b.String(), "; ")
}

// same compares two JSON texts by value; numbers by their digits.
func same(got, want json.RawMessage) bool {
	g, err1 := decode(got)
	w, err2 := decode(want)
	return err1 == nil && err2 == nil && fits(g, w)
}

func decode(b json.RawMessage) (v any, err error) {
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.UseNumber()
	err = d.Decode(&v)
	return v, err
}

func fits(got, want any) bool {
	switch w := want.(type) {
	case string:
		g, ok := got.(string)
		return ok && (w == "*" || g == w)
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok || len(g) != len(w) {
			return false
		}
		for name, v := range w {
			if have, there := g[name]; !there || !fits(have, v) {
				return false
			}
		}
		return true
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			return false
		}
		for i := range w {
			if !fits(g[i], w[i]) {
				return false
			}
		}
		return true
	}
	return got == want
}

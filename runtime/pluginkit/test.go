package pluginkit

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/runtime/sandbox"
	"github.com/tocsin-engine/tocsin/sdk/abi"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// Tested is what came of one test of a plugin.
type Tested struct {
	Name string `json:"name"`
	// Problems say what was expected and what happened; none means it passed.
	Problems []string `json:"problems,omitempty"`
	Called   Called   `json:"called"`
}

// Test runs tests against a plugin's module, each in an instance of its own.
func Test(ctx context.Context, h *sandbox.Host, s Source, tests []rulefile.PluginTest) ([]Tested, error) {
	m, err := s.Load(ctx, h)
	if err != nil {
		return nil, err
	}
	defer m.Close(ctx)
	var all []Tested
	for _, t := range tests {
		tested, err := testOne(ctx, m, s, t)
		if err != nil {
			return all, fmt.Errorf("test %q: %w", t.Name, err)
		}
		all = append(all, tested)
	}
	return all, nil
}

func testOne(ctx context.Context, m *sandbox.Module, s Source, t rulefile.PluginTest) (Tested, error) {
	out := Tested{Name: t.Name}
	ev, err := event.Complete(t.Event, event.Fields{ID: "00000000-0000-0000-0000-000000000000", Account: "000000000000", Region: "us-east-1", Time: t.Now})
	if err != nil {
		return out, err
	}
	host := &scripted{bench: bench{kv: sandbox.Space{}}, answers: t.Respond}
	o := CallOptions{Config: t.Config, Event: ev.Raw(), Input: t.Input, Now: t.Now, Seed: t.Name, Grants: s.Manifest.Needs, Limits: s.Manifest.Limits}
	out.Called, err = call(ctx, m, s.Manifest.Function, &host.bench, host, o)
	if err != nil {
		return out, err
	}
	out.Problems = append(host.problems, outcomeProblems(t, out.Called)...)
	out.Problems = append(out.Problems, callProblems(t, host.made)...)
	out.Problems = append(out.Problems, logProblems(t.Log, host.logs)...)
	if n := len(host.answers); n > 0 {
		out.Problems = append(out.Problems, fmt.Sprintf("%d of %d answers were not asked for", n, len(t.Respond)))
	}
	return out, nil
}

func outcomeProblems(t rulefile.PluginTest, c Called) []string {
	got, code, why := "done", "", ""
	switch {
	case c.Fault != nil:
		got, why = string(c.Fault.Kind), c.Fault.Error()
	case c.Failure != nil && c.Failure.Retry:
		got, code, why = "retry", c.Failure.Code, c.Failure.Error
	case c.Failure != nil:
		got, code, why = "fail", c.Failure.Code, c.Failure.Error
	}
	if got != t.Outcome {
		return []string{strings.TrimRight(fmt.Sprintf("outcome   want %s   got %s   %s", t.Outcome, got, why), " ")}
	}
	if t.Code != "" && code != t.Code {
		return []string{fmt.Sprintf("code   want %s   got %q", t.Code, code)}
	}
	return nil
}

func callProblems(t rulefile.PluginTest, made []madeCall) (problems []string) {
	if t.Calls == nil {
		return nil
	}
	for i, want := range t.Calls {
		if i >= len(made) {
			problems = append(problems, fmt.Sprintf("call %d   want %s %s   got none", i+1, want.Function, want.Want))
			continue
		}
		if got := made[i]; got.function != want.Function || !holds(decoded(want.Want), decoded(got.request)) {
			problems = append(problems, fmt.Sprintf("call %d   want %s %s   got %s %s", i+1, want.Function, want.Want, got.function, got.request))
		}
	}
	for i := len(t.Calls); i < len(made); i++ {
		problems = append(problems, fmt.Sprintf("call %d   want none   got %s %s", i+1, made[i].function, made[i].request))
	}
	return problems
}

// decoded is JSON as Go values, numbers as their text.
func decoded(b []byte) any {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil
	}
	return v
}

// holds says whether got has all that want names. A text that should be JSON is compared
// as JSON: so a body is.
func holds(want, got any) bool {
	if _, wantText := want.(string); !wantText {
		if text, ok := got.(string); ok {
			got = decoded([]byte(text))
		}
	}
	object, ok := want.(map[string]any)
	if !ok {
		return reflect.DeepEqual(want, got)
	}
	have, ok := got.(map[string]any)
	if !ok {
		return false
	}
	for name, v := range object {
		if g, there := have[name]; !there || !holds(v, g) {
			return false
		}
	}
	return true
}

// logProblems wants every text in a line of its own, in order.
func logProblems(want, lines []string) []string {
	at := 0
	for _, text := range want {
		for at < len(lines) && !strings.Contains(lines[at], text) {
			at++
		}
		if at == len(lines) {
			return []string{fmt.Sprintf("log   want a line with %q   got %q", text, lines)}
		}
		at++
	}
	return nil
}

// scripted is a bench whose answers are those of a test.
type scripted struct {
	bench
	answers  []rulefile.PluginAnswer
	made     []madeCall
	problems []string
}

type madeCall struct {
	function string
	request  []byte
}

// next notes a call and takes its answer; nil is success with nothing in it.
func (s *scripted) next(function string, request any) *rulefile.PluginAnswer {
	text, err := json.Marshal(request)
	if err != nil {
		s.problems = append(s.problems, err.Error())
	}
	s.made = append(s.made, madeCall{function, text})
	if len(s.answers) == 0 {
		return nil
	}
	a := s.answers[0]
	s.answers = s.answers[1:]
	if a.Refuse == 0 && (a.HTTP != nil) != (function == abi.HTTP) {
		s.problems = append(s.problems, fmt.Sprintf("call %d is of %s, its answer is of another kind", len(s.made), function))
		return nil
	}
	return &a
}

// HTTP answers as the test says.
func (s *scripted) HTTP(ctx context.Context, scope sandbox.Scope, r abi.HTTPRequest) (abi.HTTPResponse, abi.Errno) {
	if answer, errno := s.bench.HTTP(ctx, scope, r); errno != 0 {
		return answer, errno
	}
	a := s.next(abi.HTTP, r)
	switch {
	case a == nil:
		return abi.HTTPResponse{Status: 200}, 0
	case a.Refuse != 0:
		return abi.HTTPResponse{}, a.Refuse
	}
	return *a.HTTP, 0
}

// AWS answers as the test says.
func (s *scripted) AWS(_ context.Context, _ sandbox.Scope, r abi.AWSRequest) (abi.AWSResponse, abi.Errno) {
	a := s.next(abi.AWS, r)
	switch {
	case a == nil:
		return abi.AWSResponse{Result: abi.RawJSON("{}")}, 0
	case a.Refuse != 0:
		return abi.AWSResponse{}, a.Refuse
	}
	return *a.AWS, 0
}

// Emit notes the event.
func (s *scripted) Emit(_ context.Context, _ sandbox.Scope, event []byte) abi.Errno {
	s.made = append(s.made, madeCall{abi.Emit, event})
	return 0
}

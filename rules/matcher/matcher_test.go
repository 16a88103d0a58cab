package matcher_test

import (
	"slices"
	"testing"

	"github.com/tocsin-engine/tocsin/rules/matcher"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// FuzzIndex: the index says what the oracle says.
func FuzzIndex(f *testing.F) {
	for seed := range uint64(150) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		w := newWorld(seed)
		var rules []matcher.Rule
		n := 1 + w.IntN(40)
		if seed%4 == 0 { // enough for guards
			n += 64
		}
		for range n {
			rules = append(rules, w.rule())
		}
		m := newMatcher(t, rules)
		for range 20 {
			agree(t, m, rules, w.event(t))
		}
	})
}

// FuzzChanges: after any order of adding, replacing and removing, the matcher is the one
// that New makes of the rules that are left.
func FuzzChanges(f *testing.F) {
	for seed := range uint64(40) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		w := newWorld(seed)
		var rules []matcher.Rule
		for range w.IntN(20) {
			rules = append(rules, w.rule())
		}
		m := newMatcher(t, rules)
		changes, each := 60, 1
		if seed%4 == 0 { // enough to join levels
			changes, each = 400, 20
		}
		for change := range changes {
			switch kind := w.IntN(4); {
			case kind < 2 || len(rules) == 0:
				r := w.rule()
				i, problem := m.Add(r)
				if problem != nil || i != len(rules) {
					t.Fatalf("Add gives %d, %v; want %d", i, problem, len(rules))
				}
				rules = append(rules, r)
			case kind == 2:
				i, r := w.IntN(len(rules)), w.rule()
				if problem := m.Replace(i, r); problem != nil {
					t.Fatal(problem)
				}
				rules[i] = r
			default:
				i := w.IntN(len(rules))
				m.Remove(i)
				rules[i] = matcher.Rule{}
			}
			if change%each == 0 {
				agree(t, m, rules, w.event(t))
			}
		}
	})
}

func TestRulesWithoutConditions(t *testing.T) {
	m, problems := matcher.New([]matcher.Rule{{Name: "a", Bus: "default"}, {Name: "b", Bus: "default", Pattern: compilePattern(t, `{"source":["s"]}`)}})
	if len(problems) != 1 || problems[0].Rule != 0 || problems[0].Code != "empty" {
		t.Errorf("problems %v", problems)
	}
	if hits, _ := match(t, m, newEvent(t, `{}`)); !slices.Equal(hits, []int{1}) {
		t.Errorf("hits %v, want the second rule", hits)
	}
	if _, problem := m.Add(matcher.Rule{}); problem == nil {
		t.Error("Add takes a rule without conditions")
	}
	if problem := m.Replace(1, matcher.Rule{}); problem == nil {
		t.Error("Replace takes a rule without conditions")
	}
}

func newEvent(t testing.TB, detail string) event.Event {
	t.Helper()
	ev, err := event.New(event.Fields{ID: "1", Source: "s", DetailType: "d", Detail: []byte(detail)})
	if err != nil {
		t.Fatal(err)
	}
	return ev
}

// TestExpressionsWithoutEvaluation: an expression of exact conditions is decided without
// being evaluated, so nothing is allocated for it.
func TestExpressionsWithoutEvaluation(t *testing.T) {
	for _, when := range []string{
		`detail.name == "x" and detail.n > 5 and source == "s"`,
		`detail.name in ["x", "y"]`,
		`(detail.name == "x" or detail.name == "z") and detail.card.country startsWith "D"`,
		`detail.urgent and detail.n < 10`,
		`detail.n < 2 * 5 and detail.n >= 8 - 1`,
		`call.name == "x" and call.card.country in ["DE", "FR"]`,
	} {
		m := newMatcher(t, []matcher.Rule{{Name: "r", Bus: event.DefaultBus, When: compileWhen(t, when)}})
		ev, err := event.New(event.Fields{Source: "s", DetailType: "AWS API Call via CloudTrail", Detail: []byte(`{"name":"x","n":7,"card":{"country":"DE"},"urgent":true}`)})
		if err != nil {
			t.Fatal(err)
		}
		hits := 0
		hit := func(int) { hits++ }
		if m.Match(ev, hit); hits != 1 {
			t.Errorf("%s: %d hits", when, hits)
		}
		if n := testing.AllocsPerRun(100, func() { m.Match(ev, hit) }); n != 0 && !raceDetector {
			t.Errorf("%s: %v allocations, want 0", when, n)
		}
	}
}

func TestErrorsAreReported(t *testing.T) {
	m := newMatcher(t, []matcher.Rule{{Name: "r", Bus: event.DefaultBus, When: compileWhen(t, `detail.a.b != "x"`)}})
	if hits, errs := match(t, m, newEvent(t, `{}`)); len(hits) != 0 || !slices.Equal(errs, []int{0}) {
		t.Errorf("hits %v, errors %v", hits, errs)
	}
}

// TestPathsOfExpressions: what looks alike as a path may be different to an expression.
func TestPathsOfExpressions(t *testing.T) {
	for _, tc := range []struct {
		when, detail string
		want         bool
	}{
		{`detail["a.b"] startsWith "x"`, `{"a":{"b":"x"}}`, false},
		{`detail["a.b"] startsWith "x"`, `{"a.b":"x"}`, true},
		{`detail.a.b == "x"`, `{"a":{"b":"x"}}`, true},
		{`detail.a.b == "x"`, `{"a.b":"x"}`, false},
		{`detail.a == "x"`, `{"a":["x"]}`, false},
		{`detail.a.b == "x"`, `{"a":[{"b":"x"}]}`, false},
		{`detail.a == 9007199254740992.0`, `{"a":9007199254740993}`, true}, // as doubles
		{`detail.a > 9007199254740992.0`, `{"a":9007199254740993}`, false},
		{`detail.a.b == 1 or source == "s"`, `{}`, false}, // the left side raises
		{`detail.a?.b == 1 or source == "s"`, `{}`, true},
		{`detail.a == "::1"`, `{"a":"0:0::1"}`, false},
		{`call.a == "x"`, `{"a":"x"}`, false}, // not an API call
	} {
		rules := []matcher.Rule{{Name: "r", Bus: event.DefaultBus, When: compileWhen(t, tc.when)}}
		ev := newEvent(t, tc.detail)
		agree(t, newMatcher(t, rules), rules, ev)
		if hits, _ := match(t, newMatcher(t, rules), ev); (len(hits) == 1) != tc.want {
			t.Errorf("%s on %s: %v, want %v", tc.when, tc.detail, len(hits) == 1, tc.want)
		}
	}
}

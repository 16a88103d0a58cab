package matcher_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/tocsin-engine/tocsin/rules/matcher"
	"github.com/tocsin-engine/tocsin/rules/pattern"
	"github.com/tocsin-engine/tocsin/sdk/event"
	"github.com/tocsin-engine/tocsin/sdk/sharedtest"
)

// recorded is one case of the recorded answers: patterns and an event.
type recorded struct {
	Pattern string
	Rules   [][2]string
	Event   string
}

// corpus reads the recorded cases; what they answer is held by rules/pattern.
func corpus(t testing.TB) (cases []recorded) {
	text, err := os.ReadFile(sharedtest.Path(t, "eventpatterns/localstack-cases.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"eventpatterns/event-ruler-cases.jsonl", "eventpatterns/probes-answers.jsonl"} {
		text, err := os.ReadFile(sharedtest.Path(t, name))
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(bytes.NewReader(text))
		for lines.Buffer(nil, len(text)+1); lines.Scan(); {
			var c recorded
			if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
				t.Fatal(err)
			}
			cases = append(cases, c)
		}
	}
	return cases
}

func (c recorded) patterns() []string {
	all := []string{c.Pattern}
	for _, rule := range c.Rules {
		all = append(all, rule[1])
	}
	return all
}

// inDetail makes a rule of a pattern and an event of an object, both below detail; ok is
// false for what is neither.
func ruleInDetail(text string) (r matcher.Rule, ok bool) {
	p, errs := pattern.CompileJSON([]byte(`{"detail":` + text + `}`))
	return matcher.Rule{Bus: event.DefaultBus, Pattern: p}, len(errs) == 0
}

func eventInDetail(text string) (ev event.Event, ok bool) {
	ev, err := event.New(event.Fields{ID: "1", Source: "s", DetailType: "d", Detail: []byte(text)})
	return ev, err == nil
}

// TestConformance matches the recorded patterns of all corpora at once, with every event.
func TestConformance(t *testing.T) {
	var rules []matcher.Rule
	var events []event.Event
	for _, c := range corpus(t) {
		for _, text := range c.patterns() {
			if r, ok := ruleInDetail(text); ok {
				rules = append(rules, r)
			}
		}
		if ev, ok := eventInDetail(c.Event); ok {
			events = append(events, ev)
		}
	}
	m := newMatcher(t, rules)
	matches := 0
	for i, ev := range events {
		if i%8 == 0 || !testing.Short() && i%2 == 0 { // the oracle takes its time
			agree(t, m, rules, ev)
		}
		hits, _ := match(t, m, ev)
		matches += len(hits)
	}
	if len(rules) < 500 || matches < 5_000 {
		t.Errorf("%d matches of %d rules on %d events: too few to mean anything", matches, len(rules), len(events))
	}
}

// FuzzCorpus: the index agrees with the oracle on patterns and events like the recorded
// ones, among many other rules.
func FuzzCorpus(f *testing.F) {
	var others []matcher.Rule
	for i, c := range corpus(f) {
		for _, text := range c.patterns() {
			f.Add(text, c.Event)
			if r, ok := ruleInDetail(text); ok && i%8 == 0 {
				others = append(others, r)
			}
		}
	}
	m := newMatcher(f, others)
	f.Fuzz(func(t *testing.T, text, object string) {
		r, ok := ruleInDetail(text)
		if !ok {
			return
		}
		ev, ok := eventInDetail(object)
		if !ok {
			return
		}
		i, problem := m.Add(r)
		if problem != nil {
			t.Fatal(problem)
		}
		defer m.Remove(i)
		matches := false
		m.Match(ev, func(hit int) { matches = matches || hit == i })
		if want := r.Pattern.Match(ev.Raw()); matches != want {
			t.Errorf("%s on %s: the index says %v, the oracle %v", text, object, matches, want)
		}
		agree(t, newMatcher(t, []matcher.Rule{r}), []matcher.Rule{r}, ev)
	})
}

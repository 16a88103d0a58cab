package explain

import (
	"testing"
	"time"

	"github.com/tocsin-engine/tocsin/rules/matcher"
	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

const rules = `
version: 1
buses: [other]
targets: [{name: t, plugin: log}]
rules:
  - {name: pattern, pattern: {source: [shop]}, targets: [t]}
  - {name: when, when: detail.n > 1, targets: [t]}
  - {name: both, pattern: {source: [shop]}, when: detail.n > 1, targets: [t]}
  - {name: never-asked, pattern: {source: [bank]}, when: detail.n > 1, targets: [t]}
  - {name: elsewhere, bus: other, pattern: {source: [shop]}, targets: [t]}
  - {name: off, state: disabled, pattern: {source: [shop]}, targets: [t]}
  - {name: fails, when: detail.text > 1, targets: [t]}
`

func TestRule(t *testing.T) {
	set, findings := rulefile.Load([]rulefile.File{{Name: "rules.yaml", Data: []byte(rules)}}, rulefile.Options{})
	if findings.Errors() > 0 {
		t.Fatal(findings)
	}
	ev, err := event.New(event.Fields{ID: "1", Source: "shop", DetailType: "Order", Account: "1", Region: "r", Time: time.Unix(0, 0), Detail: []byte(`{"n":2,"text":"x"}`)})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]struct {
		matches    bool
		holds, all int
		asked      bool
	}{
		"pattern": {true, 1, 1, false}, "when": {true, 1, 1, true}, "both": {true, 2, 2, true}, "never-asked": {false, 0, 2, false},
		"elsewhere": {false, 1, 1, false}, "off": {false, 1, 1, false}, "fails": {false, 0, 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			for _, r := range set.Rules {
				if r.Name != name {
					continue
				}
				v := Rule(r, ev)
				holds, all := v.Holding()
				if v.Matches != want.matches || holds != want.holds || all != want.all || v.When != nil && v.When.Asked != want.asked {
					t.Errorf("got %+v, %d of %d; want %+v", v, holds, all, want)
				}
				if got := !r.Disabled && engineMatches(r, ev); got != v.Matches {
					t.Errorf("the matcher says %v, the explanation %v", got, v.Matches)
				}
				return
			}
			t.Fatal("no such rule")
		})
	}
}

func engineMatches(r rulefile.Rule, ev event.Event) bool {
	m, _ := matcher.New([]matcher.Rule{{Name: r.Name, Bus: r.Bus, Pattern: r.Pattern, When: r.When}})
	hit := false
	m.Match(ev, func(int) { hit = true })
	return hit
}

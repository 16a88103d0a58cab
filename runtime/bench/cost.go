package bench

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tocsin-engine/tocsin/rules/matcher"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// Cost is what one rule costs.
type Cost struct {
	Rule string `json:"rule"`
	// Tried is how many of the events the index could not rule out, Evaluated how often
	// its expression was evaluated, Matched how often it matched.
	Tried     int `json:"tried"`
	Evaluated int `json:"evaluated"`
	Matched   int `json:"matched"`
	// Why says how the index finds the rule, Help what would make it cheaper.
	Why  string `json:"why"`
	Help string `json:"help,omitempty"`
}

// evaluation is what evaluating an expression costs in verifications: measured, 3 µs
// against 60 ns.
const evaluation = 50

const mostExpensive = 10

// expensive finds the rules that are tried most.
func expensive(m *matcher.Matcher, rules []matcher.Rule, events []event.Event) []Cost {
	costs := make([]Cost, len(rules))
	order := make([]int, len(rules))
	for i := range rules {
		costs[i].Rule, order[i] = rules[i].Name, i
	}
	for _, ev := range events {
		m.MatchTried(ev, func(i int) { costs[i].Matched++ }, func(i int, t matcher.Trial) {
			if t == matcher.Evaluated {
				costs[i].Evaluated++
			} else {
				costs[i].Tried++
			}
		})
	}
	price := func(i int) int { return costs[i].Tried + evaluation*costs[i].Evaluated }
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(price(b), price(a)) })
	advice := map[int]matcher.Advice{}
	for _, a := range m.Advice() {
		advice[a.Rule] = a
	}
	var most []Cost
	for _, i := range order[:min(mostExpensive, len(order))] {
		if price(i) == 0 {
			break
		}
		c := costs[i]
		if a, ok := advice[i]; ok {
			c.Why, c.Help = a.Message, a.Help
		} else {
			c.Why = "is found by " + strings.Join(short(m.Found(i)), " or ")
		}
		most = append(most, c)
	}
	return most
}

// short keeps the first few keys.
func short(keys []string) []string {
	const few = 3
	if len(keys) > few {
		return append(keys[:few:few], "…")
	}
	return keys
}

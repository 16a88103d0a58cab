package rulefile

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tocsin-engine/tocsin/rules/diag"
)

// checkLoops warns of rules that can start themselves again: what their target does
// makes an event that their own pattern matches, or that of a rule which leads back.
func (l *loader) checkLoops() {
	g := l.doers()
	cut := make([]bool, len(g.doers)) // already in a warning
	for i, d := range g.doers {
		if does, again := g.leads(i, i); again {
			cut[i] = true
			d.warn("L001", fmt.Sprintf("rule %q can start itself again", d.rule.Name), does.say+", which this pattern matches")
		}
	}
	for i, d := range g.doers {
		if cut[i] {
			continue
		}
		round := g.round(i)
		if len(round) < 2 || slices.ContainsFunc(round, func(j int) bool { return cut[j] }) {
			continue
		}
		var names []string
		for _, j := range round {
			cut[j] = true
			names = append(names, strconv.Quote(g.doers[j].rule.Name))
		}
		does, _ := g.leads(i, round[1])
		d.warn("L002", "rules "+strings.Join(names, " and ")+" can start each other again and again",
			fmt.Sprintf("%s, which rule %s matches", does.say, names[1]))
	}
}

// warn adds a warning about a rule.
func (d *doer) warn(code, message, label string) {
	d.r.list = append(d.r.list, diag.Finding{Code: code, Severity: diag.Warning, File: d.r.name, Pos: d.v.Pos, Path: d.path,
		Message: message, Label: label, Help: "add  detail.userIdentity.arn: [{anything-but: …}]  or  once_per"})
}

// graph is which rule can start which.
type graph struct {
	doers []*doer
	// reaches are the indexes of the doers that match a doing, by its event.
	reaches map[string][]int
}

// leads says whether what rule i does can start rule j, and by what.
func (g *graph) leads(i, j int) (doing, bool) {
	for _, does := range g.doers[i].does {
		if slices.Contains(g.reached(does), j) && g.doers[i].rule.Bus == g.doers[j].rule.Bus {
			return does, true
		}
	}
	return doing{}, false
}

// reached are the doers that a doing can start.
func (g *graph) reached(does doing) []int {
	key := string(does.event)
	found, known := g.reaches[key]
	if !known {
		for j, d := range g.doers {
			if d.matches(does) {
				found = append(found, j)
			}
		}
		g.reaches[key] = found
	}
	return found
}

// round is the shortest way from rule i through others back to it, i first; nil where
// there is none.
func (g *graph) round(i int) []int {
	from := map[int]int{i: i}
	for queue := []int{i}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		for _, does := range g.doers[at].does {
			for _, next := range g.reached(does) {
				if g.doers[at].rule.Bus != g.doers[next].rule.Bus {
					continue
				}
				if next == i {
					return way(from, at)
				}
				if _, seen := from[next]; !seen {
					from[next] = at
					queue = append(queue, next)
				}
			}
		}
	}
	return nil
}

// way is the way that a search took to at.
func way(from map[int]int, at int) []int {
	steps := []int{at}
	for from[at] != at {
		at = from[at]
		steps = append(steps, at)
	}
	slices.Reverse(steps)
	return steps
}

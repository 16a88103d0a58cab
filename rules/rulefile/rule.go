package rulefile

import (
	"fmt"
	"slices"

	"github.com/tocsin-engine/tocsin/rules/expression"
	"github.com/tocsin-engine/tocsin/rules/source"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// readRule is a rule with what the checks of the whole set need.
type readRule struct {
	r     *reading
	v     *source.Value
	path  string
	rule  Rule
	valid bool // it selects events as written
}

// rule reads one rule.
func (l *loader) rule(r *reading, v *source.Value, path string) {
	if v.Kind != event.Object {
		return
	}
	l.unique(r, v, "rule", path)
	out := Rule{Name: text(v, "name"), Description: text(v, "description"), Bus: "default",
		Disabled: text(v, "state") == "disabled", Tags: tags(v), File: r.name, Pos: v.Pos}
	if bus := text(v, "bus"); bus != "" {
		out.Bus = bus
	}
	before := r.errs
	if m := v.Get("pattern"); m != nil {
		out.Pattern = r.pattern(m, child(path, "pattern"))
	}
	out.When = r.formula(v, "when", path, expression.When)
	out.OncePer = l.oncePer(r, v, path)
	out.Schedule = r.schedule(v, path)
	l.selects(r, v, path)
	for i, t := range items(v, "targets") {
		at := child(path, item("targets", i))
		route, ok := r.route(t, at)
		switch {
		case !ok:
		case slices.ContainsFunc(out.Targets, func(other Route) bool { return other.Target == route.Target }):
			r.find(t.Pos, at, "R018", fmt.Sprintf("this rule names target %q twice", route.Target), "remove it, or name another target",
				"for two inputs define two targets with the same plugin")
		default:
			out.Targets = append(out.Targets, route)
		}
	}
	valid := r.errs == before && (out.Pattern != nil || out.When != nil || out.Schedule != nil) && out.Name != ""
	l.rules = append(l.rules, readRule{r, v, path, out, valid})
	if valid {
		l.set.Rules = append(l.set.Rules, out)
	}
}

// selects reports a rule that has neither pattern nor when, unless a misspelt field was
// meant to be one of them.
func (l *loader) selects(r *reading, v *source.Value, path string) {
	if v.Get("pattern") != nil || v.Get("when") != nil || v.Get("schedule") != nil {
		return
	}
	for _, m := range v.Members {
		if near := nearestField(ruleObject, m.Name); near == "pattern" || near == "when" || near == "schedule" {
			return
		}
	}
	r.find(v.Pos, path, "R009", "this rule selects no events", "add a pattern, a when, or a schedule",
		"pattern: {} is empty too; to get every event write  when: true")
}

// oncePer reads once_per; it is refused where the store would forget.
func (l *loader) oncePer(r *reading, v *source.Value, path string) *OncePer {
	m := v.Get("once_per")
	if m == nil || m.Kind != event.Object {
		return nil
	}
	path = child(path, "once_per")
	if !l.options.Durable {
		r.find(keyPos(v, "once_per"), path, "R017", "once_per needs a store that keeps its state", "remove it, or say  --data DIR",
			"a store in memory forgets at every start which keys it has seen")
	}
	every, _ := parseDuration(text(m, "every"))
	return &OncePer{Key: r.formula(m, "key", path, expression.Key), Every: every}
}

// tags reads the tags of a rule.
func tags(v *source.Value) map[string]string {
	m := v.Get("tags")
	if m == nil || len(m.Members) == 0 {
		return nil
	}
	out := map[string]string{}
	for _, t := range m.Members {
		out[t.Name] = t.Value.Text
	}
	return out
}

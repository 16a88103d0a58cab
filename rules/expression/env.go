package expression

import (
	"slices"
	"strings"
	"time"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// vars is what a compiled program reads; expr finds the fields by their tags. It is
// passed as a pointer: as a value each evaluation would copy it.
type vars struct {
	ID         string         `expr:"id"`
	Source     string         `expr:"source"`
	DetailType string         `expr:"detail_type"`
	Account    string         `expr:"account"`
	Region     string         `expr:"region"`
	Time       time.Time      `expr:"time"`
	Resources  []string       `expr:"resources"`
	Detail     map[string]any `expr:"detail"`
	Metric     map[string]any `expr:"metric"`
	Log        map[string]any `expr:"log"`
	Segment    map[string]any `expr:"segment"`
	Call       map[string]any `expr:"call"`
	Env        ruleEnv        `expr:"env"`
	Self       *Env           `expr:"__env"`
}

type ruleEnv struct {
	Rule string `expr:"rule"`
}

// Env is one event as expressions see it. It decodes the detail when a program first
// needs it, and then only the members that are needed; programs that follow share
// that. It is for one goroutine.
type Env struct {
	vars  vars
	meter meter
	event event.Event
	// exact is of the whole detail, whatever is decoded: what an expression gives does
	// not depend on the programs before it. It is nil before the first use.
	exact map[float64]string
	// members are those of detail in their order, nil before the first use; the value
	// of one that is decoded is nil. alias is the further name of detail, if this event
	// has one.
	members []member
	alias   *map[string]any
}

type member struct {
	name  string
	value event.Value
}

// NewEnv makes the environment of ev.
func NewEnv(ev event.Event) *Env {
	e := &Env{event: ev, vars: vars{
		ID: ev.ID, Source: ev.Source, DetailType: ev.DetailType, Account: ev.Account, Region: ev.Region,
		Time: ev.Time, Resources: ev.Resources,
	}}
	e.vars.Self = e
	switch {
	case ev.Source == "tocsin.metrics" && ev.DetailType == "Metric Datum":
		e.alias = &e.vars.Metric
	case ev.Source == "tocsin.logs" && ev.DetailType == "Log Event":
		e.alias = &e.vars.Log
	case ev.Source == "tocsin.xray" && ev.DetailType == "Trace Segment":
		e.alias = &e.vars.Segment
	case strings.HasSuffix(ev.DetailType, " via CloudTrail"):
		e.alias = &e.vars.Call
	}
	return e
}

// SetRule sets env.rule, the name of the rule that the next programs belong to.
func (e *Env) SetRule(name string) { e.vars.Env.Rule = name }

// prepare decodes what n names.
func (e *Env) prepare(n needs) {
	if !n.whole && len(n.members) == 0 {
		return
	}
	if e.vars.Detail == nil {
		e.index()
	}
	for i := range e.members {
		m := &e.members[i]
		if m.value != nil && (n.whole || slices.Contains(n.members, m.name)) {
			e.vars.Detail[m.name] = decode(m.value)
			m.value = nil
		}
	}
}

// index finds the members of detail and decodes none.
func (e *Env) index() {
	e.members = make([]member, 0, 16)
	for name, v := range event.Value(e.event.Detail()).Members() {
		e.members = append(e.members, member{name, v})
	}
	e.vars.Detail = map[string]any{}
	if e.alias != nil {
		*e.alias = e.vars.Detail
	}
}

// needs is what a program reads of an event's detail.
type needs struct {
	// whole is set where the program uses detail other than by a member's name.
	whole   bool
	members []string
}

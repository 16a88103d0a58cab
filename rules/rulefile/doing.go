package rulefile

import (
	"strings"

	"github.com/tocsin-engine/tocsin/rules/pattern"
	"github.com/tocsin-engine/tocsin/rules/source"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// viaCloudTrail is the detail-type of the event that AWS makes of a call.
const viaCloudTrail = "AWS API Call via CloudTrail"

// doing is something that a target may do and that comes back as an event.
type doing struct {
	say   string // "its target emits source …"
	event []byte // what is known of the event
	call  bool   // it is an API call, else an emitted event
}

// doer is a rule that may start itself again.
type doer struct {
	readRule
	does []doing
	// emitted and called are the parts of the rule's pattern that are about what is
	// known of an emitted event and of a call; nil where there is no such part.
	emitted, called *pattern.Pattern
}

// doers are the rules whose targets do anything that comes back, except those that
// take care: they match once per key, or exclude somebody.
func (l *loader) doers() *graph {
	g := &graph{reaches: map[string][]int{}}
	known := map[string][]doing{}
	for _, t := range l.targets {
		known[t.target.Name] = l.doings(t.target.Plugin)
	}
	for _, rule := range l.rules {
		p := rule.v.Get("pattern")
		if !rule.valid || p == nil || rule.rule.OncePer != nil || rule.rule.Disabled || tellsApart(p) {
			continue
		}
		d := &doer{readRule: rule, emitted: part(p, "source")}
		if p.Get("source") != nil && rule.rule.Bus == "default" {
			d.called = part(p, "source", "detail-type", "detail")
		}
		for _, route := range rule.rule.Targets {
			d.does = append(d.does, known[route.Target]...)
		}
		if len(d.does) > 0 {
			g.doers = append(g.doers, d)
		}
	}
	return g
}

// tellsApart says whether a pattern excludes somebody: then its author thought of what
// the rule itself does.
func tellsApart(p *source.Value) bool {
	who := p.Get("detail").Get("userIdentity")
	return who != nil && strings.Contains(string(who.AppendJSON(nil)), `"anything-but"`)
}

// doings are what the targets of a plugin may do. A * in a grant stands for some text.
func (l *loader) doings(plugin string) (all []doing) {
	allow := l.allowed(plugin, l.options.Plugins[plugin])
	for _, source := range allow.Emit {
		all = append(all, doing{say: "its target emits source \"" + source + "\"", event: eventOf(strings.ReplaceAll(source, "*", "x"), "", "")})
	}
	for _, g := range allow.AWS {
		for _, action := range g.Actions {
			if !strings.Contains(action, "*") {
				all = append(all, doing{say: "its target calls " + action, event: eventOf("aws."+g.Service, viaCloudTrail, action), call: true})
			}
		}
	}
	return all
}

// eventOf is what is known of an event that a doing makes.
func eventOf(source, detailType, action string) []byte {
	b := event.AppendString([]byte(`{"source":`), source)
	b = event.AppendString(append(b, `,"detail-type":`...), detailType)
	b = event.AppendString(append(b, `,"detail":{"eventSource":`...), strings.TrimPrefix(source, "aws.")+".amazonaws.com")
	b = event.AppendString(append(b, `,"eventName":`...), action)
	return append(b, "}}"...)
}

// matches says whether the rule can match the event of a doing, as far as it is known.
func (d *doer) matches(does doing) bool {
	if does.call {
		return d.called != nil && d.called.Match(does.event)
	}
	return d.emitted == nil || d.emitted.Match(does.event)
}

// part compiles the named fields of a pattern; of detail only what names API calls. It
// is nil where the pattern has none of them.
func part(p *source.Value, fields ...string) *pattern.Pattern {
	out := source.Value{Kind: event.Object}
	for _, name := range fields {
		v := p.Get(name)
		if name == "detail" {
			v = calls(v)
		}
		if v != nil {
			out.Members = append(out.Members, source.Member{Name: name, Value: v})
		}
	}
	if len(out.Members) == 0 {
		return nil
	}
	compiled, _ := pattern.Compile(&out)
	return compiled
}

// calls is the part of a pattern's detail that names API calls, nil where it has none.
func calls(detail *source.Value) *source.Value {
	out := source.Value{Kind: event.Object}
	for _, name := range []string{"eventSource", "eventName"} {
		if v := detail.Get(name); v != nil {
			out.Members = append(out.Members, source.Member{Name: name, Value: v})
		}
	}
	if len(out.Members) == 0 {
		return nil
	}
	return &out
}

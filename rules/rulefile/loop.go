package rulefile

import (
	"fmt"
	"strings"

	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/rules/pattern"
	"github.com/tocsin-engine/tocsin/rules/source"
	"github.com/tocsin-engine/tocsin/sdk/abi"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// viaCloudTrail is the detail-type of the event that AWS makes of a call.
const viaCloudTrail = "AWS API Call via CloudTrail"

// checkLoops warns of rules that can start themselves again: what their target does
// makes an event that their pattern matches.
func (l *loader) checkLoops() {
	for _, rule := range l.rules {
		p := rule.v.Get("pattern")
		if !rule.valid || p == nil || rule.rule.OncePer != nil || rule.rule.Disabled || tellsApart(p) {
			continue
		}
		for _, route := range rule.rule.Targets {
			if why := l.loop(rule.rule.Bus, p, route.Target); why != "" {
				rule.r.list = append(rule.r.list, diag.Finding{Code: "L001", Severity: diag.Warning, File: rule.r.name,
					Pos: rule.v.Pos, Path: rule.path, Message: fmt.Sprintf("rule %q can start itself again", rule.rule.Name),
					Label: why, Help: "add  detail.userIdentity.arn: [{anything-but: …}]  or  once_per"})
				break
			}
		}
	}
}

// tellsApart says whether a pattern excludes somebody: then its author thought of what
// the rule itself does.
func tellsApart(p *source.Value) bool {
	who := p.Get("detail").Get("userIdentity")
	return who != nil && strings.Contains(string(who.AppendJSON(nil)), `"anything-but"`)
}

// loop says how a target's doings can match a pattern; "" where they cannot.
func (l *loader) loop(bus string, p *source.Value, target string) string {
	allow := l.grantsOf(target)
	for _, source := range allow.Emit {
		if matches(p, []string{"source"}, emitted(strings.ReplaceAll(source, "*", "x"), "", "")) {
			return fmt.Sprintf("its target emits source %q, which this pattern matches", source)
		}
	}
	if p.Get("source") == nil || bus != "default" {
		return ""
	}
	for _, g := range allow.AWS {
		for _, action := range g.Actions {
			if !strings.Contains(action, "*") && matches(p, []string{"source", "detail-type", "detail"}, emitted("aws."+g.Service, viaCloudTrail, action)) {
				return fmt.Sprintf("its target calls %s, which this pattern matches", action)
			}
		}
	}
	return ""
}

// grantsOf is what the plugin of a target may do.
func (l *loader) grantsOf(target string) abi.Grants {
	for _, t := range l.targets {
		if t.target.Name == target {
			return l.allowed(t.target.Plugin, l.options.Plugins[t.target.Plugin])
		}
	}
	return abi.Grants{}
}

// emitted is an event that a target's doing can make.
func emitted(source, detailType, action string) []byte {
	b := event.AppendString([]byte(`{"source":`), source)
	b = event.AppendString(append(b, `,"detail-type":`...), detailType)
	b = event.AppendString(append(b, `,"detail":{"eventSource":`...), strings.TrimPrefix(source, "aws.")+".amazonaws.com")
	b = event.AppendString(append(b, `,"eventName":`...), action)
	return append(b, "}}"...)
}

// matches says whether the part of a pattern that is about what is known of an event
// matches it.
func matches(p *source.Value, fields []string, ev []byte) bool {
	part := source.Value{Kind: event.Object}
	for _, name := range fields {
		v := p.Get(name)
		if v == nil {
			continue
		}
		if name == "detail" {
			v = calls(v)
			if v == nil {
				continue
			}
		}
		part.Members = append(part.Members, source.Member{Name: name, Value: v})
	}
	if len(part.Members) == 0 {
		return true
	}
	compiled, errs := pattern.Compile(&part)
	return len(errs) == 0 && compiled.Match(ev)
}

// calls is the part of a pattern's detail that names API calls, nil where it has none.
func calls(detail *source.Value) *source.Value {
	part := source.Value{Kind: event.Object}
	for _, name := range []string{"eventSource", "eventName"} {
		if v := detail.Get(name); v != nil {
			part.Members = append(part.Members, source.Member{Name: name, Value: v})
		}
	}
	if len(part.Members) == 0 {
		return nil
	}
	return &part
}

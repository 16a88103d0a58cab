package xray

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/rules/source"
	"github.com/tocsin-engine/tocsin/rules/yaml"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// codeRule is the code of every finding about a file of sampling rules.
const codeRule = "C002"

// ParseRules reads a file of sampling rules: what `aws xray get-sampling-rules` prints,
// as YAML or JSON. What a rule matches on is "*" where it is not given; its ARN and times
// are not looked at.
func ParseRules(name string, data []byte) ([]SamplingRule, diag.List) {
	doc, list := yaml.Parse(name, data)
	if doc.Root == nil {
		return nil, list
	}
	p := ruleParser{file: name, list: list}
	for path, v := range p.members(doc.Root, "", map[string]bool{"SamplingRuleRecords": true, "NextToken": false}) {
		p.records(path, v)
	}
	p.list.Sort()
	return p.rules, p.list
}

type ruleParser struct {
	file  string
	rules []SamplingRule
	list  diag.List
}

func (p *ruleParser) find(path string, at diag.Pos, label, format string, args ...any) {
	p.list = append(p.list, diag.Finding{
		Code: codeRule, File: p.file, Path: path, Pos: at, Message: fmt.Sprintf(format, args...), Label: label,
	})
}

// members yields those members of an object that are in known and true there, and finds
// those that are not known or stand twice.
func (p *ruleParser) members(v *source.Value, path string, known map[string]bool) func(yield func(string, *source.Value) bool) {
	return func(yield func(string, *source.Value) bool) {
		if v.Kind != event.Object {
			p.find(path, v.Pos, "write `name: value` lines", "this is %s, not an object", v.Kind)
			return
		}
		seen := map[string]bool{}
		for _, m := range v.Members {
			at := join(path, m.Name)
			wanted, ok := known[m.Name]
			switch {
			case !ok:
				label := "remove it"
				if near := diag.Nearest(m.Name, slices.Sorted(maps.Keys(known))); near != "" {
					label = fmt.Sprintf("did you mean %q?", near)
				}
				p.find(at, m.Pos, label, "unknown field %q", m.Name)
			case seen[m.Name]:
				p.find(at, m.Pos, "remove one of them", "%q stands twice", m.Name)
			case wanted && !yield(m.Name, m.Value):
				return
			}
			seen[m.Name] = true
		}
	}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func (p *ruleParser) records(path string, v *source.Value) {
	if v.Kind != event.Array {
		p.find(path, v.Pos, "write `- SamplingRule: …`", "this is %s, not a list", v.Kind)
		return
	}
	for i, item := range v.Items {
		at := path + "[" + strconv.Itoa(i) + "]"
		for name, rule := range p.members(item, at, map[string]bool{"SamplingRule": true, "CreatedAt": false, "ModifiedAt": false}) {
			p.rule(join(at, name), rule)
		}
	}
}

// rule reads one rule.
func (p *ruleParser) rule(path string, v *source.Value) {
	r := defaultRule
	r.RuleName, r.Priority = "", 0
	before, given := len(p.list), map[string]bool{}
	for name, value := range p.members(v, path, ruleFields) {
		given[name] = true
		if why := r.set(name, value); why != "" {
			p.find(join(path, name), value.Pos, why, "%s does not take this value", name)
		}
	}
	for _, name := range []string{"RuleName", "Priority", "FixedRate", "ReservoirSize"} {
		if !given[name] && v.Kind == event.Object {
			p.find(path, v.Pos, "", "the rule has no %s", name)
		}
	}
	isDefault := r.RuleName == defaultName
	switch {
	case len(p.list) > before:
		return
	case isDefault && !isDefaultShape(r):
		p.find(path, v.Pos, "change its FixedRate and ReservoirSize only", "the rule Default has priority 10000 and matches everything")
	case !isDefault && r.Priority > maxPriority:
		p.find(join(path, "Priority"), v.Pos, "write a whole number from 1 to 9999", "only the rule Default has the priority %d", r.Priority)
	case slices.ContainsFunc(p.rules, func(other SamplingRule) bool { return other.RuleName == r.RuleName }):
		p.find(path, v.Pos, "give it another name", "a second rule is called %q", r.RuleName)
	}
	p.rules = append(p.rules, r)
}

func isDefaultShape(r SamplingRule) bool {
	d := defaultRule
	return r.Priority == d.Priority && r.ServiceName == "*" && r.ServiceType == "*" && r.Host == "*" && r.HTTPMethod == "*" &&
		r.URLPath == "*" && r.ResourceARN == "*" && len(r.Attributes) == 0
}

// maxPriority is the last one before the default rule.
const maxPriority = 9999

// ruleFields are the fields of a rule; those that are false are AWS's to give.
var ruleFields = map[string]bool{
	"RuleName": true, "RuleARN": false, "ResourceARN": true, "Priority": true, "FixedRate": true, "ReservoirSize": true,
	"ServiceName": true, "ServiceType": true, "Host": true, "HTTPMethod": true, "URLPath": true, "Version": true, "Attributes": true,
}

// set takes over one field; why says what to write instead.
func (r *SamplingRule) set(name string, v *source.Value) (why string) {
	switch name {
	case "RuleName":
		return setText(&r.RuleName, v, 1, 32)
	case "ResourceARN":
		return setText(&r.ResourceARN, v, 1, 500)
	case "ServiceName":
		return setText(&r.ServiceName, v, 1, 64)
	case "ServiceType":
		return setText(&r.ServiceType, v, 1, 64)
	case "Host":
		return setText(&r.Host, v, 1, 64)
	case "HTTPMethod":
		return setText(&r.HTTPMethod, v, 1, 10)
	case "URLPath":
		return setText(&r.URLPath, v, 1, 128)
	case "Priority":
		return setInt(&r.Priority, v, 1, defaultRule.Priority)
	case "ReservoirSize":
		return setInt(&r.ReservoirSize, v, 0, 1<<31-1)
	case "Version":
		return setInt(&r.Version, v, 1, 1)
	case "FixedRate":
		rate, err := strconv.ParseFloat(v.Text, 64)
		if v.Kind != event.Number || err != nil || !(rate >= 0 && rate <= 1) {
			return "write a number from 0 to 1"
		}
		r.FixedRate = rate
		return ""
	}
	return r.setAttributes(v)
}

func setText(into *string, v *source.Value, least, most int) string {
	if n := utf8.RuneCountInString(v.Text); v.Kind != event.String || n < least || n > most {
		return fmt.Sprintf("write a text of %d to %d characters", least, most)
	}
	*into = v.Text
	return ""
}

func setInt(into *int, v *source.Value, least, most int) string {
	n, err := strconv.Atoi(v.Text)
	if v.Kind != event.Number || err != nil || n < least || n > most {
		return fmt.Sprintf("write a whole number from %d to %d", least, most)
	}
	*into = n
	return ""
}

// maxAttributes is how many attributes a rule may match on.
const maxAttributes = 5

func (r *SamplingRule) setAttributes(v *source.Value) string {
	if v.Kind != event.Object || len(v.Members) > maxAttributes {
		return fmt.Sprintf("write an object of at most %d texts", maxAttributes)
	}
	r.Attributes = map[string]string{}
	for _, m := range v.Members {
		if m.Value.Kind != event.String {
			return "write texts as values"
		}
		r.Attributes[m.Name] = m.Value.Text
	}
	return ""
}

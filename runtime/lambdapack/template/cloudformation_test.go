package template_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/tocsin-engine/tocsin/runtime/lambdapack/template"
)

// stack is a template of CloudFormation, its functions in their long form.
type stack struct {
	Parameters map[string]map[string]any
	Resources  map[string]resource
	Outputs    map[string]any
}

type resource struct {
	Type           string
	DeletionPolicy string         `json:",omitempty"`
	Properties     map[string]any `json:",omitempty"`
}

// readYAML reads a template as CloudFormation does.
func readYAML(t *testing.T, text []byte) stack {
	t.Helper()
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return readJSON(t, asJSON(t, plainYAML(t, root.Content[0])))
}

func readJSON(t *testing.T, text []byte) stack {
	t.Helper()
	var s stack
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func asJSON(t *testing.T, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// plainYAML is a node's value; a function's short form, !Ref X, becomes {"Ref": "X"}.
func plainYAML(t *testing.T, n *yaml.Node) any {
	t.Helper()
	if function, ok := strings.CutPrefix(n.Tag, "!"); ok && !strings.HasPrefix(function, "!") {
		switch function {
		case "Ref":
			return map[string]any{"Ref": n.Value}
		case "GetAtt":
			name, attribute, _ := strings.Cut(n.Value, ".")
			return map[string]any{"Fn::GetAtt": []any{name, attribute}}
		}
		if n.Kind == yaml.ScalarNode {
			return map[string]any{"Fn::" + function: n.Value}
		}
		untagged := *n
		untagged.Tag = ""
		return map[string]any{"Fn::" + function: plainYAML(t, &untagged)}
	}
	switch n.Kind {
	case yaml.MappingNode:
		m := map[string]any{}
		for i := 0; i < len(n.Content); i += 2 {
			if _, twice := m[n.Content[i].Value]; twice {
				t.Errorf("line %d: %s stands there twice", n.Line, n.Content[i].Value)
			}
			m[n.Content[i].Value] = plainYAML(t, n.Content[i+1])
		}
		return m
	case yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, c := range n.Content {
			list[i] = plainYAML(t, c)
		}
		return list
	}
	var v any
	if err := n.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// substance is what a template makes, without the names that its resources have in it: a
// line of JSON for each, in which others stand as their type and a digest of what they are.
func substance(t *testing.T, s stack) []string {
	t.Helper()
	digests := map[string]string{}
	lines := map[string]string{}
	// Each round tells apart what refers to what the rounds before told apart.
	for range 4 {
		for name, r := range s.Resources {
			lines[name] = string(asJSON(t, canonical(r, digests)))
		}
		for name, line := range lines {
			digests[name] = fmt.Sprintf("%s#%.3x", typeOf(s.Resources[name]), sha256.Sum256([]byte(line)))
		}
	}
	return slices.Sorted(maps.Values(lines))
}

func typeOf(r resource) string { return strings.Replace(r.Type, "Serverless", "Lambda", 1) }

// canonical is a resource without the choices that templates have.
func canonical(r resource, digests map[string]string) resource {
	out := resource{Type: typeOf(r), Properties: map[string]any{}}
	if r.Type == "AWS::DynamoDB::Table" {
		out.DeletionPolicy = r.DeletionPolicy // of the rest nothing is kept
	}
	for name, v := range r.Properties {
		if name != "Code" && name != "CodeUri" {
			out.Properties[name] = settled(name, v, digests)
		}
	}
	return out
}

// settled is a value whose functions are resolved as far as they can be.
func settled(name string, v any, digests map[string]string) any {
	switch v := v.(type) {
	case map[string]any:
		if text, ok := called(v, digests); ok {
			return settled(name, text, nil)
		}
		out := map[string]any{}
		for k, m := range v {
			out[k] = settled(k, m, digests)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, m := range v {
			out[i] = settled("", m, digests)
		}
		if isList(name) {
			slices.SortFunc(out, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		}
		return out
	case string:
		if isList(name) {
			return []any{v}
		}
	}
	return v
}

// isList says whether one value and a list of it are the same, and in any order.
func isList(name string) bool {
	return slices.Contains([]string{"Action", "action", "Resource"}, name)
}

// called is the text that a function of CloudFormation makes.
func called(v map[string]any, digests map[string]string) (string, bool) {
	if len(v) != 1 {
		return "", false
	}
	if name, ok := v["Ref"].(string); ok {
		if word, ok := strings.CutPrefix(name, "AWS::"); ok {
			return "<" + word + ">", true
		}
		return "→" + digests[name], true
	}
	if pair, ok := v["Fn::GetAtt"].([]any); ok {
		return fmt.Sprintf("→%s.%s", digests[pair[0].(string)], pair[1]), true
	}
	if text, ok := v["Fn::Sub"].(string); ok {
		return substituted(text), true
	}
	if join, ok := v["Fn::Join"].([]any); ok && join[0] == "" {
		var b strings.Builder
		for _, part := range join[1].([]any) {
			fmt.Fprint(&b, settled("", part, digests))
		}
		return b.String(), true
	}
	return "", false
}

// TestSubstanceTellsApart: a comparison that finds everything equal would hold nothing.
func TestSubstanceTellsApart(t *testing.T) {
	text := template.SAM(full())[0].Data
	same := substance(t, readYAML(t, text))
	for old, other := range map[string]string{
		"BatchSize: 100": "BatchSize: 99", "sqs:GetQueueUrl": "sqs:*", "!GetAtt AwsEc2Rule.Arn": "!GetAtt BusRule.Arn",
		"FunctionName: !Ref Function": "FunctionName: !Ref Role", "DeletionPolicy: Retain": "DeletionPolicy: Delete",
		"SourceAccount: !Ref AWS::AccountId": "SourceAccount: !Ref AWS::Region", `"dynamodb:tocsin-state"`: `!Sub "dynamodb:${AWS::Region}"`,
	} {
		changed := bytes.Replace(text, []byte(old), []byte(other), 1)
		if bytes.Equal(changed, text) {
			t.Errorf("there is no %s", old)
		}
		if cmp.Equal(same, substance(t, readYAML(t, changed))) {
			t.Errorf("nobody notices %s in the place of %s", other, old)
		}
	}
}

// substituted is what Fn::Sub makes of a text with words only.
func substituted(text string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "${")
		b.WriteString(before)
		name, after, closed := strings.Cut(rest, "}")
		switch {
		case !found:
			return b.String()
		case !closed:
			return b.String() + "${" + rest
		default:
			b.WriteString("<" + strings.TrimPrefix(name, "AWS::") + ">")
		}
		text = after
	}
}

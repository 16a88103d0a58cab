package template_test

import (
	"encoding/json"
	"fmt"
	"path"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"

	"github.com/tocsin-engine/tocsin/runtime/lambdapack"
	"github.com/tocsin-engine/tocsin/runtime/lambdapack/template"
)

// planWith is a plan that has a text wherever people write.
func planWith(text string) lambdapack.Plan {
	p := bare()
	p.Function.Description = text
	p.Environment = []lambdapack.Variable{{Name: "TEXT", Value: text}, {Name: "AROUND", Value: text + lambdapack.Region + text}}
	pattern, _ := json.Marshal(map[string]any{"detail": map[string]any{text: []any{text, map[string]any{"prefix": text}}}})
	p.Sources = []lambdapack.Source{
		{Kind: lambdapack.EventBridge, Name: "a", Bus: "default", Rules: []string{text}, Pattern: pattern},
		{Kind: lambdapack.Logs, Name: "b", LogGroup: "g", FilterPattern: text},
	}
	p.Permissions[0].For = []string{text}
	p.Warnings = []lambdapack.Warning{{About: text, Message: text, Help: text}}
	return p
}

// FuzzTexts: whatever stands in a plan comes out of a YAML parser and of HCL's as it was.
// For TypeScript, TestCDKMakesWhatSAMMakes has the worst of them.
func FuzzTexts(f *testing.F) {
	for _, e := range full().Environment {
		f.Add(e.Value)
	}
	for _, text := range []string{"", "a", "é\u0085\u00a0\ufeff\uffff", "EOT\n", "$", "%%{", "$$${", "a: b", "\x00", "~", "null", "1e3", "--- #", "{{.}}", "\\u0041", "__proto__"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) || strings.ContainsRune(text, utf8.RuneError) || strings.Contains(text, "${AWS::") {
			t.Skip("no rule file has such a text")
		}
		p := planWith(text)
		function := readYAML(t, template.SAM(p)[0].Data).Resources
		check(t, text, function["Function"].Properties["Description"], function["Function"].Properties["Environment"].(map[string]any)["Variables"],
			function["BFilter"].Properties["FilterPattern"], function["ARule"].Properties["EventPattern"])
		made := evaluate(t, template.Terraform(p))
		lambda, pattern := made["aws_lambda_function"][0], made["aws_cloudwatch_event_rule"][0]["event_pattern"]
		check(t, norm.NFC.String(text), lambda["description"], lambda["environment"].([]any)[0].(map[string]any)["variables"],
			made["aws_cloudwatch_log_subscription_filter"][0]["filter_pattern"], pattern)
	})
}

func check(t *testing.T, text string, description, variables, filter, pattern any) {
	t.Helper()
	if description != text || filter != text {
		t.Errorf("%q became %q and %q", text, description, filter)
	}
	resolved := settled("", variables, nil).(map[string]any)
	if resolved["TEXT"] != text || resolved["AROUND"] != norm.NFC.String(text+"<Region>"+text) && resolved["AROUND"] != text+"<Region>"+text {
		t.Errorf("%q became %q", text, resolved)
	}
	want := map[string]any{"detail": map[string]any{text: []any{text, map[string]any{"prefix": text}}}}
	if diff := cmp.Diff(any(want), pattern); diff != "" {
		t.Errorf("the pattern (-want +got):\n%s", diff)
	}
}

// TestNumbers: a number means the same without its exponent.
func TestNumbers(t *testing.T) {
	for written, want := range map[string]string{
		"1": "1", "-0.50": "-0.50", "1.5e2": "150", "1E+3": "1000", "12e-1": "1.2", "-5e-3": "-0.005", "0e0": "0", "100e-2": "1", "1e999": "1e999", "1.25e1": "12.5",
	} {
		p := bare()
		p.Sources = []lambdapack.Source{{Kind: lambdapack.EventBridge, Name: "a", Bus: "default", Pattern: json.RawMessage(`{"detail":{"n":[` + written + `]}}`)}}
		if text := string(template.SAM(p)[0].Data); !strings.Contains(text, `{"detail": {"n": [`+want+`]}}`) {
			t.Errorf("%s is not written as %s: %s", written, want, text)
		}
	}
}

// TestNull: CloudFormation takes no null, so what asks for one is left to the function.
func TestNull(t *testing.T) {
	for pattern, want := range map[string]string{
		`{"source":["a"],"detail":{"x":[null],"y":[1]}}`:  `{"source": ["a"], "detail": {"y": [1]}}`,
		`{"source":["a"],"detail":{"x":["b",null]}}`:      `{"source": ["a"]}`,
		`{"source":["a"],"$or":[{"x":[null]},{"y":[1]}]}`: `{"source": ["a"]}`,
		`{"$or":[{"x":[null],"z":[2]},{"y":[1]}]}`:        `{"$or": [{"z": [2]}, {"y": [1]}]}`,
		`{"detail":{"x":[null]}}`:                         `{"source": [{"prefix": ""}]}`,
	} {
		p := bare()
		p.Sources = []lambdapack.Source{{Kind: lambdapack.EventBridge, Name: "a", Bus: "default", Pattern: json.RawMessage(pattern)}}
		if text := string(template.SAM(p)[0].Data); !strings.Contains(text, "        "+want+"\n") {
			t.Errorf("%s is not written as %s: %s", pattern, want, text)
		}
		hcl := evaluate(t, template.Terraform(p))["aws_cloudwatch_event_rule"][0]["event_pattern"]
		if diff := cmp.Diff(decoded(t, []byte(pattern)), hcl); diff != "" {
			t.Errorf("Terraform's pattern (-want +got):\n%s", diff)
		}
	}
}

// TestSameBytes: the same plan gives the same bytes, in all kinds; no other kind is there.
func TestSameBytes(t *testing.T) {
	for _, kind := range template.Kinds {
		first := template.Files(kind, full())
		if len(first) == 0 {
			t.Errorf("%s has no files", kind)
		}
		for range 5 {
			if diff := cmp.Diff(first, template.Files(kind, full())); diff != "" {
				t.Errorf("%s (-first +again):\n%s", kind, diff)
			}
		}
		for _, f := range first {
			if !strings.HasSuffix(string(f.Data), "\n") || strings.Contains(string(f.Data), "<no value>") || path.Clean(f.Name) != f.Name {
				t.Errorf("%s: %s", f.Name, f.Data)
			}
		}
	}
	if template.Files("pulumi", full()) != nil {
		t.Error("there are files of no kind")
	}
}

// TestNamesDoNotCollide: sources whose names differ in hyphens only stay apart.
func TestNamesDoNotCollide(t *testing.T) {
	p := bare()
	p.Sources, p.Secrets = nil, []string{"TOCSIN_PLUGIN_SECRET_A_B", "TOCSIN_PLUGIN_SECRET_AB", "TOCSIN_PLUGIN_SECRET_A__B"}
	for i, name := range []string{"a-b1", "a-b-1", "1-a", "a", "a-b", "ab"} {
		p.Sources = append(p.Sources, lambdapack.Source{Kind: lambdapack.SNS, Name: name, ARN: fmt.Sprintf("arn:aws:sns:eu-west-1:111122223333:t%d", i)})
	}
	sam := readYAML(t, template.SAM(p)[0].Data) // fails where a name stands there twice
	if n := len(sam.Parameters); n != 3 {
		t.Errorf("%d parameters", n)
	}
	labels := map[string]bool{}
	for _, f := range template.Terraform(p) {
		for line := range strings.Lines(string(f.Data)) {
			if strings.HasPrefix(line, "resource ") || strings.HasPrefix(line, "variable ") {
				if labels[line] {
					t.Errorf("%s: %s stands there twice", f.Name, line)
				}
				labels[line] = true
			}
		}
	}
}

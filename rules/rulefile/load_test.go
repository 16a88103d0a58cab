package rulefile

import (
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/rules/expression"
	"github.com/tocsin-engine/tocsin/rules/pattern"
	"github.com/tocsin-engine/tocsin/rules/transform"
	"github.com/tocsin-engine/tocsin/sdk/abi"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// orders is the first example of guide and README.
const orders = `version: 1

rules:
  - name: big-foreign-order
    description: Large order paid with a card from another country.
    pattern:                                  # EventBridge pattern, same semantics
      source: [shop.orders]
      detail-type: [OrderPlaced]
      detail:
        amount: [{numeric: [">=", 1000]}]
    when: detail.card.country != detail.ship_to.country   # only runs if pattern matched
    targets: [fraud-channel]

targets:
  - name: fraud-channel
    plugin: slack
    config: {channel: "#fraud"}
    input: |
      {title: "Order " + detail.id, text: string(detail.amount) + " " + detail.currency}
    retry: {attempts: 5, within: 15m}
    dead_letter: true

plugins:
  - name: slack
    file: slack.wasm
    allow: {http: [hooks.slack.com], secrets: [SLACK_WEBHOOK]}
    limits: {memory: 32MiB, time: 2s}
`

// load reads files that have no finding.
func load(t *testing.T, files ...File) *Set {
	t.Helper()
	set, list := Load(files, Options{Durable: true})
	for _, f := range list {
		t.Errorf("%s: %s", f.Error(), f.Label)
	}
	return set
}

// compare looks at compiled things through what they were compiled from.
var compare = cmp.Options{
	cmpopts.IgnoreTypes(diag.Pos{}, transform.Input{}),
	cmpopts.IgnoreUnexported(Target{}),
	cmp.Transformer("pattern", func(p *pattern.Pattern) string {
		if p == nil {
			return ""
		}
		return string(p.JSON())
	}),
	cmp.Transformer("expression", func(p *expression.Program) string {
		if p == nil {
			return ""
		}
		return p.Source()
	}),
}

// program compiles an expression that is right.
func program(t *testing.T, src string, kind expression.Kind) *expression.Program {
	t.Helper()
	p, errs := expression.Compile(src, kind)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return p
}

func jsonPattern(t *testing.T, src string) *pattern.Pattern {
	t.Helper()
	p, errs := pattern.CompileJSON([]byte(src))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return p
}

// TestLoad: every field of a file is where it belongs in the Set.
func TestLoad(t *testing.T) {
	const name = "testdata/fields/everything.good.yaml"
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	set := load(t, File{Name: name, Data: data})
	zero, most, other, none := 0, 185, "other-queue", ""
	want := &Set{
		Buses: []string{"shop", "shop/eu"},
		Rules: []Rule{{
			Name: "all.fields_of-a-Rule.1", Description: "Every field that a rule has.", Bus: "shop/eu", File: name, Disabled: true,
			Pattern: jsonPattern(t, `{"source":["shop.orders",{"prefix":"shop."}],"detail":{"amount":[{"numeric":[">=",1000]}],"tags":[null,true,5]}}`),
			When:    program(t, "detail.card.country != detail.ship_to.country", expression.When),
			OncePer: &OncePer{Key: program(t, "detail.customer", expression.Key), Every: 90 * time.Minute},
			Tags:    map[string]string{"team": "shop"},
			Targets: []Route{
				{Target: "plain"},
				{Target: "shaped", HasInput: true, Retry: &Retry{Attempts: &zero}, DeadLetter: &other},
				{Target: "path", HasInput: true},
				{Target: "template", HasInput: true, DeadLetter: &none},
			},
		}, {
			Name: "when-alone", Bus: "aws.partner/example.com", File: name, When: program(t, "true", expression.When),
		}},
		Targets: []Target{
			{Name: "plain", Plugin: "log", Config: []byte("{}"), Mode: "local", File: name},
			{Name: "shaped", Plugin: "slack", Config: []byte(`{"channel":"#a","deep":{"n":1.50,"list":[1,null]}}`), Mode: "aws", File: name,
				Retry: &Retry{Attempts: &most, Within: 24 * time.Hour}, DeadLetter: DefaultDeadLetter, Concurrency: 10, Batch: 100},
			{Name: "path", Plugin: "sqs", Config: []byte("{}"), Mode: "local", File: name},
			{Name: "template", Plugin: "sns", Config: []byte("{}"), Mode: "local", DeadLetter: "dead", File: name},
		},
		Plugins: []Plugin{{
			Name: "slack", File: "testdata/plugins/slack.wasm", RuleFile: name, HasAllow: true,
			SHA256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
			Allow: abi.Grants{HTTP: []string{"hooks.slack.com", "*.example.com", "$config.url"}, KV: 1 << 20,
				AWS:  []abi.AWSGrant{{Service: "sqs", Actions: []string{"SendMessage"}, Resources: []string{"arn:aws:sqs:*"}}},
				Emit: []string{"shop.slack"}, Secrets: []string{"SLACK"}},
			Limits: abi.Limits{Memory: 32 << 20, TimeMS: 2000, Fuel: 1_000_000, Output: 512 << 10, Log: 4096},
		}, {Name: "sqs", RuleFile: name, Limits: abi.Limits{TimeMS: 500}}},
	}
	if diff := cmp.Diff(want, set, compare); diff != "" {
		t.Errorf("Load (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want.Plugins, Plugins([]File{{Name: name, Data: data}}), compare); diff != "" {
		t.Errorf("Plugins (-want +got):\n%s", diff)
	}
}

// TestLoad_inputs: what a target gets is what its file says.
func TestLoad_inputs(t *testing.T) {
	ev, err := event.Parse([]byte(`{"version":"0","id":"1","detail-type":"OrderPlaced","source":"shop.orders","account":"123456789012","time":"2026-01-01T00:00:00Z","region":"eu-west-1","resources":[],"detail":{"id":"A-17","amount":1250.50}}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ name, field, want string }{
		{"expression", "input: detail.amount > 1000", "true"},
		{"expression in a block", "input: |\n      {title: \"Order \" +\n        detail.id}", `{"title":"Order A-17"}`},
		{"expression that YAML calls a number", "input: 5", "5"},
		{"path", "input_path: $.detail.amount", "1250.50"},
		{"template", "input_paths: {id: $.detail.id}\n    input_template: '{\"order\": <id>, \"rule\": \"<aws.events.rule-name>\"}'", `{"order": "A-17", "rule": "r"}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			set := load(t, File{Name: "a.yaml", Data: []byte("version: 1\ntargets:\n  - name: t\n    plugin: log\n    " + tc.field + "\n")})
			got, err := set.Targets[0].Input.Apply(ev, transform.Context{RuleName: "r"})
			if err != nil || string(got) != tc.want {
				t.Errorf("%s: %s, %v, want %s", tc.field, got, err, tc.want)
			}
		})
	}
}

// TestLoad_set: all files are one set, whatever their order; a name has one place in it.
func TestLoad_set(t *testing.T) {
	rules := File{Name: "rules/a.yaml", Data: []byte("version: 1\nrules: [{name: r, bus: shop, when: true, targets: [t]}]\n")}
	targets := File{Name: "rules/b.yaml", Data: []byte("version: 1\ntargets: [{name: t, plugin: p}]\nbuses: [shop]\n")}
	plugins := File{Name: "rules/deep/c.yaml", Data: []byte("version: 1\nplugins: [{name: p, file: ../p.wasm}]\n")}
	for _, files := range [][]File{{rules, targets, plugins}, {plugins, targets, rules}} {
		set := load(t, files...)
		if len(set.Rules) != 1 || len(set.Targets) != 1 || len(set.Plugins) != 1 || set.Plugins[0].File != "rules/p.wasm" {
			t.Errorf("Load: %+v", set)
		}
	}
	_, list := Load([]File{rules, targets, plugins, {Name: "rules/d.yaml", Data: rules.Data}}, Options{})
	if len(list) != 1 || list[0].Error() != `rules/d.yaml:2:16: error R007: rules[0].name: there are two rules called "r"` || list[0].Help != "the first is at rules/a.yaml:2" {
		t.Errorf("a rule twice: %v", list)
	}
	_, list = Load([]File{rules}, Options{})
	var codes []string
	for _, f := range list {
		codes = append(codes, f.Code)
	}
	if diff := cmp.Diff([]string{"R006", "R004"}, codes); diff != "" {
		t.Errorf("a set without its other files (-want +got):\n%s", diff)
	}
}

// TestLoad_broken: what could be read of a broken set is there, and one broken file does
// not make the names of its parts unknown to the others.
func TestLoad_broken(t *testing.T) {
	set, list := Load([]File{
		{Name: "a.yaml", Data: []byte("version: 1\nrules:\n  - {name: good, when: true, targets: [lost]}\n  - {name: bad, when: sorce}\n")},
		{Name: "b.yaml", Data: []byte("version: 1\ntargets:\n  - {name: lost, plugin: log\n")},
	}, Options{})
	var short []string
	for _, f := range list {
		short = append(short, f.File+" "+f.Code)
	}
	if diff := cmp.Diff([]string{"a.yaml E003", "b.yaml Y010"}, short); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	if len(set.Rules) != 1 || set.Rules[0].Name != "good" {
		t.Errorf("rules: %+v", set.Rules)
	}
	if set, list := Load(nil, Options{}); set == nil || len(list) > 0 {
		t.Errorf("no files: %v, %v", set, list)
	}
}

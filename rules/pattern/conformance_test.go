package pattern_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tocsin-engine/tocsin/rules/pattern"
	"github.com/tocsin-engine/tocsin/sdk/sharedtest"
)

// answer compiles and matches: "yes", "no", or the codes of the errors.
func answer(p, ev string) string {
	compiled, errs := pattern.CompileJSON([]byte(p))
	if len(errs) > 0 {
		var codes []string
		for _, e := range errs {
			codes = append(codes, string(e.Code))
		}
		return strings.Join(codes, " ")
	}
	if compiled.Match([]byte(ev)) {
		return "yes"
	}
	return "no"
}

// localStackCodes are the codes for the patterns that AWS refuses.
var localStackCodes = map[string]string{
	"content_anything_but_string_list_null_type_EXC": "bad_anything_but",
	"content_anything_but_string_null_type_EXC":      "bad_anything_but",
	"content_anything_suffix_empty_EXC":              "bad_anything_but",
	"content_anything_suffix_ignorecase_EXC":         "bad_nesting",
	"content_anything_suffix_list_null_type_EXC":     "need_string",
	"content_anything_wildcard_list_type_EXC":        "need_string",
	"content_ignorecase_EXC":                         "need_string",
	"content_ip_address_bad_ip_EXC":                  "bad_cidr",
	"content_ip_address_type_EXC":                    "need_string",
	"content_numeric_number_EXC":                     "bad_numeric",
	"content_numeric_operatorcasing_EXC":             "bad_matcher",
	"content_prefix_int_EXC":                         "need_string",
	"content_wildcard_list_EXC":                      "need_string",
	"operator_case_sensitive_EXC":                    "bad_matcher",
	"string_nolist_EXC":                              "not_array",
}

// TestLocalStack holds the cases that were recorded against AWS. There is no exception.
func TestLocalStack(t *testing.T) {
	text, err := os.ReadFile(sharedtest.Path(t, "eventpatterns/localstack-cases.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct{ Name, Expect, Pattern, Event string }
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) == 0 {
		t.Fatal("no cases")
	}
	for _, c := range cases {
		want := c.Expect
		if want == "error" {
			want = localStackCodes[c.Name]
		}
		if got := answer(c.Pattern, c.Event); got != want {
			t.Errorf("%s: %s, want %s", c.Name, got, want)
		}
	}
}

// lines reads a file with one JSON value a line.
func lines[T any](t *testing.T, name string) []T {
	text, err := os.ReadFile(sharedtest.Path(t, name))
	if err != nil {
		t.Fatal(err)
	}
	var all []T
	s := bufio.NewScanner(bytes.NewReader(text))
	s.Buffer(nil, len(text)+1)
	for s.Scan() {
		var v T
		if err := json.Unmarshal(s.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		all = append(all, v)
	}
	if len(all) == 0 {
		t.Fatal("no cases")
	}
	return all
}

// TestEventRuler holds the cases recorded while event-ruler ran its own tests. The two
// with a repeated name in a pattern are D6 in DESIGN.md.
func TestEventRuler(t *testing.T) {
	exceptions := map[string]string{
		"ACMachineTest.testDuplicateKeyLastOneWins":                            "duplicate",
		"EventTest.WHEN_EventIsConstructed_THEN_HeterogeneousArraysAreHandled": "duplicate",
	}
	for _, c := range lines[struct {
		Test    string
		Rules   [][2]string
		Event   string
		Matched []string
	}](t, "eventpatterns/event-ruler-cases.jsonl") {
		got := map[string]bool{} // a rule that was added twice has two patterns
		for _, rule := range c.Rules {
			switch a := answer(rule[1], c.Event); a {
			case "yes":
				got[rule[0]] = true
			case "no":
			default:
				if exceptions[c.Test] != a {
					t.Errorf("%s: %s: %s", c.Test, rule[1], a)
				}
			}
		}
		for _, rule := range c.Rules {
			if want := slices.Contains(c.Matched, rule[0]); got[rule[0]] != want && exceptions[c.Test] == "" {
				t.Errorf("%s: %s matches %s: %v, want %v", c.Test, rule[1], c.Event, got[rule[0]], want)
			}
		}
	}
}

// probeExceptions are the probes where we mean to differ from event-ruler, with our
// answer; DESIGN.md has the reasons under the decision's number.
var probeExceptions = map[string]struct{ decision, want string }{
	"exists false in array of objs with c match, other elem": {"D1", "yes"},

	"2^53+1 vs 9007199254740993.0":                          {"D2", "yes"},
	"numeric = 2^53+1 pattern":                              {"D2", "yes"},
	"numeric > 1 event 2^53+1":                              {"D2", "yes"},
	"numeric > 1 event 1e309":                               {"D2", "yes"},
	"0.1 vs 0.1000000000000000055511151231257827":           {"D2", "yes"},
	"numeric = 0.1 vs 0.1000000000000000055511151231257827": {"D2", "yes"},
	"numeric <1 vs long decimal":                            {"D2", "yes"},
	"numeric <1 vs 17 digits":                               {"D2", "yes"},
	"number huge digits exact alt":                          {"D2", "yes"},
	"exact 1e400 vs 10e399":                                 {"D2", "yes"},

	"eic unicode ß vs SS":             {"D3", "no"},
	"eic k vs Kelvin":                 {"D3", "yes"},
	"eic ſ long s vs s":               {"D3", "yes"},
	"eic Σ vs ς final":                {"D3", "yes"},
	"eic astral Deseret (surrogates)": {"D3", "yes"},

	"cidr /32":                  {"D4", "yes"},
	"cidr v6 /128":              {"D4", "yes"},
	"cidr /0 with v6 event":     {"D4", "no"},
	"cidr octal":                {"D4", "no"},
	"exact ip v4 leading zeros": {"D4", "no"},

	"dup key pattern, last wins":      {"D6", "duplicate"},
	"dup key pattern, first":          {"D6", "duplicate"},
	"dup key pattern objects merge":   {"D6", "duplicate"},
	"dup key pattern objects merge 2": {"D6", "duplicate"},

	"or same field as outer (and?) a=1 outer, or a=2": {"D7", "no"},

	"trailing garbage": {"D9", "not_object"},
	// The door checks events (event.Check); what Match says of other bytes means nothing.
	"exact int in mixed machine + text leading zeros json invalid": {"D9", "yes"},
	"event truncated":        {"D9", "yes"},
	"event truncated unused": {"D9", "yes"},
	"top-level array event":  {"D9", "no"},

	"empty key nested": {"D10", "yes"},
}

// TestProbes holds the edge cases that were measured with event-ruler.
func TestProbes(t *testing.T) {
	used := map[string]bool{}
	for _, c := range lines[struct {
		Name, Pattern, Event string
		EventRuler           string `json:"event_ruler"`
	}](t, "eventpatterns/probes-answers.jsonl") {
		got := answer(c.Pattern, c.Event)
		if exception, ok := probeExceptions[c.Name]; ok {
			used[c.Name] = true
			if got != exception.want || got == c.EventRuler {
				t.Errorf("%s: %s, want %s (%s); event-ruler says %s", c.Name, got, exception.want, exception.decision, c.EventRuler)
			}
			continue
		}
		if refused := got != "yes" && got != "no"; refused != strings.HasPrefix(c.EventRuler, "error") || !refused && got != c.EventRuler {
			t.Errorf("%s: %s matches %s: %s, want %s", c.Name, c.Pattern, c.Event, got, c.EventRuler)
		}
	}
	for name := range probeExceptions {
		if !used[name] {
			t.Errorf("the exception %q is no probe", name)
		}
	}
}

package matcher_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/rules/matcher"
)

func mixedRules(t *testing.T) []matcher.Rule {
	return []matcher.Rule{
		{Name: "big-order", Bus: "default", Pattern: compilePattern(t, `{"source":["shop"],"detail":{"amount":[{"numeric":[">=",1000,"<",5000]}]}}`)},
		{Name: "root", Bus: "default", When: compileWhen(t, `source == "shop" and detail.user.name == "root"`)},
		{Name: "either", Bus: "default", When: compileWhen(t, `detail.a endsWith ".png" or detail.b contains "secret" or detail.n == 5`)},
		{Name: "wild", Bus: "default", Pattern: compilePattern(t, `{"detail":{"key":[{"wildcard":"*part-17*"},{"prefix":{"equals-ignore-case":"Tmp"}}]}}`)},
		{Name: "net", Bus: "other", Pattern: compilePattern(t, `{"detail":{"ip":[{"cidr":"10.0.0.0/24"},"::1",null]}}`)},
		{Name: "not", Bus: "default", Pattern: compilePattern(t, `{"detail":{"key":[{"anything-but":"x"}]}}`)},
		{Name: "absent", Bus: "default", Pattern: compilePattern(t, `{"detail":{"key":[{"exists":false},"x"]}}`)},
		{Name: "count", Bus: "default", When: compileWhen(t, `len(resources) > 3`)},
	}
}

func TestPrint(t *testing.T) {
	m := newMatcher(t, mixedRules(t))
	if _, problem := m.Add(matcher.Rule{Name: "late", Bus: "other", Pattern: compilePattern(t, `{"detail":{"late":["x"]}}`)}); problem != nil {
		t.Fatal(problem)
	}
	var got strings.Builder
	if err := m.Print(&got); err != nil {
		t.Fatal(err)
	}
	want := `bus default: 1 level, 7 paths
  level 0: 9 conjunctions
    detail.a
      suffix ".png"                    → either, then when
    detail.b
      holds "secret"                   → either, then when
    detail.key
      any value                        → not
      holds "part-1"                   → wild
      prefix, any case "TMP"           → wild
    detail.n
      number 5                         → either, then when
    detail.user.name
      text "root"                      → root, then source, (no evaluation)
    source
      text "shop"                      → big-order, then detail.amount
    (no path)
      every event                      → absent, then detail.key
      every event                      → count, then when
bus other: 2 levels, 2 paths
  level 0: 1 conjunction
    detail.ip
      address ::1                      → net
      block 10.0.0.0/24                → net
      literal null                     → net
  level 1: 1 conjunction, no index yet
    detail.late
      text "x"                         → late
`
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Error(diff)
	}
}

func TestAdvice(t *testing.T) {
	rules := append(mixedRules(t),
		matcher.Rule{Name: "or", Bus: "default", When: compileWhen(t, `source == "s" or (detail.a == "x" or detail.a != detail.b)`)},
		matcher.Rule{Name: "not", Bus: "default", When: compileWhen(t, `not (detail.a startsWith "x") and detail.b != 5`)},
		matcher.Rule{Name: "and", Bus: "default", When: compileWhen(t, `detail.a != "x" and detail.b matches "^GET |^PUT "`)},
	)
	var got []string
	for _, a := range newMatcher(t, rules).Advice() {
		got = append(got, rules[a.Rule].Name+" "+a.Message)
	}
	want := []string{
		"not is tried on every event that has detail.key",
		"absent is tried on every event: each of its conditions may hold of an absent field",
		"count is evaluated on every event: len(resources) > 3 does not say what value a field must have",
		"or is evaluated on every event: detail.a != detail.b does not say what value a field must have",
		`not is evaluated on every event: not (detail.a startsWith "x") and detail.b != 5 does not say what value a field must have`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

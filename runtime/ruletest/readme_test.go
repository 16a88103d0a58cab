package ruletest_test

import (
	"os"
	"regexp"
	"testing"

	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/runtime/ruletest"
)

// TestReadme: the tests that rules/README.md shows pass on the rules that it shows.
func TestReadme(t *testing.T) {
	b, err := os.ReadFile("../../rules/README.md")
	if err != nil {
		t.Fatal(err)
	}
	rules := regexp.MustCompile("(?s)```yaml\n(.+?)\n```").FindSubmatch(b)
	tests := regexp.MustCompile("(?s)```yaml\n(# rules/orders_test.yaml\n.+?)\n```").FindSubmatch(b)
	order := regexp.MustCompile("(?s)```json\n(.+?)\n```").FindSubmatch(b)
	if rules == nil || tests == nil || order == nil {
		t.Fatal("a block is missing")
	}
	set, findings := rulefile.Load([]rulefile.File{{Name: "rules/orders.yaml", Data: rules[1]}}, rulefile.Options{})
	file, more := rulefile.ParseTests(rulefile.File{Name: "rules/orders_test.yaml", Data: tests[1]})
	if findings = append(findings, more...); len(findings) > 0 {
		t.Fatal(findings)
	}
	report, err := ruletest.Run(t.Context(), set, []*rulefile.TestFile{file}, ruletest.Options{
		ReadFile: func(string) ([]byte, error) { return order[1], nil }})
	if err != nil {
		t.Fatal(err)
	}
	if report.Failed > 0 || report.Tests != 3 {
		t.Errorf("%d of %d failed:\n%s", report.Failed, report.Tests, text(t, report))
	}
}

package ruletest_test

import (
	"testing"

	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/runtime/ruletest"
)

const deliveryRules = `version: 1
rules:
  - {name: nightly, schedule: "cron(30 2 * * ? *)", timezone: Europe/Berlin, targets: [{target: clean, input: string(time)}]}
  - {name: order, pattern: {source: [shop]}, targets: [ship]}
targets:
  - {name: clean, plugin: log}
  - {name: ship, plugin: log, input: detail.n, order_by: detail.order}
`

const deliveryTests = `version: 1
tests:
  - name: once a night, also when the clock is put back
    start: 2026-10-23T12:00:00Z
    steps:
      - {at: 12h, expect: {deliver: {clean: 0}}}
      - {at: 12h30m, expect: {deliver: {clean: ["2026-10-24T00:30:00Z"]}}}
      - {at: 48h, expect: {deliver: {clean: ["2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z"]}}}
  - name: an event alone does not wait for the night
    event: {source: shop, detail-type: T, detail: {order: a, n: 1}}
    match: [order]
    deliver: {ship: [1]}
  - name: a failing order keeps its place and no other
    respond: {ship: [retry, ok, retry, ok]}
    steps:
      - {event: {source: shop, detail-type: T, detail: {order: a, n: 1}}}
      - {event: {source: shop, detail-type: T, detail: {order: b, n: 2}}}
      - {event: {source: shop, detail-type: T, detail: {order: a, n: 3}}, expect: {deliver: {ship: [2]}}}
      - {at: 1m, expect: {deliver: {ship: [2, 1, 3]}}}
`

// TestSchedulesAndOrder: tests can let time pass for schedules, and see order kept.
func TestSchedulesAndOrder(t *testing.T) {
	set, findings := rulefile.Load([]rulefile.File{{Name: "d.yaml", Data: []byte(deliveryRules)}}, rulefile.Options{Durable: true})
	tests, more := rulefile.ParseTests(rulefile.File{Name: "d_test.yaml", Data: []byte(deliveryTests)})
	for _, f := range append(findings, more...) {
		t.Error(f.Error())
	}
	report, err := ruletest.Run(t.Context(), set, []*rulefile.TestFile{tests}, ruletest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range report.Files[0].Tests {
		for _, f := range test.Failures {
			t.Errorf("%s: at %s %s: got %s, want %s", test.Name, f.At, f.What, f.Got, f.Want)
		}
	}
	if report.Tests != 3 || report.Covered.Rules != 2 {
		t.Errorf("%d tests cover %d rules, want 3 and 2", report.Tests, report.Covered.Rules)
	}
}

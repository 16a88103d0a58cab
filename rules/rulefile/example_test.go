package rulefile_test

import (
	"fmt"
	"os"

	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/rules/rulefile"
)

func ExampleLoad() {
	file := rulefile.File{Name: "rules/orders.yaml", Data: []byte(`version: 1
rules:
  - name: big-order
    pattern:
      source: [shop.orders]
      detail:
        amount: {numeric: [">=", 1000]}
    when: |
      detail.currency == "EUR"
        and sorce == "shop.orders"
    targets: [notfy]
targets:
  - name: notify
    plugin: log
`)}
	set, findings := rulefile.Load([]rulefile.File{file}, rulefile.Options{})
	report := diag.Report{Findings: findings, Sources: map[string][]byte{file.Name: file.Data}}
	if err := report.Text(os.Stdout); err != nil {
		panic(err)
	}
	fmt.Println("targets:", len(set.Targets))
	// Output:
	// error[P002]: the "numeric" test must be inside a list
	//   --> rules/orders.yaml:7:17  rules[0].pattern.detail.amount
	//   |
	// 7 |         amount: {numeric: [">=", 1000]}
	//   |                 ^ write [{numeric: [">=", 1000]}]
	//   = help: a pattern field is always a list of alternatives, as in EventBridge
	//
	// error[E003]: unknown name "sorce"
	//    --> rules/orders.yaml:10:13  rules[0].when
	//    |
	// 10 |         and sorce == "shop.orders"
	//    |             ^^^^^ did you mean "source"?
	//    = help: an expression sees: id, source, detail_type, account, region, time, resources, detail, metric, log, segment, call, env
	//
	// error[R004]: unknown target "notfy"
	//    --> rules/orders.yaml:11:15  rules[0].targets[0]
	//    |
	// 11 |     targets: [notfy]
	//    |               ^^^^^ did you mean "notify"?
	//    = help: targets defined here: notify
	// targets: 1
}

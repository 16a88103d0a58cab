package rulefile

import "testing"

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

func TestLoad(t *testing.T) {
	set, list := Load([]File{{Name: "rules/orders.yaml", Data: []byte(orders)}}, Options{})
	for _, f := range list {
		t.Error(f.Error())
	}
	if len(set.Rules) != 1 || len(set.Targets) != 1 || len(set.Plugins) != 1 {
		t.Errorf("Load: %+v", set)
	}
}

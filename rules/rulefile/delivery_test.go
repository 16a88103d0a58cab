package rulefile

import (
	"testing"
	"time"
)

// TestDelivery: schedules, archives, batches and order are read as they are written.
func TestDelivery(t *testing.T) {
	set, list := Load([]File{{Name: "rules/shop.yaml", Data: []byte(`version: 1
rules:
  - {name: nightly, schedule: "cron(30 2 * * ? *)", timezone: Europe/Berlin, targets: [work]}
targets:
  - {name: work, plugin: log, batch: {size: 100, window: 5s}, order_by: detail.order, record: true}
  - {name: plain, plugin: log, batch: 7}
archives:
  - {name: orders, bus: shop, pattern: {source: [shop.orders]}, retention_days: 30}
  - {name: all}
buses: [shop]
`)}}, Options{Durable: true})
	for _, f := range list {
		t.Error(f.Error())
	}
	nightly, work, plain := set.Rules[0], set.Targets[0], set.Targets[1]
	if nightly.Schedule.String() != "cron(30 2 * * ? *)" || nightly.Schedule.Zone() != "Europe/Berlin" || nightly.Pattern != nil {
		t.Errorf("the rule is %+v", nightly)
	}
	if work.Batch != 100 || work.Window != 5*time.Second || work.OrderBy.Source() != "detail.order" || !work.Record {
		t.Errorf("the target is %+v", work)
	}
	if plain.Batch != 7 || plain.Window != 0 || plain.OrderBy != nil || plain.Record {
		t.Errorf("the plain target is %+v", plain)
	}
	orders, all := set.Archives[0], set.Archives[1]
	if orders.Bus != "shop" || orders.RetentionDays != 30 || string(orders.Pattern.JSON()) != `{"source":["shop.orders"]}` {
		t.Errorf("the archive is %+v", orders)
	}
	if all.Bus != "default" || all.RetentionDays != 0 || all.Pattern != nil {
		t.Errorf("the archive of all is %+v", all)
	}
}

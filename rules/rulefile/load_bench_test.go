package rulefile

import (
	"fmt"
	"strings"
	"testing"
)

// thousand is a file of a thousand ordinary rules.
func thousand() []byte {
	var b strings.Builder
	b.WriteString("version: 1\ntargets: [{name: notify, plugin: log}]\nrules:\n")
	for i := range 1000 {
		fmt.Fprintf(&b, `  - name: rule-%d
    description: Large order paid with a card from another country.
    pattern:
      source: [shop.orders]
      detail-type: [OrderPlaced]
      detail:
        amount: [{numeric: [">=", %d]}]
        customer: [{prefix: "C-%d"}]
    when: detail.card.country != detail.ship_to.country
    targets: [notify]
`, i, i, i)
	}
	return []byte(b.String())
}

func BenchmarkLoad(b *testing.B) {
	src := thousand()
	b.Run("rules=1000", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(src)))
		for b.Loop() {
			if set, list := Load([]File{{Name: "rules/many.yaml", Data: src}}, Options{}); len(list) > 0 || len(set.Rules) != 1000 {
				b.Fatal(len(set.Rules), list)
			}
		}
	})
}

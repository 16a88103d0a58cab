package yaml

import (
	"fmt"
	"strings"
	"testing"
)

func BenchmarkParse(b *testing.B) {
	var s strings.Builder
	s.WriteString("version: 1\nrules:\n")
	for i := range 1000 {
		fmt.Fprintf(&s, `  - name: rule-%d
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
	src := []byte(s.String())
	b.Run("rules=1000", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(src)))
		for b.Loop() {
			if _, list := Parse("x.yaml", src); len(list) > 0 {
				b.Fatal(list)
			}
		}
	})
}

package expression

import (
	"fmt"
	"strings"
	"testing"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"
	"github.com/google/go-cmp/cmp"
)

// outline writes a trace as a person sees it, one part a line.
func outline(t Trace) string {
	var b strings.Builder
	var write func(Trace, string)
	write = func(t Trace, indent string) {
		mark := "·"
		if t.Holds != nil {
			mark = map[bool]string{true: "✓", false: "✗"}[*t.Holds]
		}
		fmt.Fprintf(&b, "%s%s %s = %s%s", indent, mark, t.Text, t.Value, t.Err)
		if t.Hint != "" {
			fmt.Fprintf(&b, "  ← %s", t.Hint)
		}
		b.WriteByte('\n')
		for _, c := range t.Children {
			write(c, indent+"  ")
		}
	}
	write(t, "")
	return b.String()
}

func TestExplain(t *testing.T) {
	for _, tc := range []struct{ src, want string }{
		{`detail.amount > 1000 and detail.card.country != detail.ship_to.country and not (region startsWith "us-")`, `
✓ detail.amount > 1000 and detail.card.country != detail.ship_to.country and not (region startsWith "us-") = true
  ✓ detail.amount > 1000 = true
    · detail.amount = 1250
  ✓ detail.card.country != detail.ship_to.country = true
    · detail.card.country = "US"
    · detail.ship_to.country = "DE"
  ✓ not (region startsWith "us-") = true
    ✗ region startsWith "us-" = false
      · region = "eu-west-1"
`},
		// Operands that the whole did not come to are shown too.
		{`source == "Shop.Orders" && detail.text > 100`, `
✗ source == "Shop.Orders" && detail.text > 100 = false
  ✗ source == "Shop.Orders" = false  ← differs only in case; compare with lower(…)
    · source = "shop.orders"
  · detail.text > 100 = ">" does not go between a text and a number
    · detail.text = "1250"
`},
		{`detail.text == 1250 or (detail.cards.country == "US" or detail.id == " A-17")`, `
· detail.text == 1250 or (detail.cards.country == "US" or detail.id == " A-17") = there is no value to take "country" from
  ✗ detail.text == 1250 = false  ← left is a text, right is a number
    · detail.text = "1250"
  · detail.cards.country == "US" = there is no value to take "country" from
    · detail.cards.country = there is no value to take "country" from  ← no detail.cards; the event has detail.card
  ✗ detail.id == " A-17" = false  ← differs only in the white space around it; compare with trim(…)
    · detail.id = "A-17"
`},
		{`detail.id.deeper == nil`, `
· detail.id.deeper == nil = a text has no member of this name
  · detail.id.deeper = a text has no member of this name  ← detail.id is a text
`},
		{`detail.card?.contry == nil`, `
✓ detail.card?.contry == nil = true
  · detail.card?.contry = null  ← no detail.card.contry; the event has detail.card.country
`},
		{`any(detail.numbers, # > 2) and len(detail.names) == 3`, `
✓ any(detail.numbers, # > 2) and len(detail.names) == 3 = true
  ✓ any(detail.numbers, # > 2) = true
    · detail.numbers = [3,1,2]
  ✓ len(detail.names) == 3 = true
    · len(detail.names) = 3
`},
		{`let n = detail.amount; n > 1000 and n < 2000`, `
✓ let n = detail.amount; n > 1000 and n < 2000 = true
  · detail.amount = 1250
  ✓ n > 1000 and n < 2000 = true
    ✓ n > 1000 = true
      · n = 1250
    ✓ n < 2000 = true
      · n = 1250
`},
		{`1 < detail.amount < 2000`, `
✓ 1 < detail.amount < 2000 = true
  ✓ 1 < detail.amount = true
    · detail.amount = 1250
  ✓ detail.amount < 2000 = true
    · detail.amount = 1250
`},
		{`detail.amount > 5 ? detail.paid : false`, `
✓ detail.amount > 5 ? detail.paid : false = true
  ✓ detail.amount > 5 = true
    · detail.amount = 1250
`},
		{`time.Hour() == 15`, `
✓ time.Hour() == 15 = true
  · time.Hour() = 15
`},
		{`detail.id`, `
· detail.id = "A-17"this is a text; a when is true or false
`},
		{`detail.items[1].ranges[0].cidr == "0.0.0.0/0"`, `
✓ detail.items[1].ranges[0].cidr == "0.0.0.0/0" = true
  · detail.items[1].ranges[0].cidr = "0.0.0.0/0"
`},
		{`("ä" == detail["ö"])`, `
✗ "ä" == detail["ö"] = false
  · detail["ö"] = null  ← no detail.ö
`},
	} {
		t.Run(tc.src, func(t *testing.T) {
			got := outline(compile(t, tc.src, When).Explain(NewEnv(orderEvent(t))))
			if diff := cmp.Diff(strings.TrimPrefix(tc.want, "\n"), got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestExplainManyOperands: a rule with very many operands is still explained in time;
// those beyond the limit are left out, the result is not.
func TestExplainManyOperands(t *testing.T) {
	src := strings.Repeat(`detail.amount == 1 or `, 500) + `detail.amount == 1250`
	trace := compile(t, src, When).Explain(NewEnv(orderEvent(t)))
	parts := strings.Count(outline(trace), "\n")
	if trace.Holds == nil || !*trace.Holds || parts > maxTraced+1 || parts < maxTraced/2 {
		t.Errorf("holds %v, %d parts", trace.Holds, parts)
	}
}

// TestExtent: the text of a part is the part, with its brackets and not with others'.
func TestExtent(t *testing.T) {
	for _, tc := range []struct{ src, want string }{
		{`(a)`, `a`},
		{`((a + b) * c)`, `(a + b) * c`},
		{`(a * (b + c))`, `a * (b + c)`},
		{`f(a, g(b))`, `f(a, g(b))`},
		{`(f())`, `f()`},
		{`not (a)`, `not (a)`},
		{`not f()`, `not f()`},
		{`x.y[0]`, `x.y[0]`},
		{`x.y[0]?.z`, `x.y[0]?.z`},
		{`x[1:]`, `x[1:]`},
		{`[1, [2]]`, `[1, [2]]`},
		{`[]`, `[]`},
		{`{a: {b: 1}}`, `{a: {b: 1}}`},
		{`any(a, {# > 1})`, `any(a, {# > 1})`},
		{`a ? (b) : (c)`, `a ? (b) : (c)`},
		{`let x = (1); (x)`, `let x = (1); (x)`},
		{`if a { b } else { c }`, `if a { b } else { c }`},
		{`a | f()`, `a | f()`},
		{`"ä" + "ö"`, `"ä" + "ö"`},
	} {
		n := parse(t, tc.src)
		from, to := extent(tokens(tc.src), n)
		if got := string([]rune(tc.src)[from:to]); got != tc.want {
			t.Errorf("extent(%s) = %s", tc.src, got)
		}
	}
}

func parse(t *testing.T, src string) ast.Node {
	t.Helper()
	tree, err := parser.Parse(src)
	if err != nil {
		t.Fatal(err)
	}
	return tree.Node
}

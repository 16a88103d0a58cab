package expression

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/expr-lang/expr/builtin"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// functionCases holds every function with what it gives; an error begins with "!".
var functionCases = []struct{ src, want string }{
	{`all([1, 2], # > 0)`, `true`},
	{`all([], false)`, `true`},
	{`none([1, 2], # > 2)`, `true`},
	{`any([1, 2], # > 1)`, `true`},
	{`any([], true)`, `false`},
	{`one([1, 2], # > 1)`, `true`},
	{`filter([1, 2, 3], # > 1)`, `[2,3]`},
	{`filter(resources, # startsWith "arn:")`, `["arn:aws:s3:::shop"]`},
	{`map([1, 2], # * #index)`, `[0,2]`},
	{`find([1, 2, 3], # > 1)`, `2`},
	{`find([1], # > 1)`, `null`},
	{`findIndex([1, 2, 3], # > 1)`, `1`},
	{`findLast([1, 2, 3], # > 1)`, `3`},
	{`findLastIndex([1, 2, 3], # > 1)`, `2`},
	{`count([1, 2, 3], # > 1)`, `2`},
	{`count([true, false, true])`, `2`},
	{`sum([1, 2, 3])`, `6`},
	{`sum([1, 2.5])`, `3.5`},
	{`sum(["a", "bb"], len(#))`, `3`},
	{`groupBy(["a", "bb", "c"], len(#))`, `{"1":["a","c"],"2":["bb"]}`},
	{`sortBy([{n: 2}, {n: 1}], .n)`, `[{"n":1},{"n":2}]`},
	{`sortBy([1, 2], #, "desc")`, `[2,1]`},
	{`sortBy([1, 2], #, "down")`, `!unknown order, use asc or desc`},
	{`reduce([1, 2, 3], #acc + #)`, `6`},
	{`reduce([], #acc + #)`, `!reduce of empty array with no initial value`},
	{`reduce([1, 2], #acc * #, 10)`, `20`},
	{`len("äö")`, `2`},
	{`len([1, 2])`, `2`},
	{`len({a: 1})`, `1`},
	{`len(detail.amount)`, `!len does not work on a number`},
	{`type(detail.id)`, `"string"`},
	{`type(detail.amount)`, `"int"`},
	{`type(detail.rate)`, `"float"`},
	{`type(detail.missing)`, `"nil"`},
	{`abs(-2.5)`, `2.5`},
	{`abs(detail.id)`, `!abs does not work on a text`},
	{`ceil(1.2)`, `2`},
	{`floor(1.8)`, `1`},
	{`round(1.5)`, `2`},
	{`int("42")`, `42`},
	{`int(2.9)`, `2`},
	{`int(detail.none)`, `!this does not work on nil`},
	{`float("2.5")`, `2.5`},
	{`string(1.0)`, `"1"`},
	{`string("a")`, `"a"`},
	{`string([1, "a", nil])`, `"[1,\"a\",null]"`},
	{`string(duration("90s"))`, `"1m30s"`},
	{`trim("  a ")`, `"a"`},
	{`trim("--a-", "-")`, `"a"`},
	{`trimPrefix("Aa", "A")`, `"a"`},
	{`trimSuffix("aA", "A")`, `"a"`},
	{`upper("aä")`, `"AÄ"`},
	{`upper(detail.amount)`, `!this is a number, here a text is needed`},
	{`lower("AÄ")`, `"aä"`},
	{`split("a,b,c", ",")`, `["a","b","c"]`},
	{`split("a,b,c", ",", 2)`, `["a","b,c"]`},
	{`splitAfter("a,b", ",")`, `["a,","b"]`},
	{`replace("abab", "a", "x")`, `"xbxb"`},
	{`replace("abab", "a", "x", 1)`, `"xbab"`},
	{`replace("abab", "a", "x", 0)`, `"abab"`},
	{`repeat("a", 0)`, `""`},
	{`join(["a", "b"], ", ")`, `"a, b"`},
	{`join([])`, `""`},
	{`indexOf("abc", "c")`, `2`},
	{`lastIndexOf("abca", "a")`, `3`},
	{`hasPrefix("abc", "ab")`, `true`},
	{`hasSuffix("abc", "bc")`, `true`},
	{`max(1, 2.5)`, `2.5`},
	{`max([1, [7]])`, `7`},
	{`min([3, 1])`, `1`},
	{`min(detail.names)`, `!min does not work on a text`},
	{`mean(1, 2)`, `1.5`},
	{`median([1, 9, 3])`, `3`},
	{`toJSON({b: [1.50, "x"], a: nil})`, `"{\"a\":null,\"b\":[1.5,\"x\"]}"`},
	{`fromJSON("[1, 2.5, null, true, \"x\"]")`, `[1,2.5,null,true,"x"]`},
	{`fromJSON("{\"a\":1,\"a\":2}")`, `!fromJSON: at byte 7 of the text: the name "a" stands twice in one object`},
	{`toBase64("a")`, `"YQ=="`},
	{`fromBase64("YQ==")`, `"a"`},
	{`fromBase64("?")`, `!fromBase64: at byte 0 of the text: this is not base64`},
	{`duration("1h").Minutes()`, `60`},
	{`duration("1 hour")`, `!duration reads texts like "1h30m" and "200ms", not "1 hour"`},
	{`date("2026-01-02T03:04:05+01:00")`, `"2026-01-02T02:04:05Z"`},
	{`date("2026-01-02 03:04:05")`, `"2026-01-02T03:04:05Z"`},
	{`date("03:04:05").Hour()`, `3`},
	{`date("Fri, 02 Jan 2026 03:04:05 CST")`, `!date cannot read "Fri, 02 Jan 2026 03:04:05 CST"`},
	{`date("` + strings.Repeat("ä", 30) + `")`, `!date cannot read "` + strings.Repeat("ä", 20) + `…"`},
	{`first([1, 2])`, `1`},
	{`first([])`, `null`},
	{`last([1, 2])`, `2`},
	{`get([1, 2], 5)`, `null`},
	{`get(detail, "id")`, `"A-17"`},
	{`take([1, 2, 3], 2)`, `[1,2]`},
	{`keys({b: 1, a: 2})`, `["a","b"]`},
	{`values({b: 1, a: 2})`, `[2,1]`},
	{`toPairs({a: 1})`, `[["a",1]]`},
	{`fromPairs([["a", 1], ["b", 2]])`, `{"a":1,"b":2}`},
	{`fromPairs(toPairs(detail.card))`, `{"country":"US"}`},
	{`reverse([1, 2])`, `[2,1]`},
	{`uniq([1, 2, 1, "1", 1.0])`, `[1,2,"1"]`},
	{`concat([1], [2, 3])`, `[1,2,3]`},
	{`flatten([1, [2, [3]]])`, `[1,2,3]`},
	{`sort([3, 1, 2], "desc")`, `[3,2,1]`},
	{`sort(detail.names)`, `["a","b","b"]`},
	{`bitand(6, 3)`, `2`},
	{`bitor(6, 3)`, `7`},
	{`bitxor(6, 3)`, `5`},
	{`bitnand(6, 3)`, `4`},
	{`bitnot(0)`, `-1`},
	{`bitshl(1, 3)`, `8`},
	{`bitshr(8, 3)`, `1`},
	{`bitushr(8, 3)`, `1`},
}

func TestFunctions(t *testing.T) {
	for _, tc := range functionCases {
		t.Run(tc.src, func(t *testing.T) {
			got, err := compile(t, tc.src, Input).JSON(NewEnv(orderEvent(t)))
			if want, fails := strings.CutPrefix(tc.want, "!"); fails {
				if err == nil || sentence(err) != want {
					t.Fatalf("%s, %v, want %q", got, err, want)
				}
				return
			}
			if err != nil || string(got) != tc.want {
				t.Fatalf("%s, %v, want %s", got, err, tc.want)
			}
		})
	}
}

// TestEveryFunction: a function that a new version of expr brings is looked at before
// anybody can use it; what reads the clock or the machine stays out.
func TestEveryFunction(t *testing.T) {
	for _, f := range builtin.Builtins {
		shown := slices.ContainsFunc(functionCases, func(tc struct{ src, want string }) bool {
			return strings.HasPrefix(tc.src, f.Name+"(")
		})
		if shown == (refused[f.Name] != "") {
			t.Errorf("%s: shown %v, refused %q", f.Name, shown, refused[f.Name])
		}
		if loops[f.Name] != f.Predicate && f.Name != "sum" && f.Name != "count" {
			t.Errorf("%s: a loop for us %v, for expr %v", f.Name, loops[f.Name], f.Predicate)
		}
	}
	for name := range metered {
		if _, ok := builtin.Index[name]; !ok {
			t.Errorf("%s is metered and does not exist", name)
		}
	}
	for name := range own {
		if metered[name] == nil {
			t.Errorf("%s is our own and costs nothing", name)
		}
	}
}

// TestOrder: what Go's maps leave to chance comes out the same every time.
func TestOrder(t *testing.T) {
	var members []string
	for i := range 50 {
		members = append(members, fmt.Sprintf(`"m%d":%d`, i, i))
	}
	ev := newEvent(t, event.Fields{Source: "s", DetailType: "t", Detail: []byte("{" + strings.Join(members, ",") + "}")})
	for _, src := range []string{
		`detail`, `keys(detail)`, `values(detail)`, `toPairs(detail)`, `toJSON(detail)`, `string(detail)`,
		`groupBy(values(detail), # % 7)`, `keys(detail) | map(# + "x") | join(",")`,
	} {
		p := compile(t, src, Input)
		first, err := p.JSON(NewEnv(ev))
		if err != nil {
			t.Fatal(err)
		}
		for range 20 {
			if again, err := p.JSON(NewEnv(ev)); err != nil || string(again) != string(first) {
				t.Fatalf("%s gives %s and then %s, %v", src, first, again, err)
			}
		}
	}
}

// TestOperators holds what readers of a program may rely on: the matcher takes its
// conditions from these operators.
func TestOperators(t *testing.T) {
	for _, tc := range []struct {
		src  string
		want string // true, false or error
	}{
		// Equality is by value across int and float64, and never across kinds.
		{`detail.amount == 1250`, "true"},
		{`detail.amount == 1250.0`, "true"},
		{`detail.amount == "1250"`, "false"},
		{`detail.amount != "1250"`, "true"},
		{`detail.text == 1250`, "false"},
		{`detail.paid == true`, "true"},
		{`detail.paid == "true"`, "false"},
		{`detail.paid == 1`, "false"},
		{`detail.missing == nil`, "true"},
		{`detail.none == nil`, "true"},
		{`detail.missing == false`, "false"},
		{`detail.missing == ""`, "false"},
		{`detail.missing != "x"`, "true"},
		{`detail.card == {country: "US"}`, "true"},
		{`detail.numbers == [3, 1, 2]`, "true"},
		{`detail.numbers == [1, 2, 3]`, "false"},
		{`detail.empty == nil`, "false"},
		{`9007199254740993 == 9007199254740992`, "false"},
		{`9007199254740993 == 9007199254740992.0`, "true"},
		// Order is within numbers and within texts.
		{`detail.amount >= 1250.0`, "true"},
		{`detail.currency > "EUA"`, "true"},
		{`detail.text > 5`, "error"},
		{`detail.missing > 5`, "error"},
		{`detail.paid > 5`, "error"},
		{`detail.amount > detail.rate`, "true"},
		// in, and its negation.
		{`detail.currency in ["EUR", "USD"]`, "true"},
		{`detail.amount in ["1250"]`, "false"},
		{`detail.amount in [1250.0]`, "true"},
		{`detail.missing in ["x"]`, "false"},
		{`detail.missing in [nil]`, "true"},
		{`detail.currency not in ["EUR"]`, "false"},
		{`detail.amount in 1000..2000`, "true"},
		{`detail.rate in 0..1`, "false"},
		{`"country" in detail.card`, "true"},
		{`"x" in detail.missing`, "false"},
		{`1 in detail.numbers`, "true"},
		{`"x" in detail.id`, "error"},
		// Texts. Of nil each is false, of other kinds an error.
		{`detail.id startsWith "A-"`, "true"},
		{`detail.id endsWith "17"`, "true"},
		{`detail.id contains "-"`, "true"},
		{`detail.id matches "^A-[0-9]+$"`, "true"},
		{`detail.id not matches "^B"`, "true"},
		{`detail.missing startsWith "A"`, "false"},
		{`detail.missing endsWith "A"`, "false"},
		{`detail.missing contains "A"`, "false"},
		{`detail.missing matches "A"`, "false"},
		{`detail.missing not contains "A"`, "true"},
		{`detail.amount startsWith "1"`, "error"},
		{`detail.amount matches "1"`, "error"},
		// and, or, not stop early.
		{`false and detail.missing.deeper`, "false"},
		{`true or detail.missing.deeper`, "true"},
		{`detail.missing.deeper or true`, "error"},
		{`not (detail.missing == nil)`, "false"},
		{`!(detail.paid)`, "false"},
		{`detail.paid ? true : detail.missing.deeper`, "true"},
		{`(detail.missing ?? true) == true`, "true"},
		{`1 < detail.amount < 2000`, "true"},
		{`true and 1 == 1 or false`, "true"},
	} {
		p := compile(t, tc.src, When)
		ok, err := p.Bool(NewEnv(orderEvent(t)))
		got := fmt.Sprint(ok)
		if err != nil {
			got = "error"
		}
		if got != tc.want {
			t.Errorf("%s is %s (%v), want %s", tc.src, got, err, tc.want)
		}
	}
}

// TestMeter: values cost what they hold.
func TestMeter(t *testing.T) {
	texts := strings.Repeat("x", 10*bytesPerUnit)
	for _, tc := range []struct {
		name       string
		v          any
		flat, deep int
	}{
		{"nil", nil, 1, 1},
		{"number", 5, 1, 1},
		{"text", texts, 11, 11},
		{"list", []any{1, texts}, 3, 3 + 1 + 11},
		{"texts", []string{"a", texts}, 3, 3 + 1 + 11},
		{"numbers", []int{1, 2, 3}, 4, 4},
		{"object", map[string]any{"a": texts}, 2, 2 + 1 + 11},
		{"nested", []any{[]any{[]any{}}}, 2, 2 + 2 + 1},
	} {
		var m meter
		if err := m.flat(tc.v); err != nil || m.spent != tc.flat {
			t.Errorf("flat(%s) costs %d, %v, want %d", tc.name, m.spent, err, tc.flat)
		}
		m = meter{}
		if err := m.deep(tc.v); err != nil || m.spent != tc.deep {
			t.Errorf("deep(%s) costs %d, %v, want %d", tc.name, m.spent, err, tc.deep)
		}
	}
}

func TestMeterEnds(t *testing.T) {
	var m meter
	for _, n := range []int{budget + 1, 1 << 62} {
		if err := m.spend(n); !errors.Is(err, ErrBudget) {
			t.Errorf("spend(%d): %v", n, err)
		}
	}
	if err := m.spend(budget); err != nil {
		t.Errorf("the whole budget: %v", err)
	}
	for _, v := range []any{1, "x", []any{1}, []string{"a"}, map[string]any{"a": 1}} {
		if err := m.deep(v); !errors.Is(err, ErrBudget) {
			t.Errorf("deep(%v) beyond the budget: %v", v, err)
		}
	}
}

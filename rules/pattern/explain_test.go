package pattern_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/rules/pattern"
)

func TestExplain(t *testing.T) {
	p := compile(t, `{"detail":{"amount":[{"numeric":[">=",1000]}],"card":{"country":["DE"]},"currency":["EUR"]},"detail-type":["OrderPlaced"],"source":["shop.orders"]}`)
	got := p.Explain([]byte(`{"source":"shop.orders","detail-type":"Orderplaced","detail":{"amount":"1250.00","cards":[],"currency":["USD","EUR"]}}`))
	want := pattern.Explanation{Conditions: []pattern.Condition{
		{Path: "detail.amount", Want: `[{"numeric":[">=",1000]}]`, Got: []string{`"1250.00"`}, Hint: "is a string, numeric needs a number (sent as text?)"},
		{Path: "detail.card.country", Want: `["DE"]`, Hint: "no detail.card; the event has detail.cards"},
		{Path: "detail.currency", Want: `["EUR"]`, Got: []string{`"USD"`, `"EUR"`}, Holds: true},
		{Path: "detail-type", Want: `["OrderPlaced"]`, Got: []string{`"Orderplaced"`}, Hint: "differs only in case; use equals-ignore-case"},
		{Path: "source", Want: `["shop.orders"]`, Got: []string{`"shop.orders"`}, Holds: true},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestExplainOr(t *testing.T) {
	p := compile(t, `{"a":[1],"x":{"$or":[{"b":[1]},{"c":[{"exists":false}],"d":[2]}]}}`)
	got := p.Explain([]byte(`{"a":1,"x":[{"c":1},{"d":2}]}`))
	want := pattern.Explanation{Matches: true, Conditions: []pattern.Condition{
		{Path: "a", Want: `[1]`, Got: []string{"1"}, Holds: true},
		{Path: "x.b", Branch: "x.$or[0]", Want: `[1]`},
		{Path: "x.c", Branch: "x.$or[1]", Want: `[{"exists":false}]`, Got: []string{"1"}, Holds: true},
		{Path: "x.d", Branch: "x.$or[1]", Want: `[2]`, Got: []string{"2"}, Holds: true},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestExplainNote(t *testing.T) {
	got := compile(t, `{"a":{"b":[1],"c":[2]}}`).Explain([]byte(`{"a":[{"b":1},{"c":2}]}`))
	if got.Matches || !got.Conditions[0].Holds || !got.Conditions[1].Holds ||
		got.Note != "each condition holds, but not all of them in the same elements of the event's lists" {
		t.Errorf("Explain = %+v", got)
	}
}

func TestHints(t *testing.T) {
	for _, tc := range []struct{ pattern, event, want string }{
		{`{"a":[5]}`, `{"a":"5"}`, "is a string, the pattern has a number; quote it in the pattern"},
		{`{"a":["5"]}`, `{"a":5}`, "is a number, the pattern has a string; take the quotes away in the pattern"},
		{`{"a":["true"]}`, `{"a":true}`, "is true or false, the pattern has a string; take the quotes away in the pattern"},
		{`{"a":[{"prefix":"x"}]}`, `{"a":5}`, "is a number, the pattern needs a string"},
		{`{"a":[{"prefix":"X"}]}`, `{"a":"xy"}`, `differs only in case; use {"prefix": {"equals-ignore-case": …}}`},
		{`{"a":[{"suffix":".PNG"}]}`, `{"a":"x.png"}`, `differs only in case; use {"suffix": {"equals-ignore-case": …}}`},
		{`{"a":["x"]}`, `{"a":" x"}`, "differs only in the space around it"},
		{`{"a":["x*"]}`, `{"a":"xyz"}`, `in a plain value * is a star; use {"wildcard": …}`},
		{`{"a":["x"]}`, `{"a":"y"}`, ""},
		{`{"a":["x","Y"]}`, `{"a":["z","y"]}`, "differs only in case; use equals-ignore-case"},
		{`{"a":[{"numeric":[">",5]}]}`, `{"a":5}`, "is outside of the range"},
		{`{"a":[{"cidr":"10.0.0.0/8"}]}`, `{"a":"10.0.0.1:80"}`, "is not an address"},
		{`{"a":[{"cidr":"10.0.0.0/8"}]}`, `{"a":"11.0.0.1"}`, "is outside of the block"},
		{`{"a":[{"anything-but":"x"}]}`, `{"a":"x"}`, "this value is excluded"},
		{`{"a":[{"exists":false}]}`, `{"a":1}`, "the field is there, and it must be absent"},
		{`{"a":[{"exists":true}]}`, `{"a":{"b":1}}`, "is an object; a pattern looks at values, write the names inside of it"},
		{`{"a":[{"exists":true}]}`, `{"a":[]}`, "is a list without values"},
		{`{"a":{"b":[1]}}`, `{"a":"x"}`, "a is a string, not an object"},
		{`{"detail_type":["x"]}`, `{"detail-type":"x"}`, "no detail_type; the event has detail-type"},
		{`{"a":{"eventName":["x"]}}`, `{"a":[{"eventname":"x"}]}`, "no a.eventName; the event has a.eventname"},
		{`{"a":["x"]}`, `{"zzz":"x"}`, ""},
	} {
		got := compile(t, tc.pattern).Explain([]byte(tc.event))
		if got.Matches || got.Conditions[0].Hint != tc.want {
			t.Errorf("%s on %s: matches %v, hint %q, want %q", tc.pattern, tc.event, got.Matches, got.Conditions[0].Hint, tc.want)
		}
	}
}

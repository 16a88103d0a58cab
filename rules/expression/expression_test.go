package expression

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

const orderDetail = `{
	"id": "A-17", "amount": 1250, "rate": 0.5, "big": 12345678901234567890, "huge": 1e400, "text": "1250",
	"currency": "EUR", "none": null, "paid": true, "instance-id": "i-1", "html": "<b>&\u2028\"\\\n",
	"numbers": [3, 1, 2], "names": ["b", "a", "b"], "empty": [],
	"card": {"country": "US"}, "ship_to": {"country": "DE"},
	"items": [{"from": 20, "to": 25, "ranges": [{"cidr": "10.0.0.0/8"}]}, {"from": 22, "to": 22, "ranges": [{"cidr": "0.0.0.0/0"}]}],
	"body": "{\"n\": 9007199254740993, \"list\": [1, 2]}"
}`

func orderEvent(t testing.TB) event.Event {
	t.Helper()
	return newEvent(t, event.Fields{ID: "7bf7", Source: "shop.orders", DetailType: "OrderPlaced",
		Resources: []string{"arn:aws:s3:::shop"}, Detail: []byte(orderDetail)})
}

// newEvent fills in what most tests do not care about.
func newEvent(t testing.TB, f event.Fields) event.Event {
	t.Helper()
	f.Account, f.Region = "012345678901", "eu-west-1"
	f.Time = time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)
	ev, err := event.New(f)
	if err != nil {
		t.Fatal(err)
	}
	return ev
}

func compile(t testing.TB, src string, kind Kind) *Program {
	t.Helper()
	p, errs := Compile(src, kind)
	if len(errs) > 0 {
		t.Fatalf("Compile(%s): %v", src, errs)
	}
	return p
}

func TestJSON(t *testing.T) {
	for _, tc := range []struct{ src, want string }{
		// The envelope.
		{`[id, source, detail_type, account, region]`, `["7bf7","shop.orders","OrderPlaced","012345678901","eu-west-1"]`},
		{`time`, `"2026-01-02T15:04:05Z"`},
		{`[time.Hour(), time.Weekday(), string(time.Weekday()), time.Month(), time.Format("02.01.")]`, `[15,5,"Friday",1,"02.01."]`},
		{`resources`, `["arn:aws:s3:::shop"]`},
		{`env.rule`, `"big-order"`},
		{`metric`, `null`},
		{`metric.value`, `null`},
		// The gallery of the documentation.
		{`detail.card.country != detail.ship_to.country`, `true`},
		{`{title: "Order " + detail.id, text: string(detail.amount) + " " + detail.currency}`, `{"text":"1250 EUR","title":"Order A-17"}`},
		{`any(detail.items, {.from <= 22 and .to >= 22 and any(.ranges, .cidr == "0.0.0.0/0")})`, `true`},
		// Missing members.
		{`detail.missing`, `null`},
		{`detail.missing?.deeper`, `null`},
		{`detail.missing?.deeper.deepest`, `null`},
		{`detail.missing ?? "none"`, `"none"`},
		{`detail.none == nil`, `true`},
		{`"missing" in detail`, `false`},
		{`"none" in detail`, `true`},
		{`detail["instance-id"]`, `"i-1"`},
		// Numbers keep their digits.
		{`detail.amount`, `1250`},
		{`detail.rate`, `0.5`},
		{`detail.big`, `12345678901234567890`},
		{`detail.huge`, `1e400`},
		{`{copy: [detail.big]}`, `{"copy":[12345678901234567890]}`},
		{`detail.amount / 1000`, `1.25`},
		{`1e21 + 0`, `1e+21`},
		{`detail.amount == 1250.0`, `true`},
		{`string(1000000.0)`, `"1000000"`},
		{`fromJSON(detail.body).n`, `9007199254740993`},
		{`sum(fromJSON(detail.body).list)`, `3`},
		// Texts.
		{`detail.html`, "\"<b>&\u2028\\\"\\\\\\n\""},
		{`toJSON(detail.card)`, `"{\"country\":\"US\"}"`},
		{`string(detail.none)`, `"null"`},
		{`string(detail.numbers)`, `"[3,1,2]"`},
		{`detail.id matches "^A-\\d+$"`, `true`},
		{`detail.missing matches "x"`, `false`},
		{`join(detail.names, "/")`, `"b/a/b"`},
		{`join(resources)`, `"arn:aws:s3:::shop"`},
		{`replace(detail.id, "A", "B")`, `"B-17"`},
		{`replace("aaa", "a", "b", 2)`, `"bba"`},
		{`repeat("ab", 3)`, `"ababab"`},
		{`upper(detail.currency | lower())`, `"EUR"`},
		{`split("a,b", ",")`, `["a","b"]`},
		{`len(detail.currency) + len(detail.numbers)`, `6`},
		{`toBase64("ab")`, `"YWI="`},
		// Lists and objects, in an order that is always the same.
		{`keys(detail.card)`, `["country"]`},
		{`keys({b: 1, a: 2, c: 3})`, `["a","b","c"]`},
		{`values({b: 1, a: 2, c: 3})`, `[2,1,3]`},
		{`toPairs({b: 1, a: 2})`, `[["a",2],["b",1]]`},
		{`fromPairs([["x", 1]])`, `{"x":1}`},
		{`groupBy(detail.numbers, # % 2 == 0 ? "even" : "odd")`, `{"even":[2],"odd":[3,1]}`},
		{`sort(detail.numbers)`, `[1,2,3]`},
		{`uniq(detail.names)`, `["b","a"]`},
		{`uniq(resources)`, `["arn:aws:s3:::shop"]`},
		{`detail.names | map(upper(#)) | filter(# != "A")`, `["B","B"]`},
		{`reduce(detail.numbers, #acc + #, 0)`, `6`},
		{`1..3`, `[1,2,3]`},
		{`[bitand(6, 3), abs(-2), floor(2.5), type(detail)]`, `[2,2,2,"map"]`},
		{`groupBy(1..3, # > 1)`, `{"false":[1],"true":[2,3]}`},
		{`groupBy(detail.names, detail.none)`, `{"null":["b","a","b"]}`},
		{`uniq(1..3)`, `[1,2,3]`},
		{`detail.id[0]`, `65`},
		{`b"ab"`, `[97,98]`},
		{`detail.numbers[1:]`, `[1,2]`},
		{`max(detail.numbers)`, `3`},
		{`let n = detail.amount; n > 1000 ? "big" : "small"`, `"big"`},
		// What expr's optimizer would make of these is an error and true.
		{`detail.amount in ["a"]`, `false`},
		{`detail.none in [""]`, `false`},
		// Times.
		{`time > date("2026-01-01")`, `true`},
		{`time - date("2026-01-02T15:04:00Z") == duration("5s")`, `true`},
		{`date("02.01.2026 03:04 +0200", "02.01.2006 15:04 -0700")`, `"2026-01-02T01:04:00Z"`},
		{`string(time)`, `"2026-01-02T15:04:05Z"`},
		{`string(time - date("2026-01-02"))`, `"15h4m5s"`},
	} {
		t.Run(tc.src, func(t *testing.T) {
			env := NewEnv(orderEvent(t))
			env.SetRule("big-order")
			got, err := compile(t, tc.src, Input).JSON(env)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, string(got)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if !json.Valid(got) {
				t.Errorf("%s is not JSON", got)
			}
		})
	}
}

func TestRunErrors(t *testing.T) {
	for _, tc := range []struct {
		src            string
		offset, length int
		want           string
	}{
		{`detail.missing.deeper == 1`, 15, 6, `there is no value to take "deeper" from`},
		{`detail.id.deeper == 1`, 10, 6, `a text has no member of this name`},
		{`detail.amount.deeper == 1`, 14, 6, `"deeper" is not a member of a number`},
		{`detail.text > 100`, 12, 1, `">" does not go between a text and a number`},
		{`detail.missing > 100`, 15, 1, `">" does not go between nil and a number`},
		{`detail.id and true`, 10, 3, `this is a text, here true or false is needed`},
		{`not detail.missing`, 0, 3, `this is nil, here true or false is needed`},
		{`detail.numbers[7] == 1`, 14, 1, `the list has no element 7, it has 3 of them`},
		{`int(detail.id) == 1`, 0, 3, `int cannot read "A-17"`},
		{`"x" in detail.amount`, 4, 2, `"in" looks into a list or an object, this is a number`},
		{`detail.id + detail.amount == ""`, 10, 1, `+ cannot add a text and a number; string(…) makes a text of anything`},
		{`join(detail.numbers, "") == ""`, 0, 4, `join takes a list of texts, this one holds a number`},
		{`keys(detail.id) == []`, 0, 4, `keys takes an object, not a text`},
		{`fromJSON("{") == 1`, 0, 8, `fromJSON: at byte 1 of the text: a member name in quotes is needed here`},
		{`date(detail.amount) == time`, 0, 4, `date takes a text, not a number`},
		{`date(detail.id, detail.amount) == time`, 0, 4, `the layout of date is a text, not a number`},
		{`fromJSON(detail.amount) == 1`, 0, 8, `fromJSON takes a text, not a number`},
		{`repeat(detail.amount, 1) == ""`, 0, 6, `repeat takes a text, not a number`},
		{`repeat("a", detail.numbers[0] - 4) == ""`, 0, 6, `repeat takes a count from 0 on, not -1`},
		{`replace(detail.id, "A", detail.amount) == ""`, 0, 7, `replace takes texts, not a number`},
		{`uniq(detail.id) == []`, 0, 4, `uniq takes a list, not a text`},
		{`join(detail.id, "") == ""`, 0, 4, `join takes a list of texts, not a text`},
		{`join(detail.names, detail.amount) == ""`, 0, 4, `join puts a text between, not a number`},
		{`values(detail.numbers) == []`, 0, 6, `values takes an object, not a list`},
		{`toPairs(detail.id) == []`, 0, 7, `toPairs takes an object, not a text`},
		{`detail.id["{}"] == 1`, 9, 1, `a text has no member of this name`},
		{`detail.missing["{string}"] == 1`, 14, 1, `there is no value to take "{string}" from`},
		{`groupBy([detail], #) == nil`, 0, 7, `an object cannot be the name of a group`},
		{`date(detail.id) == time`, 0, 4, `date cannot read "A-17"`},
		{`detail.id`, 0, 9, `this is a text; a when is true or false`},
		{`detail.missing`, 0, 14, `this is nil; a when is true or false`},
		{`detail.card?.country`, 0, 20, `this is a text; a when is true or false`},
	} {
		t.Run(tc.src, func(t *testing.T) {
			ok, err := compile(t, tc.src, When).Bool(NewEnv(orderEvent(t)))
			var run *RunError
			if ok || !errors.As(err, &run) {
				t.Fatalf("Bool = %v, %v, want a RunError", ok, err)
			}
			want := &RunError{Offset: tc.offset, Length: tc.length, Message: tc.want}
			if diff := cmp.Diff(want, run, cmp.AllowUnexported(RunError{})); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if want := "expression: " + tc.want; err.Error() != want {
				t.Errorf("Error() = %q, want %q", err, want)
			}
		})
	}
}

func TestAliases(t *testing.T) {
	for _, tc := range []struct{ source, detailType, src, want string }{
		{"tocsin.metrics", "Metric Datum", `[metric.value, log, segment, call]`, `[5,null,null,null]`},
		{"tocsin.logs", "Log Event", `[log.value, metric]`, `[5,null]`},
		{"tocsin.xray", "Trace Segment", `[segment.value, metric]`, `[5,null]`},
		{"aws.ec2", "AWS API Call via CloudTrail", `[call.value, metric]`, `[5,null]`},
		{"aws.signin", "AWS Console Sign In via CloudTrail", `call`, `{"value":5}`},
		{"shop.orders", "Metric Datum", `metric`, `null`},
	} {
		t.Run(tc.source+" "+tc.detailType, func(t *testing.T) {
			env := NewEnv(newEvent(t, event.Fields{Source: tc.source, DetailType: tc.detailType, Detail: []byte(`{"value":5}`)}))
			got, err := compile(t, tc.src, Input).JSON(env)
			if err != nil || string(got) != tc.want {
				t.Errorf("%s = %s, %v, want %s", tc.src, got, err, tc.want)
			}
		})
	}
}

// TestLazy: an Env decodes the members that programs name, and nothing twice.
func TestLazy(t *testing.T) {
	env := NewEnv(orderEvent(t))
	steps := []struct {
		src     string
		decoded string
	}{
		{`source == "x"`, ``},
		{`detail.amount > 1`, `amount`},
		{`detail?.id == "A-17" and detail["card"].country == "US"`, `amount card id`},
		{`detail.amount > 1`, `amount card id`},
		{`let d = detail; d.id == "x"`, `everything`},
	}
	for _, s := range steps {
		if _, err := compile(t, s.src, When).Bool(env); err != nil {
			t.Fatal(err)
		}
		got := strings.Join(sortedNames(env.vars.Detail), " ")
		if len(env.vars.Detail) == len(env.members) && len(env.members) > 0 {
			got = "everything"
		}
		if got != s.decoded {
			t.Errorf("after %s: decoded %q, want %q", s.src, got, s.decoded)
		}
	}
}

func TestAmbiguousNumbers(t *testing.T) {
	detail := `{"a": 12345678901234567890, "b": 12345678901234567891, "c": 12345678901234567890,
		"d": 98765432109876543210, "e": 0.10000000000000000000, "f": 0.10000000000000000000}`
	env := NewEnv(newEvent(t, event.Fields{Source: "s", DetailType: "t", Detail: []byte(detail)}))
	for _, tc := range []struct{ src, want string }{
		{`detail.d`, `98765432109876543210`},
		{`[detail.e, detail.f]`, `[0.10000000000000000000,0.10000000000000000000]`},
		// Nobody knows whether such a float64 comes from a or from b.
		{`detail.a`, `12345678901234567000`},
		{`[detail.a, detail.b]`, `[12345678901234567000,12345678901234567000]`},
		// A text in the event is not the event's number.
		{`fromJSON("98765432109876543211")`, `98765432109876543210`},
		{`fromJSON("11111111111111111111")`, `11111111111111110000`},
	} {
		if got, err := compile(t, tc.src, Input).JSON(env); err != nil || string(got) != tc.want {
			t.Errorf("%s = %s, %v, want %s", tc.src, got, err, tc.want)
		}
	}
}

func TestText(t *testing.T) {
	for _, tc := range []struct{ src, want, err string }{
		{`detail.id`, `A-17`, ""},
		{`detail.amount`, `1250`, ""},
		{`detail.id + "/" + region`, `A-17/eu-west-1`, ""},
		{`detail.paid`, `true`, ""},
		{`time`, `2026-01-02T15:04:05Z`, ""},
		{`detail.card`, `{"country":"US"}`, ""},
		{`detail.missing`, "", "the key is nil on this event"},
		{`detail.missing.deeper`, "", `there is no value to take "deeper" from`},
	} {
		got, err := compile(t, tc.src, Key).Text(NewEnv(orderEvent(t)))
		if got != tc.want || (err == nil) != (tc.err == "") || err != nil && sentence(err) != tc.err {
			t.Errorf("%s = %q, %v, want %q, %q", tc.src, got, err, tc.want, tc.err)
		}
	}
}

func TestNotJSON(t *testing.T) {
	for _, tc := range []struct{ src, detail, want string }{
		{`detail.huge + 1 - detail.huge`, `{"huge":1e400}`, "JSON has no number for NaN"},
		{`-detail.huge`, `{"huge":1e400}`, "JSON has no number for -Inf"},
		{`1 / 0`, `{}`, "JSON has no number for +Inf"},
	} {
		_, err := compile(t, tc.src, Input).JSON(NewEnv(newEvent(t, event.Fields{Source: "s", DetailType: "t", Detail: []byte(tc.detail)})))
		if err == nil || sentence(err) != tc.want {
			t.Errorf("%s: %v, want %q", tc.src, err, tc.want)
		}
	}
}

func TestSource(t *testing.T) {
	p := compile(t, ` detail.a  == 1 `, When)
	if p.Source() != ` detail.a  == 1 ` {
		t.Errorf("Source() = %q", p.Source())
	}
	if got := p.Node().String(); got != `detail.a == 1` {
		t.Errorf("Node() = %s, want the tree as it was written", got)
	}
}

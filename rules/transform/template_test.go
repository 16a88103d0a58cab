package transform

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/rules/expression"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// orderPaths name a value of every kind.
var orderPaths = map[string]string{
	"id": "$.detail.id", "amount": "$.detail.amount", "none": "$.detail.none", "paid": "$.detail.paid", "list": "$.detail.list",
	"quote": "$.detail.quote", "empty": "$.detail.empty", "absent": "$.detail.absent", "detail": "$.detail", "all": "$", "type": "$.detail-type",
}

var orderContext = Context{RuleName: "big", RuleARN: "arn:aws:events:eu-west-1:012345678901:rule/big",
	Ingestion: time.Date(2026, 1, 2, 16, 4, 5, 600, time.FixedZone("", 3600))}

func TestTemplate(t *testing.T) {
	for _, tc := range []struct{ name, template, want string }{
		{"text unquoted", `{"v": <id>}`, `{"v": "A-17"}`},
		{"text quoted", `{"v": "<id>"}`, `{"v": "A-17"}`},
		{"text with escapes unquoted", `{"v": <quote>}`, `{"v": "say \"hi\"\\\n"}`},
		{"text with escapes quoted", `{"v": "<quote>!"}`, `{"v": "say \"hi\"\\\n!"}`},
		{"number keeps its digits", `{"v": <amount>, "w": "<amount>"}`, `{"v": 12345678901234567890.10, "w": "12345678901234567890.10"}`},
		{"true and false", `{"v": <paid>, "w": "<paid>"}`, `{"v": false, "w": "false"}`},
		{"null", `{"v": <none>, "w": "<none>"}`, `{"v": null, "w": "null"}`},
		{"nothing there", `{"v": <absent>, "w": "x<absent>y"}`, `{"v": "", "w": "xy"}`},
		{"list", `{"v": <list>}`, `{"v": [{"name": "a"}, ["x", "y"]]}`},
		{"list in a line", `"v is <list>"`, `"v is [{name:a},[x,y]]"`},
		{"object in a line", `"<empty> <empty>"`, `"{} {}"`},
		{"several lines", "\"<id>\"\n\n \"<amount>\"\n", "\"A-17\"\n\n \"12345678901234567890.10\"\n"},
		{"one value", `<id>`, `"A-17"`},
		{"one value that is not there", ` <absent> `, ` "" `},
		{"in a list", `[<id>, <none>]`, `["A-17", null]`},
		{"twice", `"<id> <id>"`, `"A-17 A-17"`},
		{"no placeholder", `{"a": "b < c > d", "e": "<>", "f": "< id >"}`, `{"a": "b < c > d", "e": "<>", "f": "< id >"}`},
		{"escaped quotes", `{"v": "\"<id>\" and \\"}`, `{"v": "\"A-17\" and \\"}`},
		{"names of every character", `"<type>"`, `"OrderPlaced"`},
		{"rule", `{"n": <aws.events.rule-name>, "a": "<aws.events.rule-arn>"}`, `{"n": "big", "a": "arn:aws:events:eu-west-1:012345678901:rule/big"}`},
		{"ingestion", `<aws.events.event.ingestion-time>`, `"2026-01-02T15:04:05Z"`},
		{"envelope", `<aws.events.event>`, `{"id":"7bf7","account":"012345678901","detailType":"OrderPlaced","time":"0001-01-01T00:00:00Z",` +
			`"source":"shop.orders","region":"eu-west-1","resources":["arn:aws:s3:::shop"],"version":"0"}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			in, errs := FromTemplate(orderPaths, tc.template)
			if len(errs) > 0 {
				t.Fatal(errs)
			}
			got, err := in.Apply(orderEvent(t), orderContext)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, string(got)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestWholeEvent: <aws.events.event.json> and a path of $ are the event's own bytes.
func TestWholeEvent(t *testing.T) {
	raw := " " + strings.Replace(string(orderEvent(t).Raw()), `"source":`, "\n\t\"source\" : ", 1) + "\n"
	ev, err := event.Parse([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	for _, template := range []string{`<aws.events.event.json>`, `<all>`} {
		in, errs := FromTemplate(orderPaths, template)
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		got, err := in.Apply(ev, Context{})
		if err != nil || string(got) != strings.TrimSpace(raw) {
			t.Errorf("%s gives %s, %v", template, got, err)
		}
	}
	if got, err := (Input{}).Apply(ev, Context{}); err != nil || string(got) != raw {
		t.Errorf("the zero Input gives %q, %v", got, err)
	}
}

func TestZero(t *testing.T) {
	whole, errs := FromPath("$")
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	if !(Input{}).IsZero() || !whole.IsZero() {
		t.Error("the zero Input and the path $ are the event itself")
	}
	part, _ := FromPath("$.detail")
	if part.IsZero() {
		t.Error("$.detail is not the event itself")
	}
}

func TestQuotedObject(t *testing.T) {
	for _, template := range []string{`{"v": "<list>"}`, `{"v": "x <empty>"}`, `["<detail>"]`, `{"v": "<aws.events.event.json>"}`} {
		in, errs := FromTemplate(orderPaths, template)
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		if got, err := in.Apply(orderEvent(t), orderContext); !errors.Is(err, ErrQuotedObject) {
			t.Errorf("%s gives %s, %v, want ErrQuotedObject", template, got, err)
		}
	}
}

func TestTemplateFindings(t *testing.T) {
	const text, either = "write each line of text in quotes, a line break in it as \\n", "write JSON, or put each line of text into quotes"
	for _, tc := range []struct{ template, code, message, caret string }{
		{`{"a": <unknown>}`, "I002", "unknown placeholder <unknown>", `      ^^^^^^^^^ give "unknown" a path`},
		{`"ä <aws.events.unknown>"`, "I002", "unknown placeholder <aws.events.unknown>", `   ^^^^^^^^^^^^^^^^^^^^ give "aws.events.unknown" a path`},
		{` `, "I003", "the template is empty", `^ write JSON, or text in quotes`},
		{`<id> is new`, "I003", "text follows the JSON value", `     ^ ` + either},
		{`Order <id>`, "I003", "no JSON value starts like this", `^ ` + either},
		{`{"a": <id>`, "I003", "the object does not end", `          ^ ` + either},
		{`{"a": 1<id>}`, "I003", `a "," or "}" is needed here`, `       ^^^^ ` + either},
		{`{"a": <id><id>}`, "I003", `a "," or "}" is needed here`, `          ^^^^ ` + either},
		{`{"a": -<id>}`, "I003", `a number needs a digit`, `      ^ ` + either},
		{`{<id>: 1}`, "I003", `a member name in quotes is needed here`, ` ^^^^ ` + either},
		{`{"<id>": 1}`, "I003", `<id> is the name of a member`, `  ^^^^ write the name out`},
		{`{"x<id>\" y" : 1}`, "I003", `<id> is the name of a member`, `   ^^^^ write the name out`},
		{`{"a": 1, "a": 2}`, "I003", `the name "a" stands twice in one object`, `         ^ ` + either},
		{`"order <id>`, "I003", "the string does not end", `^ ` + text},
		{`"a" "b"`, "I003", "text follows the JSON value", `    ^ ` + text},
		{`"\<id>"`, "I003", `no such escape; JSON knows \" \\ \/ \b \f \n \r \t \u`, ` ^ ` + text},
	} {
		t.Run(tc.template, func(t *testing.T) {
			_, errs := FromTemplate(orderPaths, tc.template)
			if len(errs) != 1 {
				t.Fatalf("errors %v, want one", errs)
			}
			want := tc.code + ": " + tc.message + "\n" + tc.template + "\n" + tc.caret + "\n"
			if diff := cmp.Diff(want, show(tc.template, errs[0])); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestAllFindings: of the paths and of the template, in one go.
func TestAllFindings(t *testing.T) {
	_, errs := FromTemplate(map[string]string{"ok": "$.a", "b c": "$.a", "bad": "$..a"}, "\"<ok> <no>\"\n{}\n\"<bad>")
	var got []string
	for _, e := range errs {
		got = append(got, fmt.Sprintf("%s %q %d %s", e.Code, e.Key, e.Offset, e.Message))
	}
	want := []string{
		`I004 "b c" 0 the name "b c" does not fit into <…>`,
		`I001 "bad" 2 a path leads to one value`,
		`I002 "" 6 unknown placeholder <no>`,
		`I003 "" 12 this line is not text`,
		`I003 "" 15 the string does not end`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got, want := errs[1].Error(), `path "bad": at character 3: a path leads to one value: ".." is not part of EventBridge's paths; write every name`; got != want {
		t.Errorf("Error() = %s, want %s", got, want)
	}
}

func TestLimits(t *testing.T) {
	many := map[string]string{}
	for i := range MaxPaths {
		many[fmt.Sprint("p", i)] = "$.a"
	}
	more := maps.Clone(many)
	more["q"] = "$.a"
	name := strings.Repeat("n", MaxName)
	long := `"` + strings.Repeat("ä", MaxText-2) + `"`
	for _, tc := range []struct {
		name     string
		paths    map[string]string
		template string
		want     string
	}{
		{"most paths", many, `"x"`, ""},
		{"more paths", more, `"x"`, "the template has 101 paths"},
		{"longest name", map[string]string{name: "$"}, `{"x":<` + name + `>}`, ""},
		{"longer name", map[string]string{name + "n": "$"}, `"x"`, `the name "` + name + `n" does not fit into <…>`},
		{"longest template", nil, long, ""},
		{"longer template", nil, long + " ", "the template has 8193 characters"},
	} {
		_, errs := FromTemplate(tc.paths, tc.template)
		got := ""
		if len(errs) > 0 {
			got = errs[0].Message
		}
		if got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}

func TestFromConstant(t *testing.T) {
	const text = ` {"a": 1.10} `
	in, errs := FromConstant(text)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	if got, err := in.Apply(orderEvent(t), Context{}); err != nil || string(got) != text {
		t.Errorf("Apply = %q, %v", got, err)
	}
	for _, tc := range []struct{ text, want string }{
		{`{"ä": }`, "I003: no JSON value starts like this\n{\"ä\": }\n      ^ write JSON\n"},
		{`hello`, "I003: no JSON value starts like this\nhello\n^ write JSON\n"},
	} {
		_, errs := FromConstant(tc.text)
		if len(errs) != 1 {
			t.Fatalf("%s: errors %v", tc.text, errs)
		}
		if diff := cmp.Diff(tc.want, show(tc.text, errs[0])); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
	if _, errs := FromConstant(`"` + strings.Repeat("x", MaxText) + `"`); len(errs) != 1 || errs[0].Code != "I005" {
		t.Errorf("errors %v, want that it is too long", errs)
	}
}

func TestFromExpression(t *testing.T) {
	p, errs := expression.Compile(`{title: "Order " + detail.id, rule: env.rule}`, expression.Input)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	if got, err := FromExpression(p).Apply(orderEvent(t), orderContext); err != nil || string(got) != `{"rule":"big","title":"Order A-17"}` {
		t.Errorf("Apply = %s, %v", got, err)
	}
	p, errs = expression.Compile(`detail.id.deeper`, expression.Input)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	var run *expression.RunError
	if got, err := FromExpression(p).Apply(orderEvent(t), orderContext); !errors.As(err, &run) {
		t.Errorf("Apply = %s, %v, want a RunError", got, err)
	}
}

func TestAWS(t *testing.T) {
	_, errs := FromTemplate(nil, `{"a": <x>}`)
	if got, want := errs[0].AWS("t1"), "InputTemplate for target t1 contains invalid placeholder x."; got != want {
		t.Errorf("AWS() = %s, want %s", got, want)
	}
	_, errs = FromPath(`a`)
	if got, want := errs[0].AWS("t1"), "Invalid input for target t1 : at character 1: a path begins with $: write $.detail.x."; got != want {
		t.Errorf("AWS() = %s, want %s", got, want)
	}
}

// FuzzTemplate: a template without findings gives JSON, or lines of JSON texts, on every
// event, unless an object stands in quotes.
func FuzzTemplate(f *testing.F) {
	for _, s := range []string{
		`{"v": <id>, "w": "<absent> <quote>"}`, "\"<list>\"\n\"<detail>\"", `<all>`, `[<none>,<paid>,"\"<id>\\"]`, `{"<id>": 1}`, `1<id>`, `"\u00<id>"`,
		`{"a": {"b": ["<amount>", <aws.events.event>]}}`, `"<`, `<id`, `"a" <id>`, "\"a\n\"", `""""`, `"<unknown>"`, `{"":"<id>",<id>}`, "\"\n<id>\"", `"<aws.events.event.json>"`,
	} {
		f.Add(s, orderDetail)
		f.Add(s, `{"id":"\ud83d\" \u0000","list":"\\","quote":[" \"\\\" {"],"none":{"a\\\"":"\u2028"}}`)
	}
	f.Fuzz(func(t *testing.T, template, detail string) {
		ev, err := event.New(event.Fields{Source: "s", DetailType: "t", Detail: []byte(detail)})
		if err != nil {
			return
		}
		in, errs := FromTemplate(orderPaths, template)
		for _, e := range errs {
			if e.Offset < 0 || e.Offset > utf8.RuneCountInString(template) || e.Length < 1 || e.Message == "" || e.Label == "" {
				t.Fatalf("%q: %+v", template, e)
			}
		}
		if len(errs) > 0 {
			return
		}
		got, err := in.Apply(ev, orderContext)
		if errors.Is(err, ErrQuotedObject) {
			return
		}
		if err != nil {
			t.Fatalf("%q: %v", template, err)
		}
		if !json.Valid(got) && !validLines(got) {
			t.Fatalf("%q gives %q", template, got)
		}
	})
}

func validLines(b []byte) bool {
	for line := range strings.Lines(string(b)) {
		var text string
		if strings.TrimSpace(line) != "" && json.Unmarshal([]byte(line), &text) != nil {
			return false
		}
	}
	return true
}

func BenchmarkApply(b *testing.B) {
	ev := orderEvent(b)
	for _, w := range []struct{ name, template string }{
		{"two_placeholders", `{"id": <id>, "note": "order <id>"}`},
		{"whole_event", `{"event": <aws.events.event.json>}`},
	} {
		in, errs := FromTemplate(orderPaths, w.template)
		if len(errs) > 0 {
			b.Fatal(errs)
		}
		b.Run("template="+w.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := in.Apply(ev, orderContext); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func ExampleFromTemplate() {
	ev, err := event.New(event.Fields{Source: "aws.ec2", DetailType: "EC2 Instance State-change Notification",
		Detail: []byte(`{"instance-id": "i-0123456789", "state": "RUNNING"}`)})
	if err != nil {
		panic(err)
	}
	in, _ := FromTemplate(
		map[string]string{"instance": "$.detail.instance-id", "state": "$.detail.state"},
		`{"instance": <instance>, "note": "it is <state>"}`)
	body, err := in.Apply(ev, Context{})
	fmt.Println(string(body), err)

	// Output: {"instance": "i-0123456789", "note": "it is RUNNING"} <nil>
}

package transform

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

const orderDetail = `{"id": "A-17", "instance-id": "i-1", "amount": 12345678901234567890.10, "none": null, "paid": false,
	"list": [{"name": "a"}, ["x", "y"]], "it's": 1, "": {"": 2}, "a.b": 3, "ünï": 4, "quote": "say \"hi\"\\\n", "empty": {}}`

func orderEvent(t testing.TB) event.Event {
	t.Helper()
	ev, err := event.New(event.Fields{ID: "7bf7", Source: "shop.orders", DetailType: "OrderPlaced", Account: "012345678901",
		Region: "eu-west-1", Resources: []string{"arn:aws:s3:::shop"}, Detail: []byte(orderDetail)})
	if err != nil {
		t.Fatal(err)
	}
	return ev
}

func TestFromPath(t *testing.T) {
	ev := orderEvent(t)
	for _, tc := range []struct{ path, want string }{
		{`$`, string(ev.Raw())},
		{`$.source`, `"shop.orders"`},
		{`$.detail-type`, `"OrderPlaced"`},
		{`$.resources[0]`, `"arn:aws:s3:::shop"`},
		{`$.detail.instance-id`, `"i-1"`},
		{`$.detail['instance-id']`, `"i-1"`},
		{`$['detail']["instance-id"]`, `"i-1"`},
		{`$.detail.amount`, `12345678901234567890.10`},
		{`$.detail.none`, `null`},
		{`$.detail.list[0].name`, `"a"`},
		{`$.detail.list[1][1]`, `"y"`},
		{`$.detail.list`, `[{"name": "a"}, ["x", "y"]]`},
		{`$.detail['it\'s']`, `1`},
		{`$.detail["it's"]`, `1`},
		{`$.detail['']['']`, `2`},
		{`$.detail['a.b']`, `3`},
		{`$.detail.ünï`, `4`},
		{`$.detail.quote`, `"say \"hi\"\\\n"`},
		// Nothing is there.
		{`$.detail.missing`, `null`},
		{`$.detail.missing.deeper[3]`, `null`},
		{`$.detail.list[2]`, `null`},
		{`$.detail.id[0]`, `null`},
		{`$.detail.list.name`, `null`},
	} {
		t.Run(tc.path, func(t *testing.T) {
			in, errs := FromPath(tc.path)
			if len(errs) > 0 {
				t.Fatal(errs)
			}
			got, err := in.Apply(ev, Context{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, string(got)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// show writes a finding as a person sees it.
func show(text string, e Error) string {
	return fmt.Sprintf("%s: %s\n%s\n%s%s %s\n", e.Code, e.Message, text,
		strings.Repeat(" ", e.Offset), strings.Repeat("^", e.Length), e.Label)
}

func TestPathFindings(t *testing.T) {
	for _, tc := range []struct{ path, message, caret string }{
		{``, `a path begins with $`, `^ write $.detail.x`},
		{`detail.a`, `a path begins with $`, `^ write $.detail.x`},
		{`$detail`, `"d" does not fit here`, ` ^ write .name or [0]`},
		{`$.`, `a name is missing here`, `  ^ write a name, or ['a name'] with other characters`},
		{`$.detail.`, `a name is missing here`, `         ^ write a name, or ['a name'] with other characters`},
		{`$.a b`, `" " does not fit here`, `   ^ write .name or [0]`},
		{`$..name`, `a path leads to one value`, `  ^ ".." is not part of EventBridge's paths; write every name`},
		{`$.detail.*`, `a path leads to one value`, `         ^ write a name for "*"`},
		{`$.ä[*]`, `a path leads to one value`, `    ^ write the place in the list, [0] for the first, or ['a name']`},
		{`$.a[-1]`, `a path leads to one value`, `    ^^ write the place in the list, [0] for the first, or ['a name']`},
		{`$.a[1:2]`, `a path leads to one value`, `    ^^^ write the place in the list, [0] for the first, or ['a name']`},
		{`$.a[?(@.b>1)]`, `a path leads to one value`, `    ^^^^^^^^ write the place in the list, [0] for the first, or ['a name']`},
		{`$.a[01]`, `a path leads to one value`, `    ^^ write the place in the list, [0] for the first, or ['a name']`},
		{`$.a[]`, `a path leads to one value`, `    ^ write the place in the list, [0] for the first, or ['a name']`},
		{`$.a[99999999999]`, `a path leads to one value`, `    ^^^^^^^^^^^ write the place in the list, [0] for the first, or ['a name']`},
		{`$.a[0`, `the bracket is not closed`, `    ^ write "]"`},
		{`$.a[`, `the bracket is not closed`, `    ^ write "]"`},
		{`$.a['b`, `the quote is not closed`, `    ^ write the closing quote`},
		{`$.a['b'`, `the bracket is not closed`, `      ^ write "]" after the name`},
		{`$.a['b'x]`, `the bracket is not closed`, `      ^ write "]" after the name`},
	} {
		t.Run(tc.path, func(t *testing.T) {
			_, errs := FromPath(tc.path)
			if len(errs) != 1 {
				t.Fatalf("errors %v, want one", errs)
			}
			want := "I001: " + tc.message + "\n" + tc.path + "\n" + tc.caret + "\n"
			if diff := cmp.Diff(want, show(tc.path, errs[0])); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestPathTooLong(t *testing.T) {
	longest := "$." + strings.Repeat("ä", MaxPath-2)
	if _, errs := FromPath(longest); len(errs) > 0 {
		t.Error(errs)
	}
	_, errs := FromPath(longest + "ä")
	if len(errs) != 1 || errs[0].Code != "I005" || errs[0].Message != "the path has 257 characters" {
		t.Errorf("errors %v, want that it is too long", errs)
	}
}

// FuzzPath: what a path means can be written as a path again, and what it finds is a
// JSON value of the event; a finding stands within the text.
func FuzzPath(f *testing.F) {
	for _, s := range []string{`$`, `$.detail.list[0].name`, `$['a']["b\\"][12]`, `$..a`, `$.a[*]`, `$.ä`, `x`, `$.a['b`, `$.detail['it\'s']`, `$[']']`, `$.a[00]`} {
		f.Add(s)
	}
	ev := orderEvent(f)
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parsePath(text)
		if err != nil {
			if err.Offset < 0 || err.Offset > utf8.RuneCountInString(text) || err.Length < 1 || err.Label == "" {
				t.Fatalf("%q: %+v", text, err)
			}
			return
		}
		again, err := parsePath(p.String())
		if err != nil && utf8.RuneCountInString(p.String()) <= MaxPath {
			t.Fatalf("%q became %q: %v", text, p, err)
		}
		if diff := cmp.Diff(p, again, cmp.AllowUnexported(step{})); err == nil && diff != "" {
			t.Fatalf("%q became %q: %s", text, p, diff)
		}
		if v := p.find(ev); v != nil && !json.Valid(v) {
			t.Fatalf("%q finds %s", text, v)
		}
	})
}

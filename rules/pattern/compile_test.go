package pattern_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/rules/pattern"
)

func TestCompileErrors(t *testing.T) {
	for _, tc := range []struct {
		text           string
		code           pattern.Code
		path           string
		column         int
		message, label string
	}{
		{`[1]`, pattern.NotObject, "", 1, "a pattern is one JSON object, not a list", `write {"source": ["…"]}`},
		{`{"a": ["x"]} x`, pattern.NotObject, "", 14, "text follows the JSON value", "put this in double quotes"},
		{`{"a": ["x",]}`, pattern.NotObject, "", 12, "no JSON value starts like this", "delete the comma before this"},
		{`{"a": {"b": "x"}}`, pattern.NotArray, "a.b", 13, `"b" is a string; a field's value is a list`, `write ["x"]`},
		{`{"a": true}`, pattern.NotArray, "a", 7, `"a" is true or false; a field's value is a list`, `write [true]`},
		{`{"a": {"numeric": [">=", 1]}}`, pattern.NotArray, "a", 7, `the "numeric" test must be inside a list`, `write [{"numeric":[">=",1]}]`},
		{`{"a": {"exists": true}}`, pattern.NotArray, "a", 7, `the "exists" test must be inside a list`, `write [{"exists":true}]`},
		{`{}`, pattern.Empty, "", 1, "an empty object says nothing", "name a field here"},
		{`{"a": {}}`, pattern.Empty, "a", 7, "an empty object says nothing", "name a field here"},
		{`{"a": []}`, pattern.Empty, "a", 7, "an empty list can never match", "write the values that should match"},
		{`{"a": ["x", ["y"]]}`, pattern.BadValue, "a[1]", 13, "a list of matchers holds values and matchers, not another list", "take the inner brackets away"},
		{`{"a": [{}]}`, pattern.BadMatcher, "a[0]", 8, "an empty object is no matcher", `write {"prefix": "…"} or another operator`},
		{`{"a": [{"prefix": "x", "suffix": "y"}]}`, pattern.BadMatcher, "a[0]", 8, "a matcher has one operator, this one has 2", "write one object for each: [{…}, {…}]"},
		{`{"a": [{"prefx": "x"}]}`, pattern.BadMatcher, "a[0]", 9, `unknown operator "prefx"`, `did you mean "prefix"?`},
		{`{"a": [{"EXISTS": true}]}`, pattern.BadMatcher, "a[0]", 9, `unknown operator "EXISTS"`, `did you mean "exists"?`},
		{`{"a": [{"anything_but": "x"}]}`, pattern.BadMatcher, "a[0]", 9, `unknown operator "anything_but"`, `did you mean "anything-but"?`},
		{`{"a": [{"regex": "x"}]}`, pattern.BadMatcher, "a[0]", 9, `unknown operator "regex"`, "use one of the operators"},
		{`{"a": [{"prefix": 5}]}`, pattern.NeedString, "a[0]", 19, `"prefix" takes a string, not a number`, `write {"prefix": "5"}`},
		{`{"a": [{"wildcard": ["x"]}]}`, pattern.NeedString, "a[0]", 21, `"wildcard" takes a string, not a list`, `write {"wildcard": "…"}`},
		{`{"a": [{"prefix": {"wildcard": "x"}}]}`, pattern.BadNesting, "a[0]", 19, `only equals-ignore-case may stand inside "prefix"`, `write {"prefix": {"equals-ignore-case": "…"}} or {"prefix": "…"}`},
		{`{"a": [{"anything-but": {"numeric": ["=", 5]}}]}`, pattern.BadNesting, "a[0]", 25, `"numeric" may not stand inside anything-but`, "write prefix, suffix, wildcard or equals-ignore-case"},
		{`{"a": [{"anything-but": {"prefix": {"equals-ignore-case": "x"}}}]}`, pattern.BadNesting, "a[0]", 36, `nothing may be nested in the "prefix" of anything-but`, `write {"prefix": "…"}`},
		{`{"a": [{"anything-but": null}]}`, pattern.BadAnythingBut, "a[0]", 25, "anything-but cannot exclude null", "write a string, a number or a list of them"},
		{`{"a": [{"anything-but": []}]}`, pattern.BadAnythingBut, "a[0]", 25, "an empty list excludes nothing", `write ["value"], or {"exists": true} for any value`},
		{`{"a": [{"anything-but": {"suffix": []}}]}`, pattern.BadAnythingBut, "a[0]", 36, "an empty list excludes nothing", `write ["value"], or {"exists": true} for any value`},
		{`{"a": [{"anything-but": ["x", 5]}]}`, pattern.BadAnythingBut, "a[0]", 31, "a list inside anything-but holds only strings or only numbers", "write them all as strings"},
		{`{"a": [{"anything-but": {"prefix": ""}}]}`, pattern.BadAnythingBut, "a[0]", 36, "every string has the empty prefix, so this excludes all strings", "write at least one character"},
		{`{"a": [{"anything-but": 1e999}]}`, pattern.BadAnythingBut, "a[0]", 25, "1e999 is beyond the range of a double", "write a number between -1.7e308 and 1.7e308"},
		{`{"a": [{"exists": "true"}]}`, pattern.BadExists, "a[0]", 19, `"exists" takes true or false, not "true"`, `write {"exists": true} or {"exists": false}`},
		{`{"a": [{"numeric": 5}]}`, pattern.BadNumeric, "a[0]", 20, `"numeric" takes a list, not a number`, `write {"numeric": [">=", 1]}`},
		{`{"a": [{"numeric": []}]}`, pattern.BadNumeric, "a[0]", 20, `"numeric" takes one operator and number, or two; this list has 0 elements`, `write [">=", 1]`},
		{`{"a": [{"numeric": ["!=", 5]}]}`, pattern.BadNumeric, "a[0]", 21, `the operator "!=" cannot stand here`, `write {"anything-but": 5} in place of "numeric"`},
		{`{"a": [{"numeric": ["==", 5]}]}`, pattern.BadNumeric, "a[0]", 21, `the operator "==" cannot stand here`, `write "="`},
		{`{"a": [{"numeric": ["<", 5, ">", 1]}]}`, pattern.BadNumeric, "a[0]", 21, `the operator "<" cannot stand here`, "write the lower bound first"},
		{`{"a": [{"numeric": [">", 5, ">", 1]}]}`, pattern.BadNumeric, "a[0]", 29, `the operator ">" cannot stand here`, `write "<" or "<=" for the upper bound`},
		{`{"a": [{"numeric": ["=", 5, "<", 9]}]}`, pattern.BadNumeric, "a[0]", 21, `the operator "=" cannot stand here`, `write "=" alone`},
		{`{"a": [{"numeric": [">=", 5, "<=", 5]}]}`, pattern.BadNumeric, "a[0]", 20, "nothing lies between 5 and 5", "write the smaller number first"},
		{`{"a": [{"numeric": [">", "5"]}]}`, pattern.BadNumeric, "a[0]", 26, "a number stands after the operator, not a string", "write the number without quotes"},
		{`{"a": [{"numeric": [5, ">"]}]}`, pattern.BadNumeric, "a[0]", 21, "an operator stands here in quotes, not a number", `write "<", "<=", "=", ">=" or ">"`},
		{`{"a": [{"numeric": [">", 1e309]}]}`, pattern.BadNumeric, "a[0]", 26, "1e309 is beyond the range of a double", "write a number between -1.7e308 and 1.7e308"},
		{`{"a": [{"cidr": "10.0.0.0"}]}`, pattern.BadCIDR, "a[0]", 17, `"10.0.0.0" has no /bits`, `write {"cidr": "10.0.0.0/24"}`},
		{`{"a": [{"cidr": "10.0.0.0/8/8"}]}`, pattern.BadCIDR, "a[0]", 17, `"10.0.0.0/8/8" has more than one slash`, `write {"cidr": "10.0.0.0/24"}`},
		{`{"a": [{"cidr": "10.0.0.0/33"}]}`, pattern.BadCIDR, "a[0]", 17, `"10.0.0.0/33" has bits that are not between 0 and 32`, `write {"cidr": "10.0.0.0/24"}`},
		{`{"a": [{"cidr": "10.0.0.0/x"}]}`, pattern.BadCIDR, "a[0]", 17, `"10.0.0.0/x" has bits that are not a whole number`, `write {"cidr": "10.0.0.0/24"}`},
		{`{"a": [{"cidr": "host/8"}]}`, pattern.BadCIDR, "a[0]", 17, `"host/8" does not start with an address`, `write {"cidr": "10.0.0.0/24"}`},
		{`{"a": [{"wildcard": "a**b"}]}`, pattern.BadWildcard, "a[0]", 21, "two * stand side by side at character 3 of the wildcard", `write "a*b"`},
		{`{"a": [{"wildcard": "a\\x"}]}`, pattern.BadWildcard, "a[0]", 21, `a \ stands before neither * nor \ at character 2 of the wildcard`, `write \\ for a backslash, \* for a star`},
		{`{"a": {"$or": {"b": [1]}}}`, pattern.BadOr, "a.$or", 15, "$or is an object", `write "$or": [{…}, {…}]`},
		{`{"$or": [{"b": [1]}]}`, pattern.BadOr, "$or", 9, "$or has 1 of the at least 2 objects it needs", "add another object, or take its fields out of the $or"},
		{`{"$or": [{"b": [1]}, {}]}`, pattern.BadOr, "$or[1]", 22, "a member of $or is an object with fields, not an empty object", `write {"field": ["value"]}`},
		{`{"$or": [{"b": [1]}, 5]}`, pattern.BadOr, "$or[1]", 22, "a member of $or is an object with fields, not a number", `write {"field": ["value"]}`},
		{`{"$or": [{"x": {"prefix": ["a"]}}, {"b": [1]}]}`, pattern.BadOr, "$or[0].x.prefix", 17, `"prefix" is a matcher's name, not a field, inside $or`, `write {"field": [{"prefix": …}]}`},
		{`{"a": [1], "a": [2]}`, pattern.Duplicate, "a", 12, `"a" stands twice in this object`, "join the two lists into one"},
	} {
		t.Run(tc.text, func(t *testing.T) {
			p, errs := pattern.CompileJSON([]byte(tc.text))
			if p != nil || len(errs) != 1 {
				t.Fatalf("CompileJSON(%s) = %v, %v; want one error", tc.text, p, errs)
			}
			e := errs[0]
			want := fmt.Sprintf("%s at %s, column %d: %s\n%s", tc.code, tc.path, tc.column, tc.message, tc.label)
			got := fmt.Sprintf("%s at %s, column %d: %s\n%s", e.Code, e.Path, e.Column, e.Message, e.Label)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAllErrorsAtOnce(t *testing.T) {
	_, errs := pattern.CompileJSON([]byte(`{"b": "x", "a": [{"prefx": "y"}, [1]], "c": {"d": [{"numeric": [">", "1"]}]}}`))
	var got []string
	for _, e := range errs {
		got = append(got, e.Error())
	}
	want := []string{
		`pattern.b: "b" is a string; a field's value is a list`,
		`pattern.a[0]: unknown operator "prefx"`,
		`pattern.a[1]: a list of matchers holds values and matchers, not another list`,
		`pattern.c.d[0]: a number stands after the operator, not a string`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestCompileNothing(t *testing.T) {
	if _, errs := pattern.Compile(nil); len(errs) != 1 || errs[0].Code != pattern.NotObject {
		t.Errorf("Compile(nil) = %v", errs)
	}
}

// TestOrIsCapped: groups of members multiply; so do groups inside of members.
func TestOrIsCapped(t *testing.T) {
	group := func(name string, n int) string {
		var members []string
		for i := range n {
			members = append(members, fmt.Sprintf(`{"%s%d":[1]}`, name, i))
		}
		return `"$or":[` + strings.Join(members, ",") + `]`
	}
	for _, tc := range []struct {
		name, text string
		ways       int // 0: refused
	}{
		{"10 × 10 × 10", `{` + group("a", 10) + `,"x":{` + group("b", 10) + `},"y":{` + group("c", 10) + `}}`, 1000},
		{"11 × 10 × 10", `{` + group("a", 11) + `,"x":{` + group("b", 10) + `},"y":{` + group("c", 10) + `}}`, 0},
		{"1000", `{` + group("a", 1000) + `}`, 1000},
		{"1001", `{` + group("a", 1001) + `}`, 0},
		{"within a member", `{"$or":[{` + group("a", 3) + `},{"z":[1]}]}`, 4},
		{"2^40", `{` + strings.Repeat(group("a", 2)+",", 40) + `"z":[1]}`, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p, errs := pattern.CompileJSON([]byte(tc.text))
			if tc.ways > 0 {
				if len(errs) > 0 || len(p.Alternatives()) != tc.ways {
					t.Errorf("%d alternatives, %v; want %d", len(p.Alternatives()), errs, tc.ways)
				}
				return
			}
			if len(errs) != 1 || errs[0].Code != pattern.TooComplex || errs[0].Line != 1 {
				t.Errorf("got %v, want too_complex with its place", errs)
			}
		})
	}
}

func TestJSON(t *testing.T) {
	p, errs := pattern.CompileJSON([]byte("{ \"b\" : [ 1.50 , \"\\u0061\" ] ,\n \"a\" : [ null ] }"))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	if want := `{"b":[1.50,"a"],"a":[null]}`; string(p.JSON()) != want {
		t.Errorf("JSON() = %s, want %s", p.JSON(), want)
	}
}

func TestAlternatives(t *testing.T) {
	p, errs := pattern.CompileJSON([]byte(`{"a":{"b":["x",{"exists":false}]},"$or":[{"c":[1]},{"d":[2],"e":[3]}]}`))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	var got []string
	for _, a := range p.Alternatives() {
		var fields []string
		for _, f := range a.Fields {
			fields = append(fields, fmt.Sprintf("%s/%d/%v", f.Path, len(f.Tests), f.MayBeAbsent))
		}
		got = append(got, strings.Join(fields, " "))
	}
	want := []string{"a.b/1/true c/1/false", "a.b/1/true d/1/false e/1/false"}
	if !slices.Equal(got, want) {
		t.Errorf("alternatives %q, want %q", got, want)
	}
}

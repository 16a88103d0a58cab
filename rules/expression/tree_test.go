package expression

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/checker"
	"github.com/expr-lang/expr/parser"
	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// TestMetered shows what runs in the place of what was written.
func TestMetered(t *testing.T) {
	for _, tc := range []struct{ src, want string }{
		{`source == "x" and detail.amount > 5`, `source == "x" and detail.amount > 5`},
		{`detail.a == detail.b`, `__pay(__env, -4, detail.a) == detail.b`},
		{`detail.a == [1]`, `detail.a == [1]`},
		{`source matches "x"`, `__pay(__env, -2, source) matches "x"`},
		{`source contains "x"`, `__pay(__env, -1, source) contains "x"`},
		{`source in ["x"]`, `source in ["x"]`},
		{`source in resources`, `source in __pay(__env, -3, resources)`},
		{`1 + 2`, `1 + 2`},
		{`detail.n + 1`, `detail.n + 1`},
		{`source + "x"`, `__add(__env, source, "x")`},
		{`detail.a + detail.b + "c"`, `__add(__env, __add(__env, detail.a, detail.b), "c")`},
		{`upper(source)`, `__upper(__env, source)`},
		{`any(resources, # == "x")`, `any(__pay(__env, 5, resources), # == "x")`},
		{`count(resources, true)`, `count(__pay(__env, 3, resources), true)`},
		{`sum(detail.n)`, `sum(__pay(__env, 1, detail.n))`},
		{`abs(-1)`, `abs(-1)`},
		{`{a: upper(id)}`, `{a: __upper(__env, id)}`},
	} {
		config := newConfig()
		config.Functions = runFunctions
		tree, err := parser.ParseWithConfig(tc.src, config)
		if err != nil {
			t.Fatal(err)
		}
		config.Visitors = []ast.Visitor{meterer{}}
		if _, err := new(checker.Checker).PatchAndCheck(tree, config); err != nil {
			t.Fatal(err)
		}
		if got := tree.Node.String(); got != tc.want {
			t.Errorf("%s runs as %s, want %s", tc.src, got, tc.want)
		}
	}
}

func TestNeeds(t *testing.T) {
	for _, tc := range []struct {
		src     string
		whole   bool
		members []string
	}{
		{`source == "a"`, false, nil},
		{`detail.a == detail.b.c and detail.a > 1`, false, []string{"a", "b"}},
		{`detail["a-b"] == 1`, false, []string{"a-b"}},
		{`detail?.a?.b == 1`, false, []string{"a"}},
		{`metric.value > 1 and call.x == 1`, false, []string{"value", "x"}},
		{`detail == nil`, true, nil},
		{`detail[source] == 1`, true, nil},
		{`"a" in detail`, true, nil},
		{`let d = detail; d.a == 1`, true, nil},
		{`let detail2 = 1; detail2 == 1`, false, nil},
		{`any(resources, # == detail.a)`, false, []string{"a"}},
		{`any(detail.list, .x == 1)`, false, []string{"list"}},
		{`len(keys(log)) == 1`, true, nil},
		{`detail.a ?: detail.b`, false, []string{"a", "b"}},
	} {
		got := compile(t, tc.src, When).needs
		want := needs{whole: tc.whole, members: tc.members}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(needs{})); diff != "" {
			t.Errorf("%s: -want +got:\n%s", tc.src, diff)
		}
	}
}

// TestChildren: walking visits every part, of every construct.
func TestChildren(t *testing.T) {
	for _, tc := range []struct {
		src  string
		want int
	}{
		{`a`, 1}, {`-a`, 2}, {`a + b`, 3}, {`a.b`, 3}, {`a?.b`, 4}, {`a[1:2]`, 4}, {`f(a, b)`, 4}, {`len(a)`, 2}, {`any(a, # > 1)`, 6},
		{`let x = 1; x`, 3}, {`a; b`, 3}, {`a ? b : c`, 4}, {`[a, b]`, 3}, {`{a: b}`, 4}, {`a ?: b`, 4}, {`a < b < c`, 7}, {`nil`, 1}, {`"x"`, 1},
	} {
		n := parse(t, tc.src)
		walked := 0
		walk(n, func(ast.Node) { walked++ })
		if got := count(n, 1000); got != tc.want || walked != tc.want {
			t.Errorf("%s has %d parts, walked %d, want %d", tc.src, got, walked, tc.want)
		}
		if got := count(n, 0); got < 1 || got > 2 {
			t.Errorf("count(%s, 0) = %d, want to stop at once", tc.src, got)
		}
	}
}

func TestNearest(t *testing.T) {
	for _, tc := range []struct{ name, want string }{
		{"sorce", "source"}, {"soruce", "source"}, {"Source", "source"}, {"regions", "region"}, {"acount", "account"}, {"detial", "detail"},
		{"foo", ""}, {"x", ""}, {"", ""}, {"ids", "id"}, {"tmie", "time"}, {"identifier", ""},
	} {
		if got, ok := nearest(tc.name, Names); got != tc.want || ok != (tc.want != "") {
			t.Errorf("nearest(%q) = %q, %v, want %q", tc.name, got, ok, tc.want)
		}
	}
}

// FuzzEdits: the distance is one: zero for equals only, the same both ways, no longer
// than the longer word.
func FuzzEdits(f *testing.F) {
	f.Add("source", "soruce")
	f.Add("", "ä")
	f.Fuzz(func(t *testing.T, a, b string) {
		d := edits(a, b)
		x, y := []rune(a), []rune(b)
		if d != edits(b, a) || d < 0 || d > max(len(x), len(y)) || (d == 0) != (string(x) == string(y)) {
			t.Errorf("edits(%q, %q) = %d, back %d", a, b, d, edits(b, a))
		}
	})
}

func TestKindNames(t *testing.T) {
	for _, tc := range []struct{ src, want string }{
		{`nil`, "nil"}, {`5`, "a number"}, {`1.5`, "a number"}, {`"x"`, "a text"}, {`true`, "true or false"}, {`[1]`, "a list"},
		{`{a: 1}`, "an object"}, {`time`, "a time"}, {`time - time`, "a duration"}, {`resources`, "a list"}, {`time.Month()`, "a number"},
	} {
		out, err := compile(t, tc.src, Input).run(NewEnv(orderEvent(t)))
		if got := kindOf(out); err != nil || got != tc.want {
			t.Errorf("%s is %s, %v, want %s", tc.src, got, err, tc.want)
		}
	}
	for _, tc := range []struct{ name, want string }{
		{"string", "a text"}, {"map[string]interface {}", "an object"}, {"[]interface {}", "a list"}, {"float64", "a number"}, {"time.Duration", "a duration"},
		{"unknown", "any value"}, {"<nil>", "nil"}, {"array", "a list"}, {"expression.ruleEnv", "an object"}, {"bool", "true or false"}, {"time.Time", "a time"}, {"chan", "chan"},
	} {
		if got := kindOfName(tc.name); got != tc.want {
			t.Errorf("kindOfName(%s) = %s, want %s", tc.name, got, tc.want)
		}
	}
	if got := kindOfType(reflect.TypeFor[func()]()) + ", " + kindOfType(reflect.TypeFor[any]()) + ", " + kindOfType(reflect.TypeFor[chan int]()); got != "a function, any value, a chan int" {
		t.Errorf("kinds: %s", got)
	}
}

// FuzzDecode: what goes in as the event's detail comes out the same, as JSON.
func FuzzDecode(f *testing.F) {
	f.Add(orderDetail)
	for _, s := range []string{`{}`, `{"a":-0,"b":-0.0,"c":1e5,"d":1E-7,"e":[[[]]],"f":"\ud83d\ude00\u0000\"","":null}`,
		`{"a":9223372036854775807,"b":9223372036854775808,"c":-9223372036854775809,"d":1e999,"e":0.1,"f":0.10000000000000000001}`} {
		f.Add(s)
	}
	all, errs := Compile(`detail`, Input)
	if len(errs) > 0 {
		f.Fatal(errs)
	}
	f.Fuzz(func(t *testing.T, detail string) {
		ev, err := event.New(event.Fields{Source: "s", DetailType: "t", Detail: []byte(detail)})
		if err != nil {
			return
		}
		got, err := all.JSON(NewEnv(ev))
		if err != nil {
			return // numbers beyond float64 that became the same infinity
		}
		if diff := cmp.Diff(generic(t, ev.Detail()), generic(t, got)); diff != "" {
			t.Fatalf("%s became %s: %s", ev.Detail(), got, diff)
		}
	})
}

// generic reads JSON with another reader, numbers as the nearest float64 or their text.
func generic(t *testing.T, raw []byte) any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return floats(v)
}

func floats(v any) any {
	switch v := v.(type) {
	case json.Number:
		if f, err := v.Float64(); err == nil {
			return f + 0 // -0 is 0
		}
		return v.String()
	case []any:
		for i := range v {
			v[i] = floats(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = floats(v[name])
		}
	}
	return v
}

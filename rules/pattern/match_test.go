package pattern_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tocsin-engine/tocsin/rules/pattern"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

func compile(t testing.TB, text string) *pattern.Pattern {
	t.Helper()
	p, errs := pattern.CompileJSON([]byte(text))
	if len(errs) > 0 {
		t.Fatalf("%s: %v", text, errs)
	}
	return p
}

func TestMatch(t *testing.T) {
	for _, tc := range []struct {
		pattern, event string
		want           bool
	}{
		// Lists: conditions hold in the same elements.
		{`{"a":{"b":[1],"c":[2]}}`, `{"a":[{"b":1,"c":2}]}`, true},
		{`{"a":{"b":[1],"c":[2]}}`, `{"a":[{"b":1},{"c":2}]}`, false},
		{`{"a":{"b":[1],"c":[2]}}`, `{"a":[{"b":1},{"b":1,"c":2}]}`, true},
		{`{"a":{"b":[1],"c":[2]}}`, `{"a":[[{"b":1},{"c":2}]]}`, false},
		{`{"a":{"b":[1],"c":[2]}}`, `{"a":[[{"b":1},{"b":1,"c":2}],[{"b":1}]]}`, true},
		{`{"a":{"x":[1],"b":{"c":[1]}}}`, `{"a":[{"x":1,"b":[{"c":0}]},{"x":0,"b":[{"c":1}]}]}`, false},
		{`{"a":{"x":[1],"b":{"c":[1],"d":[1]}}}`, `{"a":[{"x":1,"b":[{"c":1},{"d":1}]},{"x":1,"b":[{"c":1,"d":1}]}]}`, true},
		{`{"a":{"b":[1]},"d":{"c":[2]}}`, `{"a":[{"b":0},{"b":1}],"d":[{"c":2}]}`, true},
		{`{"a":["x"]}`, `{"a":[{"b":1},"x"]}`, true},
		{`{"a":["x"],"a.b":[1]}`, `{"a":[{"b":1},"x"]}`, true},
		{`{"a":["x"],"a.b":[1]}`, `{"a":[{"b":1},["x"]]}`, false},
		{`{"a":["x"]}`, `{"a":[["x"]]}`, true},
		{`{"a":["x","y"]}`, `{"a":["z","y"]}`, true},
		// Absence, whatever the names (D1).
		{`{"a":{"b":[{"exists":false}],"c":[2]}}`, `{"a":[{"b":1},{"c":2}]}`, true},
		{`{"a":{"z":[{"exists":false}],"c":[2]}}`, `{"a":[{"z":1},{"c":2}]}`, true},
		{`{"a":{"z":[{"exists":false}],"c":[2]}}`, `{"a":[{"z":1},{"c":2,"z":1}]}`, false},
		{`{"a":{"b":[{"exists":false}]}}`, `{"a":[{"b":1},{"c":2}]}`, false},
		{`{"a":{"b":[{"exists":false}]},"c":[1]}`, `{"a":[{"b":1},{"c":2}],"c":1}`, false},
		{`{"a":{"b":[{"exists":false},7],"c":[2]}}`, `{"a":[{"b":1,"c":2},{"b":7,"c":2}]}`, true},
		{`{"a":{"b":[{"exists":false},7],"c":[2]}}`, `{"a":[{"b":1,"c":2},{"b":7,"c":3}]}`, false},
		{`{"a":{"b":[{"exists":false}],"c":[{"exists":false}]}}`, `{"a":[{"d":1}]}`, true},
		{`{"a":{"b":[{"exists":false}],"c":[{"exists":false}]}}`, `{"a":[{"b":1},{"c":1}]}`, false},
		// A scalar element does not choose an element, a list element does.
		{`{"a":["x"],"a.g":[{"exists":false}]}`, `{"a":["x",{"g":1}]}`, false},
		{`{"a":["x"],"a.g":[{"exists":false}]}`, `{"a":[["x"],{"g":1}]}`, true},
		{`{"a":["x"],"a.g":[{"exists":false}]}`, `{"a":["x",["x"],{"g":1}]}`, true},
		// $or, and one path in two places (D7).
		{`{"a":{"$or":[{"b":[1]},{"c":[1]}],"d":[1]}}`, `{"a":[{"b":1},{"d":1}]}`, false},
		{`{"a":{"$or":[{"b":[1]},{"c":[1]}],"d":[1]}}`, `{"a":[{"b":1},{"d":1,"c":1}]}`, true},
		{`{"a":[1],"$or":[{"a":[2]},{"b":[2]}]}`, `{"a":1,"b":2}`, true},
		{`{"a":[1],"$or":[{"a":[2]},{"b":[2]}]}`, `{"a":[1,2]}`, true},
		{`{"$or":[{"a":[2]},{"b":[2]}],"a":[1]}`, `{"a":1}`, false},
		{`{"$or":[{"a":[1]},{"b":[2]}],"$or":[{"x":[1]},{"y":[2]}]}`, `{"b":2,"y":2}`, true},
		{`{"$or":[{"a":[1]},{"b":[2]}],"$or":[{"x":[1]},{"y":[2]}]}`, `{"b":2}`, false},
		// Names with dots, repeated and empty names.
		{`{"a.b":{"c":["x"]}}`, `{"a":{"b.c":"x"}}`, true},
		{`{"a":{"b":["x"]}}`, `{"a.b":"x"}`, true},
		{`{"a":{"b":[1],"c":[2]}}`, `{"a":{"b":1},"a.c":2}`, true},
		{`{"a":{"b":[1],"c":[2]}}`, `{"a":[{"b":1}],"a.c":[2]}`, true},
		{`{"a":{"b":[1],"c":[2],"d":[3]}}`, `{"a":[{"b":1,"c":2},{"d":3}],"a.d":3}`, true},
		{`{"a":{"b":[1],"c":[2],"d":[3]}}`, `{"a":[{"b":1},{"c":2}],"a.d":3}`, false},
		{`{"a":{"b":{"c":[1],"d":[2]}}}`, `{"a.b":[{"c":1},{"d":2}],"a":{"b":[{"d":2}]}}`, true},
		{`{"a":{"b":{"c":[1],"d":[2]}}}`, `{"a.b":[{"c":1},{"d":2}],"a":{"b":[{"d":3}]}}`, false},
		{`{"a":{"b":[1],"c":[2]}}`, `{"a":{"b":1},"a":{"c":2}}`, true},
		{`{"":{"":[1]}}`, `{"":{"":1}}`, true},
		{`{"":{"":[1]}}`, `{".":1}`, true},
		{`{"a":{"":[1]}}`, `{"a.":1}`, true},
		{`{"a":["x"]}`, ` { "\u0061" : "\u0078" } `, true},
		{`{"a":{"b":["x"]}}`, `{"a\u002eb":"x"}`, true},
		// Values.
		{`{"a":["é\"\\\n"]}`, `{"a":"\u00e9\"\\\n"}`, true},
		{`{"a":["10.0.0.1"]}`, `{"a":"::ffff:0a00:0001"}`, true},
		{`{"a":["::1"]}`, `{"a":"0:0:0:0:0:0:0:1"}`, true},
		{`{"a":[{"exactly":"::1"}]}`, `{"a":"0:0:0:0:0:0:0:1"}`, false},
		{`{"a":[{"cidr":"::ffff:0a00:0/112"}]}`, `{"a":"10.0.5.5"}`, true},
		{`{"a":[{"cidr":"10.0.0.1/32"}]}`, `{"a":"10.0.0.2"}`, false},
		{`{"a":[{"cidr":"10.0.0.0/8"}]}`, `{"a":"0a00::1"}`, false},
		{`{"a":[{"prefix":{"equals-ignore-case":"ÉK"}}]}`, `{"a":"é\u212a2"}`, true},
		{`{"a":[{"suffix":{"equals-ignore-case":".PNG"}}]}`, `{"a":"x.png"}`, true},
		{`{"a":[{"suffix":{"equals-ignore-case":".PNG"}}]}`, `{"a":"png"}`, false},
		{`{"a":[{"wildcard":"*a*b*"}]}`, `{"a":"xbaxb"}`, true},
		{`{"a":[{"wildcard":"*a*b*"}]}`, `{"a":"ba"}`, false},
		{`{"a":[{"wildcard":"ab*ba"}]}`, `{"a":"aba"}`, false},
		{`{"a":[{"anything-but":{"wildcard":["*/lib/*","x*"]}}]}`, `{"a":"y/lib"}`, true},
		{`{"a":[{"anything-but":{"wildcard":["*/lib/*","x*"]}}]}`, `{"a":"xy"}`, false},
		{`{"a":[{"anything-but":{"equals-ignore-case":["A","b"]}}]}`, `{"a":"B"}`, false},
		{`{"a":[{"anything-but":9007199254740993}]}`, `{"a":9007199254740992}`, true},
		{`{"a":[{"numeric":[">",0,"<=",5]}]}`, `{"a":[0,6,5.0]}`, true},
		{`{"a":[{"numeric":[">",0,"<=",5]}]}`, `{"a":[0,5.1]}`, false},
		{`{"a":[1]}`, `[]`, false},
		{`{"a":[1]}`, `{}`, false},
	} {
		if got := compile(t, tc.pattern).Match([]byte(tc.event)); got != tc.want {
			t.Errorf("%s matches %s: %v, want %v", tc.pattern, tc.event, got, tc.want)
		}
	}
}

func TestMatchAllocatesNothing(t *testing.T) {
	p := compile(t, `{"source":["aws.s3"],"detail":{"eventName":[{"prefix":"Create"}],"items":{"n":[{"numeric":[">",5]}],"ip":[{"cidr":"10.0.0.0/8"}],"x":[{"exists":false}]}}}`)
	ev := []byte(`{"source":"aws.s3","detail":{"eventName":"Create\u0042ucket","items":[{"n":1,"ip":"10.0.0.1"},{"n":7.5,"ip":"10.1.0.1"}]}}`)
	if !p.Match(ev) {
		t.Fatal("no match")
	}
	if n := testing.AllocsPerRun(1000, func() { p.Match(ev) }); n != 0 {
		t.Errorf("Match allocates %v times, want 0", n)
	}
}

// TestWorstCases: events and patterns that make a naive search explode are decided in
// work that is linear in the event. Each took minutes, or forever, if it were not.
func TestWorstCases(t *testing.T) {
	list := func(n int, element string) string { return "[" + strings.Repeat(element+",", n-1) + element + "]" }
	var fields, lists []string
	for i := range 60 {
		fields = append(fields, fmt.Sprintf(`"l%d":{"a":[1],"b":[1]}`, i))
		lists = append(lists, fmt.Sprintf(`"l%d":%s`, i, list(60, `{"a":1},{"b":1}`)))
	}
	deep := strings.Repeat(`[{"a":1},`, event.MaxDepth/2-2) + `{"b":1}` + strings.Repeat(`]`, event.MaxDepth/2-2)
	for _, tc := range []struct {
		name, pattern, event string
		want                 bool
	}{
		{"many independent lists", `{` + strings.Join(fields, ",") + `}`, `{` + strings.Join(lists, ",") + `}`, false},
		{"a long list", `{"l":{"a":[1],"b":[1],"c":[{"exists":false}]}}`, `{"l":` + list(20_000, `{"a":1,"c":2},{"b":1}`) + `}`, false},
		{"deep lists", `{"l":{"a":[1],"b":[1]}}`, `{"l":` + deep + `}`, false},
		{"two tangled long lists", `{"a":{"b":{"c":[1],"d":[1],"e":[1],"f":[1]}}}`,
			`{"a.b":` + list(300, `{"c":1},{"d":1},{"e":1}`) + `,"a":{"b":` + list(300, `{"c":1},{"d":1},{"e":1}`) + `}}`, false},
		{"wildcard of many stars", `{"l":[{"wildcard":"` + strings.Repeat("*a", 200) + `*b"}]}`, `{"l":"` + strings.Repeat("a", 10_000) + `"}`, false},
		{"many names", `{"n":{"name-9999":[1]}}`, `{"n":` + manyNames(10_000) + `}`, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if err := event.Check([]byte(tc.event)); err != nil {
				t.Fatal(err)
			}
			if got := compile(t, tc.pattern).Match([]byte(tc.event)); got != tc.want {
				t.Errorf("matches: %v, want %v", got, tc.want)
			}
		})
	}
}

func manyNames(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"name-%d":1`, i)
	}
	return "{" + b.String()[1:] + "}"
}

// pigeons is an event with eight lists at one path, each of nine elements that give one
// field each; a pattern that wants all nine has nothing to match, which takes long to see.
func pigeons() (text, all string) {
	var elements, fields []string
	for i := range 9 {
		elements = append(elements, fmt.Sprintf(`{"f%d":1}`, i))
		fields = append(fields, fmt.Sprintf(`"f%d":[1]`, i))
	}
	list := "[" + strings.Join(elements, ",") + "]"
	text = strings.ReplaceAll(`{"a":{"b":{"c":{"d":LIST},"c.d":LIST},"b.c":{"d":LIST},"b.c.d":LIST},"a.b":{"c":{"d":LIST},"c.d":LIST},"a.b.c":{"d":LIST},"a.b.c.d":LIST}`, "LIST", list)
	return text, `{"a":{"b":{"c":{"d":{` + strings.Join(fields, ",") + `}}}}}`
}

// TestTangled: where it is not found out whether an event matches, that is said.
func TestTangled(t *testing.T) {
	text, all := pigeons()
	e := compile(t, all).Explain([]byte(text))
	if e.Matches || e.Note != pattern.ErrTangled.Error() {
		t.Errorf("matches %v, note %q; want that it is not decided", e.Matches, e.Note)
	}
	eight := strings.Replace(all, `,"f8":[1]`, "", 1)
	if e := compile(t, eight).Explain([]byte(text)); !e.Matches {
		t.Errorf("eight fields, one from each list, do not match: %s", e.Note)
	}
}

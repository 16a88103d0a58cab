package projection_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/rules/projection"
	"github.com/tocsin-engine/tocsin/rules/source"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

func TestRead(t *testing.T) {
	var p projection.Paths
	names := []string{"source", "detail.a", "detail.a.b", "detail.c", "detail..x", "requestParametersAndMore"}
	for i, name := range names {
		if n := p.Add(name); int(n) != i {
			t.Fatalf("Add(%q) = %d, want %d", name, n, i)
		}
	}
	for _, tc := range []struct {
		text string
		want []string // path=text, its contexts from the inside out, + if plain
	}{
		{`{"source":"s","detail":{"a":1,"z":{"a":2},"c":null}}`, []string{`source="s"+`, `detail.a=1+`, `detail.c=null+`}},
		{`{ "detail" : { "a" : { "b" : [ true , [ "x" ] , { "b" : 1 } ] } } }`, []string{`detail.a.b=true`, `detail.a.b="x" 1`}},
		{`{"detail":{"a":[{"b":1},"y",{"b":[2]}]}}`, []string{`detail.a.b=1 1`, `detail.a="y"`, `detail.a.b=2 2`}},
		{`{"detail":[[{"c":1},{"c":2}],{"c":3}]}`, []string{`detail.c=1 2 1`, `detail.c=2 3 1`, `detail.c=3 4`}},
		{`{"detail.a":"dot","detail":{"a.b":5},"s\u006furce":"\u0078\n"}`, []string{`detail.a="dot"`, `detail.a.b=5`, `source="x\n"+`}},
		{`{"detail":{"":{"x":1},".x":2}}`, []string{`detail..x=1+`, `detail..x=2`}},
		{`{"requestParametersAndMore":1,"requestParametersAndMOre":2,"requestparametersAndMore":3,"requestParametersAndMor":4}`, []string{`requestParametersAndMore=1+`}},
		{`{"detail":{"c":{},"a":[]}}`, nil},
		{`[]`, nil},
		{`"x"`, nil},
		{``, nil},
	} {
		var leaves projection.Leaves
		p.Read([]byte(tc.text), &leaves)
		var got []string
		for _, l := range leaves.All {
			text := string(l.Text)
			if l.Kind == event.String {
				text = string(event.AppendString(nil, text))
			}
			s := names[l.Path] + "=" + text
			for c := l.Context; c != 0; c = leaves.Contexts[c].Parent {
				s += fmt.Sprintf(" %d", c)
			}
			if l.Plain {
				s += "+"
			}
			got = append(got, s)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s:\n%s", tc.text, diff)
		}
	}
}

func TestFirstAndNext(t *testing.T) {
	var p projection.Paths
	a, b := p.Add("a"), p.Add("b")
	var leaves projection.Leaves
	p.Read([]byte(`{"a":[1,2,3]}`), &leaves)
	p.Read([]byte(`{"a":[4,5]}`), &leaves) // the leaves of the event before are gone
	var got []string
	for l := leaves.First(a); l != nil; l = leaves.Next(l) {
		got = append(got, string(l.Text))
	}
	if diff := cmp.Diff([]string{"4", "5"}, got); diff != "" || leaves.First(b) != nil {
		t.Errorf("leaves of a: %v, of b: %v", got, leaves.First(b))
	}
}

func TestAgree(t *testing.T) {
	var p projection.Paths
	p.Add("a.b")
	p.Add("c")
	var l projection.Leaves
	p.Read([]byte(`{"a":[{"b":[[1],[2]]},{"b":3}],"c":[[4]]}`), &l)
	contexts := map[string]int32{"event": 0}
	for _, leaf := range l.All {
		contexts[string(leaf.Text)] = leaf.Context
	}
	for _, tc := range []struct {
		a, b string
		want bool
	}{{"1", "1", true}, {"1", "2", false}, {"1", "3", false}, {"1", "4", true}, {"event", "3", true}, {"4", "event", true}} {
		if got := l.Agree(contexts[tc.a], contexts[tc.b]); got != tc.want {
			t.Errorf("the elements around %s and %s agree: %v, want %v", tc.a, tc.b, got, tc.want)
		}
	}
}

func TestWith(t *testing.T) {
	old := &projection.Paths{}
	for i := range 10 {
		old.Add(fmt.Sprintf("detail.name-%d", i))
	}
	paths := old
	for i := range 30 {
		next, n := paths.With(fmt.Sprintf("detail.name-%d.x", i))
		if int(n) != 10+i || paths.Len() != 10+i || next.Len() != 11+i {
			t.Fatalf("With gives %d; the sets have %d and %d paths", n, paths.Len(), next.Len())
		}
		if _, there := paths.Find(fmt.Sprintf("detail.name-%d.x", i)); there {
			t.Fatal("With changed the set that it began with")
		}
		paths = next
	}
	if same, n := paths.With("detail.name-3"); n != 3 || same.Len() != paths.Len() {
		t.Errorf("With gives a path that is there the number %d, %d paths", n, same.Len())
	}
	for i := range 30 {
		if n, ok := paths.Find(fmt.Sprintf("detail.name-%d.x", i)); !ok || int(n) != 10+i {
			t.Errorf("Find = %d, %v; want %d", n, ok, 10+i)
		}
	}
	if _, ok := paths.Find("detail"); ok {
		t.Error("a part of a path is found")
	}
}

// FuzzRead: what is read of a checked event is what a walk over all of it finds, whatever
// was read before; other bytes do no harm.
func FuzzRead(f *testing.F) {
	for _, s := range []string{
		`{"a":[{"b":1},"y"],"a.b":2,"detail":{"name-7":"\u0041","x":{}}}`, `{"a":{"b":"\\\""},"":{"":[[]]}}`,
		`{"detail":{"name-12345678901":1e5,"name":[true,false,null]}}`, `{"detail":{"name-12345678901":1,"name":2,"name-7":3},"x":4,"y":5,"z":{"name-12345678901234567890":6}}`,
		`{"detail":{"name" : 1, "x":"\"", "name-7":"\\", "name-12345678901":{"a\n"b":"cc"}},"a":{"b" :7}}`, `{"a`, `{"a":"\u12`, `{"a":[[[`, `{"a.b.":1,"a":{"b":{"":2}}}`,
	} {
		f.Add([]byte(s))
	}
	names := []string{"a", "a.b", "a.b.", "", ".", "detail.name", "detail.name-7", "detail.name-12345678901", "x", "y", "z"}
	var p projection.Paths
	for _, name := range names {
		p.Add(name)
	}
	var leaves projection.Leaves // it knows the order of names in the events before
	f.Fuzz(func(t *testing.T, b []byte) {
		p.Read(b, &leaves)
		p.Read(b, &leaves) // all names are expected now
		v, findings := source.ParseJSON("", b)
		if len(findings) > 0 {
			return
		}
		var got []string
		for _, l := range leaves.All {
			got = append(got, fmt.Sprintf("%s=%s %q", names[l.Path], l.Kind, l.Text))
		}
		var want []string
		if v.Kind == event.Object {
			want = walk(v, nil, names)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q:\n%s", b, diff)
		}
	})
}

func walk(v *source.Value, path, names []string) (all []string) {
	for _, m := range v.Members {
		all = append(all, walk(m.Value, append(path[:len(path):len(path)], m.Name), names)...)
	}
	for _, item := range v.Items {
		all = append(all, walk(item, path, names)...)
	}
	if joined := strings.Join(path, "."); v.Kind != event.Object && v.Kind != event.Array {
		for _, name := range names {
			if name == joined {
				all = append(all, fmt.Sprintf("%s=%s %q", joined, v.Kind, v.Text))
			}
		}
	}
	return all
}

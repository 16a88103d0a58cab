package pattern_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/tocsin-engine/tocsin/rules/pattern"
	"github.com/tocsin-engine/tocsin/rules/source"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// The oracle says the same as Match by the letter of the language's definition: it
// lists all leaves with their trails and tries all choices.

type leaf struct {
	path  string
	value pattern.Value
	trail map[int]int // list → element
}

type flattener struct {
	lists  int
	leaves []leaf
}

func (f *flattener) walk(v *source.Value, path []string, trail map[int]int) {
	switch v.Kind {
	case event.Object:
		for _, m := range v.Members {
			f.walk(m.Value, append(path[:len(path):len(path)], m.Name), trail)
		}
	case event.Array:
		f.lists++
		list := f.lists
		for i, item := range v.Items {
			inner := trail
			if item.Kind == event.Object || item.Kind == event.Array {
				inner = map[int]int{list: i}
				for l, i := range trail {
					inner[l] = i
				}
			}
			f.walk(item, path, inner)
		}
	default:
		f.leaves = append(f.leaves, leaf{strings.Join(path, "."), pattern.Value{Kind: v.Kind, Text: []byte(v.Text)}, trail})
	}
}

func agree(a, b map[int]int) bool {
	for list, i := range a {
		if j, ok := b[list]; ok && i != j {
			return false
		}
	}
	return true
}

// oracle says whether p matches ev; decided is false if there are too many choices.
func oracle(p *pattern.Pattern, ev []byte) (matches, decided bool) {
	v, findings := source.ParseJSON("", ev)
	if len(findings) > 0 || v.Kind != event.Object {
		return false, len(findings) == 0
	}
	var f flattener
	f.walk(v, nil, nil)
	steps := 0
	for _, a := range p.Alternatives() {
		if choose(a.Fields, f.leaves, nil, make([]bool, len(a.Fields)), 0, &steps) {
			return true, true
		}
	}
	return false, steps < oracleSteps
}

const oracleSteps = 20_000

func choose(fields []*pattern.Field, leaves []leaf, trails []map[int]int, absent []bool, i int, steps *int) bool {
	if *steps++; *steps > oracleSteps {
		return false
	}
	if i == len(fields) {
		return absencesHold(fields, leaves, trails, absent)
	}
	for j := range leaves {
		if leaves[j].path == fields[i].Path && agreesWithAll(leaves[j].trail, trails) && fields[i].Holds(&leaves[j].value) &&
			choose(fields, leaves, append(trails, leaves[j].trail), absent, i+1, steps) {
			return true
		}
	}
	if !fields[i].MayBeAbsent {
		return false
	}
	absent[i] = true
	found := choose(fields, leaves, trails, absent, i+1, steps)
	absent[i] = false
	return found
}

func agreesWithAll(trail map[int]int, trails []map[int]int) bool {
	for _, other := range trails {
		if !agree(trail, other) {
			return false
		}
	}
	return true
}

func absencesHold(fields []*pattern.Field, leaves []leaf, trails []map[int]int, absent []bool) bool {
	for i, f := range fields {
		for _, l := range leaves {
			if absent[i] && l.path == f.Path && agreesWithAll(l.trail, trails) {
				return false
			}
		}
	}
	return true
}

// holdsByItself evaluates an explanation as and/or of its conditions.
func holdsByItself(p *pattern.Pattern, e pattern.Explanation) bool {
	v, _ := source.ParseJSON("", p.JSON())
	next := 0
	var object func(v *source.Value, path string) bool
	object = func(v *source.Value, path string) bool {
		all := true
		for _, m := range v.Members {
			ok := false
			switch {
			case m.Name == "$or":
				for _, member := range m.Value.Items {
					ok = object(member, path) || ok
				}
			case m.Value.Kind == event.Object:
				ok = object(m.Value, path+m.Name+".")
			default:
				ok = e.Conditions[next].Holds
				next++
			}
			all = all && ok
		}
		return all
	}
	return object(v, "")
}

// check holds all properties of one pattern and one event together.
func check(t *testing.T, p *pattern.Pattern, ev []byte) {
	t.Helper()
	got := p.Match(ev)
	if want, decided := oracle(p, ev); decided && got != want {
		t.Errorf("%s matches %s: %v, by definition %v", p.JSON(), ev, got, want)
	}
	e := p.Explain(ev)
	if e.Matches != got {
		t.Errorf("%s on %s: Explain says %v, Match %v", p.JSON(), ev, e.Matches, got)
	}
	holds := holdsByItself(p, e)
	if e.Matches && !holds || (e.Note != "") != (holds && !e.Matches) {
		t.Errorf("%s on %s: Explain says %v, its conditions %v: %+v", p.JSON(), ev, e.Matches, holds, e)
	}
	for _, c := range e.Conditions {
		if c.Holds && c.Hint != "" {
			t.Errorf("%s on %s: the condition on %s holds and has the hint %q", p.JSON(), ev, c.Path, c.Hint)
		}
	}
	again, errs := pattern.CompileJSON(p.JSON())
	if len(errs) > 0 || string(again.JSON()) != string(p.JSON()) || again.Match(ev) != got {
		t.Errorf("compiling %s again: %v, matches %v", p.JSON(), errs, again.Match(ev))
	}
}

func FuzzPattern(f *testing.F) {
	for _, s := range [][2]string{
		{`{"a":{"b":[1],"c":[{"exists":false}]}}`, `{"a":[{"b":1},{"c":2}]}`},
		{`{"a":[{"prefix":"x"},{"suffix":{"equals-ignore-case":"É"}},null]}`, `{"a":["é",[null]]}`},
		{`{"$or":[{"a":[{"numeric":[">",0,"<=",5]}]},{"b":[{"cidr":"10.0.0.0/8"}]}],"a":[{"anything-but":[1,2]}]}`, `{"a":3,"b":"10.1.1.1"}`},
		{`{"a.b":[{"wildcard":"*\\*x*"}],"a":{"c":[{"anything-but":{"wildcard":"a*"}}]}}`, `{"a":{"b":"*x"},"a.c":5}`},
		{`{"a":["::1",1e3]}`, `{"a":["0:0::1",1000.0]}`},
		{`{"a":[{"equals-ignore-case":"K"}]}`, "{\"a\":\"\u212a\"}"},
		{`{"a":[["x"]],"b":{},"c":5}`, `{}`},
	} {
		f.Add([]byte(s[0]), []byte(s[1]))
	}
	f.Fuzz(func(t *testing.T, text, ev []byte) {
		p, errs := pattern.CompileJSON(text)
		if (p == nil) != (len(errs) > 0) {
			t.Fatalf("CompileJSON(%q) = %v, %v", text, p, errs)
		}
		for _, e := range errs {
			if e.Code == "" || e.Message == "" || e.Label == "" || e.Line == 0 {
				t.Errorf("CompileJSON(%q): %+v lacks something", text, e)
			}
		}
		if p != nil && event.Check(ev) == nil {
			check(t, p, ev)
		}
	})
}

// FuzzConsistency makes patterns and events of few names and values, so that lists and
// conditions on them meet often.
func FuzzConsistency(f *testing.F) {
	for seed := range uint64(400) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		g := generator{rand.New(rand.NewPCG(seed, 1))}
		p, errs := pattern.CompileJSON([]byte(g.pattern(3, true)))
		if len(errs) > 0 {
			return
		}
		for range 10 {
			check(t, p, []byte(g.object(4)))
		}
	})
}

type generator struct{ *rand.Rand }

func (g generator) pick(options ...string) string { return options[g.IntN(len(options))] }

func (g generator) name() string { return g.pick("a", "b", "c", "a.b", "b.c") }

func (g generator) scalar() string { return g.pick("1", "2", `"x"`, `"y"`, "null") }

// object makes an event, without names that stand twice: event.Check would refuse it.
func (g generator) object(depth int) string {
	members := map[string]string{}
	for range g.IntN(4) + 1 {
		members[g.name()] = g.value(depth - 1)
	}
	var list []string
	for _, name := range []string{"a", "b", "c", "a.b", "b.c"} {
		if v, ok := members[name]; ok {
			list = append(list, `"`+name+`":`+v)
		}
	}
	return "{" + strings.Join(list, ",") + "}"
}

func (g generator) value(depth int) string {
	kind := g.IntN(10)
	switch {
	case depth <= 0 || kind < 3:
		return g.scalar()
	case kind < 5:
		return g.object(depth)
	}
	var items []string
	for range g.IntN(4) {
		items = append(items, g.value(depth-1))
	}
	return "[" + strings.Join(items, ",") + "]"
}

func (g generator) pattern(depth int, or bool) string {
	members := map[string]string{}
	for range g.IntN(3) + 1 {
		members[g.name()] = g.condition(depth - 1)
	}
	if or && g.IntN(3) == 0 {
		members["$or"] = "[" + g.pattern(depth-1, false) + "," + g.pattern(depth-1, false) + "]"
	}
	var list []string
	for _, name := range []string{"$or", "a", "b", "c", "a.b", "b.c"} {
		if v, ok := members[name]; ok {
			list = append(list, `"`+name+`":`+v)
		}
	}
	return "{" + strings.Join(list, ",") + "}"
}

func (g generator) condition(depth int) string {
	if depth > 0 && g.IntN(2) == 0 {
		return g.pattern(depth, true)
	}
	matchers := []string{g.scalar(), g.scalar(), `{"exists":false}`, `{"exists":true}`, `{"anything-but":"x"}`, `{"numeric":[">",1]}`}
	list := []string{matchers[g.IntN(len(matchers))]}
	if g.IntN(4) == 0 {
		list = append(list, matchers[g.IntN(len(matchers))])
	}
	return "[" + strings.Join(list, ",") + "]"
}

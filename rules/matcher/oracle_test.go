package matcher_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/tocsin-engine/tocsin/rules/expression"
	"github.com/tocsin-engine/tocsin/rules/matcher"
	"github.com/tocsin-engine/tocsin/rules/pattern"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// naive matches rule after rule. It is what the index has to agree with.
func naive(rules []matcher.Rule, ev event.Event) (hits, errs []int) {
	env := expression.NewEnv(ev)
	for i, r := range rules {
		if r.Bus != ev.Bus || r.Pattern == nil && r.When == nil || r.Pattern != nil && !r.Pattern.Match(ev.Raw()) {
			continue
		}
		if r.When != nil {
			env.SetRule(r.Name)
			ok, err := r.When.Bool(env)
			if err != nil {
				errs = append(errs, i)
			}
			if err != nil || !ok {
				continue
			}
		}
		hits = append(hits, i)
	}
	return hits, errs
}

// match collects what the index says, sorted, and fails on a rule that is hit twice.
func match(t testing.TB, m *matcher.Matcher, ev event.Event) (hits, errs []int) {
	t.Helper()
	failed := m.Match(ev, func(i int) { hits = append(hits, i) })
	for _, e := range failed {
		errs = append(errs, e.Rule)
	}
	slices.Sort(hits)
	slices.Sort(errs)
	if n := len(slices.Compact(slices.Clone(hits))); n != len(hits) {
		t.Errorf("rules are hit twice: %v", hits)
	}
	return hits, errs
}

// agree compares index and oracle. The index need not evaluate what cannot hold, so its
// errors are some of the oracle's.
func agree(t testing.TB, m *matcher.Matcher, rules []matcher.Rule, ev event.Event) {
	t.Helper()
	want, wantErrs := naive(rules, ev)
	got, errs := match(t, m, ev)
	if !slices.Equal(got, want) {
		t.Errorf("event %s\nindex says  %v\noracle says %v", ev.Raw(), describe(rules, got), describe(rules, want))
	}
	for _, i := range errs {
		if !slices.Contains(wantErrs, i) {
			t.Errorf("event %s: %s fails in the index only", ev.Raw(), describe(rules, []int{i}))
		}
	}
}

func describe(rules []matcher.Rule, which []int) []string {
	var all []string
	for _, i := range which {
		s := ""
		if p := rules[i].Pattern; p != nil {
			s += string(p.JSON())
		}
		if w := rules[i].When; w != nil {
			s += " when " + w.Source()
		}
		all = append(all, s)
	}
	return all
}

func compilePattern(t testing.TB, text string) *pattern.Pattern {
	t.Helper()
	p, errs := pattern.CompileJSON([]byte(text))
	if len(errs) > 0 {
		t.Fatalf("%s: %v", text, errs)
	}
	return p
}

func compileWhen(t testing.TB, text string) *expression.Program {
	t.Helper()
	p, errs := expression.Compile(text, expression.When)
	if len(errs) > 0 {
		t.Fatalf("%s: %v", text, errs)
	}
	return p
}

func newMatcher(t testing.TB, rules []matcher.Rule) *matcher.Matcher {
	t.Helper()
	m, problems := matcher.New(rules)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return m
}

// world makes rules and events of few names and values, so that they meet often.
type world struct{ *rand.Rand }

func newWorld(seed uint64) world { return world{rand.New(rand.NewPCG(seed, 7))} }

func (w world) pick(options ...string) string { return options[w.IntN(len(options))] }

func (w world) name() string { return w.pick("a", "b", "c", "a.b") }

var texts = []string{"", "x", "X", "xy", "xyz", "yx", "zxyx", "é", "É", "10.0.0.1", "10.0.0.200", "::1", "0:0::1", "data/1/part", "data/2/part", "*"}

func (w world) text() string { return texts[w.IntN(len(texts))] }

func (w world) number() string {
	return w.pick("0", "1", "1.0", "-1", "2.5", "3", "100", "9007199254740992", "9007199254740993", "18446744073709551615", "1e3", "1000", "1e400")
}

func (w world) scalar() string {
	switch w.IntN(5) {
	case 0:
		return w.number()
	case 1:
		return w.pick("true", "false", "null")
	}
	return fmt.Sprintf("%q", w.text())
}

func (w world) value(depth int) string {
	switch kind := w.IntN(8); {
	case depth == 0 || kind < 5:
		return w.scalar()
	case kind < 7:
		return w.object(depth - 1)
	}
	var items []string
	objects := w.IntN(2) == 0
	for range w.IntN(5) {
		if objects {
			items = append(items, w.object(depth-1))
		} else {
			items = append(items, w.value(depth-1))
		}
	}
	return "[" + strings.Join(items, ",") + "]"
}

func (w world) object(depth int) string {
	var list []string
	for _, name := range []string{"a", "b", "c", "a.b"} {
		if w.IntN(3) > 0 {
			list = append(list, fmt.Sprintf("%q:%s", name, w.value(depth)))
		}
	}
	return "{" + strings.Join(list, ",") + "}"
}

func (w world) event(t testing.TB) event.Event {
	t.Helper()
	ev, err := event.New(event.Fields{
		ID: "1", Source: w.pick("x", "xy", "é"), DetailType: w.pick("A", "AWS API Call via CloudTrail"),
		Region: w.pick("eu-1", "us-1"), Resources: []string{w.text(), w.text()}, Detail: []byte(w.object(3)),
	})
	if err != nil {
		t.Fatal(err)
	}
	return ev.On(w.pick("default", "default", "other"), 0)
}

func (w world) matcher() string {
	q := func() string { return fmt.Sprintf("%q", w.text()) }
	switch w.IntN(14) {
	case 0:
		return fmt.Sprintf(`{"prefix":%s}`, q())
	case 1:
		return fmt.Sprintf(`{"suffix":%s}`, q())
	case 2:
		return fmt.Sprintf(`{"wildcard":%q}`, w.pick("*", "x*", "*x", "*x*", "*y*x", "x*z*", "xyz", "data/*/part", "*ata/1/p*", "*a*t*", "*é*"))
	case 3:
		return fmt.Sprintf(`{"equals-ignore-case":%s}`, q())
	case 4:
		return fmt.Sprintf(`{%q:{"equals-ignore-case":%s}}`, w.pick("prefix", "suffix"), q())
	case 5:
		return fmt.Sprintf(`{"numeric":[%q,%s]}`, w.pick("=", "<", "<=", ">", ">="), w.pick("0", "1", "2.5", "9007199254740992", "9007199254740993"))
	case 6:
		return fmt.Sprintf(`{"numeric":[">",%s,"<=",%s]}`, w.pick("-1", "0", "0.5"), w.pick("1", "100", "9007199254740992"))
	case 7:
		return fmt.Sprintf(`{"cidr":%q}`, w.pick("10.0.0.0/8", "10.0.0.1/32", "10.0.0.128/25", "::/0", "0.0.0.0/0", "::1/128"))
	case 8:
		return fmt.Sprintf(`{"exists":%s}`, w.pick("true", "false"))
	case 9:
		return fmt.Sprintf(`{"anything-but":%s}`, w.pick(`"x"`, "1", `["x","xy"]`, `{"prefix":"x"}`, `{"wildcard":"*x*"}`, `{"equals-ignore-case":"É"}`))
	case 10:
		return fmt.Sprintf(`{"exactly":%s}`, q())
	}
	return w.scalar()
}

func (w world) fields(depth int) string {
	members := map[string]string{}
	for range w.IntN(2) + 1 {
		if depth > 0 && w.IntN(3) == 0 {
			members[w.name()] = w.fields(depth - 1)
			continue
		}
		list := w.matcher()
		if w.IntN(4) == 0 {
			list += "," + w.matcher()
		}
		members[w.name()] = "[" + list + "]"
	}
	if depth > 0 && w.IntN(4) == 0 {
		members["$or"] = "[" + w.fields(depth-1) + "," + w.fields(depth-1) + "]"
	}
	var list []string
	for _, name := range []string{"a", "b", "c", "a.b", "$or"} {
		if v, ok := members[name]; ok {
			list = append(list, fmt.Sprintf("%q:%s", name, v))
		}
	}
	return "{" + strings.Join(list, ",") + "}"
}

func (w world) pattern() string {
	p := `{"detail":` + w.fields(2)
	if w.IntN(2) == 0 {
		p += `,"source":["x"]`
	}
	return p + "}"
}

func (w world) path() string {
	return w.pick("detail.a", "detail.b", "detail.c", "detail.a.b", "detail.a?.b", `detail["a.b"]`, "source", "region", "detail_type", "call.a", "call.b", "detail.a[0]")
}

func (w world) comparison() string {
	q := func() string { return fmt.Sprintf("%q", w.text()) }
	switch w.IntN(13) {
	case 0, 1:
		return fmt.Sprintf("%s == %s", w.path(), w.pick(q(), q(), "1", "1.0", "true", "nil", "9007199254740992", "2.5", "-1"))
	case 2:
		return fmt.Sprintf("%s in [%s, %s]", w.path(), q(), w.pick(q(), "1"))
	case 3:
		return fmt.Sprintf("%s %s %s", w.path(), w.pick("startsWith", "endsWith", "contains"), q())
	case 4:
		return fmt.Sprintf("%s matches %q", w.path(), w.pick("x.z", "^x", "(xy)+", "a|b", "[xy]z", "part$", "xy|yx|(data/1.*)", "^xyz$", "(?i)^x", "(?m)^x", "^(x|10)"))
	case 5:
		return fmt.Sprintf("%s %s %s", w.path(), w.pick("<", "<=", ">", ">="), w.pick("1", "2.5", "-1", "9007199254740993"))
	case 6:
		p := w.path()
		return fmt.Sprintf("%s < %s and %s %s %s", w.pick("0", "1", "2"), p, w.pick(p, w.path()), w.pick("<", "<=", ">", ">="), w.pick("1", "2.5", "100"))
	case 7:
		return fmt.Sprintf("%s in resources", q())
	case 8:
		return fmt.Sprintf("%s != %s", w.path(), q())
	case 9:
		return w.pick("detail.a", "detail.c", "true", "false", "len(resources) > 1", `any(resources, # == "x")`)
	case 10:
		return fmt.Sprintf("%s(%s, %s)", w.pick("any", "one"), w.path(), w.pick(`# == "x"`, `.a == "x" and .b == 1`, `.a > 0 and .a < 1 + 1`, `.a > 1 or # startsWith "x"`, `any(.a, .b == "xy")`))
	case 11:
		return fmt.Sprintf("any(%s, .a > 1) and any(%[1]s, .a < 1)", w.path())
	}
	return fmt.Sprintf("%q == %s", w.text(), w.path())
}

func (w world) condition(depth int) string {
	if depth == 0 || w.IntN(3) == 0 {
		return w.comparison()
	}
	if w.IntN(6) == 0 {
		return "not (" + w.condition(depth-1) + ")"
	}
	return "(" + w.condition(depth-1) + w.pick(" and ", " or ", " && ", " || ") + w.condition(depth-1) + ")"
}

// rule makes a rule that compiles; most do.
func (w world) rule() matcher.Rule {
	for {
		r := matcher.Rule{Name: "r", Bus: w.pick("default", "default", "other")}
		kind := w.IntN(3)
		if kind != 0 {
			r.Pattern, _ = pattern.CompileJSON([]byte(w.pattern()))
		}
		if kind != 1 {
			r.When, _ = expression.Compile(w.condition(2), expression.When)
		}
		if (kind == 0 || r.Pattern != nil) && (kind == 1 || r.When != nil) {
			return r
		}
	}
}

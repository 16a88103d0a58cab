package expression

import (
	"encoding/json"
	"errors"
	"reflect"
	"regexp"
	"testing"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/checker"
	"github.com/expr-lang/expr/compiler"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// seeds are sources of every construct; the tables of the other tests are not reachable
// from here, and a fuzzer recombines them well.
var seeds = []string{
	`detail.amount > 1000 and not (detail.card.country == "DE" || region in ["us-east-1", "eu-west-1"])`,
	`any(detail.items, {.from <= 22 and .to >= 22 and any(.ranges, .cidr == "0.0.0.0/0")})`,
	`let n = detail.amount ?? 0; n > 1 ? "a" : nil`, `detail?.a?.b["c"][0][1:2]`, `if time.Hour() > 5 { 1 } else { -2.5e3 }`,
	`{a: [1, 2.5, "x", nil, true], "b c": detail, (id): 1..3}`, `detail.x matches "^a+$" or detail.y not contains 'b'`,
	`detail.numbers | filter(# > 1) | map({#index: #}) | sortBy(#)`, `reduce(detail.numbers, #acc + #, 0) == sum(detail.numbers)`,
	`string(detail.big) + toJSON(fromJSON(detail.body)) + join(keys(detail), ",")`, `groupBy(detail.names, #)`,
	`upper(trim(detail.text)) startsWith "A" and detail.text endsWith "b"`, `1 < detail.amount < 2000`, `detail.a ?: detail.b`,
	`date("2026-01-01") - time > duration("1h")`, `-detail.amount ** 2 % 7 / 3`, `detail-type == "x"`, `detail.instance-id`, `sorce = "x"`,
	`now()`, `"\u00e4" + 'b' + ` + "`c`", `[]`, `{}`, `((((1))))`, `uniq(concat(detail.numbers, detail.names))`, `env.rule`, `$env`, `first(resources)`,
	`findIndex(detail.numbers, # == 1); 5`, `max(detail.numbers, 7)`, `bitand(6, 3)`, `get(detail, "id")`, `type(time)`, `detail.numbers[-1]`, `true`,
}

var code = regexp.MustCompile(`^E0\d\d$`)

// forbidden are words of no use to somebody who has to write something else.
var forbidden = regexp.MustCompile(`(?i)\b(invalid|failed|illegal|error)\b|interface \{|map\[string\]`)

func FuzzCompile(f *testing.F) {
	for _, src := range seeds {
		f.Add(src, orderDetail)
		f.Add(src, `{}`)
	}
	f.Fuzz(func(t *testing.T, src, detail string) {
		p, errs := Compile(src, When)
		checkErrors(t, src, p, errs)
		input, errs := Compile(src, Input)
		checkErrors(t, src, input, errs)
		ev, err := event.New(event.Fields{Source: "s", DetailType: "x via CloudTrail", Detail: []byte(detail)})
		if err != nil {
			return
		}
		if p != nil {
			checkTrace(t, p, ev)
		}
		if input != nil {
			checkValue(t, input, ev)
		}
	})
}

func checkErrors(t *testing.T, src string, p *Program, errs []Error) {
	t.Helper()
	if (p == nil) != (len(errs) > 0) {
		t.Fatalf("program %v, errors %v", p, errs)
	}
	last := 0
	for _, e := range errs {
		if !code.MatchString(e.Code) || e.Message == "" || e.Length < 1 || e.Offset < last || e.Offset > utf8.RuneCountInString(src) {
			t.Fatalf("%q: %+v", src, e)
		}
		last = e.Offset
	}
	if p != nil {
		if _, err := p.code(); err != nil {
			t.Fatalf("%q compiles, and then there is no code for it: %v", src, err)
		}
	}
}

// checkTrace: Explain agrees with Bool, and the operands of and, or and not with the
// whole.
func checkTrace(t *testing.T, p *Program, ev event.Event) {
	t.Helper()
	ok, err := p.Bool(NewEnv(ev))
	if again, err2 := p.Bool(NewEnv(ev)); again != ok || (err2 == nil) != (err == nil) {
		t.Fatalf("%s: %v, %v and then %v, %v", p.source, ok, err, again, err2)
	}
	trace := p.Explain(NewEnv(ev))
	if (err != nil) != (trace.Err != "") {
		t.Fatalf("%s: Bool %v, %v, trace %+v", p.source, ok, err, trace)
	}
	if err == nil && (trace.Holds == nil || *trace.Holds != ok) {
		t.Fatalf("%s: Bool %v, trace %+v", p.source, ok, trace)
	}
	checkPlaces(t, p, trace)
	if err == nil {
		checkOperands(t, p.tree, trace)
	}
}

func checkPlaces(t *testing.T, p *Program, trace Trace) {
	t.Helper()
	runes := []rune(p.source)
	if trace.Pos < 0 || trace.Pos+trace.Len > len(runes) || string(runes[trace.Pos:trace.Pos+trace.Len]) != trace.Text {
		t.Fatalf("%s: %+v is out of place", p.source, trace)
	}
	for _, c := range trace.Children {
		checkPlaces(t, p, c)
	}
}

func checkOperands(t *testing.T, n ast.Node, trace Trace) {
	t.Helper()
	all, some := true, false
	for _, c := range trace.Children {
		if c.Holds == nil {
			return
		}
		all, some = all && *c.Holds, some || *c.Holds
	}
	want := *trace.Holds
	switch n := n.(type) {
	case *ast.UnaryNode:
		if len(trace.Children) == 1 && (n.Operator == "not" || n.Operator == "!") {
			want = !all
		}
	case *ast.BinaryNode:
		if literal(n.Left) || literal(n.Right) || len(trace.Children) < 2 {
			return
		}
		switch logical(n.Operator) {
		case "and":
			want = all
		case "or":
			want = some
		}
	}
	if want != *trace.Holds {
		t.Fatalf("the operands say %v: %+v", want, trace)
	}
}

// checkValue: the value is JSON, the same every time, and what expr itself makes of the
// expression.
func checkValue(t *testing.T, p *Program, ev event.Event) {
	t.Helper()
	got, err := p.JSON(NewEnv(ev))
	again, err2 := p.JSON(NewEnv(ev))
	if (err == nil) != (err2 == nil) || string(got) != string(again) {
		t.Fatalf("%s: %s, %v and then %s, %v", p.source, got, err, again, err2)
	}
	if err != nil {
		var run *RunError
		if !errors.As(err, &run) || run.Message == "" || run.Offset < 0 || run.Offset+run.Length > utf8.RuneCountInString(p.source)+1 {
			t.Fatalf("%s: %#v", p.source, err)
		}
		return
	}
	if !json.Valid(got) {
		t.Fatalf("%s gives %s", p.source, got)
	}
	checkAgainstStock(t, p, ev)
}

// checkAgainstStock compares with expr's own code of the same source: paying for the
// work changes nothing else.
func checkAgainstStock(t *testing.T, p *Program, ev event.Event) {
	t.Helper()
	if !stockCanRun(p.tree) {
		return
	}
	config := newConfig()
	tree, err := parser.ParseWithConfig(p.source, config)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := checker.Check(tree, config); err != nil {
		t.Fatal(err)
	}
	program, err := compiler.Compile(tree, config)
	if err != nil {
		t.Fatal(err)
	}
	env := NewEnv(ev)
	env.prepare(needs{whole: true})
	want, err := vm.Run(program, &env.vars)
	if err != nil {
		t.Fatalf("%s: expr has an error, we have not: %v", p.source, err)
	}
	got, err := p.run(NewEnv(ev))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) && !cmp.Equal(got, want, cmpopts.EquateNaNs()) {
		t.Fatalf("%s: %#v, expr says %#v", p.source, got, want)
	}
}

// stockCanRun: loops could run for ever without the budget; our own functions differ on
// purpose.
func stockCanRun(n ast.Node) bool {
	can := true
	walk(n, func(n ast.Node) {
		switch n := n.(type) {
		case *ast.BuiltinNode:
			can = can && !loops[n.Name] && own[n.Name] == nil
		case *ast.BinaryNode:
			can = can && n.Operator != ".."
		case *ast.VariableDeclaratorNode:
			can = false
		}
	})
	return can
}

// TestTone: no finding of the gallery, and no other of the seeds, uses a word that helps
// nobody.
func TestTone(t *testing.T) {
	for _, src := range append(seeds, `a =`, `1 + "x"`, `source.x.y`, `upper(detail, 5)`, `filter(1, 2)`, `sort(source)`, `keys(source)`, `last(5)`,
		`"a" in 5`, `date()`, `int([])`, `resources["a"]`, `detail[5]`, `detail[nil]`, `source[1:"a"]`, `source["a":]`, `-source`, `1 in detail`, `source ?? 5 > 3`,
		`sum(resources)`, `sortBy(resources, #, 5)`, `get(5, 1)`, `get(detail, 5)`, `get(resources, "x")`, `reduce(5, 1)`, `time()`, `bitand(1, "a")`, `#`, `.x`, `::len(5)`,
		`max()`, `min("a")`, `concat(1)`, `flatten(1)`, `duration(5)`, `fromPairs(1)`, `{5: 6}.x`, `[1].x`, `true.x`, `nil.x`, `5.x`, `b"abc"`, `"a" matches "["`, `; 5`, `let`, `let x`, `let x = 5`, `if true`) {
		for _, kind := range []Kind{When, Input, Key} {
			_, errs := Compile(src, kind)
			for _, e := range errs {
				if text := e.Message + " " + e.Label + " " + e.Help; forbidden.MatchString(text) {
					t.Errorf("%s: %s", src, show(src, e))
				}
				if e.Label == "" {
					t.Errorf("%s says not what to write: %s", src, show(src, e))
				}
			}
		}
	}
}

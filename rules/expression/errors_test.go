package expression

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// show writes a finding as a person sees it: the source, the caret with what to write,
// and the help.
func show(src string, e Error) string {
	s := fmt.Sprintf("%s: %s\n%s\n%s%s %s\n", e.Code, e.Message, src,
		strings.Repeat(" ", e.Offset), strings.Repeat("^", e.Length), e.Label)
	if e.Help != "" {
		s += "= help: " + e.Help + "\n"
	}
	return s
}

const seesAll = "an expression sees: id, source, detail_type, account, region, time, resources, detail, metric, log, segment, call, env"

// TestFindings is the gallery of what people write.
func TestFindings(t *testing.T) {
	for _, tc := range []struct {
		src, caret          string
		code, message, help string
	}{
		// Syntax.
		{`detail.amount > 100 and source = "shop"`,
			`                               ^ use "=="`, "E002", `"=" is not a comparison`, ""},
		{``, `^ write a condition or a value`, "E001", "the expression is empty", ""},
		{"  \n", `^ write a condition or a value`, "E001", "the expression is empty", ""},
		{`detail.a and`, `            ^ something is missing here`, "E001", "the expression ends too early", ""},
		{`(detail.a`, `         ^ something is missing here`, "E001", "the expression ends too early", ""},
		{`detail.`, `       ^ something is missing here`, "E001", "the expression ends too early", ""},
		{`detail.a AND detail.b`, `         ^^^ use "and"`, "E001", "operators are lower case", ""},
		{`detail.a Or detail.b`, `         ^^ use "or"`, "E001", "operators are lower case", ""},
		{`detail.a & detail.b`, `         ^ use "and"`, "E001", `"&" is not an operator`, ""},
		{`detail.a is 5`, `         ^^ use "=="`, "E001", "there is no operator of this name", ""},
		{`source like "shop%"`, `       ^^^^ use matches, contains, startsWith or endsWith`, "E001", "there is no operator of this name", ""},
		{`detail.a "b"`, `         ^^^ an operator, a value or a bracket is missing before it`, "E001", `"b" does not fit here`, ""},
		{`detail.a == 5)`, `             ^ an operator, a value or a bracket is missing before it`, "E001", `")" does not fit here`, ""},
		{`source == "ä" § 5`, `              ^ leave it out, or put it into quotes`, "E001", `"§" is not part of the language`, ""},
		{`source == "abc`, `              ^ write the closing quote`, "E001", "the quote is not closed", ""},
		{`source == "\q"`, `            ^ write \\ for a backslash, or put the text into backquotes`, "E001", "a text knows no such escape", ""},
		{`detail.n == 99999999999999999999`, `            ^^^^^^^^^^^^^^^^^^^^ write at most 9223372036854775807`, "E001", "the number is too large", ""},
		{`detail.n == 12abc`, `              ^ write a number, or put it into quotes`, "E001", `"12a" is not a number`, ""},
		{`detail.a ?? detail.b or true`, `                     ^^ put one of them into parentheses`, "E001", `"or" and "??" stand side by side`, ""},
		{`detail."a"`, `         ^ write the member's name`, "E001", `a name is missing after "."`, `names with other characters: detail["a-b"]`},
		{`{[1]: 2}`, ` ^ write a name, a text in quotes, or (…)`, "E001", "this is not a member's name", ""},
		{`source /* why`, `             ^ write */`, "E001", "the comment is not closed", ""},
		{`let source = 1; source == 1`, `    ^^^^^^ choose another one`, "E001", `the name "source" is taken`, ""},
		// Names.
		{`sorce == "shop"`, `^^^^^ did you mean "source"?`, "E003", `unknown name "sorce"`, seesAll},
		{`amount > 5`, `^^^^^^ did you mean "account" or detail.amount?`, "E003", `unknown name "amount"`, seesAll},
		{`price > 5`, `^^^^^ a member of the event's detail is detail.price`, "E003", `unknown name "price"`, seesAll},
		{`event.detail.amount > 5`, `^^^^^ its members stand alone: source, detail.x`, "E003", `unknown name "event"`, seesAll},
		{`detail.a == null`, `            ^^^^ write nil`, "E003", `unknown name "null"`, seesAll},
		{`span.name == "x"`, `^^^^ did you mean "segment"?`, "E003", `unknown name "span"`, seesAll},
		{`detailType == "x"`, `^^^^^^^^^^ did you mean "detail_type"?`, "E003", `unknown name "detailType"`, seesAll},
		{`$env.id == "x"`, `^^^^ write the name by itself`, "E003", `unknown name "$env"`, seesAll},
		{`$x == "x"`, `^^ write one of the names below`, "E003", `unknown name "$x"`, seesAll},
		{`__env == nil`, `^^^^^ did you mean "env" or detail.__env?`, "E003", `unknown name "__env"`, seesAll},
		{`env.rul == "x"`, `    ^^^ env has one member, env.rule`, "E003", `unknown name "env.rul"`, ""},
		{`len > 5`, `^^^ write len(…)`, "E003", `"len" is a function`, ""},
		{`uper(source) == "X"`, `^^^^ did you mean "upper"?`, "E003", `unknown function "uper"`, "functions: " + list(functions)},
		{`source() == "X"`, `^^^^^^ this is a value; leave the parentheses out`, "E003", `unknown function "source"`, "functions: " + list(functions)},
		{`frobnicate(source)`, `^^^^^^^^^^ write one of the functions below`, "E003", `unknown function "frobnicate"`, "functions: " + list(functions)},
		{`time.Hours() == 5 or time.Hor() == 5`, `                          ^^^ did you mean .Hour(…)?`, "E003", `unknown function ".Hor"`, "after a time stand: " + list(timeMethods)},
		{`time.Local() == time`, `     ^^^^^ only a time has functions of its own`, "E003", `unknown function ".Local"`, "after a time stand: " + list(timeMethods)},
		{`source.lower() == "x"`, `       ^^^^^ write lower(…) around it`, "E003", `unknown function ".lower"`, "after a time stand: " + list(timeMethods)},
		{`source.name == "x"`, `       ^^^^ leave it out`, "E003", `a text has no member "name"`, ""},
		{`detail-type == "OrderPlaced"`, `^^^^^^^^^^^ in expressions write detail_type`, "E005", `"detail-type" reads as "detail minus type"`, ""},
		{`detail.instance-id == "i-1"`, `       ^^^^^^^^^^^ write detail["instance-id"]`, "E005", `"detail.instance-id" reads as "detail.instance minus id"`, ""},
		{`call.x.last-used-by == "i-1"`, `       ^^^^^^^^^^^^ write call.x["last-used-by"]`, "E005", `"call.x.last-used-by" reads as "call.x.last minus used minus by"`, ""},
		// Types.
		{`source == 5`, `       ^^ both sides must be of one kind`, "E004", `"==" does not go between a text and a number`, "int(…), float(…) and string(…) convert"},
		{`time > "2026"`, `     ^ both sides must be of one kind`, "E004", `">" does not go between a time and a text`, "int(…), float(…) and string(…) convert"},
		{`not source`, `^^^ write a comparison, or a number after -`, "E004", `"not" does not go before a text`, ""},
		{`region in [1, 2]`, `       ^^ both must be of one kind`, "E004", `this is a text, in the list each is a number`, "int(…), float(…) and string(…) convert"},
		{`upper(5) == "X"`, `      ^ write a text`, "E011", `upper takes a text, this is a number`, "int(…), float(…) and string(…) convert"},
		{`upper() == "X"`, `^^^^^ write the missing ones`, "E011", `upper needs more arguments`, ""},
		{`upper("a", "b") == "X"`, `^^^^^ leave the last ones out`, "E011", `upper takes fewer arguments`, ""},
		{`len(resources, 2) == 1`, `^^^ write 1`, "E011", `2 arguments stand here`, ""},
		{`any(source, true)`, `    ^^^^^^ write a list`, "E011", `any goes through a list, this is a text`, ""},
		{`any(resources)`, `             ^ write 2 of them`, "E011", `an argument is missing`, ""},
		{`any(resources, 5)`, `               ^ write a comparison`, "E004", `the condition is a number`, ""},
		{`source ? true : false`, `^^^^^^ write a comparison`, "E004", `the condition is a text`, ""},
		{`resources.first == "x"`, `          ^^^^^ write [0] for the first`, "E004", `the place in a list is a number, this is a text`, ""},
		{`source matches "("`, `       ^^^^^^^ write \\ for a backslash; \\. is a dot`, "E012", "the pattern of matches: missing closing ): `(`", "patterns are RE2: https://github.com/google/re2/wiki/Syntax"},
		{`source matches detail.p`, `               ^^^^^^^^ write it out, as in "^a.*z$"`, "E012", "matches takes its pattern as a text in quotes", "to compare two values of the event: ==, contains, startsWith, endsWith"},
		{`source + "x"`, `^^^^^^^^^^^^ write a comparison`, "E004", `a when is true or false, this is a text`, ""},
		{`(len(source))`, ` ^^^^^^^^^^^ write a comparison`, "E004", `a when is true or false, this is a number`, ""},
		{`nil`, `^^^ write a comparison`, "E004", `a when is true or false, this is nil`, ""},
		// No clock, no machine.
		{`time > now()`, `       ^^^ use time, the time of the event`, "E008", `"now" is not the same for every run`, "a rule gives the same answer for the same event, today and in a replay"},
		{`now == time`, `^^^ use time, the time of the event`, "E008", `"now" is not the same for every run`, ""},
		{`timezone("Europe/Berlin") == nil`, `^^^^^^^^ times are in UTC here`, "E008", `"timezone" is not the same for every run`, "a rule gives the same answer for the same event, today and in a replay"},
		{`date(detail.t, "2006", "UTC") == time`, `^^^^ write date(text) or date(text, layout)`, "E008", `date reads times in UTC only`, ""},
	} {
		t.Run(tc.src, func(t *testing.T) {
			p, errs := Compile(tc.src, When)
			if p != nil || len(errs) != 1 {
				t.Fatalf("%v, errors %v, want one", p, errs)
			}
			got := show(tc.src, errs[0])
			want := tc.code + ": " + tc.message + "\n" + tc.src + "\n" + tc.caret + "\n"
			if tc.help != "" {
				want += "= help: " + tc.help + "\n"
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestAllFindings: what a walk can see is found at once, in the order of the source.
func TestAllFindings(t *testing.T) {
	_, errs := Compile(`sorce == "a" and now() > regon and detail-type == "x" and sorce == "b"`, When)
	var got []string
	for _, e := range errs {
		got = append(got, fmt.Sprintf("%d %s %s", e.Offset, e.Code, e.Label))
	}
	want := []string{
		`0 E003 did you mean "source"?`,
		`17 E008 use time, the time of the event`,
		`25 E003 did you mean "region"?`,
		`35 E005 in expressions write detail_type`,
		`58 E003 did you mean "source"?`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestKinds(t *testing.T) {
	for _, tc := range []struct {
		src  string
		kind Kind
		want string
	}{
		{`detail.a == 1`, When, ""},
		{`detail.a`, When, ""},
		{`true`, When, ""},
		{`detail`, When, "a when is true or false, this is an object"},
		{`resources`, When, "a when is true or false, this is a list"},
		{`time`, When, "a when is true or false, this is a time"},
		{`detail`, Input, ""},
		{`nil`, Input, ""},
		{`detail.id`, Key, ""},
		{`time`, Key, ""},
		{`5`, Key, ""},
		{`nil`, Key, "a key is a text or a number, this is nil"},
		{`detail`, Key, "a key is a text or a number, this is an object"},
		{`[id, source]`, Key, "a key is a text or a number, this is a list"},
		{`time.Hour`, Input, "this is a function"},
	} {
		_, errs := Compile(tc.src, tc.kind)
		got := ""
		if len(errs) > 0 {
			got = errs[0].Message
		}
		if got != tc.want {
			t.Errorf("Compile(%s, %d): %q, want %q", tc.src, tc.kind, got, tc.want)
		}
	}
}

func TestErrorText(t *testing.T) {
	_, errs := Compile(`sorce == "a"`, When)
	if want := `at character 1: unknown name "sorce": did you mean "source"?`; errs[0].Error() != want {
		t.Errorf("Error() = %q, want %q", errs[0].Error(), want)
	}
	if got, want := (Error{Message: "m"}).Error(), "at character 1: m"; got != want {
		t.Errorf("Error() = %q, want %q", got, want)
	}
}

// TestLocals: names that let makes are not ours to judge.
func TestLocals(t *testing.T) {
	for _, src := range []string{
		`let amount = detail.amount; amount > 5`,
		`let a = 5; let b = detail.x; b-a > 1`,
		`let id2 = detail.a; any(resources, # == id2)`,
		`detail.count - detail.other > 1`,
		`detail.count-1 > 1`,
	} {
		if _, errs := Compile(src, When); len(errs) > 0 {
			t.Errorf("%s: %v", src, errs)
		}
	}
}

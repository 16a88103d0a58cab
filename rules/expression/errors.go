package expression

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser/lexer"
)

// Error is a finding: what to write instead, and where.
type Error struct {
	// Code names the kind of finding and never changes its meaning; each has a page.
	Code string
	// Offset and Length count characters (runes) of the source.
	Offset, Length int
	// Message says what is there, Label what to write; Help is at most one more line.
	Message, Label, Help string
}

func (e Error) Error() string {
	s := fmt.Sprintf("at character %d: %s", e.Offset+1, e.Message)
	if e.Label != "" {
		s += ": " + e.Label
	}
	return s
}

// RunError says why an expression has no value on one event.
type RunError struct {
	// Offset and Length count characters (runes) of the source.
	Offset, Length int
	// Message says what happened, without a full stop.
	Message string
	err     error
}

func (e *RunError) Error() string { return "expression: " + e.Message }

// Unwrap returns ErrBudget, if it was that.
func (e *RunError) Unwrap() error { return e.err }

// at gives e the place of n.
func at(n ast.Node, e Error) Error {
	l := n.Location()
	e.Offset, e.Length = l.From, max(l.To-l.From, 1)
	return e
}

// between gives e the place from the start of a to the end of b.
func between(a, b ast.Node, e Error) Error {
	e.Offset = a.Location().From
	e.Length = b.Location().To - e.Offset
	return e
}

func quote(s string) string { return `"` + s + `"` }

func tooLong(n int) Error {
	return Error{Code: "E009", Length: 1, Message: fmt.Sprintf("the expression has %d characters", n),
		Label: fmt.Sprintf("write at most %d", MaxSource)}
}

func tooBig(src string) Error {
	return Error{Code: "E009", Length: max(1, utf8.RuneCountInString(src)), Message: "the expression has too many parts",
		Label: fmt.Sprintf("write at most %d names, constants, operators and calls", MaxNodes)}
}

// located takes the place and the sentence out of an error of expr.
func located(src string, err error) (Error, string) {
	var f *file.Error
	if !errors.As(err, &f) {
		return Error{Length: max(1, utf8.RuneCountInString(src))}, err.Error()
	}
	n := utf8.RuneCountInString(src)
	from, to := min(f.From, n), min(f.To, n)
	return Error{Offset: from, Length: max(1, to-from)}, f.Message
}

// rewrite maps what expr says to what we say; see fillIn.
type rewrite struct {
	says                       *regexp.Regexp
	code, message, label, help string
}

func rewriteError(src string, err error, rules []rewrite, code string) Error {
	e, says := located(src, err)
	for _, r := range rules {
		if groups := r.says.FindStringSubmatch(says); groups != nil {
			e.Code = r.code
			e.Message, e.Label, e.Help = fillIn(r.message, groups), fillIn(r.label, groups), fillIn(r.help, groups)
			return e
		}
	}
	e.Code, e.Message, e.Label = code, strings.ToLower(says[:1])+says[1:], "write this differently"
	return e
}

var gap = re(`\{\$(\d)\}|\$(\d)`)

// fillIn puts the groups of a rewrite into its text: $1 as it is, {$1} as the name of
// the Go type that it is.
func fillIn(text string, groups []string) string {
	return gap.ReplaceAllStringFunc(text, func(g string) string {
		if g[0] == '{' {
			return kindOfName(groups[g[2]-'0'])
		}
		return groups[g[1]-'0']
	})
}

const numberTooLarge = "the number is too large"

// numberBefore finds the number that the parser had read when it stopped at a place.
func numberBefore(src string, at int) (offset, length int) {
	for _, t := range tokens(src) {
		if t.Kind == lexer.Number && t.From <= at {
			offset, length = t.From, t.To-t.From
		}
	}
	return offset, max(1, length)
}

func re(s string) *regexp.Regexp { return regexp.MustCompile(s) }

var syntaxRules = []rewrite{
	{re(`^unexpected token Operator\("="\)`), "E002", `"=" is not a comparison`, `use "=="`, ""},
	{re(`^unexpected token Identifier\("(?i:and)"\)`), "E001", `operators are lower case`, `use "and"`, ""},
	{re(`^unexpected token Identifier\("(?i:or)"\)`), "E001", `operators are lower case`, `use "or"`, ""},
	{re(`^unexpected token Identifier\("(?i:is|eq)"\)`), "E001", `there is no operator of this name`, `use "=="`, ""},
	{re(`^unexpected token Identifier\("(?i:like)"\)`), "E001", `there is no operator of this name`, `use matches, contains, startsWith or endsWith`, ""},
	{re(`^unexpected token Operator\("&"\)`), "E001", `"&" is not an operator`, `use "and"`, ""},
	{re(`^unexpected token EOF|^unexpected end of expression`), "E001", "the expression ends too early", "something is missing here", ""},
	{re(`^unexpected token \w+\("((?:[^"\\]|\\.)*)"\)`), "E001", `"$1" does not fit here`, "an operator, a value or a bracket is missing before it", ""},
	{re(`^unrecognized character: U\+0026`), "E001", `"&" is not an operator`, `use "and"`, ""},
	{re(`^unrecognized character: \S+ '(.+)'`), "E001", `"$1" is not part of the language`, "leave it out, or put it into quotes", ""},
	{re(`^literal not terminated`), "E001", "the quote is not closed", "write the closing quote", ""},
	{re(`escape|unescape`), "E001", `a text knows no such escape`, `write \\ for a backslash, or put the text into backquotes`, ""},
	{re(`^bad number syntax: (.*)`), "E001", "$1 is not a number", "write a number, or put it into quotes", ""},
	{re(`(hex|float|binary|octal|integer) literal`), "E001", numberTooLarge, "write at most 9223372036854775807", ""},
	{re(`exceeds maximum allowed nodes`), "E009", "the expression has too many parts", "split it, or put part of it into the pattern", ""},
	{re(`^expected name`), "E001", `a name is missing after "."`, "write the member's name", `names with other characters: detail["a-b"]`},
	{re(`^expected at least (\d+) arguments`), "E011", "an argument is missing", "write $1 of them", ""},
	{re(`^wrap predicate with brackets`), "E001", "a condition of several steps needs braces", "write { … } around it", ""},
	{re(`^Operator \((.+)\) and coalesce`), "E001", `"$1" and "??" stand side by side`, "put one of them into parentheses", ""},
	{re(`^a map key must be`), "E001", "this is not a member's name", `write a name, a text in quotes, or (…)`, ""},
	{re(`^unclosed comment`), "E001", "the comment is not closed", "write */", ""},
}

func syntaxError(src string, err error) Error {
	if strings.TrimSpace(src) == "" {
		return Error{Code: "E001", Length: 1, Message: "the expression is empty", Label: "write a condition or a value"}
	}
	e := rewriteError(src, err, syntaxRules, "E001")
	switch e.Message {
	case "the expression ends too early":
		e.Offset, e.Length = utf8.RuneCountInString(src), 1
	case numberTooLarge:
		e.Offset, e.Length = numberBefore(src, e.Offset)
	}
	return e
}

var typeRules = []rewrite{
	{re(`^invalid operation: (\S+) \(mismatched types (.+) and (.+)\)$`), "E004", `"$1" does not go between {$2} and {$3}`, "both sides must be of one kind", "int(…), float(…) and string(…) convert"},
	{re(`^invalid operation: (\S+) \(mismatched type (.+)\)$`), "E004", `"$1" does not go before {$2}`, "write a comparison, or a number after -", ""},
	{re(`^cannot use (.+) as argument \(type (.+)\) to call (\w+)`), "E011", `$3 takes {$2}, this is {$1}`, "write {$2}", "int(…), float(…) and string(…) convert"},
	{re(`^cannot use (.+) as type (.+) in (?:array|map key)`), "E004", `this is {$1}, in the list each is {$2}`, "both must be of one kind", "int(…), float(…) and string(…) convert"},
	{re(`^not enough arguments to call (\w+)`), "E011", "$1 needs more arguments", "write the missing ones", ""},
	{re(`^too many arguments to call (\w+)`), "E011", "$1 takes fewer arguments", "leave the last ones out", ""},
	{re(`^invalid number of arguments \(expected (.+), got (\d+)\)`), "E011", "$2 arguments stand here", "write $1", ""},
	{re(`^type (.+) has no (?:field|method) (.+)$`), "E003", `{$1} has no member "$2"`, "leave it out", ""},
	{re(`^builtin (\w+) takes only array \(got (.+)\)`), "E011", "$1 goes through a list, this is {$2}", "write a list", ""},
	{re(`^predicate should return boolean \(got (.+)\)`), "E004", "the condition is {$1}", "write a comparison", ""},
	{re(`^non-bool expression \(type (.+)\) used as condition`), "E004", "the condition is {$1}", "write a comparison", ""},
	{re(`^cannot redeclare (?:function |builtin |variable )?(.+)$`), "E001", `the name "$1" is taken`, "choose another one", ""},
	{re(`^array elements can only be selected using an integer \(got (.+)\)`), "E004", "the place in a list is a number, this is {$1}", "write [0] for the first", ""},
	{re(`^error parsing regexp: (.+)$`), "E012", "the pattern of matches: $1", `write \\ for a backslash; \\. is a dot`, "patterns are RE2: https://github.com/google/re2/wiki/Syntax"},
	{re(`^cannot (?:slice|get first element from|get last element from|take from|reverse|flatten|sort|uniq|concat) (.+)$`), "E011", "this works on a list, not on {$1}", "write a list", ""},
	{re(`^cannot (?:get keys from|get values from) (.+)$`), "E011", "this works on an object, not on {$1}", "write an object", ""},
	{re(`^cannot transform (.+) to pairs$`), "E011", "toPairs works on an object, not on {$1}", "write an object", ""},
	{re(`^cannot transform (.+) from pairs$`), "E011", "fromPairs works on a list, not on {$1}", "write a list of [name, value]", ""},
	{re(`^cannot take (.+) elements$`), "E011", "how many to take is a number, this is {$1}", "write a number", ""},
	{re(`^non-integer slice index (.+)$`), "E004", "the place in a list is a number, this is {$1}", "write a number", ""},
	{re(`^sortBy order argument must be a string`), "E011", "the order is a text", `write "asc" or "desc"`, ""},
	{re(`^type (.+) does not support indexing$`), "E011", "get takes from a list or an object, not from {$1}", "write a list or an object", ""},
	{re(`^type (.+)\[(.+)\] is undefined$`), "E004", "{$1} has no members", "leave the brackets out", ""},
	{re(`^cannot use (.+) to get an element from (.+)$`), "E004", "the name of a member is a text, this is {$1}", "write it in quotes", ""},
	{re(`^invalid argument for (\w+) \(type (.+)\)$`), "E011", "$1 does not work on {$2}", "write a value of another kind", "int(…), float(…) and string(…) convert"},
	{re(`^(.+) is not callable$`), "E003", "this is not a function", "leave the parentheses out", ""},
	{re(`^cannot use pointer accessor outside predicate`), "E001", `"#" is the element of a list in a loop`, "write it in any(…, …), filter(…, …) and their like", ""},
	{re(`^unknown pointer #(.+)$`), "E003", `unknown name "#$1"`, "a loop has # and #index, reduce also #acc", ""},
}

func typeError(src string, err error) Error {
	return rewriteError(src, err, typeRules, "E004")
}

// kindOfName names a Go type, as expr writes it, as a sentence would.
func kindOfName(t string) string {
	switch {
	case strings.HasPrefix(t, "map["), strings.HasPrefix(t, "expression."):
		return "an object"
	case strings.HasPrefix(t, "[]"), t == "array":
		return "a list"
	}
	switch t {
	case "string":
		return "a text"
	case "int", "float64", "integer", "float", "uint8":
		return "a number"
	case "bool":
		return "true or false"
	case "time.Time":
		return "a time"
	case "time.Duration":
		return "a duration"
	case "nil", "<nil>":
		return "nil"
	case "unknown", "interface {}":
		return "any value"
	}
	return t
}

// checkKind finds the expressions that can never give what they are for.
func checkKind(src string, n ast.Node, kind Kind) (Error, bool) {
	k := n.Type().Kind()
	_, isNil := n.(*ast.NilNode)
	switch {
	case kind == When && (isNil || k != reflect.Bool && k != reflect.Interface):
		e := whole(n, src)
		e.Code, e.Message = "E004", "a when is true or false, this is "+kindOfNode(n)
		e.Label = "write a comparison"
		return e, false
	case kind == Key && (isNil || k == reflect.Map || k == reflect.Slice || k == reflect.Func):
		e := whole(n, src)
		e.Code, e.Message = "E004", "a key is a text or a number, this is "+kindOfNode(n)
		e.Label = "write one member of the event, or join several: detail.a + \"/\" + detail.b"
		return e, false
	case k == reflect.Func:
		e := whole(n, src)
		e.Code, e.Message, e.Label = "E004", "this is a function", "write (…) after it"
		return e, false
	}
	return Error{}, true
}

func kindOfNode(n ast.Node) string {
	if _, ok := n.(*ast.NilNode); ok {
		return "nil"
	}
	return kindOfType(n.Type())
}

func whole(n ast.Node, src string) Error {
	from, to := extent(tokens(src), n)
	return Error{Offset: from, Length: max(1, to-from)}
}

var runRules = []rewrite{
	{re(`^cannot fetch (.+) from <nil>$`), "", `there is no value to take "$1" from`, "", ""},
	{re(`^cannot fetch (.+) from (\S+)$`), "", `"$1" is not a member of {$2}`, "", ""},
	{re(`^invalid operation: int\(string\)$`), "", "a text has no member of this name", "", ""},
	{re(`^invalid operation: (\S+) (\S+) (\S+)$`), "", `"$2" does not go between {$1} and {$3}`, "", ""},
	{re(`^invalid operation: (\w+)\((.+)\)$`), "", `$1 cannot read "$2"`, "", ""},
	{re(`^index out of range: (-?\d+) \(array length is (\d+)\)$`), "", "the list has no element $1, it has $2 of them", "", ""},
	{re(`^interface conversion: interface \{\} is ([^,]+), not (.+)$`), "", "this is {$1}, here {$2} is needed", "", ""},
	{re(`^operator "in" not defined on (.+)$`), "", `"in" looks into a list or an object, this is {$1}`, "", ""},
	{re(`^invalid argument for (\w+) \(type (.+)\)$`), "", "$1 does not work on {$2}", "", ""},
	{re(`^reflect: call of .+ on zero Value$`), "", "this does not work on nil", "", ""},
	{re(`^illegal base64 data at input byte (\d+)$`), "", "fromBase64: at byte $1 of the text: this is not base64", "", ""},
	{re(`^time: .*duration (".*")$`), "", `duration reads texts like "1h30m" and "200ms", not $1`, "", ""},
	{re(`hash of unhashable type:? (.+)$`), "", "{$1} cannot be the name of a group", "", ""},
	{re(`memory budget exceeded`), "", "the lists that it makes are too long", "", ""},
}

const tooMuch = "this takes too much work on this event"

// runError says in our words why the vm stopped.
func runError(err error) error {
	e := rewriteError("", err, runRules, "")
	run := &RunError{Message: e.Message, Offset: e.Offset, Length: e.Length}
	var f *file.Error
	if errors.As(err, &f) {
		run.Offset, run.Length = f.From, max(1, f.To-f.From)
	}
	if errors.Is(err, ErrBudget) {
		run.Message, run.err = tooMuch, ErrBudget
	}
	if strings.Contains(err.Error(), "memory budget exceeded") {
		run.err = ErrBudget
	}
	return run
}

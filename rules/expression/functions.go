package expression

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/vm/runtime"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// refused are expr's functions that are not a function of the event alone, and what to
// write instead.
var refused = map[string]string{
	"now":      "use time, the time of the event",
	"timezone": "times are in UTC here",
}

// price says how a function's arguments are paid for before it runs.
type price func(*meter, any) error

// metered are expr's functions whose work grows with their arguments. Those that are
// not named here take the same short time whatever they are given, or are loops, which
// meteredLoop pays for.
var metered = map[string]price{
	"len": textOnly, "trim": (*meter).flat, "trimPrefix": textOnly, "trimSuffix": textOnly,
	"upper": textOnly, "lower": textOnly, "indexOf": textOnly, "lastIndexOf": textOnly,
	"hasPrefix": textOnly, "hasSuffix": textOnly, "split": textOnly, "splitAfter": textOnly,
	"toBase64": textOnly, "fromBase64": textOnly, "int": textOnly, "float": textOnly, "duration": textOnly,
	"reverse": (*meter).flat, "concat": (*meter).flat, "sort": (*meter).flat, "fromPairs": (*meter).flat,
	"flatten": (*meter).deep, "min": (*meter).deep, "max": (*meter).deep, "mean": (*meter).deep, "median": (*meter).deep,
	"keys": (*meter).flat, "values": (*meter).flat, "toPairs": (*meter).flat, "fromJSON": textOnly, "date": textOnly,
	"join": (*meter).deep, "replace": textOnly, "repeat": textOnly, "uniq": (*meter).deep, "string": (*meter).deep,
	"toJSON": (*meter).deep,
}

func textOnly(m *meter, v any) error {
	if s, ok := v.(string); ok {
		return m.text(len(s))
	}
	return m.spend(1)
}

// own are the functions that are not expr's: those whose order or form expr leaves to
// chance or to Go's, and those that can make much out of little.
var own = map[string]func(*Env, []any) (any, error){
	"keys": keys, "values": values, "toPairs": toPairs, "string": toText, "toJSON": toJSON,
	"fromJSON": fromJSON, "date": date, "join": join, "replace": replace, "repeat": repeat, "uniq": uniq,
}

// call runs the function called name; args[0] is the *Env.
func call(name string) func(args ...any) (any, error) {
	price, run := metered[name], own[name]
	if run == nil {
		run = stock(builtin.Builtins[builtin.Index[name]])
	}
	return func(args ...any) (any, error) {
		env := args[0].(*Env)
		for _, arg := range args[1:] {
			if err := price(&env.meter, arg); err != nil {
				return nil, err
			}
		}
		out, err := run(env, args[1:])
		if err != nil {
			return nil, err
		}
		return out, env.meter.flat(out)
	}
}

func stock(f *builtin.Function) func(*Env, []any) (any, error) {
	switch {
	case f.Fast != nil:
		return func(_ *Env, args []any) (any, error) { return f.Fast(args[0]), nil }
	case f.Safe != nil:
		return func(_ *Env, args []any) (any, error) {
			out, _, err := f.Safe(args...)
			return out, err
		}
	}
	return func(_ *Env, args []any) (any, error) { return f.Func(args...) }
}

// sorted returns the names of an object in order; a Go map has none.
func sorted(fn string, v any) ([]string, map[string]any, error) {
	m, ok := v.(map[string]any)
	if !ok {
		return nil, nil, fmt.Errorf("%s takes an object, not %s", fn, kindOf(v))
	}
	return sortedNames(m), m, nil
}

func sortedNames(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }

func keys(_ *Env, args []any) (any, error) {
	names, _, err := sorted("keys", args[0])
	out := make([]any, len(names))
	for i, name := range names {
		out[i] = name
	}
	return out, err
}

func values(_ *Env, args []any) (any, error) {
	names, m, err := sorted("values", args[0])
	out := make([]any, len(names))
	for i, name := range names {
		out[i] = m[name]
	}
	return out, err
}

func toPairs(_ *Env, args []any) (any, error) {
	names, m, err := sorted("toPairs", args[0])
	out := make([]any, len(names))
	for i, name := range names {
		out[i] = []any{name, m[name]}
	}
	return out, err
}

// toText is string(): a text stays itself, everything else is its JSON.
func toText(env *Env, args []any) (any, error) {
	switch v := args[0].(type) {
	case string:
		return v, nil
	case time.Time:
		return formatTime(v), nil
	case fmt.Stringer:
		return v.String(), nil
	}
	return toJSON(env, args)
}

func toJSON(env *Env, args []any) (any, error) {
	b, err := env.appendJSON(nil, args[0])
	return string(b), err
}

func fromJSON(_ *Env, args []any) (any, error) {
	s, ok := args[0].(string)
	if !ok {
		return nil, fmt.Errorf("fromJSON takes a text, not %s", kindOf(args[0]))
	}
	raw := []byte(strings.TrimSpace(s))
	if err := event.Check(raw); err != nil {
		var syntax *event.SyntaxError
		errors.As(err, &syntax)
		return nil, fmt.Errorf("fromJSON: at byte %d of the text: %s", syntax.Offset, syntax.Reason)
	}
	return decode(raw), nil
}

// layouts are the forms that date takes without a layout of its own. Forms with a
// zone's name are not among them: what "CST" means is known to the machine only.
var layouts = []string{
	time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02", "15:04:05",
}

func date(_ *Env, args []any) (any, error) {
	s, ok := args[0].(string)
	if !ok {
		return nil, fmt.Errorf("date takes a text, not %s", kindOf(args[0]))
	}
	tries := layouts
	if len(args) == 2 {
		layout, ok := args[1].(string)
		if !ok {
			return nil, fmt.Errorf("the layout of date is a text, not %s", kindOf(args[1]))
		}
		tries = []string{layout}
	}
	for _, layout := range tries {
		if t, err := time.ParseInLocation(layout, s, time.UTC); err == nil {
			return t.UTC(), nil
		}
	}
	return nil, fmt.Errorf("date cannot read %q", cut(s))
}

func join(env *Env, args []any) (any, error) {
	glue := ""
	if len(args) == 2 {
		var ok bool
		if glue, ok = args[1].(string); !ok {
			return nil, fmt.Errorf("join puts a text between, not %s", kindOf(args[1]))
		}
	}
	var parts []string
	switch list := args[0].(type) {
	case []string:
		parts = list
	case []any:
		for _, item := range list {
			s, ok := item.(string)
			if !ok {
				return nil, fmt.Errorf("join takes a list of texts, this one holds %s", kindOf(item))
			}
			parts = append(parts, s)
		}
	default:
		return nil, fmt.Errorf("join takes a list of texts, not %s", kindOf(args[0]))
	}
	if err := env.meter.spend(len(parts) * (len(glue)/bytesPerUnit + 1)); err != nil {
		return nil, err
	}
	return strings.Join(parts, glue), nil
}

func replace(env *Env, args []any) (any, error) {
	var text [3]string
	for i := range text {
		s, ok := args[i].(string)
		if !ok {
			return nil, fmt.Errorf("replace takes texts, not %s", kindOf(args[i]))
		}
		text[i] = s
	}
	n := -1
	if len(args) == 4 {
		n = runtime.ToInt(args[3])
	}
	most := strings.Count(text[0], text[1])
	if n >= 0 {
		most = min(most, n)
	}
	if err := env.meter.spend(most * (len(text[2])/bytesPerUnit + 1)); err != nil {
		return nil, err
	}
	return strings.Replace(text[0], text[1], text[2], n), nil
}

func repeat(env *Env, args []any) (any, error) {
	s, ok := args[0].(string)
	if !ok {
		return nil, fmt.Errorf("repeat takes a text, not %s", kindOf(args[0]))
	}
	n := runtime.ToInt(args[1])
	if n < 0 {
		return nil, fmt.Errorf("repeat takes a count from 0 on, not %d", n)
	}
	if n > budget || env.meter.spend(n*len(s)/bytesPerUnit+n) != nil {
		return nil, ErrBudget
	}
	return strings.Repeat(s, n), nil
}

func uniq(env *Env, args []any) (any, error) {
	list, err := toList("uniq", args[0])
	if err != nil {
		return nil, err
	}
	out := []any{}
	for _, item := range list {
		if err := env.meter.spend(len(out)/2 + 1); err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(out, func(o any) bool { return runtime.Equal(o, item) }) {
			out = append(out, item)
		}
	}
	return out, nil
}

func toList(fn string, v any) ([]any, error) {
	switch v := v.(type) {
	case []any:
		return v, nil
	case []string:
		return anys(v), nil
	case []int:
		return anys(v), nil
	}
	return nil, fmt.Errorf("%s takes a list, not %s", fn, kindOf(v))
}

func anys[T any](list []T) []any {
	out := make([]any, len(list))
	for i, item := range list {
		out[i] = item
	}
	return out
}

// add is +; only it can double a text in one step.
func add(args ...any) (any, error) {
	env, a, b := args[0].(*Env), args[1], args[2]
	left, l := a.(string)
	right, r := b.(string)
	if !l || !r {
		if l != r {
			return nil, fmt.Errorf("+ cannot add %s and %s; string(…) makes a text of anything", kindOf(a), kindOf(b))
		}
		return runtime.Add(a, b), nil
	}
	if err := env.meter.text(len(left) + len(right)); err != nil {
		return nil, err
	}
	return left + right, nil
}

// pay charges for the third argument as the price, the second, says, and returns it.
func pay(args ...any) (any, error) {
	env, how, v := args[0].(*Env), args[1].(int), args[2]
	return v, env.pay(how, v)
}

// What pay charges for: a value above loop is the number of parts in a loop's body.
const (
	payText = -1 - iota
	payRegexp
	payFlat
	payDeep
)

func (e *Env) pay(how int, v any) error {
	switch how {
	case payText:
		return textOnly(&e.meter, v)
	case payRegexp:
		s, _ := v.(string)
		return e.meter.spend(len(s) + 1)
	case payFlat:
		return e.meter.flat(v)
	case payDeep:
		return e.meter.deep(v)
	}
	n := length(v)
	if n > budget {
		return ErrBudget
	}
	return e.meter.spend(n*how + 1)
}

func length(v any) int {
	switch v := v.(type) {
	case []any:
		return len(v)
	case []string:
		return len(v)
	case []int:
		return len(v)
	}
	return 0
}

func cut(s string) string {
	if len(s) > 40 {
		return strings.ToValidUTF8(s[:40], "") + "…"
	}
	return s
}

package expression

import (
	"fmt"
	"reflect"
	"sync"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/checker"
	"github.com/expr-lang/expr/compiler"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"
)

// Kind is what an expression is for.
type Kind int

const (
	// When is the condition of a rule: true or false.
	When Kind = iota
	// Input is what a target gets: any value.
	Input
	// Key tells events apart for once_per: a text, a number, a time, true or false.
	Key
)

const (
	// MaxSource is how many characters an expression may have.
	MaxSource = 32 << 10
	// MaxNodes is how many parts (names, constants, operators, calls) it may have.
	MaxNodes = 5_000
)

// Program is a compiled expression. It is immutable and safe for concurrent use.
type Program struct {
	source string
	kind   Kind
	tree   ast.Node
	code   *vm.Program
	needs  needs
	trace  []*tracer
}

// Compile reads an expression. The errors are all that was found, in the order of the
// source; with errors there is no program.
func Compile(src string, kind Kind) (*Program, []Error) {
	if n := utf8.RuneCountInString(src); n > MaxSource {
		return nil, []Error{tooLong(n)}
	}
	config := newConfig()
	tree, err := parser.ParseWithConfig(src, config)
	if err != nil {
		return nil, []Error{syntaxError(src, err)}
	}
	if count(tree.Node, MaxNodes) > MaxNodes {
		return nil, []Error{tooBig(src)}
	}
	seen := inspect(src, tree.Node)
	if len(seen.errors) > 0 {
		return nil, seen.errors
	}
	if _, err := checker.Check(tree, config); err != nil {
		return nil, []Error{typeError(src, err)}
	}
	if err, ok := checkKind(src, tree.Node, kind); !ok {
		return nil, []Error{err}
	}
	p := &Program{source: src, kind: kind, tree: tree.Node, needs: seen.needs}
	if p.code, err = generate(src, tree.Node); err != nil {
		return nil, []Error{typeError(src, err)}
	}
	return p, nil
}

// Source is the text that p was compiled from.
func (p *Program) Source() string { return p.source }

// Node is the expression as parsed and type-checked, for readers that reason about it;
// they must not change it. Comparing with == there means what it does here: an int with
// a float64 as two float64.
func (p *Program) Node() ast.Node { return p.tree }

// newConfig is expr's configuration with our environment and without what we refuse.
func newConfig() *conf.Config {
	c := conf.CreateNew()
	c.WithEnv(&vars{})
	c.MaxNodes = MaxNodes
	for name := range refused {
		c.Disabled[name] = true
		delete(c.Builtins, name)
	}
	return c
}

// runConfig is newConfig with the functions that meterer uses.
func runConfig() *conf.Config {
	c := newConfig()
	for name := range metered {
		c.Functions["__"+name] = &builtin.Function{Name: "__" + name, Func: call(name)}
	}
	c.Functions[payName] = &builtin.Function{Name: payName, Func: pay}
	c.Functions[addName] = &builtin.Function{Name: addName, Func: add}
	return c
}

// generate makes the code that runs. It parses again, because the code pays for its
// work and the tree that others see does not. expr's optimizer stays off: it makes
// `5 in ["a"]` raise and `nil in [""]` true.
func generate(src string, node ast.Node) (*vm.Program, error) {
	config := runConfig()
	tree, err := parser.ParseWithConfig(src, config)
	if err != nil {
		return nil, err
	}
	config.Visitors = []ast.Visitor{meterer{}}
	if _, err := new(checker.Checker).PatchAndCheck(tree, config); err != nil {
		return nil, err
	}
	return compiler.Compile(tree, config)
}

var vms = sync.Pool{New: func() any { return &vm.VM{MemoryBudget: vmBudget} }}

// run evaluates code; the error is a *RunError.
func (e *Env) run(code *vm.Program, n needs) (any, error) {
	e.prepare(n)
	e.meter.spent = 0
	machine := vms.Get().(*vm.VM)
	out, err := machine.Run(code, &e.vars)
	vms.Put(machine)
	if err != nil {
		return nil, runError(err)
	}
	return out, nil
}

// Bool evaluates a When on an event. The error is a *RunError, and then ok is false:
// an expression that fails on an event does not match it.
func (p *Program) Bool(env *Env) (ok bool, err error) {
	out, err := env.run(p.code, p.needs)
	if err != nil {
		return false, err
	}
	ok, isBool := out.(bool)
	if !isBool {
		return false, &RunError{Length: utf8.RuneCountInString(p.source),
			Message: fmt.Sprintf("this is %s; a when is true or false", kindOf(out))}
	}
	return ok, nil
}

// JSON evaluates p and writes the value as JSON.
func (p *Program) JSON(env *Env) ([]byte, error) {
	out, err := env.run(p.code, p.needs)
	if err != nil {
		return nil, err
	}
	b, err := env.appendJSON(nil, out)
	if err != nil {
		return nil, &RunError{Length: utf8.RuneCountInString(p.source), Message: err.Error()}
	}
	return b, nil
}

// Text evaluates a Key: a text is itself, any other value its JSON. A key that is nil
// is an error, because it tells nothing apart.
func (p *Program) Text(env *Env) (string, error) {
	out, err := env.run(p.code, p.needs)
	if err != nil {
		return "", err
	}
	whole := utf8.RuneCountInString(p.source)
	if isNil(out) {
		return "", &RunError{Length: whole, Message: "the key is nil on this event"}
	}
	text, err := toText(env, []any{out})
	if err != nil {
		return "", &RunError{Length: whole, Message: err.Error()}
	}
	return text.(string), nil
}

func isNil(v any) bool {
	if v == nil {
		return true
	}
	r := reflect.ValueOf(v)
	return r.Kind() == reflect.Map && r.IsNil()
}

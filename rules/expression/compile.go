package expression

import (
	"errors"
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
	// code is what runs. It is made when it is first needed: most conditions are decided
	// by an index and never run, and making it is half the work of Compile.
	code  func() (*vm.Program, error)
	needs needs
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
	p.code = sync.OnceValues(func() (*vm.Program, error) { return generate(src, nil) })
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

// runFunctions are the functions that meterer uses.
var runFunctions = func() conf.FunctionsTable {
	table := conf.FunctionsTable{
		payName: {Name: payName, Func: pay},
		addName: {Name: addName, Func: add},
	}
	for name := range metered {
		table["__"+name] = &builtin.Function{Name: "__" + name, Func: call(name)}
	}
	return table
}()

// generate makes the code that runs, of the part of src at the place. It parses again,
// because the code pays for its work and the tree that others see does not. expr's
// optimizer stays off: it makes `detail.n in ["a"]` raise for numbers and `nil in [""]`
// true.
func generate(src string, at place) (*vm.Program, error) {
	config := newConfig()
	config.Functions = runFunctions
	tree, err := parser.ParseWithConfig(src, config)
	if err != nil {
		return nil, err
	}
	tree.Node = within(tree.Node, at)
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

// run evaluates p; the error is a *RunError.
func (p *Program) run(env *Env) (any, error) {
	code, err := p.code()
	if err != nil {
		return nil, p.failed(err)
	}
	return env.run(code, p.needs)
}

// Bool evaluates a When on an event. The error is a *RunError, and then ok is false:
// an expression that fails on an event does not match it.
func (p *Program) Bool(env *Env) (ok bool, err error) {
	out, err := p.run(env)
	if err != nil {
		return false, err
	}
	ok, isBool := out.(bool)
	if !isBool {
		return false, p.failed(fmt.Errorf("this is %s; a when is true or false", kindOf(out)))
	}
	return ok, nil
}

// JSON evaluates p and writes the value as JSON.
func (p *Program) JSON(env *Env) ([]byte, error) {
	out, err := p.run(env)
	if err != nil {
		return nil, err
	}
	b, err := env.appendJSON(nil, out)
	if err != nil {
		return nil, p.failed(err)
	}
	return b, nil
}

// Text evaluates a Key: a text is itself, any other value its JSON. A key that is nil
// is an error, because it tells nothing apart.
func (p *Program) Text(env *Env) (string, error) {
	out, err := p.run(env)
	if err != nil {
		return "", err
	}
	if isNil(out) {
		return "", p.failed(errors.New("the key is nil on this event"))
	}
	text, err := toText(env, []any{out})
	if err != nil {
		return "", p.failed(err)
	}
	return text.(string), nil
}

// failed is the error of p as a whole.
func (p *Program) failed(err error) *RunError {
	e := &RunError{Length: utf8.RuneCountInString(p.source), Message: err.Error()}
	if errors.Is(err, ErrBudget) {
		e.Message, e.err = tooMuch, ErrBudget
	}
	return e
}

func isNil(v any) bool {
	if v == nil {
		return true
	}
	r := reflect.ValueOf(v)
	return r.Kind() == reflect.Map && r.IsNil()
}

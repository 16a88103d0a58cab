package expression

import (
	"errors"
	"fmt"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser/lexer"
)

// Trace is how one part of an expression came out on an event: the whole first, its
// operands as children.
type Trace struct {
	// Text is the part as it stands in the source.
	Text string
	// Value is what it was, as JSON; empty where it has no value.
	Value string
	// Holds is set where the value is true or false.
	Holds *bool
	// Err says why it has no value.
	Err string
	// Hint is set where a person may have meant something else.
	Hint string
	// Pos and Len are its place in the source, in characters.
	Pos, Len int
	// Children are the operands of and, or, not and comparisons that are not constants,
	// and the lists that loops go through. Each is evaluated by itself, also where the
	// whole did not come to it.
	Children []Trace
}

const (
	// maxTraced bounds the parts that Explain evaluates one by one.
	maxTraced = 100
	// explainBudget bounds the work of all of them together.
	explainBudget = 4 * budget
)

// Explain evaluates p and its operands. The trace agrees with Bool: it holds where Bool
// is true, and has an error where Bool has one.
func (p *Program) Explain(env *Env) Trace {
	e := &explainer{p: p, env: env, runes: []rune(p.source), tokens: tokens(p.source)}
	root := e.trace(p.tree, nil)
	if p.kind == When && root.Holds == nil && root.Err == "" {
		_, err := p.Bool(env)
		root.Err = sentence(err)
	}
	return root
}

type explainer struct {
	p      *Program
	env    *Env
	runes  []rune
	tokens []lexer.Token
	traced int
	spent  int
}

// sentence is what an error says, without the name of the package.
func sentence(err error) string {
	var run *RunError
	if errors.As(err, &run) {
		return run.Message
	}
	return err.Error()
}

func (e *explainer) trace(n ast.Node, at place) Trace {
	from, to := extent(e.tokens, n)
	t := Trace{Text: string(e.runes[from:to]), Pos: from, Len: to - from}
	value, err := e.evaluate(at)
	if err != nil {
		t.Err = sentence(err)
	} else if b, err := e.env.appendJSON(nil, value); err != nil {
		t.Err = sentence(err)
	} else {
		t.Value = string(b)
	}
	if holds, ok := value.(bool); ok {
		t.Holds = &holds
	}
	t.Hint = e.hint(n, at, value, err)
	for _, i := range operands(n) {
		child := append(at[:len(at):len(at)], i)
		t.Children = append(t.Children, e.traceOperand(n, child)...)
	}
	return t
}

// traceOperand traces the operand of n at the place; a and b and c has three operands.
func (e *explainer) traceOperand(n ast.Node, at place) []Trace {
	operand := children(n)[at[len(at)-1]]
	if outer, ok := n.(*ast.BinaryNode); ok && logical(outer.Operator) != "" {
		if inner, ok := operand.(*ast.BinaryNode); ok && logical(inner.Operator) == logical(outer.Operator) {
			left := append(at[:len(at):len(at)], 0)
			right := append(at[:len(at):len(at)], 1)
			return append(e.traceOperand(inner, left), e.traceOperand(inner, right)...)
		}
	}
	if e.traced++; e.traced > maxTraced {
		return nil
	}
	return []Trace{e.trace(operand, at)}
}

func logical(operator string) string {
	switch operator {
	case "and", "&&":
		return "and"
	case "or", "||":
		return "or"
	}
	return ""
}

// operands are the children of n that Explain shows.
func operands(n ast.Node) []int {
	all := children(n)
	switch n := n.(type) {
	case *ast.BinaryNode, *ast.UnaryNode, *ast.VariableDeclaratorNode:
		var shown []int
		for i, child := range all {
			if !literal(child) {
				shown = append(shown, i)
			}
		}
		return shown
	case *ast.BuiltinNode:
		if loops[n.Name] && !literal(all[0]) {
			return []int{0}
		}
	case *ast.ConditionalNode:
		return []int{0}
	}
	return nil
}

// evaluate runs the node at the place alone, on a copy of the tree, because what runs is
// rewritten to pay for its work. The names that let gives around it come along.
func (e *explainer) evaluate(at place) (any, error) {
	if len(at) == 0 {
		return e.p.run(e.env)
	}
	if e.spent > explainBudget {
		return nil, e.p.failed(ErrBudget)
	}
	code, err := generate(e.p.source, at)
	if err != nil {
		return nil, err
	}
	defer func() { e.spent += e.env.meter.spent }()
	return e.env.run(code, e.p.needs)
}

// hint looks for what often goes wrong where n was nil, false or an error.
func (e *explainer) hint(n ast.Node, at place, value any, err error) string {
	if value == nil || err != nil {
		if names := memberPath(n); len(names) > 1 {
			return e.missing(names)
		}
	}
	if b, ok := n.(*ast.BinaryNode); ok && value == false && b.Operator == "==" {
		return e.unequal(at)
	}
	return ""
}

// memberPath is the names of detail.a.b, nil for anything else.
func memberPath(n ast.Node) []string {
	switch n := n.(type) {
	case *ast.ChainNode:
		return memberPath(n.Node)
	case *ast.IdentifierNode:
		if details[n.Value] {
			return []string{n.Value}
		}
	case *ast.MemberNode:
		name, ok := n.Property.(*ast.StringNode)
		if before := memberPath(n.Node); ok && before != nil {
			return append(before, name.Value)
		}
	}
	return nil
}

// missing says at which of the names the event ends, and what it has there instead.
func (e *explainer) missing(names []string) string {
	e.env.prepare(needs{whole: true})
	var v any = e.env.vars.Detail
	for i, name := range names[1:] {
		m, ok := v.(map[string]any)
		if !ok {
			return fmt.Sprintf("%s is %s", strings.Join(names[:i+1], "."), kindOf(v))
		}
		if v, ok = m[name]; ok {
			continue
		}
		hint := "no " + strings.Join(names[:i+2], ".")
		if near, ok := nearest(name, sortedNames(m)); ok {
			hint += "; the event has " + strings.Join(append(names[:i+1:i+1], near), ".")
		}
		return hint
	}
	return ""
}

// unequal says why two sides that look equal are not.
func (e *explainer) unequal(at place) string {
	var sides [2]any
	for i := range sides {
		var err error
		if sides[i], err = e.evaluate(append(at[:len(at):len(at)], i)); err != nil {
			return ""
		}
	}
	left, l := sides[0].(string)
	right, r := sides[1].(string)
	switch {
	case l && r && strings.EqualFold(left, right):
		return "differs only in case; compare with lower(…)"
	case l && r && strings.TrimSpace(left) == strings.TrimSpace(right):
		return "differs only in the white space around it; compare with trim(…)"
	case sides[0] != nil && sides[1] != nil && kindOf(sides[0]) != kindOf(sides[1]):
		return fmt.Sprintf("left is %s, right is %s", kindOf(sides[0]), kindOf(sides[1]))
	}
	return ""
}
